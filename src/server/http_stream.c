/* http_stream.c — music over plain HTTP (see http_stream.h).
 *
 * While an answer goes on, libwebsockets (4.1) does not read what else comes in, yet keeps being told that
 * something is there: a client that closes its side, or sends more after its request, would make the loop
 * spin. So over bare
 * TCP the socket is taken out of its hands: it waits for nothing any more (flow control), and the music is
 * written to the descriptor here, when it is due. Over TLS it waits only while there is something to write,
 * which it does itself, as over HTTP/2. A client that is gone shows when writing, or by the hang-up that is
 * always told.
 *
 * Who hears a station over bare TCP and is up to date sits in a round of audience.h; the rest is for those
 * who are not: the burst, who lags, a stream of one's own. */
#include "server/http_stream.h"
#include "server/audience.h"
#include "server/broadcast.h"
#include "server/gate.h"
#include "server/http_head.h"
#include "server/icy.h"
#include "server/loop.h"
#include "server/own_stream.h"
#include "server/stations.h"

#include "base/monotonic.h"
#include "base/random.h"
#include "stream/seam.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const int64_t MOMENT = 10 * MONOTONIC_MS, POLL = 5 * MONOTONIC_MS, BLOCKED = 30 * MONOTONIC_MS,
                     STALLED = 120 * MONOTONIC_SECOND, LAG = 5 * MONOTONIC_SECOND;
enum { RATE = 48000, FASTER = 5000, WRITE_MAX = 40 * 1024, DEPTH = 6 * LIVE_SLICE };

struct http_stream {
    struct loop *loop;
    struct lws *wsi;
    struct http_stream *previous, *next; /* in loop->streams */
    struct wake wake;
    struct address address;
    bool admitted, asked, ending;
    bool first;          /* HTTP/1 */
    bool bare;           /* HTTP/1 over TCP */
    int format, station; /* −1: a stream of its own */
    char name[STATION_NAME_MAX + 1];
    uint64_t seed;
    struct live_stream *sound; /* what is encoded */
    struct encoding *encoding;
    size_t header_sent;
    uint64_t part, frame; /* the next one, and where it begins */
    int64_t base;         /* when frame 0 is due */
    int64_t progress;     /* when the socket last took something */
    struct audience_member member;
    unsigned char *unsent; /* bare: what the socket would not take; NULL: nothing */
    size_t unsent_size;
    unsigned char *leaving; /* a station's part that the seam of the coming skip begins with; or NULL */
    size_t leaving_size;
};

/* What is asked for -------------------------------------------------------------------------------------- */

static const char LISTEN[] = "/listen.", STATIONS[] = "/stations/";

static bool begins(const char *path, const char *with) {
    return !strncmp(path, with, strlen(with));
}

bool http_stream_owns(const char *path) {
    return begins(path, LISTEN) || begins(path, STATIONS);
}

static int no_such_address(struct refusal *why) {
    char formats[32] = "";
    for (int i = 0; i < ENCODER_FORMATS; i++)
        if (encoder_available(i))
            snprintf(formats + strlen(formats), sizeof formats - strlen(formats), "%s%s",
                     *formats ? ", ." : ".", encoder_name(i));
    return refuse_with(why, REFUSAL_NOT_FOUND, NULL, "music is at /listen and at /stations/NAME with %s",
                       formats);
}

static int read_path(struct http_stream *s, const char *path, struct refusal *why) {
    const char *suffix = strrchr(path, '.');
    s->format = suffix ? encoder_find(suffix + 1) : -1;
    if (s->format < 0 || !encoder_available(s->format)) return no_such_address(why);
    if (begins(path, LISTEN)) return suffix == path + strlen(LISTEN) - 1 ? 0 : no_such_address(why);
    size_t length = (size_t)(suffix - path) - strlen(STATIONS);
    if (length > STATION_NAME_MAX) return no_such_address(why);
    memcpy(s->name, path + strlen(STATIONS), length);
    if (!station_name_valid(s->name)) return no_such_address(why);
    return 0;
}

/* Headers ------------------------------------------------------------------------------------------------ */

static bool wants_titles(struct lws *wsi) {
    static const char NAME[] = "icy-metadata:";
    char value[8] = "";
    return lws_hdr_custom_copy(wsi, value, sizeof value, NAME, (int)strlen(NAME)) > 0 && *value == '1';
}

static const char *const TYPES[ENCODER_FORMATS] = {[ENCODER_OPUS] = "audio/ogg; codecs=opus",
                                                   [ENCODER_MP3] = "audio/mpeg",
                                                   [ENCODER_FLAC] = "audio/flac",
                                                   [ENCODER_WAV] = "audio/wav"};

/* kbit/s; of FLAC what it may come to. */
static uint32_t bitrate_of(const struct http_stream *s) {
    const struct server_config *c = s->loop->server->config;
    return s->format == ENCODER_OPUS ? c->opus_bitrate : s->format == ENCODER_MP3 ? c->mp3_bitrate : 1536;
}

static void add_titles(struct http_stream *s, struct http_head *h) {
    char number[24], name[64];
    snprintf(name, sizeof name, "Auralis%s%s", *s->name ? ": " : "", s->name);
    http_head_add(h, "icy-name:", name);
    http_head_add(h, "icy-genre:", "Ambient");
    http_head_add(h, "icy-pub:", "0");
    if (s->format == ENCODER_OPUS || s->format == ENCODER_MP3) {
        snprintf(number, sizeof number, "%u", bitrate_of(s));
        http_head_add(h, "icy-br:", number);
    }
    if (s->member.icy.wanted) {
        snprintf(number, sizeof number, "%d", ICY_INTERVAL);
        http_head_add(h, "icy-metaint:", number);
    }
    if (*s->name) return;
    snprintf(number, sizeof number, "%llu", (unsigned long long)s->seed);
    http_head_add(h, "auralis-seed:", number);
}

static int send_head(struct http_stream *s) {
    struct http_head h;
    http_head_begin_endless(&h, s->wsi, 200, TYPES[s->format]);
    http_head_add(&h, "cache-control:", "no-store");
    http_head_add(&h, "accept-ranges:", "none");
    http_head_add(&h, "access-control-allow-origin:", "*");
    http_head_add(&h, "access-control-expose-headers:", "icy-name, icy-br, icy-metaint, auralis-seed");
    http_head_add(&h, "cross-origin-resource-policy:", "cross-origin");
    add_titles(s, &h);
    return http_head_finish(&h);
}

/* Opening ------------------------------------------------------------------------------------------------ */

static int refuse_encoding(int result, struct refusal *why) {
    if (result == AURALIS_ELIMIT)
        return refuse_with(why, REFUSAL_OVERLOADED, NULL,
                           "the server encodes as much as it can; try again later");
    return refuse_with(why, REFUSAL_INTERNAL, NULL, "%s", auralis_strerror(result));
}

static int read_own(struct http_stream *s, const char *query, struct stream_request *wanted,
                    struct refusal *why) {
    int result = stream_request_parse(query, STREAM_REQUEST_HTTP, 0, wanted, why);
    if (result < 0) return result;
    if (!wanted->personal)
        wanted->seed = random_mix((uint64_t)monotonic_now() ^ (uint64_t)(uintptr_t)s) >> 11;
    s->seed = wanted->seed;
    return 0;
}

static int open_own(struct http_stream *s, const struct stream_request *wanted, struct refusal *why) {
    struct live_spec spec = {
        .stream = {.sample_rate = RATE}, .depth = DEPTH, .narrow = encoder_takes16(s->format)};
    struct server *server = s->loop->server;
    int result = own_stream_open(server, wanted, &spec, &s->sound, why);
    if (result < 0) return result;
    struct encoding_spec encoding = {
        .encoder = {.format = s->format, .bitrate = s->format > ENCODER_MP3 ? 0 : bitrate_of(s)},
        .stream = s->sound};
    result = encoding_open(server->encoders, &encoding, &s->encoding);
    if (result < 0) return refuse_encoding(result, why);
    s->frame = wanted->start;
    return 0;
}

static int hold_station(struct http_stream *s, struct refusal *why) {
    s->station = stations_hold(s->loop->server, s->name);
    if (s->station >= 0) return 0;
    return refuse_with(why, REFUSAL_NOT_FOUND, "station", "there is no station \"%s\"", s->name);
}

static int join_station(struct http_stream *s, struct refusal *why) {
    struct station *station = &s->loop->server->station[s->station];
    int result;
    s->sound = station->stream;
    s->encoding = broadcast_join(station->broadcast, s->format, &result);
    if (!s->encoding) return refuse_encoding(result, why);
    atomic_fetch_add(&station->listeners, 1);
    return 0;
}

static void leave_station(struct http_stream *s) {
    struct station *station = &s->loop->server->station[s->station];
    if (s->encoding) {
        broadcast_leave(station->broadcast, s->format);
        atomic_fetch_sub(&station->listeners, 1);
    }
    stations_let_go(s->loop->server, s->station);
}

static int64_t burst_of(const struct http_stream *s) {
    return s->loop->server->config->burst_seconds * MONOTONIC_SECOND;
}

static int64_t part_span(const struct http_stream *s) {
    return monotonic_span(encoding_part_frames(s->encoding), RATE);
}

/* Goes to the part of a station that ends a burst before the present. */
static void place_on_station(struct http_stream *s, int64_t now) {
    uint64_t due = live_due(s->sound, now), back = monotonic_frames(burst_of(s), RATE);
    uint64_t part = (due > back ? due - back : 0) / encoding_part_frames(s->encoding);
    uint64_t oldest = part_ring_oldest(encoding_parts(s->encoding));
    s->part = part > oldest ? part : oldest;
    s->frame = s->part * encoding_part_frames(s->encoding);
}

/* Listeners are spread over the span of a part, but many to a moment: who is woken to send, or to receive,
 * finds enough to do. An audience shares two moments of a part: a thousand sends that follow one another take
 * a tenth less than a hundred do (and in audience.c nobody waits for all of them). */
static int64_t to_moment(int64_t time, int64_t moment) {
    return time - time % moment;
}

static void set_clock(struct http_stream *s, int64_t now) {
    uint64_t hash = random_mix((uint64_t)now ^ (uint64_t)(uintptr_t)s);
    int64_t phase = (int64_t)(hash % (uint64_t)part_span(s));
    s->progress = now;
    if (s->station < 0) {
        s->base = to_moment(now - burst_of(s) - monotonic_span(s->frame, RATE) + phase, MOMENT);
        return;
    }
    place_on_station(s, now);
    s->base = to_moment(now - monotonic_span(live_due(s->sound, now), RATE) + part_span(s) + phase,
                        part_span(s) / 2);
}

/* The kernel holds half a second, so that nothing grows stale in it. */
static void bound_socket(const struct http_stream *s) {
    int bytes = (int)bitrate_of(s) * 125 / 2;
    bytes = bytes < 8192 ? 8192 : bytes;
    setsockopt(s->member.descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

/* Over HTTP/2 the connection must be read, since others use it too. */
static void listen_to_socket(const struct http_stream *s, bool listen) {
    if (s->first) lws_rx_flow_control(s->wsi, listen);
}

static void on_wake(struct wake *wake, int64_t now);
static void on_fall(struct audience_member *member, uint64_t part, const unsigned char *rest, size_t size,
                    int64_t now);

static int start(struct http_stream *s) {
    struct loop *loop = s->loop;
    int64_t now = monotonic_now();
    if (send_head(s) < 0) return HTTP_STREAM_HANG_UP;
    s->first = lws_get_network_wsi(s->wsi) == s->wsi;
    s->bare = s->first && !lws_is_ssl(s->wsi);
    s->member.descriptor = lws_get_socket_fd(lws_get_network_wsi(s->wsi));
    listen_to_socket(s, false);
    bound_socket(s);
    lws_set_timeout(s->wsi, NO_PENDING_TIMEOUT, 0);
    set_clock(s, now);
    atomic_fetch_add(&loop->server->metrics.http_listeners[s->format], 1);
    s->next = loop->streams;
    if (s->next) s->next->previous = s;
    loop->streams = s;
    s->wake.tick = on_wake;
    s->member.fallen = on_fall;
    schedule_set(&loop->schedule, &s->wake, now);
    return 0;
}

static bool is_begun(const struct http_stream *s) {
    return s->wake.tick != NULL;
}

/* Everything that may be refused, then the head. */
static int begin(struct http_stream *s, const struct request *request, bool head, struct refusal *why,
                 uint32_t *retry_seconds) {
    struct stream_request wanted;
    int result = read_path(s, request->path, why);
    if (result == 0) result = *s->name ? hold_station(s, why) : read_own(s, request->query, &wanted, why);
    if (result < 0) return result;
    s->member.icy.wanted = s->format == ENCODER_MP3 && wants_titles(s->wsi);
    if (head) return send_head(s) < 0 ? HTTP_STREAM_HANG_UP : 0;
    result = gate_admit(s->loop, s->wsi, &s->address, why, retry_seconds);
    if (result < 0) return result;
    s->admitted = true;
    atomic_fetch_add(&s->loop->server->listeners, 1);
    result = s->station < 0 ? open_own(s, &wanted, why) : join_station(s, why);
    return result < 0 ? result : start(s);
}

int http_stream_begin(struct loop *loop, struct lws *wsi, const struct request *request, bool head,
                      struct http_stream **out, struct refusal *why, uint32_t *retry_seconds) {
    struct http_stream *s = calloc(1, sizeof *s);
    if (!s) return refuse_with(why, REFUSAL_INTERNAL, NULL, "out of memory");
    s->loop = loop;
    s->wsi = wsi;
    s->station = -1;
    int result = begin(s, request, head, why, retry_seconds);
    if (result < 0 || head) {
        http_stream_end(s);
        s = NULL;
    }
    *out = s;
    return result;
}

void http_stream_end(struct http_stream *s) {
    if (!s) return;
    struct server *server = s->loop->server;
    if (is_begun(s)) {
        audience_leave(&s->member);
        schedule_cancel(&s->loop->schedule, &s->wake);
        if (s->next) s->next->previous = s->previous;
        if (s->previous)
            s->previous->next = s->next;
        else
            s->loop->streams = s->next;
        atomic_fetch_sub(&server->metrics.http_listeners[s->format], 1);
    }
    if (s->station >= 0)
        leave_station(s);
    else
        encoding_close(s->encoding);
    if (s->admitted) {
        gate_leave(server, &s->address);
        atomic_fetch_sub(&server->listeners, 1);
        atomic_fetch_add(&server->departures, 1);
    }
    free(s->unsent);
    free(s->leaving);
    free(s);
}

/* Time --------------------------------------------------------------------------------------------------- */

static int64_t due_of(const struct http_stream *s) {
    int64_t span = monotonic_span(s->frame, RATE);
    return s->base + (s->station < 0 ? span - span / FASTER : span);
}

static void hang_up(struct http_stream *s) {
    if (s->ending) return;
    s->ending = true;
    audience_leave(&s->member);
    listen_to_socket(s, true);
    if (s->bare) shutdown(s->member.descriptor, SHUT_RDWR);
    lws_callback_on_writable(s->wsi);
    lws_set_timeout(s->wsi, PENDING_TIMEOUT_HTTP_CONTENT, LWS_TO_KILL_ASYNC);
}

/* Sending ------------------------------------------------------------------------------------------------ */

static bool is_left_behind(const struct http_stream *s, int64_t now) {
    return s->station >= 0 && now - due_of(s) > burst_of(s) + LAG;
}

/* Keeps what would come next, before it is gone: a skip leads from there to the present (see seam.h). Without
 * memory the skip is a plain one. */
static void keep_leaving(struct http_stream *s) {
    unsigned char bytes[ENCODING_PART_MAX];
    struct part part;
    if (s->leaving || !seam_needed(s->format)) return;
    if (part_ring_read(encoding_parts(s->encoding), s->part, &part, bytes, sizeof bytes) != PART_READ) return;
    if (!part.size || !(s->leaving = malloc(part.size))) return;
    memcpy(s->leaving, bytes, part.size);
    s->leaving_size = part.size;
}

/* The first part after a skip. */
static size_t lead_over(struct http_stream *s, unsigned char *out, size_t size) {
    struct seam seam = {.format = s->format, .from = s->leaving, .from_size = s->leaving_size};
    seam.header_size = encoding_header(s->encoding, &seam.header);
    size = seam_make(&seam, out, size, ENCODING_PART_MAX);
    free(s->leaving);
    s->leaving = NULL;
    return size;
}

/* One's own: what could not be taken in time is given later, and not all at once. A station: who has lagged
 * too far is moved to the present. */
static void catch_up(struct http_stream *s, int64_t now) {
    int64_t late = now - due_of(s), burst = burst_of(s);
    const struct part_ring *parts = encoding_parts(s->encoding);
    if (s->station < 0) {
        if (late > burst) s->base += late - burst;
    } else if (is_left_behind(s, now) || s->part < part_ring_oldest(parts)) {
        keep_leaving(s);
        place_on_station(s, now);
        atomic_fetch_add_explicit(&s->loop->server->metrics.http_skips, 1, memory_order_relaxed);
    }
}

static size_t put_header(struct http_stream *s, unsigned char *out) {
    const unsigned char *bytes;
    size_t size = encoding_header(s->encoding, &bytes) - s->header_sent;
    memcpy(out, bytes + s->header_sent, size);
    s->header_sent += size;
    return size;
}

/* The next part, if it is due and there. */
static size_t put_part(struct http_stream *s, unsigned char *out) {
    unsigned char bytes[ENCODING_PART_MAX];
    struct part part;
    char title[ICY_TITLE_MAX];
    int found = part_ring_read(encoding_parts(s->encoding), s->part, &part,
                               s->member.icy.wanted ? bytes : out, ENCODING_PART_MAX);
    if (found != PART_READ) return 0;
    s->part++;
    s->frame = part.frame + encoding_part_frames(s->encoding);
    if (s->leaving) return lead_over(s, out, part.size);
    if (!s->member.icy.wanted) return part.size;
    icy_title(title, *s->name ? s->name : "Auralis", s->sound);
    return icy_copy(&s->member.icy, out, bytes, part.size, title);
}

static size_t collect(struct http_stream *s, unsigned char *out, int64_t now) {
    size_t size = put_header(s, out);
    while (due_of(s) <= now && size + ENCODING_PART_MAX + 3 * ICY_BLOCK_MAX <= WRITE_MAX) {
        uint64_t before = s->part;
        size += put_part(s, out + size);
        if (s->part == before) break;
    }
    if (s->station < 0) encoding_taken(s->encoding, s->part);
    return size;
}

/* Everything that is due goes into the loop's buffer; how much it is. */
static size_t take_due(struct http_stream *s, int64_t now) {
    size_t size;
    catch_up(s, now);
    size = collect(s, s->loop->message + LWS_PRE, now);
    atomic_fetch_add_explicit(&s->loop->server->metrics.bytes_sent, size, memory_order_relaxed);
    return size;
}

/* Bare: keeps what the socket does not take, which may be the end of what is kept already. */
static bool keep_unsent(struct http_stream *s, const unsigned char *bytes, size_t size) {
    s->unsent_size = size;
    if (!size) {
        free(s->unsent);
        s->unsent = NULL;
        return true;
    }
    if (!s->unsent && !(s->unsent = malloc(size))) return false;
    memmove(s->unsent, bytes, size);
    return true;
}

/* Bare: false: the client is gone. */
static bool write_out(struct http_stream *s, const unsigned char *bytes, size_t size, int64_t now) {
    ssize_t sent = send(s->member.descriptor, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    size_t done = sent > 0 ? (size_t)sent : 0;
    if (done) s->progress = now;
    atomic_fetch_add_explicit(&s->loop->server->metrics.http_writes, 1, memory_order_relaxed);
    return keep_unsent(s, bytes + done, size - done);
}

static bool is_blocked(const struct http_stream *s) {
    return s->bare ? s->unsent != NULL : s->asked;
}

static bool serve_bare(struct http_stream *s, int64_t now) {
    if (s->unsent && !write_out(s, s->unsent, s->unsent_size, now)) return false;
    while (!s->unsent) {
        size_t size = take_due(s, now);
        if (!size) return true;
        if (!write_out(s, s->loop->message + LWS_PRE, size, now)) return false;
    }
    return true;
}

static bool is_due(const struct http_stream *s, int64_t now) {
    struct part part;
    return due_of(s) <= now && part_ring_look(encoding_parts(s->encoding), s->part, &part) != PART_AHEAD;
}

static bool is_over(const struct http_stream *s, int64_t now) {
    const struct station *station = s->station >= 0 ? &s->loop->server->station[s->station] : NULL;
    if (!station && live_fate(s->sound) == LIVE_WAITS && now - due_of(s) > burst_of(s))
        live_give_up(s->sound);
    return encoding_failed(s->encoding) || (station && station_ended(station)) ||
           (is_blocked(s) && now - s->progress > STALLED);
}

/* Asks libwebsockets to call when it may be written to. */
static void ask(struct http_stream *s, int64_t now) {
    s->asked = true;
    s->progress = now;
    listen_to_socket(s, true); /* while it must not read, libwebsockets does not write either */
    lws_callback_on_writable(s->wsi);
}

/* Who is up to date takes what comes next with everybody else. */
static bool joins_audience(struct http_stream *s, int64_t now) {
    if (!s->bare || s->station < 0 || s->unsent || s->ending || due_of(s) <= now) return false;
    if (!audience_join(s->loop, &s->member, &s->loop->server->station[s->station], s->encoding, s->base,
                       s->part, s->frame))
        return false;
    schedule_cancel(&s->loop->schedule, &s->wake);
    return true;
}

static void on_fall(struct audience_member *member, uint64_t part, const unsigned char *rest, size_t size,
                    int64_t now) {
    struct http_stream *s = lws_container_of(member, struct http_stream, member);
    s->part = part;
    s->frame = part * encoding_part_frames(s->encoding);
    s->progress = now;
    if (!keep_unsent(s, rest, size)) hang_up(s);
    schedule_set(&s->loop->schedule, &s->wake, size ? now + BLOCKED : now);
}

static void tick(struct http_stream *s, int64_t now) {
    if (is_over(s, now)) hang_up(s);
    if (is_blocked(s) && is_left_behind(s, now)) keep_leaving(s);
    if (!s->ending && s->bare && !serve_bare(s, now)) hang_up(s);
    if (!s->ending && !s->bare && !s->asked && is_due(s, now)) ask(s, now);
    if (joins_audience(s, now)) return;
    int64_t next = due_of(s);
    if (next <= now) next = now + POLL;
    if (is_blocked(s)) next = now + BLOCKED;
    if (s->ending) next = now + MONOTONIC_SECOND;
    schedule_set(&s->loop->schedule, &s->wake, next);
}

static void on_wake(struct wake *wake, int64_t now) {
    tick(lws_container_of(wake, struct http_stream, wake), now);
}

int http_stream_writable(struct http_stream *s) {
    int64_t now = monotonic_now();
    if (s->ending) return -1;
    if (s->bare) return 0;
    s->asked = false;
    listen_to_socket(s, false);
    size_t size = take_due(s, now);
    if (size && lws_write(s->wsi, s->loop->message + LWS_PRE, size, LWS_WRITE_HTTP) < 0) return -1;
    tick(s, now);
    return 0;
}

void http_stream_drain(struct loop *loop) {
    for (struct http_stream *s = loop->streams; s; s = s->next) hang_up(s);
}
