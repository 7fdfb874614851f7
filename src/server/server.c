/* server.c — the whole server: what is opened, in which order, and how it ends (see server.h). */
#include "server/server.h"
#include "server/host.h"
#include "server/icecast_feeds.h"
#include "server/listening.h"
#include "server/loop.h"
#include "server/notify.h"
#include "server/stations.h"

#include "base/monotonic.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int explain(auralis_message *why, int result, const char *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int explain(auralis_message *why, int result, const char *place, const char *format, ...) {
    va_list args;
    va_start(args, format);
    snprintf(why->place, sizeof why->place, "%s", place);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return result;
}

/* Listening ---------------------------------------------------------------------------------------------- */

static int refuse_address(const struct server *s, const char *host, uint16_t port, int error,
                          auralis_message *why) {
    if (error == EADDRINUSE)
        return explain(why, SERVER_EADDRESS, "listen",
                       "port %u of %s is taken: something else listens there; choose another, or port 0 for "
                       "any free one",
                       port, host);
    return explain(why, SERVER_EADDRESS, "listen", "cannot listen on %s: %s", s->config->listen,
                   strerror(error));
}

/* The first socket is alone until it has the port, so that a port that is taken is noticed even where others
 * would share. */
static int open_loops(struct server *s, const char *host, uint16_t port, auralis_message *why) {
    bool shared = s->config->loops > 1;
    uint16_t wanted = port;
    int fd = shared ? listening_open(host, &port, false) : -1;
    if (shared && fd < 0) return refuse_address(s, host, wanted, -fd, why);
    if (shared) close(fd);
    while (s->loop_count < s->config->loops) {
        fd = listening_open(host, &port, shared);
        if (fd < 0) return refuse_address(s, host, wanted, -fd, why);
        int result = loop_create(s, fd, &s->loop[s->loop_count]);
        if (result < 0) return explain(why, result, "", "%s", auralis_strerror(result));
        s->loop_count++;
    }
    const char *shown = strcmp(host, "*") ? host : "127.0.0.1";
    snprintf(s->address, sizeof s->address, strchr(shown, ':') ? "[%s]:%u" : "%s:%u", shown, port);
    return 0;
}

/* Opening ------------------------------------------------------------------------------------------------ */

static int open_live(struct server *s, auralis_message *why) {
    auralis_message reason = {0};
    struct live_config config = {.threads = (int)s->config->threads,
                                 .pin = s->config->pin,
                                 .isa = s->options.isa,
                                 .device = s->options.device,
                                 .why = &reason,
                                 .max_streams = s->config->max_listeners + s->config->max_listeners / 8 +
                                                CONFIG_STATIONS_MAX,
                                 .latency = &s->metrics.synthesis,
                                 .slices = &s->metrics.chunks_generated,
                                 .phrases = &s->metrics.phrases};
    int result = live_create(&config, &s->live);
    if (result < 0 && s->options.device && *reason.text)
        return explain(why, result, "device", "%s", reason.text);
    if (result < 0) return explain(why, result, "isa", "%s", auralis_strerror(result));
    char device[LIVE_DEVICE];
    live_device(s->live, device);
    snprintf(s->device, sizeof s->device, "%s%s%s", device, *reason.text ? ": " : "", reason.text);
    return 0;
}

static int open_encoders(struct server *s, auralis_message *why) {
    uint32_t jobs = s->config->max_listeners + CONFIG_STATIONS_MAX * ENCODER_FORMATS;
    s->encoders = encoder_pool_create(s->config->encoder_threads, jobs, &s->metrics);
    return s->encoders ? 0 : explain(why, AURALIS_ENOMEM, "", "%s", auralis_strerror(AURALIS_ENOMEM));
}

/* Who comes at once is to find music, and what a station needs is there before anybody listens. */
static void await_music(const struct server *s) {
    static const struct timespec NAP = {.tv_nsec = 1000000};
    int64_t until = monotonic_now() + 5 * MONOTONIC_SECOND, now;
    for (uint32_t i = 0; i < s->config->station_count; i++) {
        const struct live_stream *stream = s->station[i].stream;
        while (!live_failed(stream) && (now = monotonic_now()) < until &&
               live_head(stream) < live_due(stream, now))
            nanosleep(&NAP, NULL);
    }
}

static int open_stations(struct server *s, auralis_message *why) {
    for (uint32_t i = 0; i < s->config->station_count; i++) {
        const struct station_config *config = &s->config->station[i];
        struct refusal reason;
        if (stations_begin(s, config, true, &reason) < 0)
            return explain(why, AURALIS_ELIMIT, config->name, "%s", reason.message);
    }
    return 0;
}

int server_apply(struct server *s, const struct server_config *config, auralis_message *why) {
    struct config_message reason;
    if (trust_configure(s->trust, config, &reason) < 0)
        return explain(why, AURALIS_EINVAL, reason.place, "%s", reason.text);
    pthread_mutex_lock(&s->limits_lock);
    address_limits_configure(s->limits, config->max_per_address, config->attempts_per_minute);
    address_limits_configure(s->requests, UINT32_MAX, config->requests_per_minute);
    address_limits_configure(s->sockets, config->max_connections_per_address, UINT32_MAX);
    pthread_mutex_unlock(&s->limits_lock);
    atomic_store(&s->max_connections,
                 config->max_connections ? config->max_connections : s->config->max_listeners + 1000);
    atomic_store(&s->buffer_tier, config->buffer_tier);
    return 0;
}

static int open_feeds(struct server *s, auralis_message *why) {
    s->feeds = icecast_feeds_create(s);
    if (s->feeds && icecast_feeds_apply(s->feeds, s->config) == 0) return 0;
    return explain(why, AURALIS_ENOMEM, "icecast", "a feed could not be begun");
}

static int open_rest(struct server *s, auralis_message *why) {
    struct store_config store = {.directory = *s->config->state_dir ? s->config->state_dir : NULL};
    int result = store_open(&store, &s->store);
    if (result == 0) resume_key_load(s->store, &s->resume);
    s->limits = address_limits_create(1, 1);
    s->requests = address_limits_create(UINT32_MAX, 1);
    s->sockets = address_limits_create(1, UINT32_MAX);
    s->trust = trust_create();
    for (int i = 0; i < API_DESKS; i++)
        if (!(s->clerk[i] = clerk_create())) result = AURALIS_ENOMEM;
    if (result < 0 || !s->limits || !s->requests || !s->sockets || !s->trust)
        return explain(why, AURALIS_ENOMEM, "", "%s", auralis_strerror(AURALIS_ENOMEM));
    result = server_apply(s, s->config, why);
    if (result < 0) return result;
    host_connect(s, &s->host);
    return 0;
}

/* Loops before stations: a worker may call as soon as a station is open. */
static int open_all(struct server *s, auralis_message *why) {
    char host[96];
    uint16_t port;
    if (config_listen(s->config->listen, host, &port) < 0)
        return explain(why, AURALIS_EINVAL, "listen", "must be ADDRESS:PORT, as 127.0.0.1:8000");
    int result = open_loops(s, host, port, why);
    if (result == 0) result = open_live(s, why);
    if (result == 0) result = open_encoders(s, why);
    if (result == 0) result = open_rest(s, why);
    if (result == 0) result = open_stations(s, why);
    if (result == 0) result = open_feeds(s, why);
    if (result == 0) stations_open_stored(s);
    if (result == 0) await_music(s);
    return result;
}

int server_create(const struct server_options *options, struct server **out, auralis_message *why) {
    struct server *s = calloc(1, sizeof *s);
    if (!s) return explain(why, AURALIS_ENOMEM, "", "%s", auralis_strerror(AURALIS_ENOMEM));
    s->options = *options;
    s->config = options->config;
    s->began = monotonic_now();
    s->watchdog = notify_watchdog() > 0;
    pthread_mutex_init(&s->limits_lock, NULL);
    pthread_mutex_init(&s->stations_lock, NULL);
    certificate_init(&s->certificate);
    metrics_begin(&s->metrics);
    lws_set_log_level(LLL_ERR, NULL);
    /* Signals are the main thread's: the workers are born with them blocked. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = open_all(s, why);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result < 0) {
        server_destroy(s);
        return result;
    }
    *out = s;
    return 0;
}

/* Running ------------------------------------------------------------------------------------------------ */

static void *run_loop(void *loop) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    loop_run(loop);
    return NULL;
}

void server_run(struct server *s) {
    uint32_t started = 1;
    while (started < s->loop_count && !pthread_create(&s->thread[started], NULL, run_loop, s->loop[started]))
        started++;
    notify_say("READY=1");
    loop_run(s->loop[0]);
    atomic_store(&s->stopping, true);
    for (uint32_t i = 1; i < started; i++) pthread_join(s->thread[i], NULL);
}

/* The clerks and the workers end first, while the loops that they call are still there; the loops close their
 * listeners' streams. */
void server_destroy(struct server *s) {
    if (!s) return;
    for (int i = 0; i < API_DESKS; i++) clerk_destroy(s->clerk[i]);
    icecast_feeds_destroy(s->feeds);
    if (s->live) live_stop(s->live);
    if (s->encoders) encoder_pool_stop(s->encoders);
    for (uint32_t i = 0; i < s->loop_count; i++) loop_destroy(s->loop[i]);
    stations_close(s);
    live_destroy(s->live);
    encoder_pool_destroy(s->encoders);
    store_close(s->store);
    address_limits_destroy(s->limits);
    address_limits_destroy(s->requests);
    address_limits_destroy(s->sockets);
    trust_destroy(s->trust);
    certificate_release(&s->certificate);
    pthread_mutex_destroy(&s->stations_lock);
    pthread_mutex_destroy(&s->limits_lock);
    free(s);
}

const char *server_device(const struct server *s) {
    return s->device;
}

const char *server_address(const struct server *s) {
    return s->address;
}

static void measure_phrases(struct server *s, double seconds) {
    uint64_t phrases = atomic_load(&s->metrics.phrases);
    double rate = (double)(phrases - s->phrases_tended) / seconds,
           before = (double)atomic_load(&s->phrase_rate), share = seconds < 60 ? seconds / 60 : 1;
    s->phrases_tended = phrases;
    atomic_store(&s->phrase_rate, (uint64_t)(before + (rate * 1e6 - before) * share));
}

int server_check(const struct server_config *config, struct config_message *why) {
    struct trust *trust = trust_create();
    int result = trust ? trust_configure(trust, config, why) : -1;
    trust_destroy(trust);
    return result < 0 ? result : certificate_check(config, why);
}

/* Every loop turns and the music goes on: only then is the service manager told so. */
static void tell_alive(struct server *s, int64_t now) {
    static const int64_t PATIENCE = 5 * MONOTONIC_SECOND;
    char state[96];
    int place = stations_hold(s, "main");
    uint64_t head = place < 0 ? 0 : live_head(s->station[place].stream), before = s->head_tended;
    if (place >= 0) stations_let_go(s, place);
    s->head_tended = head;
    for (uint32_t i = 0; i < s->loop_count; i++)
        if (now - atomic_load(&s->loop[i]->alive) > PATIENCE) return;
    if (head == before) return;
    snprintf(state, sizeof state, "WATCHDOG=1\nSTATUS=%u listeners", atomic_load(&s->listeners));
    notify_say(state);
}

/* Render threads do not log. */
static void tell_restarts(struct server *s) {
    struct live_counters count;
    live_count(s->live, &count);
    if (count.restarted == s->restarts_told) return;
    uint64_t more = count.restarted - s->restarts_told;
    fprintf(stderr, "auralis: rendering failed; %llu stream%s begun again, %llu since the start\n",
            (unsigned long long)more, more == 1 ? " was" : "s were", (unsigned long long)count.restarted);
    s->restarts_told = count.restarted;
}

/* The log says once that a GPU failed, and what became of its streams when that is known. */
static void tell_faults(struct server *s) {
    struct live_counters c;
    char device[LIVE_DEVICE];
    live_count(s->live, &c);
    if (c.faults == s->faults_told || c.waiting) return;
    s->faults_told = c.faults;
    live_device(s->live, device);
    fprintf(stderr, "auralis: a GPU failed; rendering on %s. Streams rescued so far: %llu, shed: %llu\n",
            device, (unsigned long long)c.rescued, (unsigned long long)c.shed);
}

void server_tend(struct server *s, int64_t now) {
    int64_t passed = now - (s->tended ? s->tended : s->began);
    if (passed < MONOTONIC_SECOND) return;
    s->tended = now;
    memory_ebb(&s->tide, atomic_load(&s->departures), now);
    measure_phrases(s, (double)passed * 1e-9);
    tell_faults(s);
    if (s->watchdog) tell_alive(s, now);
    stations_tend(s, now);
    icecast_feeds_tend(s->feeds);
    tell_restarts(s);
}

bool server_await(const struct live_stream *stream, uint64_t ticket, struct live_state *state) {
    static const struct timespec NAP = {.tv_nsec = 500000};
    for (int tries = 0; tries < 200; tries++) {
        live_read_state(stream, state);
        if (state->ticket >= ticket) return true;
        nanosleep(&NAP, NULL);
    }
    return false;
}
