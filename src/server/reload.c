/* reload.c — another configuration for a running server.
 *
 * The store's clerk reads it and takes it over, so that no loop waits for the disk that it is on, and nobody
 * else makes or ends stations meanwhile. Listeners notice nothing of it, except those of a station that is
 * gone or begins anew. What was changed of a station by its listeners stays, unless its own section was
 * changed. */
#include "server/config_keys.h"
#include "server/icecast_feeds.h"
#include "server/notify.h"
#include "server/parameters_json.h"
#include "server/server.h"
#include "server/stations.h"

#include "base/monotonic.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <string.h>

static void say_fixed(const struct server_config *old, const struct server_config *new) {
    for (int i = 0; i < config_key_count(); i++) {
        char before[CONFIG_PATH_MAX + 2], after[CONFIG_PATH_MAX + 2];
        if (!config_key_fixed(i)) continue;
        config_key_text(old, i, before, sizeof before);
        config_key_text(new, i, after, sizeof after);
        if (strcmp(before, after) != 0)
            fprintf(stderr, "auralis: %s is changed when the server starts anew; until then it is %s\n",
                    config_key_name(i), before);
    }
}

/* What a station of the configuration is now: 1 as it stands there, 0 another, −1 there is none. */
static int compare(struct server *s, const struct station_config *wanted) {
    int place = stations_hold(s, wanted->name);
    if (place < 0) return -1;
    struct station *station = &s->station[place];
    struct station_config now = station_definition(station);
    bool same = station->configured && now.seed == wanted->seed &&
                !parameters_difference(&now.parameters, &wanted->parameters);
    bool replaced = !station->configured;
    stations_let_go(s, place);
    if (replaced) stations_end(s, wanted->name, true, NULL);
    return replaced ? -1 : same;
}

static bool wanted(const struct server_config *config, const char *name) {
    for (uint32_t i = 0; i < config->station_count; i++)
        if (!strcmp(config->station[i].name, name)) return true;
    return false;
}

static void end_unwanted(struct server *s, const struct server_config *config) {
    char names[CONFIG_STATIONS_MAX][STATION_NAME_MAX + 1];
    int count = stations_list(s, names);
    for (int i = 0; i < count; i++) {
        int place = stations_hold(s, names[i]);
        if (place < 0) continue;
        bool configured = s->station[place].configured;
        stations_let_go(s, place);
        if (configured && !wanted(config, names[i])) stations_end(s, names[i], false, NULL);
    }
}

static void apply_stations(struct server *s, const struct server_config *config) {
    struct refusal why;
    end_unwanted(s, config);
    for (uint32_t i = 0; i < config->station_count; i++) {
        const struct station_config *station = &config->station[i];
        int now = compare(s, station), result = 0;
        if (now < 0) result = stations_begin(s, station, true, &why);
        if (now == 0) result = stations_change(s, station, true, &why);
        if (result < 0) fprintf(stderr, "auralis: station \"%s\": %s\n", station->name, why.message);
    }
    stations_open_stored(s);
}

static void reload(struct errand *errand) {
    struct server *s = lws_container_of(errand, struct server, reload);
    const struct server_config *config = s->options.reread(s->options.self);
    auralis_message why;
    struct config_message reason;
    char state[80];
    if (!config) return;
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)(monotonic_now() / 1000));
    notify_say(state);
    if (server_apply(s, config, &why) < 0) {
        fprintf(stderr, "auralis: %s: %s; everything stays as it was\n", why.place, why.text);
    } else {
        say_fixed(s->config, config);
        apply_stations(s, config);
        if (icecast_feeds_apply(s->feeds, config) < 0)
            fprintf(stderr, "auralis: icecast: a feed could not be begun\n");
        if (certificate_renew(&s->certificate, s->config, &reason) < 0)
            fprintf(stderr, "auralis: %s: %s; the one before stays\n", reason.place, reason.text);
        fprintf(stderr, "auralis: the configuration was read again\n");
    }
    notify_say("READY=1");
}

static void reloaded(struct errand *errand) {
    atomic_store(&lws_container_of(errand, struct server, reload)->reloading, false);
}

void server_reload(struct server *s) {
    if (s->options.reload && s->options.reload(s->options.self)) s->reload_wanted = true;
    if (!s->reload_wanted || atomic_load(&s->reloading)) return;
    s->reload = (struct errand){.run = reload, .done = reloaded};
    atomic_store(&s->reloading, true);
    if (clerk_take(s->clerk[API_DESK_STORE], &s->reload))
        s->reload_wanted = false;
    else
        atomic_store(&s->reloading, false);
}
