/* icecast_feeds.c — which feeds there are (see icecast_feeds.h). One lock guards the table. */
#include "server/icecast_feeds.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* As many as there may be, and as many again that hang while they end. */
enum { FEEDS_MAX = 2 * CONFIG_STATIONS_MAX };

struct icecast_feeds {
    struct server *server;
    pthread_mutex_t lock;
    struct entry {
        struct icecast_feed *feed; /* NULL: free */
        bool ending;
        char station[STATION_NAME_MAX + 1], url[sizeof((struct station_config){0}).icecast];
    } entry[FEEDS_MAX];
};

struct icecast_feeds *icecast_feeds_create(struct server *server) {
    struct icecast_feeds *f = calloc(1, sizeof *f);
    if (!f) return NULL;
    f->server = server;
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

void icecast_feeds_destroy(struct icecast_feeds *f) {
    if (!f) return;
    for (int i = 0; i < FEEDS_MAX; i++) icecast_end(f->entry[i].feed);
    for (int i = 0; i < FEEDS_MAX; i++) icecast_free(f->entry[i].feed);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

/* What the station's section says; for "main" also the setting for all. */
static const char *url_of(const struct server_config *config, const struct station_config *station) {
    bool main = !strcmp(station->name, "main");
    return *station->icecast || !main ? station->icecast : config->icecast;
}

static bool is_wanted(const struct entry *e, const struct server_config *config) {
    for (uint32_t i = 0; i < config->station_count; i++)
        if (!strcmp(config->station[i].name, e->station))
            return !strcmp(url_of(config, &config->station[i]), e->url);
    return false;
}

static bool is_there(const struct icecast_feeds *f, const char *station) {
    for (int i = 0; i < FEEDS_MAX; i++)
        if (f->entry[i].feed && !f->entry[i].ending && !strcmp(f->entry[i].station, station)) return true;
    return false;
}

static int begin(struct icecast_feeds *f, const char *station, const char *url) {
    struct entry *e = f->entry;
    while (e < f->entry + FEEDS_MAX && e->feed) e++;
    if (e == f->entry + FEEDS_MAX) return AURALIS_ENOMEM;
    struct icecast_feed *feed = icecast_start(f->server, station, url);
    if (!feed) return AURALIS_ENOMEM;
    *e = (struct entry){.feed = feed};
    strcpy(e->station, station);
    strcpy(e->url, url);
    return 0;
}

static void end_unwanted(struct icecast_feeds *f, const struct server_config *config) {
    for (int i = 0; i < FEEDS_MAX; i++) {
        struct entry *e = &f->entry[i];
        if (!e->feed || e->ending || is_wanted(e, config)) continue;
        e->ending = true;
        icecast_end(e->feed);
    }
}

int icecast_feeds_apply(struct icecast_feeds *f, const struct server_config *config) {
    int result = 0;
    pthread_mutex_lock(&f->lock);
    end_unwanted(f, config);
    for (uint32_t i = 0; i < config->station_count; i++) {
        const struct station_config *station = &config->station[i];
        const char *url = url_of(config, station);
        if (!*url || is_there(f, station->name)) continue;
        int begun = begin(f, station->name, url);
        if (begun < 0) result = begun;
    }
    pthread_mutex_unlock(&f->lock);
    return result;
}

void icecast_feeds_tend(struct icecast_feeds *f) {
    pthread_mutex_lock(&f->lock);
    for (int i = 0; i < FEEDS_MAX; i++) {
        struct entry *e = &f->entry[i];
        if (!e->ending || !icecast_ended(e->feed)) continue;
        icecast_free(e->feed);
        *e = (struct entry){0};
    }
    pthread_mutex_unlock(&f->lock);
}

json_t *icecast_feeds_status(struct icecast_feeds *f) {
    json_t *list = NULL;
    pthread_mutex_lock(&f->lock);
    for (int i = 0; i < FEEDS_MAX; i++) {
        if (!f->entry[i].feed || f->entry[i].ending) continue;
        if (!list) list = json_array();
        json_array_append_new(list, icecast_status(f->entry[i].feed));
    }
    pthread_mutex_unlock(&f->lock);
    return list;
}
