/* host.c — what the HTTP API reads and changes of a running server (see host.h).
 *
 * A change is handed to a render worker, which is awake within a moment and says at which frame it takes
 * effect; the call waits for that answer, at most a tenth of a second. */
#include "server/host.h"
#include "server/stations.h"

#include "base/monotonic.h"

/* The place of a station, held, or −1. */
static int hold(struct server *server, const char *name, struct refusal *why) {
    int place = stations_hold(server, name);
    if (place < 0) refuse_with(why, REFUSAL_NOT_FOUND, "station", "there is no station \"%s\"", name);
    return place;
}

static bool parameters(void *self, const char *name, auralis_parameters *out) {
    struct server *server = self;
    int place = hold(server, name, NULL);
    if (place < 0) return false;
    station_parameters(&server->station[place], out);
    stations_let_go(server, place);
    return true;
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
    struct server *server = self;
    int place = hold(server, name, why);
    if (place < 0) return -REFUSAL_NOT_FOUND;
    struct station *station = &server->station[place];
    int result = finish(station, station_change(station, values, set), applies_at, why);
    stations_let_go(server, place);
    return result;
}

static int step(void *self, const char *name, int direction, auralis_parameters *out, uint64_t *applies_at,
                struct refusal *why) {
    struct server *server = self;
    uint64_t ticket;
    int place = hold(server, name, why), result;
    if (place < 0) return -REFUSAL_NOT_FOUND;
    struct station *station = &server->station[place];
    if (station_step(station, direction, out, &ticket))
        result = finish(station, ticket, applies_at, why);
    else
        result = refuse_with(why, REFUSAL_CONFLICT, NULL, "there is nothing to %s",
                             direction < 0 ? "undo" : "redo");
    stations_let_go(server, place);
    return result;
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
        .sample_rate = STATION_RATE,
        .device = server->device,
    };
}

static bool ready(void *self) {
    struct server *server = self;
    int place = stations_hold(server, "main");
    if (place < 0) return false;
    const struct live_stream *main = server->station[place].stream;
    bool flows = live_head(main) >= live_due(main, monotonic_now());
    stations_let_go(server, place);
    return flows && !atomic_load(&server->stopping);
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
