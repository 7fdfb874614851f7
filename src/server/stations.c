/* stations.c — which stations a server has (see stations.h). One lock guards who holds what; it is never held
 * while audio is rendered or copied. */
#include "server/stations.h"
#include "server/loop.h"
#include "server/station_store.h"

#include <stdlib.h>
#include <string.h>

static int find(const struct server *s, const char *name) {
    for (int i = 0; i < CONFIG_STATIONS_MAX; i++)
        if (s->station[i].phase == STATION_PLAYING && !strcmp(s->station[i].config.name, name)) return i;
    return -1;
}

static void drop(struct station *station) {
    if (--station->holders) return;
    station_close(station);
    station->phase = STATION_NONE;
}

int stations_hold(struct server *s, const char *name) {
    pthread_mutex_lock(&s->stations_lock);
    int place = find(s, name);
    if (place >= 0) s->station[place].holders++;
    pthread_mutex_unlock(&s->stations_lock);
    return place;
}

void stations_let_go(struct server *s, int place) {
    pthread_mutex_lock(&s->stations_lock);
    drop(&s->station[place]);
    pthread_mutex_unlock(&s->stations_lock);
}

static void wake_all(void *self) {
    struct server *s = self;
    for (uint32_t i = 0; i < s->loop_count; i++) loop_wake(s->loop[i]);
}

static int begin(struct server *s, const struct station_config *config, bool configured,
                 struct refusal *why) {
    int place = 0;
    if (find(s, config->name) >= 0)
        return refuse_with(why, REFUSAL_CONFLICT, "name", "there is a station \"%s\" already", config->name);
    while (place < CONFIG_STATIONS_MAX && s->station[place].phase != STATION_NONE) place++;
    if (place == CONFIG_STATIONS_MAX)
        return refuse_with(why, REFUSAL_CONFLICT, NULL, "there are %d stations, which is all there may be",
                           CONFIG_STATIONS_MAX);
    struct station *station = &s->station[place];
    int result = station_open(station, config, s->live, wake_all, s);
    if (result == AURALIS_ELIMIT)
        return refuse_with(why, REFUSAL_OVERLOADED, NULL, "the server renders as many streams as it can");
    if (result < 0) return refuse_with(why, REFUSAL_INTERNAL, NULL, "%s", auralis_strerror(result));
    station->broadcast = broadcast_create(s->encoders, station->stream, &station->config, s->config);
    if (!station->broadcast) {
        station_close(station);
        return refuse_with(why, REFUSAL_INTERNAL, NULL, "out of memory");
    }
    station->configured = configured;
    station->holders = 1;
    station->phase = STATION_PLAYING;
    return 0;
}

int stations_begin(struct server *s, const struct station_config *config, bool configured,
                   struct refusal *why) {
    pthread_mutex_lock(&s->stations_lock);
    int result = begin(s, config, configured, why);
    pthread_mutex_unlock(&s->stations_lock);
    return result;
}

int stations_end(struct server *s, const char *name, bool again, struct refusal *why) {
    pthread_mutex_lock(&s->stations_lock);
    int place = find(s, name);
    if (place >= 0) {
        struct station *station = &s->station[place];
        station->phase = again ? STATION_REPLACED : STATION_ENDED;
        drop(station);
    }
    pthread_mutex_unlock(&s->stations_lock);
    if (place < 0) return refuse_with(why, REFUSAL_NOT_FOUND, "name", "there is no station \"%s\"", name);
    wake_all(s);
    return 0;
}

void stations_open_stored(struct server *s) {
    struct station_config *stored = calloc(CONFIG_STATIONS_MAX, sizeof *stored);
    int count = stored ? station_store_load(s->store, stored) : 0;
    for (int i = 0; i < count; i++) {
        struct refusal reason;
        int place = stations_hold(s, stored[i].name);
        bool plays = place >= 0 && !s->station[place].configured;
        if (place >= 0) stations_let_go(s, place);
        if (!plays && stations_begin(s, &stored[i], false, &reason) < 0)
            store_say(s->store, "station \"%s\" does not play: %s", stored[i].name, reason.message);
    }
    free(stored);
}

int stations_change(struct server *s, const struct station_config *config, bool configured,
                    struct refusal *why) {
    int place = stations_hold(s, config->name);
    if (place < 0)
        return refuse_with(why, REFUSAL_NOT_FOUND, "name", "there is no station \"%s\"", config->name);
    bool same = s->station[place].config.seed == config->seed;
    if (same) station_redefine(&s->station[place], config);
    stations_let_go(s, place);
    if (same) return 0;
    int result = stations_end(s, config->name, true, why);
    return result < 0 ? result : stations_begin(s, config, configured, why);
}

void stations_close(struct server *s) {
    for (int i = 0; i < CONFIG_STATIONS_MAX; i++)
        if (s->station[i].phase != STATION_NONE) station_close(&s->station[i]);
}

void stations_tend(struct server *s, int64_t now) {
    pthread_mutex_lock(&s->stations_lock);
    for (int i = 0; i < CONFIG_STATIONS_MAX; i++)
        if (s->station[i].phase == STATION_PLAYING) broadcast_tend(s->station[i].broadcast, now);
    pthread_mutex_unlock(&s->stations_lock);
}

bool station_ended(const struct station *station) {
    return station->phase > STATION_PLAYING;
}

int stations_list(struct server *s, char names[CONFIG_STATIONS_MAX][STATION_NAME_MAX + 1]) {
    int count = 0;
    pthread_mutex_lock(&s->stations_lock);
    for (int i = 0; i < CONFIG_STATIONS_MAX; i++)
        if (s->station[i].phase == STATION_PLAYING) strcpy(names[count++], s->station[i].config.name);
    pthread_mutex_unlock(&s->stations_lock);
    return count;
}
