/* listener.c — one simulated listener (see listener.h).
 *
 * What is read goes into one buffer of the whole crowd and is taken apart there; only the beginning of a
 * frame whose end has not come yet is kept by the listener itself. */
#include "load/listener.h"
#include "load/radio.h"
#include "load/verify.h"
#include "load/websocket.h"

#include "base/monotonic.h"
#include "base/random.h"
#include "server/parameters_json.h"
#include "server/tier.h"
#include "server/v1.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { SLOW_RECEIVE = 16384, PLANT_AT = 20 };
static const int64_t CONNECT_LIMIT = 10 * MONOTONIC_SECOND, LEAVE_LIMIT = 2 * MONOTONIC_SECOND,
                     REPORT_PERIOD = MONOTONIC_SECOND, ON_TIME = 50 * MONOTONIC_MS;

static const char *protocol_name(const struct listener *l) {
    static const char *const names[] = {"", "auralis-v1", "auralis-v2", ""};
    return names[l->kind.version];
}

/* Coming and going ----------------------------------------------------------------------------------------
 */

static void watch(struct listener *l, uint32_t events, int how) {
    struct epoll_event e = {.events = events, .data.ptr = l};
    epoll_ctl(l->crowd->epoll, how, l->fd, &e);
}

static void unlink_from(struct listener **list, const struct listener *l) {
    for (; *list; list = &(*list)->next)
        if (*list == l) {
            *list = l->next;
            return;
        }
}

static void die(struct listener *l) {
    struct crowd *c = l->crowd;
    if (l->phase == LISTENER_DEAD) return;
    if (l->phase == LISTENER_LEAVING) unlink_from(&c->leaving, l);
    if (c->slot[l->number] == l) c->slot[l->number] = NULL;
    l->phase = LISTENER_DEAD;
    if (l->fd >= 0) close(l->fd);
    l->fd = -1;
    verify_end(l);
    l->next = c->dead;
    c->dead = l;
}

void listener_bury(struct crowd *c) {
    while (c->dead) {
        struct listener *l = c->dead;
        c->dead = l->next;
        free(l->rest);
        free(l->parts);
        free(l);
    }
}

/* What a listener is, from its number (see load.h). A newcomer in a slot has a new piece. */
static void describe(struct listener *l) {
    const struct load_config *f = l->crowd->config;
    uint64_t i = l->number, among = i * f->shared_percent / 100;
    l->shared = (i + 1) * f->shared_percent / 100 != among;
    if (!l->shared) among = i - among;
    l->kind = f->kind[among % f->kinds];
    l->rate = l->kind.version < 2 ? V1_RATE : 48000;
    l->seed = f->alike ? f->seed : f->seed + i + l->crowd->generation[i] * f->listeners;
    l->preset = auralis_preset_at(f->alike ? 0 : (int)(among % 4));
    l->slow = i >= f->listeners - f->slow;
    l->verified = i < f->verify && l->kind.version != LOAD_HTTP;
    l->ppm = f->ppm * (2 * ((double)i + 0.5) / f->listeners - 1);
    l->tier = f->tier;
    l->depth_ms = tier_milliseconds(f->tier);
}

/* Makes its socket and begins to connect; an errno value. */
static int begin(struct listener *l) {
    const struct target *t = &l->crowd->config->target;
    l->fd = socket(t->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0) return errno;
    int yes = 1, small = SLOW_RECEIVE;
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (l->slow) setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    l->asked = monotonic_now();
    l->deadline = l->asked + CONNECT_LIMIT;
    if (connect(l->fd, (const struct sockaddr *)&t->address, t->address_size) < 0 && errno != EINPROGRESS)
        return errno;
    watch(l, EPOLLOUT, EPOLL_CTL_ADD);
    return 0;
}

struct listener *listener_connect(struct crowd *c, uint32_t number) {
    struct listener *l = calloc(1, sizeof *l);
    if (!l) return NULL;
    *l = (struct listener){.crowd = c, .number = number, .fd = -1};
    describe(l);
    c->generation[number]++;
    c->slot[number] = l;
    int error = begin(l);
    if (error) {
        crowd_fault(c, &c->results->failed, l, "cannot connect: %s", strerror(error));
        die(l);
    }
    return l;
}

static int ask_radio(const struct listener *l, char *request, size_t size) {
    static const char *const suffix[] = {"opus", "mp3"};
    const struct load_config *f = l->crowd->config;
    char path[400];
    if (l->shared)
        snprintf(path, sizeof path, "/stations/%s.%s", f->station, suffix[l->kind.format]);
    else
        snprintf(path, sizeof path, "/listen.%s?seed=%llu&preset=%s", suffix[l->kind.format],
                 (unsigned long long)l->seed, l->preset->name);
    return snprintf(request, size, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", path, f->target.host);
}

static void ask(struct listener *l) {
    const struct load_config *f = l->crowd->config;
    char query[300], path[400], request[1024];
    int at = l->shared ? snprintf(query, sizeof query, "station=%s", f->station)
                       : snprintf(query, sizeof query, "seed=%llu&preset=%s", (unsigned long long)l->seed,
                                  l->preset->name);
    at += snprintf(query + at, sizeof query - (size_t)at, "&buffer_tier=%s", tier_name(f->tier));
    if (l->kind.version == 2)
        snprintf(query + at, sizeof query - (size_t)at, "&chunk=%u&format=%s", f->chunk,
                 stream_format_name(l->kind.format));
    if (l->kind.version == 0)
        snprintf(path, sizeof path, "/ws/stream?%s", query);
    else
        snprintf(path, sizeof path, "/ws/audio/load-%u?%s", l->number, query);
    int n = l->kind.version == LOAD_HTTP
                ? ask_radio(l, request, sizeof request)
                : websocket_request(request, sizeof request, f->target.host, path, protocol_name(l));
    l->phase = LISTENER_ASKING;
    watch(l, EPOLLIN, EPOLL_CTL_MOD);
    if (send(l->fd, request, (size_t)n, MSG_NOSIGNAL) == n) return;
    crowd_fault(l->crowd, &l->crowd->results->failed, l, "cannot ask: %s", strerror(errno));
    die(l);
}

static void connected(struct listener *l) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (!error) {
        ask(l);
        return;
    }
    crowd_fault(l->crowd, &l->crowd->results->failed, l, "cannot connect: %s", strerror(error));
    die(l);
}

static void say(struct listener *l, int opcode, const void *payload, size_t length) {
    unsigned char frame[WEBSOCKET_SAID_MAX + WEBSOCKET_HEAD_MAX];
    uint32_t mask = (uint32_t)random_mix(l->seed ^ l->count << 20);
    size_t n = websocket_frame(frame, opcode, payload, length, mask);
    if (send(l->fd, frame, n, MSG_NOSIGNAL) != (ssize_t)n && opcode != WEBSOCKET_CLOSE)
        l->report_at += REPORT_PERIOD; /* the socket is full or gone: the next read tells */
}

void listener_leave(struct listener *l, bool politely) {
    struct crowd *c = l->crowd;
    static const unsigned char normal[] = {1000 >> 8, 1000 & 0xff};
    if (l->phase != LISTENER_PLAYING || !politely || l->kind.version == LOAD_HTTP) {
        die(l);
        return;
    }
    say(l, WEBSOCKET_CLOSE, normal, sizeof normal);
    if (l->slow) watch(l, EPOLLIN, EPOLL_CTL_ADD);
    if (c->slot[l->number] == l) c->slot[l->number] = NULL;
    verify_end(l);
    l->phase = LISTENER_LEAVING;
    l->deadline = monotonic_now() + LEAVE_LIMIT;
    l->next = c->leaving;
    c->leaving = l;
}

bool listener_overdue(const struct listener *l, int64_t now) {
    return l->phase != LISTENER_PLAYING && l->phase != LISTENER_DEAD && now > l->deadline;
}

void listener_give_up(struct listener *l) {
    if (l->phase != LISTENER_LEAVING)
        crowd_fault(l->crowd, &l->crowd->results->failed, l, "no answer within 10 s");
    die(l);
}

static void lose(struct listener *l, const char *how) {
    if (l->phase == LISTENER_PLAYING)
        crowd_fault(l->crowd, &l->crowd->results->lost, l, "the server ended the connection: %s", how);
    else if (l->phase == LISTENER_ASKING)
        crowd_fault(l->crowd, &l->crowd->results->failed, l, "the server hung up: %s", how);
    die(l);
}

/* Texts ---------------------------------------------------------------------------------------------------
 */

static uint64_t decimal(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? strtoull(text, NULL, 10) : 0;
}

/* hello, connection_established, connected: always the first message, once. */
static void take_greeting(struct listener *l, const json_t *message) {
    struct crowd *c = l->crowd;
    auralis_parameters p = l->preset->parameters;
    auralis_parameter_set set = 0;
    uint64_t seed = l->seed;
    struct refusal why;
    if (l->greeted) crowd_fault(c, &c->results->malformed, l, "greeted twice");
    l->greeted = true;
    if (l->kind.version == 2) {
        seed = decimal(message, "seed");
        l->frame = decimal(message, "frame");
        if (!l->shared && seed != l->seed)
            crowd_fault(c, &c->results->malformed, l, "hello has another seed than was asked for");
        if (parameters_from_json(json_object_get(message, "parameters"), &p, &set, &why) < 0)
            crowd_fault(c, &c->results->malformed, l, "hello has parameters that are none");
    }
    verify_begin(l, seed, l->shared ? &p : &l->preset->parameters);
}

static void change_depth(struct listener *l, uint32_t depth_ms) {
    if (depth_ms == l->depth_ms) return;
    int64_t ms = (int64_t)depth_ms - l->depth_ms;
    l->depth_ms = depth_ms;
    if (!l->shared && l->heard) row_shift(&l->row, l->frame - l->first, ms * MONOTONIC_MS);
}

static void take_error(struct listener *l, const json_t *message) {
    struct crowd *c = l->crowd;
    const char *code = json_string_value(json_object_get(message, "error_code"));
    if (!code) code = json_string_value(json_object_get(message, "code"));
    bool overrun = code && !strcmp(code, "BUFFER_OVERRUN");
    if (l->slow) {
        c->results->told_skips += overrun;
        verify_end(l); /* v1 does not say how much was passed over */
    } else {
        crowd_fault(c, &c->results->errors, l, "the server says %s", code ? code : "error");
    }
}

static void take_text(struct listener *l, const char *text, size_t length) {
    struct crowd *c = l->crowd;
    json_t *message = json_loadb(text, length, 0, NULL);
    const char *type = json_string_value(json_object_get(message, "type"));
    const json_t *target = json_object_get(message, "target_ms");
    static const char *const greeting[] = {"connected", "connection_established", "hello"};
    if (!type)
        crowd_fault(c, &c->results->malformed, l, "a text that is not a message");
    else if (!strcmp(type, greeting[l->kind.version]))
        take_greeting(l, message);
    else if (!strcmp(type, "tier") && json_is_integer(target))
        change_depth(l, (uint32_t)json_integer_value(target));
    else if (!strcmp(type, "error"))
        take_error(l, message);
    else if (!strcmp(type, "parameters"))
        verify_end(l); /* somebody turned the station: what it plays is not known here */
    json_decref(message);
}

/* By whose clock the server sends: with v2 a piece of its own goes by what its player reports. */
static bool sets_the_pace(const struct listener *l) {
    return l->kind.version == 2 && !l->shared && !l->slow;
}

static void report(struct listener *l, int64_t now) {
    char text[160], heard[40] = "";
    if (l->kind.version != 2 || l->slow || now < l->report_at) return;
    l->report_at = now + REPORT_PERIOD;
    uint64_t ahead = (uint64_t)player_ahead(&l->player, now);
    if (sets_the_pace(l) && l->player.playing)
        snprintf(heard, sizeof heard, ",\"heard\":\"%llu\"", (unsigned long long)(l->frame - ahead));
    int n = snprintf(text, sizeof text,
                     "{\"type\":\"report\",\"depth_ms\":%.0f,\"underruns\":%llu,\"jitter_ms\":%.2f%s}",
                     player_report(&l->player), (unsigned long long)l->player.starved, l->jitter_ms, heard);
    say(l, WEBSOCKET_TEXT, text, (size_t)n);
}

/* Audio ---------------------------------------------------------------------------------------------------
 */

static void begin_to_hear(struct listener *l, uint64_t frame, int64_t now) {
    uint32_t depth = l->depth_ms;
    histogram_add(&l->crowd->results->first_sound, now - l->asked, 1);
    l->heard = true;
    l->first = l->frame = frame;
    l->report_at = now + REPORT_PERIOD;
    row_begin(&l->row, l->rate, (uint64_t)l->rate * depth / 1000);
    player_begin(&l->player, l->rate, l->ppm, depth);
}

/* Is this what comes next? Counts what does not; the stream frame at which the message begins. */
static uint64_t check_order(struct listener *l, const struct audio_message *m) {
    struct load_results *r = l->crowd->results;
    uint64_t frame = l->kind.version == 2 ? m->frame : l->frame;
    if (m->sequence != l->sequence && l->kind.version == 2)
        crowd_fault(l->crowd, &r->malformed, l, "message %u came where %u was due", m->sequence, l->sequence);
    if (l->kind.version < 2) frame = (uint64_t)m->sequence * V1_CHUNK_FRAMES;
    if (frame < l->frame) {
        crowd_fault(l->crowd, &r->repeats, l, "frame %llu came again", (unsigned long long)frame);
    } else if (frame > l->frame && l->slow && m->discontinuity) {
        r->told_skips++;
    } else if (frame > l->frame) {
        r->missing_frames += frame - l->frame;
        crowd_fault(l->crowd, &r->gaps, l, "%llu frames before frame %llu are missing%s",
                    (unsigned long long)(frame - l->frame), (unsigned long long)frame,
                    m->discontinuity ? "; the server says so" : "");
    } else if (m->discontinuity && l->count) {
        crowd_fault(l->crowd, &r->malformed, l, "a gap is told where none is");
    }
    l->sequence = m->sequence + 1;
    return frame;
}

/* Its player ran empty a while ago. */
static void fall_silent(struct listener *l, int64_t now) {
    struct load_results *r = l->crowd->results;
    int64_t at = now - l->crowd->began;
    if (r->starved < LOAD_SILENCES) r->silent_at[r->starved] = (double)at * 1e-9;
    r->starved++;
}

static void judge(struct listener *l, int64_t late) {
    struct load_results *r = l->crowd->results;
    int64_t off = late < 0 ? -late : late, step = late - l->last_late;
    r->steady++;
    r->on_time += off <= ON_TIME;
    if (late > r->worst) r->worst = late;
    histogram_add(&r->jitter, off, 1);
    l->jitter_ms += ((double)(step < 0 ? -step : step) * 1e-6 - l->jitter_ms) / 16;
    l->last_late = late;
}

/* A moment by the listener's clock, which was right when it began to connect. */
static int64_t by_its_clock(const struct listener *l, int64_t now) {
    return now + (int64_t)((double)(now - l->asked) * l->ppm * 1e-6);
}

static void check_time(struct listener *l, uint64_t position, uint32_t frames, int64_t now) {
    int64_t late[ROW_LAID_BY], at = sets_the_pace(l) ? by_its_clock(l, now) : now;
    if (player_take(&l->player, frames, now)) {
        fall_silent(l, now);
        row_restart(&l->row, position + (uint64_t)l->rate * l->depth_ms / 1000);
    }
    int count = row_take(&l->row, position, at, late);
    for (int i = 0; i < count; i++) judge(l, late[i]);
}

static void take_audio(struct listener *l, const struct audio_message *m, int64_t now) {
    struct crowd *c = l->crowd;
    uint64_t begins = l->kind.version == 2 ? m->frame : 0;
    if (!l->greeted) crowd_fault(c, &c->results->malformed, l, "audio came before the greeting");
    if (l->kind.version == 2 && (m->format != l->kind.format || m->frames != c->config->chunk))
        crowd_fault(c, &c->results->malformed, l, "another format or length than was asked for");
    if (!l->heard) {
        if (l->kind.version == 2 && l->greeted && !l->shared && begins != l->frame)
            crowd_fault(c, &c->results->malformed, l, "the first frame is not the one that hello named");
        begin_to_hear(l, begins, now);
    }
    uint64_t frame = check_order(l, m);
    c->results->messages++;
    verify_message(l, m, frame);
    if (!l->slow) check_time(l, frame - l->first, m->frames, now);
    if (m->tier >= 0 && m->tier != l->tier) change_depth(l, tier_milliseconds(m->tier));
    if (m->tier >= 0) l->tier = m->tier;
    if (frame + m->frames > l->frame) l->frame = frame + m->frames;
    l->count++;
    report(l, now);
}

/* The fault that was put in on purpose: at the first listener's twentieth message. */
static bool plant(struct listener *l, const struct audio_message *m, int64_t now) {
    int what = l->crowd->config->plant;
    if (!what || l->number || l->count != PLANT_AT) return false;
    if (what == PLANT_BIT) ((unsigned char *)m->data)[m->size / 2] ^= 1;
    if (what == PLANT_REPEAT) take_audio(l, m, now);
    l->count += what == PLANT_DROP;
    return what == PLANT_DROP;
}

static void take_message(struct listener *l, bool binary, const unsigned char *bytes, size_t n, int64_t now) {
    struct audio_message m;
    int what = MESSAGE_MALFORMED;
    if (binary && l->kind.version == 2) what = message_read_v2(bytes, n, &m);
    if (!binary) what = l->kind.version == 2 ? MESSAGE_OTHER : message_read_text((const char *)bytes, n, &m);
    if (what == MESSAGE_OTHER)
        take_text(l, (const char *)bytes, n);
    else if (what == MESSAGE_MALFORMED)
        crowd_fault(l->crowd, &l->crowd->results->malformed, l, "a message of %zu bytes that cannot be read",
                    n);
    else if (!plant(l, &m, now))
        take_audio(l, &m, now);
}

/* Frames --------------------------------------------------------------------------------------------------
 */

static void take_close(struct listener *l, const struct websocket_frame *f) {
    char how[160] = "without a code";
    if (f->length >= 2)
        snprintf(how, sizeof how, "code %d, %.*s", f->payload[0] << 8 | f->payload[1], (int)(f->length - 2),
                 (const char *)f->payload + 2);
    lose(l, how);
}

/* A part of a message; true when it is whole. */
static bool assemble(struct listener *l, const struct websocket_frame *f) {
    bool begins = f->opcode != WEBSOCKET_CONTINUATION;
    if (begins == (l->parts_length > 0) || l->parts_length + f->length > WEBSOCKET_FRAME_MAX) return false;
    unsigned char *more = realloc(l->parts, l->parts_length + f->length + 1);
    if (!more) return false;
    l->parts = more;
    memcpy(l->parts + l->parts_length, f->payload, f->length);
    l->parts_length += f->length;
    if (begins) l->parts_opcode = f->opcode;
    return f->final;
}

static void take_frame(struct listener *l, const struct websocket_frame *f, int64_t now) {
    if (f->opcode == WEBSOCKET_CLOSE) {
        take_close(l, f);
    } else if (l->phase == LISTENER_LEAVING) {
        return;
    } else if (f->opcode == WEBSOCKET_PING) {
        say(l, WEBSOCKET_PONG, f->payload, f->length);
    } else if (f->opcode == WEBSOCKET_PONG) {
        return;
    } else if (f->final && f->opcode != WEBSOCKET_CONTINUATION) {
        take_message(l, f->opcode == WEBSOCKET_BINARY, f->payload, f->length, now);
    } else if (assemble(l, f)) {
        take_message(l, l->parts_opcode == WEBSOCKET_BINARY, l->parts, l->parts_length, now);
        l->parts_length = 0;
    }
}

static size_t admit(struct listener *l, bool accepted, int status, size_t length) {
    struct load_results *r = l->crowd->results;
    if (!accepted) {
        r->refused_status = (uint64_t)status;
        crowd_fault(l->crowd, &r->failed, l, "refused with HTTP %d", status);
        die(l);
        return 0;
    }
    r->opened++;
    l->phase = LISTENER_PLAYING;
    if (l->slow) epoll_ctl(l->crowd->epoll, EPOLL_CTL_DEL, l->fd, NULL);
    return length;
}

/* Radio ---------------------------------------------------------------------------------------------------
 */

/* The frames of a part. Pages with sound must follow on each other; the first only says where it is. */
static uint64_t radio_frames(struct listener *l, const struct radio_part *p) {
    struct load_results *r = l->crowd->results;
    if (!p->numbered) return p->frames;
    if (l->frame && p->sequence != l->sequence)
        crowd_fault(l->crowd, &r->gaps, l, "page %u came where %u was due", p->sequence, l->sequence);
    l->sequence = p->sequence + 1;
    uint64_t before = l->frame;
    l->frame = p->end;
    if (l->frame < before)
        crowd_fault(l->crowd, &r->repeats, l, "frame %llu came again", (unsigned long long)p->end);
    return before && l->frame > before ? l->frame - before : 0;
}

static void take_radio(struct listener *l, const struct radio_part *p, int64_t now) {
    struct load_results *r = l->crowd->results;
    uint64_t frames = radio_frames(l, p);
    l->count++;
    r->messages++;
    if (!frames) return;
    if (!l->heard) {
        histogram_add(&r->first_sound, now - l->asked, 1);
        player_begin(&l->player, p->rate, l->ppm, l->depth_ms);
    }
    l->heard = true;
    if (player_take(&l->player, frames, now)) fall_silent(l, now);
}

static void leave_noise(struct listener *l) {
    crowd_fault(l->crowd, &l->crowd->results->malformed, l, "what comes is no music");
    die(l);
}

static size_t take_stream(struct listener *l, const unsigned char *bytes, size_t n, int64_t now) {
    size_t at = 0;
    struct radio_part part;
    if (l->kind.format == RADIO_MP3 && !l->count) {
        long first = radio_first_frame(bytes, n);
        if (first < -1) leave_noise(l);
        if (first < 0) return 0;
        at = (size_t)first;
    }
    while (l->phase == LISTENER_PLAYING) {
        int found = l->kind.format == RADIO_OPUS ? radio_next_page(bytes + at, n - at, &part)
                                                 : radio_next_frame(bytes + at, n - at, &part);
        if (found < 0) leave_noise(l);
        if (found <= 0) break;
        take_radio(l, &part, now);
        at += part.size;
    }
    return at;
}

/* Takes the answer to the request; the bytes it has, or 0. */
static size_t take_answer(struct listener *l, const unsigned char *bytes, size_t n) {
    struct websocket_answer answer;
    if (l->kind.version == LOAD_HTTP) {
        int status;
        size_t length;
        if (!radio_answer((const char *)bytes, n, &status, &length)) return 0;
        return admit(l, status == 200, status, length);
    }
    if (!websocket_read_answer((const char *)bytes, n, protocol_name(l), &answer)) return 0;
    return admit(l, answer.accepted, answer.status, answer.length);
}

/* Takes what the bytes hold; how many are done with. */
static size_t take_bytes(struct listener *l, const unsigned char *bytes, size_t n, int64_t now) {
    size_t at = l->phase == LISTENER_ASKING ? take_answer(l, bytes, n) : 0;
    struct websocket_frame frame;
    if (l->kind.version == LOAD_HTTP) return at + take_stream(l, bytes + at, n - at, now);
    while (l->phase == LISTENER_PLAYING || l->phase == LISTENER_LEAVING) {
        long length = websocket_next(bytes + at, n - at, &frame);
        if (length < 0) {
            crowd_fault(l->crowd, &l->crowd->results->malformed, l, "broken framing");
            die(l);
        }
        if (length <= 0) break;
        take_frame(l, &frame, now);
        at += (size_t)length;
    }
    return at;
}

static void keep(struct listener *l, const unsigned char *bytes, size_t n) {
    if (n > l->rest_room) {
        unsigned char *more = realloc(l->rest, n + n / 2);
        if (!more) {
            lose(l, "no memory to keep what it sent");
            return;
        }
        l->rest = more;
        l->rest_room = n + n / 2;
    }
    if (n) memcpy(l->rest, bytes, n);
    l->rest_length = n;
}

/* Reads up to `most` bytes; how many came. */
static size_t read_some(struct listener *l, size_t most) {
    unsigned char *scratch = l->crowd->scratch;
    size_t had = l->rest_length, room = CROWD_SCRATCH - had;
    if (had) memcpy(scratch, l->rest, had);
    ssize_t n = recv(l->fd, scratch + had, most < room ? most : room, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (n <= 0) {
        lose(l, n ? strerror(errno) : "hung up");
        return 0;
    }
    l->crowd->results->bytes += (uint64_t)n;
    size_t whole = had + (size_t)n, done = take_bytes(l, scratch, whole, monotonic_now());
    if (l->phase == LISTENER_DEAD) return 0;
    if (whole - done == CROWD_SCRATCH)
        lose(l, "a message that is too long");
    else
        keep(l, scratch + done, whole - done);
    return (size_t)n;
}

void listener_ready(struct listener *l, uint32_t events) {
    if (l->phase == LISTENER_DEAD) return;
    if (l->phase == LISTENER_CONNECTING)
        connected(l);
    else if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        read_some(l, CROWD_SCRATCH);
}

void listener_read_slowly(struct listener *l, double seconds) {
    static const double of_format[] = {4, 8, 0.25};
    double frame_bytes = l->kind.version >= 2 ? of_format[l->kind.format] : 4 * 4.0 / 3;
    l->allowance += seconds * l->rate * frame_bytes / 2;
    if (l->allowance > CROWD_SCRATCH) l->allowance = CROWD_SCRATCH;
    if (l->allowance < 1 || l->phase != LISTENER_PLAYING) return;
    l->allowance -= (double)read_some(l, (size_t)l->allowance);
}
