/* icecast.c — a station fed to an Icecast server (see icecast.h).
 *
 * libshout works without blocking here, so that the thread can always be told to end; only a title, which
 * travels on a connection of its own, may hold it up for a moment. The feed runs by the station's clock: a
 * part goes out when it is due, and when the other side does not take for ten seconds what was given to it,
 * the connection is given up. */
#include "server/icecast.h"
#include "server/icecast_url.h"
#include "server/icy.h"
#include "server/stations.h"

#include "base/monotonic.h"
#include "base/random.h"

#include <shout/shout.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const int64_t TURN = 20 * MONOTONIC_MS, PATIENCE = 10 * MONOTONIC_SECOND,
                     SETTLED = 30 * MONOTONIC_SECOND, TITLE_PERIOD = 2 * MONOTONIC_SECOND;
enum { LONGEST_WAIT = 60, QUEUE_MAX = 256 * 1024 };

enum state { CONNECTING, CONNECTED, WAITING };
static const char *const STATES[] = {"connecting", "connected", "waiting"};

struct icecast_feed {
    struct server *server;
    char station[STATION_NAME_MAX + 1];
    struct icecast_url url;
    pthread_t thread;
    _Atomic bool stopping, ended;
    pthread_mutex_t lock; /* of what status shows */
    enum state state;
    uint64_t connects, failures, sent_bytes;
    char error[160];

    /* The thread's own. */
    shout_t *shout;
    int place; /* of the station, while it is held */
    struct encoding *encoding;
    uint64_t part;
    int64_t base, drained;
    int64_t titled;
    char title[ICY_TITLE_MAX];
};

static void set_state(struct icecast_feed *f, enum state state) {
    pthread_mutex_lock(&f->lock);
    f->state = state;
    f->connects += state == CONNECTED;
    pthread_mutex_unlock(&f->lock);
    if (state == CONNECTED)
        fprintf(stderr, "auralis: station \"%s\" is on %s:%u%s\n", f->station, f->url.host, f->url.port,
                f->url.mount);
}

static void fail(struct icecast_feed *f, const char *error) {
    pthread_mutex_lock(&f->lock);
    f->state = WAITING;
    f->failures++;
    snprintf(f->error, sizeof f->error, "%s", error);
    pthread_mutex_unlock(&f->lock);
    atomic_fetch_add_explicit(&f->server->metrics.icecast_failures, 1, memory_order_relaxed);
    fprintf(stderr, "auralis: station \"%s\" is not on %s:%u%s: %s\n", f->station, f->url.host, f->url.port,
            f->url.mount, error);
}

/* False when the feed is to end. */
static bool nap(const struct icecast_feed *f, int64_t span) {
    int64_t end = monotonic_now() + span;
    while (!atomic_load(&f->stopping) && monotonic_now() < end) {
        int64_t left = end - monotonic_now();
        if (left > 5 * TURN) left = 5 * TURN;
        if (left > 0) nanosleep(&(struct timespec){.tv_nsec = left}, NULL);
    }
    return !atomic_load(&f->stopping);
}

/* Connecting ----------------------------------------------------------------------------------------------
 */

static int set_up(struct icecast_feed *f) {
    const struct icecast_url *u = &f->url;
    char name[64];
    snprintf(name, sizeof name, "Auralis: %s", f->station);
    bool mp3 = u->format == ENCODER_MP3;
    int bad = shout_set_host(f->shout, u->host) || shout_set_port(f->shout, u->port) ||
              shout_set_user(f->shout, u->user) || shout_set_password(f->shout, u->password) ||
              shout_set_mount(f->shout, u->mount) || shout_set_agent(f->shout, "auralis") ||
              shout_set_protocol(f->shout, SHOUT_PROTOCOL_HTTP) ||
              shout_set_content_format(f->shout, mp3 ? SHOUT_FORMAT_MP3 : SHOUT_FORMAT_OGG, SHOUT_USAGE_AUDIO,
                                       NULL) ||
              shout_set_meta(f->shout, SHOUT_META_NAME, name) ||
              shout_set_meta(f->shout, SHOUT_META_GENRE, "Ambient") || shout_set_nonblocking(f->shout, 1);
    if (!bad) bad = shout_set_tls(f->shout, u->tls ? SHOUT_TLS_RFC2818 : SHOUT_TLS_DISABLED) && u->tls;
    return bad ? -1 : 0;
}

static bool connect_to(struct icecast_feed *f) {
    int64_t end = monotonic_now() + PATIENCE;
    f->shout = shout_new();
    if (!f->shout || set_up(f) < 0)
        return fail(f, f->shout ? shout_get_error(f->shout) : "out of memory"), false;
    int result = shout_open(f->shout);
    while (result == SHOUTERR_BUSY && monotonic_now() < end) {
        if (!nap(f, TURN)) return false;
        result = shout_get_connected(f->shout);
    }
    if (result == SHOUTERR_SUCCESS || result == SHOUTERR_CONNECTED) return true;
    fail(f, result == SHOUTERR_BUSY ? "no answer" : shout_get_error(f->shout));
    return false;
}

/* Feeding -------------------------------------------------------------------------------------------------
 */

static struct station *station_of(const struct icecast_feed *f) {
    return &f->server->station[f->place];
}

static bool take_station(struct icecast_feed *f) {
    int result = 0;
    f->place = stations_hold(f->server, f->station);
    if (f->place < 0) return false;
    f->encoding = broadcast_join(station_of(f)->broadcast, f->url.format, &result);
    if (!f->encoding) return false;
    int64_t now = monotonic_now();
    uint64_t due = live_due(station_of(f)->stream, now), span = encoding_part_frames(f->encoding);
    f->part = due / span;
    f->base = now - monotonic_span(due, STATION_RATE);
    return true;
}

static void leave_station(struct icecast_feed *f) {
    if (f->encoding) broadcast_leave(station_of(f)->broadcast, f->url.format);
    if (f->place >= 0) stations_let_go(f->server, f->place);
    f->encoding = NULL;
    f->place = -1;
}

/* libshout queues what the socket does not take. */
static bool send_bytes(struct icecast_feed *f, const unsigned char *bytes, size_t size) {
    if (!size) return true;
    ssize_t sent = shout_send_raw(f->shout, bytes, size);
    if (sent < 0 && sent != SHOUTERR_BUSY) return fail(f, shout_get_error(f->shout)), false;
    pthread_mutex_lock(&f->lock);
    f->sent_bytes += size;
    pthread_mutex_unlock(&f->lock);
    atomic_fetch_add_explicit(&f->server->metrics.icecast_bytes, size, memory_order_relaxed);
    return true;
}

static bool is_draining(struct icecast_feed *f, int64_t now) {
    ssize_t queued = shout_queuelen(f->shout);
    if (queued <= 0) f->drained = now;
    if (queued > QUEUE_MAX || now - f->drained > PATIENCE)
        return fail(f, "it does not take what it is sent"), false;
    return true;
}

static void tell_title(struct icecast_feed *f, int64_t now) {
    char title[ICY_TITLE_MAX];
    if (f->url.format != ENCODER_MP3 || now - f->titled < TITLE_PERIOD) return;
    f->titled = now;
    icy_title(title, f->station, station_of(f)->stream);
    if (!strcmp(title, f->title)) return;
    shout_metadata_t *metadata = shout_metadata_new();
    if (metadata && shout_metadata_add(metadata, "song", title) == SHOUTERR_SUCCESS &&
        shout_set_metadata_utf8(f->shout, metadata) == SHOUTERR_SUCCESS)
        strcpy(f->title, title);
    if (metadata) shout_metadata_free(metadata);
}

/* The parts that are due by now. */
static bool feed_due(struct icecast_feed *f, int64_t now) {
    unsigned char bytes[ENCODING_PART_MAX];
    struct part part;
    uint64_t span = encoding_part_frames(f->encoding), oldest = part_ring_oldest(encoding_parts(f->encoding));
    if (f->part < oldest) f->part = oldest;
    while (f->base + monotonic_span((f->part + 1) * span, STATION_RATE) <= now &&
           part_ring_read(encoding_parts(f->encoding), f->part, &part, bytes, sizeof bytes) == PART_READ) {
        if (!send_bytes(f, bytes, part.size)) return false;
        f->part++;
    }
    return true;
}

/* Until something goes wrong, the station ends, or the feed does. */
static void feed(struct icecast_feed *f) {
    const unsigned char *header;
    size_t size = encoding_header(f->encoding, &header);
    f->drained = monotonic_now();
    *f->title = 0;
    bool good = send_bytes(f, header, size);
    while (good && !station_ended(station_of(f)) && !encoding_failed(f->encoding)) {
        int64_t now = monotonic_now();
        good = feed_due(f, now) && is_draining(f, now);
        if (good && shout_get_connected(f->shout) != SHOUTERR_CONNECTED)
            good = (fail(f, shout_get_error(f->shout)), false);
        if (good) tell_title(f, now);
        if (!nap(f, TURN)) return;
    }
}

static void serve_once(struct icecast_feed *f, int64_t *settled) {
    set_state(f, CONNECTING);
    *settled = INT64_MAX;
    f->place = -1;
    if (!take_station(f))
        fail(f, "there is no such station");
    else if (connect_to(f)) {
        set_state(f, CONNECTED);
        *settled = monotonic_now() + SETTLED;
        feed(f);
    }
    leave_station(f);
    if (!f->shout) return;
    shout_close(f->shout);
    shout_free(f->shout);
    f->shout = NULL;
}

static void *run(void *self) {
    struct icecast_feed *f = self;
    int64_t wait = 1, settled;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    for (uint64_t round = 0; !atomic_load(&f->stopping); round++) {
        serve_once(f, &settled);
        if (monotonic_now() > settled) wait = 1;
        uint64_t spread = random_mix((uint64_t)monotonic_now() ^ round) % 400;
        if (!nap(f, wait * (800 + (int64_t)spread) * MONOTONIC_MS)) break;
        wait = 2 * wait < LONGEST_WAIT ? 2 * wait : LONGEST_WAIT;
    }
    atomic_store(&f->ended, true);
    return NULL;
}

/* Beginning and ending ------------------------------------------------------------------------------------
 */

struct icecast_feed *icecast_start(struct server *server, const char *station, const char *url) {
    struct icecast_feed *f = calloc(1, sizeof *f);
    if (!f) return NULL;
    shout_init();
    f->server = server;
    f->place = -1;
    snprintf(f->station, sizeof f->station, "%s", station);
    pthread_mutex_init(&f->lock, NULL);
    if (!icecast_url_parse(url, &f->url) && !pthread_create(&f->thread, NULL, run, f)) return f;
    pthread_mutex_destroy(&f->lock);
    free(f);
    return NULL;
}

void icecast_end(struct icecast_feed *f) {
    if (f) atomic_store(&f->stopping, true);
}

bool icecast_ended(const struct icecast_feed *f) {
    return !f || atomic_load(&f->ended);
}

void icecast_free(struct icecast_feed *f) {
    if (!f) return;
    pthread_join(f->thread, NULL);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

json_t *icecast_status(struct icecast_feed *f) {
    char server[sizeof f->url.host + sizeof f->url.mount + 8];
    snprintf(server, sizeof server, "%s:%u%s", f->url.host, f->url.port, f->url.mount);
    pthread_mutex_lock(&f->lock);
    json_t *status =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s?}", "station", f->station, "server", server, "state",
                  STATES[f->state], "connects", (json_int_t)f->connects, "failures", (json_int_t)f->failures,
                  "sent_bytes", (json_int_t)f->sent_bytes, "error", *f->error ? f->error : NULL);
    pthread_mutex_unlock(&f->lock);
    return status;
}
