/* host.c — what the HTTP API reads and changes of a running server (see host.h).
 *
 * A change is handed to a render worker, which is awake within a moment and says at which frame it takes
 * effect; the call waits for that answer, at most a tenth of a second (which is why a clerk makes it). */
#include "server/host.h"
#include "server/icecast_feeds.h"
#include "server/station_store.h"
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

static int stations(void *self, struct station_info *out) {
    struct server *server = self;
    char names[CONFIG_STATIONS_MAX][STATION_NAME_MAX + 1];
    int count = 0, named = stations_list(server, names);
    for (int i = 0; i < named; i++) {
        int place = stations_hold(server, names[i]);
        if (place < 0) continue; /* it has just ended */
        struct station *station = &server->station[place];
        out[count].definition = station_definition(station);
        out[count].configured = station->configured;
        out[count].listeners = atomic_load(&station->listeners);
        station_parameters(station, &out[count++].parameters);
        stations_let_go(server, place);
    }
    return count;
}

/* Kept first: what has been confirmed is there after a crash. */
static int begin_station(void *self, const struct station_config *config, struct refusal *why) {
    struct server *server = self;
    int place = stations_hold(server, config->name);
    if (place >= 0) {
        stations_let_go(server, place);
        return refuse_with(why, REFUSAL_CONFLICT, "name", "there is a station \"%s\" already", config->name);
    }
    int result = station_store_save(server->store, config, why);
    if (result < 0) return result;
    result = stations_begin(server, config, false, why);
    if (result < 0) station_store_delete(server->store, config->name, NULL);
    return result;
}

static int change_station(void *self, const struct station_config *config, struct refusal *why) {
    struct server *server = self;
    int result = station_store_save(server->store, config, why);
    return result < 0 ? result : stations_change(server, config, false, why);
}

static int end_station(void *self, const char *name, struct refusal *why) {
    struct server *server = self;
    int result = station_store_delete(server->store, name, why);
    return result < 0 ? result : stations_end(server, name, false, why);
}

static uint32_t errands(const struct server *server) {
    uint32_t sum = 0;
    for (int i = 0; i < API_DESKS; i++) sum += clerk_waiting(server->clerk[i]);
    return sum;
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
        .restarted = count.restarted,
        .batches = count.batches,
        .render_load = live_load(server->live),
        .encoder_load = encoder_pool_load(server->encoders),
        .opus_complexity = encoder_pool_complexity(server->encoders),
        .phrase_rate_hz = (double)atomic_load(&server->phrase_rate) * 1e-6,
        .latency_ms = count.last_latency * 1e3,
        .sample_rate = STATION_RATE,
        .gpu_memory_bytes = (double)count.gpu_bytes,
        .gpu_seconds = count.gpu_seconds,
        .gpu_use = count.gpu_use,
        .gpu_full = count.gpu_full,
        .gpu_faults = count.faults,
        .rescued = count.rescued,
        .shed = count.shed,
        .waiting = (uint32_t)count.waiting,
        .errands = errands(server),
    };
    live_device(server->live, out->device);
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

static json_t *feeds(void *self) {
    struct server *server = self;
    return icecast_feeds_status(server->feeds);
}

void host_connect(struct server *server, struct api_host *host) {
    *host = (struct api_host){.self = server,
                              .parameters = parameters,
                              .change = change,
                              .step = step,
                              .stations = stations,
                              .begin_station = begin_station,
                              .change_station = change_station,
                              .end_station = end_station,
                              .gauges = gauges,
                              .ready = ready,
                              .feeds = feeds,
                              .metrics = &server->metrics,
                              .store = server->store};
}
