/* host.c — what the HTTP API reads and changes of a running server (see host.h).
 *
 * A change is handed to a render worker, which is awake within a moment and says at which frame it takes
 * effect; the call waits for that answer, at most a tenth of a second. */
#include "server/host.h"

#include "base/monotonic.h"

static struct station *find(struct server *server, const char *name, struct refusal *why) {
    int index = server_station(server, name);
    if (index >= 0) return &server->station[index];
    refuse_with(why, REFUSAL_NOT_FOUND, "station", "there is no station \"%s\"", name);
    return NULL;
}

static bool parameters(void *self, const char *name, auralis_parameters *out) {
    struct station *station = find(self, name, NULL);
    if (station) station_parameters(station, out);
    return station != NULL;
}

static int finish(struct station *station, uint64_t ticket, uint64_t *applies_at, struct refusal *why) {
    struct live_state state;
    if (!ticket)
        return refuse_with(why, REFUSAL_RATE_LIMITED, NULL,
                           "too many changes at once; try again in a moment");
    *applies_at =
        server_await(station->stream, ticket, &state) ? state.applies_at : live_head(station->stream);
    return 0;
}

static int change(void *self, const char *name, const auralis_parameters *values, auralis_parameter_set set,
                  uint64_t *applies_at, struct refusal *why) {
    struct station *station = find(self, name, why);
    if (!station) return -REFUSAL_NOT_FOUND;
    return finish(station, station_change(station, values, set), applies_at, why);
}

static int step(void *self, const char *name, int direction, auralis_parameters *out, uint64_t *applies_at,
                struct refusal *why) {
    struct station *station = find(self, name, why);
    uint64_t ticket;
    if (!station) return -REFUSAL_NOT_FOUND;
    if (!station_step(station, direction, out, &ticket))
        return refuse_with(why, REFUSAL_CONFLICT, NULL, "there is nothing to %s",
                           direction < 0 ? "undo" : "redo");
    return finish(station, ticket, applies_at, why);
}

static void gauges(void *self, struct gauges *out) {
    struct server *server = self;
    struct live_counters count;
    uint32_t listeners = atomic_load(&server->listeners);
    live_count(server->live, &count);
    double uptime = (double)(monotonic_now() - server->began) * 1e-9;
    uint64_t depth = atomic_load(&server->depth_ms);
    *out = (struct gauges){
        .uptime_seconds = uptime,
        .buffer_depth_ms = listeners ? (double)depth / listeners : 0,
        .active_connections = listeners,
        .voices = (uint32_t)count.voices,
        .streams = (uint32_t)count.streams,
        .phrase_rate_hz = (double)atomic_load(&server->phrase_rate) * 1e-6,
        .latency_ms = count.last_latency * 1e3,
        .sample_rate = live_rate(server->station[0].stream),
        .device = server->device,
    };
}

static bool ready(void *self) {
    struct server *server = self;
    const struct live_stream *main = server->station[0].stream;
    return !atomic_load(&server->stopping) && live_head(main) >= live_due(main, monotonic_now());
}

void host_connect(struct server *server, struct api_host *host) {
    *host = (struct api_host){.self = server,
                              .parameters = parameters,
                              .change = change,
                              .step = step,
                              .gauges = gauges,
                              .ready = ready,
                              .metrics = &server->metrics,
                              .presets = server->presets};
}
