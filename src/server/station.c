/* station.c — a named live stream that many listeners share (see station.h). */
#include "server/station.h"

#include "base/monotonic.h"
#include "server/parameters_json.h"

int station_open(struct station *s, const struct station_config *config, struct live *live,
                 void (*notify)(void *self), void *self) {
    struct live_spec spec = {
        .stream = {.seed = config->seed, .sample_rate = STATION_RATE, .parameters = &config->parameters},
        .shared = true,
        .history = STATION_RATE / 1000 * STATION_SOUND_MS,
        .notify = notify,
        .self = self};
    s->config = *config;
    s->wanted = config->parameters;
    history_begin(&s->history, &config->parameters);
    int result = live_open(live, &spec, &s->stream);
    if (result < 0) return result;
    pthread_mutex_init(&s->lock, NULL);
    return 0;
}

void station_close(struct station *s) {
    if (!s->stream) return;
    broadcast_destroy(s->broadcast);
    s->broadcast = NULL;
    live_close(s->stream);
    s->stream = NULL;
    pthread_mutex_destroy(&s->lock);
}

static void merge(auralis_parameters *to, const auralis_parameters *from, auralis_parameter_set set) {
    for (int i = 0; i < auralis_parameter_count(); i++)
        if (set >> i & 1) auralis_parameters_put(to, i, auralis_parameters_get(from, i), NULL);
}

uint64_t station_change(struct station *s, const auralis_parameters *values, auralis_parameter_set set) {
    pthread_mutex_lock(&s->lock);
    uint64_t ticket = live_set(s->stream, values, set);
    if (ticket) {
        merge(&s->wanted, values, set);
        history_record(&s->history, &s->wanted, set, (uint64_t)(monotonic_now() / MONOTONIC_MS));
    }
    pthread_mutex_unlock(&s->lock);
    return ticket;
}

bool station_step(struct station *s, int direction, auralis_parameters *out, uint64_t *ticket) {
    pthread_mutex_lock(&s->lock);
    bool found = direction < 0 ? history_undo(&s->history, out) : history_redo(&s->history, out);
    if (found) {
        *ticket = live_set(s->stream, out, parameters_difference(&s->wanted, out));
        s->wanted = *out;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

void station_redefine(struct station *s, const struct station_config *config) {
    pthread_mutex_lock(&s->lock);
    auralis_parameter_set set = parameters_difference(&s->wanted, &config->parameters);
    s->config.parameters = config->parameters;
    pthread_mutex_unlock(&s->lock);
    if (set) station_change(s, &config->parameters, set);
}

struct station_config station_definition(struct station *s) {
    pthread_mutex_lock(&s->lock);
    struct station_config config = s->config;
    pthread_mutex_unlock(&s->lock);
    return config;
}

void station_parameters(struct station *s, auralis_parameters *out) {
    pthread_mutex_lock(&s->lock);
    *out = s->wanted;
    pthread_mutex_unlock(&s->lock);
}
