/* listener.c — one connection (see listener.h): its life, its time, and its messages. */
#include "server/listener.h"
#include "server/anew.h"
#include "server/own_stream.h"
#include "server/stations.h"

#include "base/monotonic.h"
#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t GRID = 2 * MONOTONIC_MS, PACKETS_GRID = 10 * MONOTONIC_MS,
                     STATUS_PERIOD = 5 * MONOTONIC_SECOND, POLL = 5 * MONOTONIC_MS,
                     LINGER = 200 * MONOTONIC_MS;
enum { OBSERVE_MS = 100 };

/* Opening ------------------------------------------------------------------------------------------------ */

/* The ring holds a whole chunk, and where chunks are not whole slices one slice more, else it could be too
 * full for the next slice and too empty for the next chunk. */
uint32_t listener_depth(uint32_t chunk) {
    uint32_t depth = chunk % LIVE_SLICE ? chunk + LIVE_SLICE : chunk;
    return depth > LIVE_DEPTH ? depth : LIVE_DEPTH;
}

static int open_own(struct listener *l, struct refusal *why) {
    struct live_spec spec = {.stream = {.sample_rate = l->protocol->rate},
                             .depth = listener_depth(l->feed.chunk),
                             .narrow = l->request.format == STREAM_INT16,
                             .notify = loop_wake,
                             .self = l->loop};
    int result = own_stream_open(l->loop->server, &l->request, &spec, &l->feed.stream, why);
    if (result < 0) return result;
    l->feed.own = true;
    l->feed.rate = l->protocol->rate;
    l->feed.first = l->feed.frame = l->request.start;
    return 0;
}

static int refuse_encoding(int result, struct refusal *why) {
    if (result == AURALIS_EUNSUPPORTED)
        return refuse_with(why, REFUSAL_INVALID_VALUE, "format", "this server was built without Opus");
    if (result == AURALIS_ELIMIT)
        return refuse_with(why, REFUSAL_OVERLOADED, NULL,
                           "the server encodes as many streams as it can; try again later");
    return refuse_with(why, REFUSAL_INTERNAL, NULL, "%s", auralis_strerror(result));
}

int listener_encode(struct listener *l, struct feed *feed) {
    struct server *server = l->loop->server;
    struct encoding_spec spec = {.encoder = {.format = ENCODER_OPUS, .bitrate = server->config->opus_bitrate},
                                 .stream = feed->stream,
                                 .bare = true,
                                 .notify = loop_wake,
                                 .self = l->loop};
    int result = encoding_open(server->encoders, &spec, &feed->encoding);
    if (result == 0) return 0;
    feed->own = false;
    feed->stream = NULL;
    return result;
}

static int encode_own(struct listener *l, struct refusal *why) {
    int result = listener_encode(l, &l->feed);
    return result < 0 ? refuse_encoding(result, why) : 0;
}

static int encode_station(struct listener *l, struct refusal *why) {
    int result;
    struct station *station = &l->loop->server->station[l->station];
    l->feed.encoding = broadcast_join(station->broadcast, BROADCAST_PACKETS, &result);
    return l->feed.encoding ? 0 : refuse_encoding(result, why);
}

static int join_station(struct listener *l, struct refusal *why) {
    struct server *server = l->loop->server;
    l->station = stations_hold(server, l->request.station);
    if (l->station < 0)
        return refuse_with(why, REFUSAL_NOT_FOUND, "station", "there is no station \"%s\"",
                           l->request.station);
    l->feed.stream = server->station[l->station].stream;
    l->feed.rate = l->protocol->rate;
    if (l->protocol->version < 2) {
        l->feed.lane = loop_lane(l->loop, (uint32_t)l->station);
        if (!l->feed.lane) {
            stations_let_go(server, l->station);
            l->feed.stream = NULL;
            return refuse_with(why, REFUSAL_INTERNAL, NULL, "out of memory");
        }
    }
    atomic_fetch_add(&server->station[l->station].listeners, 1);
    loop_station_enter(l->loop, (uint32_t)l->station);
    struct live_state state;
    live_read_state(l->feed.stream, &state);
    l->ticket_seen = state.ticket;
    return 0;
}

static int open_feed(struct listener *l, struct refusal *why) {
    bool own = l->request.personal;
    int result = own ? open_own(l, why) : join_station(l, why);
    if (result < 0 || l->request.format != STREAM_OPUS) return result;
    return own ? encode_own(l, why) : encode_station(l, why);
}

/* Seconds of the message bucket: where a page's sliders speak, its time runs faster. */
static double bucket_time(const struct listener *l) {
    return (double)monotonic_now() * 1e-9 * l->protocol->patience;
}

static void on_wake(struct wake *wake, int64_t now) {
    listener_tick(lws_container_of(wake, struct listener, wake), now);
}

int listener_create(struct loop *loop, const struct protocol *protocol, const struct stream_request *request,
                    const char *client_id, struct listener **out, struct refusal *why) {
    struct listener *l = calloc(1, sizeof *l);
    if (!l) return refuse_with(why, REFUSAL_INTERNAL, NULL, "out of memory");
    l->loop = loop;
    l->protocol = protocol;
    l->request = *request;
    l->station = -1;
    l->wake.tick = on_wake;
    l->outbox_end = &l->outbox;
    l->feed.chunk = protocol->version == 2 ? request->chunk : V1_CHUNK_FRAMES;
    snprintf(l->client_id, sizeof l->client_id, "%s", client_id);
    tier_begin(&l->tier, request->tier);
    l->tier_floor = request->tier;
    token_bucket_begin(&l->tokens, bucket_time(l));
    atomic_fetch_add(&loop->server->listeners, 1);
    int result = open_feed(l, why);
    if (result < 0) {
        listener_destroy(l);
        return result;
    }
    *out = l;
    return 0;
}

static void leave_feed(struct listener *l) {
    anew_forget(l);
    if (l->feed.own) {
        feed_close(&l->feed);
    } else if (l->feed.stream) {
        atomic_fetch_sub(&l->loop->server->station[l->station].listeners, 1);
        if (l->feed.lane) loop_lane_release(l->loop, (uint32_t)l->station);
        if (l->feed.encoding)
            broadcast_leave(l->loop->server->station[l->station].broadcast, BROADCAST_PACKETS);
        loop_station_leave(l->loop, (uint32_t)l->station);
        stations_let_go(l->loop->server, l->station);
    }
}

static void stop_waiting(struct listener *l) {
    if (!l->waiting) return;
    l->waiting = false;
    if (l->waiting_next) l->waiting_next->waiting_previous = l->waiting_previous;
    if (l->waiting_previous)
        l->waiting_previous->waiting_next = l->waiting_next;
    else
        l->loop->waiting = l->waiting_next;
}

void listener_wait(struct listener *l) {
    if (l->waiting) return;
    l->waiting = true;
    l->waiting_previous = NULL;
    l->waiting_next = l->loop->waiting;
    if (l->waiting_next) l->waiting_next->waiting_previous = l;
    l->loop->waiting = l;
}

static void leave_loop(struct listener *l) {
    if (!l->begun) return;
    schedule_cancel(&l->loop->schedule, &l->wake);
    stop_waiting(l);
    if (l->next) l->next->previous = l->previous;
    if (l->previous)
        l->previous->next = l->next;
    else
        l->loop->listeners = l->next;
}

void listener_destroy(struct listener *l) {
    struct server *server = l->loop->server;
    leave_loop(l);
    leave_feed(l);
    for (struct outgoing *o = l->outbox, *next; o; o = next) {
        next = o->next;
        free(o);
    }
    free(l->bridge);
    atomic_fetch_sub(&server->depth_ms, l->depth_ms);
    atomic_fetch_sub(&server->listeners, 1);
    atomic_fetch_add(&server->departures, 1);
    if (l->counted) {
        pthread_mutex_lock(&server->limits_lock);
        address_limits_leave(server->limits, &l->address);
        pthread_mutex_unlock(&server->limits_lock);
    }
    free(l);
}

/* Time --------------------------------------------------------------------------------------------------- */

static int64_t depth_of(const struct listener *l) {
    return tier_depth_ms(&l->tier) * MONOTONIC_MS;
}

static int64_t due_of(const struct listener *l) {
    return l->base + feed_position(&l->feed);
}

void listener_played(struct listener *l, uint64_t played) {
    int64_t now = monotonic_now();
    if (!l->feed.own || played < l->feed.first || played > l->feed.frame) return;
    l->base +=
        pace_report(&l->pace, now, now - l->base - monotonic_span(played - l->feed.first, l->feed.rate));
}

double listener_ahead_ms(const struct listener *l, int64_t now) {
    double ahead = (double)(due_of(l) + depth_of(l) - now) * 1e-6;
    return ahead > 0 ? ahead : 0;
}

static int64_t period_of(const struct listener *l) {
    return monotonic_span(l->feed.chunk, l->feed.rate);
}

/* On a station it begins a depth and two chunks behind what is rendered for sure, so that the burst is
 * history. */
static void place_on_station(struct listener *l, int64_t now) {
    struct feed *f = &l->feed;
    uint64_t back = (uint64_t)f->rate * tier_milliseconds(l->tier.tier) / 1000 + 2 * (uint64_t)f->chunk;
    if (f->lane) {
        uint64_t due = lane_chunk_at(f->lane, now), oldest = lane_oldest(f->lane);
        back = (back + f->chunk - 1) / f->chunk;
        f->frame = (due > oldest + back ? due - back : oldest) * f->chunk;
    } else {
        uint64_t due = live_due(f->stream, now), oldest = live_oldest(f->stream);
        f->frame = due > oldest + back ? due - back : oldest;
        if (f->encoding) f->frame = (f->frame + FEED_PACKET - 1) / FEED_PACKET * FEED_PACKET;
    }
    f->first = f->frame;
}

static int64_t on_grid(const struct listener *l, int64_t at) {
    int64_t grid = l->feed.encoding ? PACKETS_GRID : GRID;
    return (at + grid - 1) / grid * grid;
}

static void set_clock(struct listener *l, int64_t now) {
    l->joined = l->steady = now;
    if (!l->feed.own) place_on_station(l, now);
    uint64_t hash = random_mix((uint64_t)now ^ (uint64_t)(uintptr_t)l);
    l->base = on_grid(l, now - depth_of(l) + (int64_t)(hash % (uint64_t)period_of(l)));
    /* A page wants to show its chord with the first sound; v1 has promised its period. */
    l->status_at = now + (l->protocol->version == 2 ? STATUS_PERIOD / 20 : STATUS_PERIOD);
}

/* The kernel's send buffer holds a message and a tenth of a second: enough to be never idle, too little to go
 * stale. Of Opus half a second, since a tenth would not fill a distant line. */
static void bound_socket(const struct listener *l) {
    int bytes = (int)(l->feed.rate / 10 + l->feed.chunk) * 2 * (int)sizeof(float);
    if (l->feed.encoding) bytes = (int)l->loop->server->config->opus_bitrate * 125 / 2;
    setsockopt(lws_get_socket_fd(l->wsi), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

void listener_begin(struct listener *l, struct lws *wsi) {
    struct loop *loop = l->loop;
    int64_t now = monotonic_now();
    l->wsi = wsi;
    l->begun = true;
    l->next = loop->listeners;
    if (l->next) l->next->previous = l;
    loop->listeners = l;
    bound_socket(l);
    set_clock(l, now);
    l->protocol->greet(l);
    if (loop->draining) l->protocol->part(l, "the server is stopping");
    if (l->station >= 0 && station_ended(&loop->server->station[l->station])) /* since the handshake */
        listener_close(l, CLOSE_NORMAL, "the station has ended");
    listener_tick(l, now);
}

static bool may_close(const struct listener *l, int64_t now) {
    return l->close_code && now >= l->close_at;
}

/* Whether the next chunk is to go out now. Not there yet: asks the worker, and looks again in case it was
 * quicker. */
static bool chunk_to_send(struct listener *l, int64_t now) {
    if (l->close_code || due_of(l) > now) return false;
    bool lost = false, ready = feed_ready(&l->feed, &lost);
    if (!ready && l->feed.own) {
        listener_wait(l);
        feed_want(&l->feed);
        ready = feed_ready(&l->feed, &lost);
    }
    l->discontinuity |= lost;
    return ready;
}

/* Its buffer ran out so long ago, because its line was blocked. Where that makes it deeper it has been silent
 * for as long and goes on where it was, so that nothing is left out. */
static bool deepen(struct listener *l, int64_t missing) {
    uint32_t before = tier_depth_ms(&l->tier);
    if (!tier_deepen(&l->tier, (uint32_t)(missing / MONOTONIC_MS))) return false;
    int64_t move = missing - (int64_t)(tier_depth_ms(&l->tier) - before) * MONOTONIC_MS;
    if (l->feed.own || move > 0) l->base += move; /* a station has nothing further ahead to give */
    l->protocol->retiered(l);
    return true;
}

/* A reader that is too slow: its buffer ran out a buffer's depth ago, so what it missed is passed over; on a
 * station at the latest before it is gone, while there is something to go over from. */
static void pass_stale(struct listener *l, int64_t now) {
    bool leaving = feed_leaving(&l->feed);
    int64_t missing = now - due_of(l) - depth_of(l);
    if (!leaving && missing <= depth_of(l)) return;
    if (missing > 0 && deepen(l, missing) && !leaving) return;
    while (due_of(l) + depth_of(l) < now || feed_leaving(&l->feed)) {
        l->protocol->passing(l);
        feed_pass(&l->feed);
        l->discontinuity = true;
        l->passed++;
    }
}

static void rest(struct listener *l, int64_t now) {
    int64_t due = due_of(l), at = l->status_at, look = anew_next(l);
    if (l->asked) due += depth_of(l);
    if (look && look < at) at = look;
    if (due <= now) due = now + POLL;
    if (due < at && !l->close_code) at = due;
    if (l->close_code && !l->asked) at = l->close_at > now ? l->close_at : now + POLL;
    schedule_set(&l->loop->schedule, &l->wake, on_grid(l, at));
}

/* A GPU failed, and there was no time for this listener's stream: it hears so, and how to come back. */
static void turn_away(struct listener *l) {
    struct refusal why;
    refuse_with(&why, REFUSAL_OVERLOADED, NULL,
                "the device that rendered your stream failed, and there is no room for it on another; come "
                "back in a moment");
    l->protocol->complain(l, &why);
    listener_close(l, CLOSE_TRY_AGAIN, "server overload");
}

/* Waits for a stream's rescue as long as its listener has something to play. */
static void look_after_stream(struct listener *l, int64_t now) {
    if (l->close_code) return;
    if (l->feed.own && live_fate(l->feed.stream) == LIVE_WAITS && due_of(l) + depth_of(l) < now)
        live_give_up(l->feed.stream);
    if (live_fate(l->feed.stream) == LIVE_SHED)
        turn_away(l);
    else if (live_failed(l->feed.stream) || (l->feed.encoding && encoding_failed(l->feed.encoding)))
        listener_close(l, CLOSE_INTERNAL, "the stream could not be opened");
}

/* Sending ------------------------------------------------------------------------------------------------ */

static int send_text(struct listener *l) {
    struct outgoing *o = l->outbox;
    l->outbox = o->next;
    if (!l->outbox) l->outbox_end = &l->outbox;
    l->outbox_count--;
    int sent = lws_write(l->wsi, o->bytes + LWS_PRE, o->length, LWS_WRITE_TEXT);
    free(o);
    return sent < 0 ? -1 : 0;
}

static void show_depth(struct listener *l, int64_t now) {
    uint64_t ahead = (uint64_t)listener_ahead_ms(l, now);
    atomic_fetch_add(&l->loop->server->depth_ms, ahead - l->depth_ms);
    l->depth_ms = ahead;
    histogram_add(&l->loop->server->metrics.ahead, (int64_t)ahead * MONOTONIC_MS, 1);
}

bool listener_retier(struct listener *l, uint32_t before) {
    if (l->tier.tier < l->tier_floor) tier_request(&l->tier, l->tier_floor);
    if (tier_depth_ms(&l->tier) == before) return false;
    int64_t change = ((int64_t)tier_depth_ms(&l->tier) - before) * MONOTONIC_MS;
    if (!l->feed.own) return true; /* a station has nothing further ahead to give */
    l->base -= change;
    l->steady = monotonic_now();
    return true;
}

/* What is learned from a chunk that went out `late` after it was due, once every 100 ms of audio. */
static void observe(struct listener *l, int64_t due, int64_t now, bool underrun) {
    l->since_observed += l->feed.chunk;
    if (!underrun && l->since_observed < l->feed.rate * OBSERVE_MS / 1000) return;
    l->since_observed = 0;
    uint32_t before = tier_depth_ms(&l->tier);
    if (tier_observe(&l->tier, (double)due * 1e-6, (double)now * 1e-6, underrun) &&
        listener_retier(l, before))
        l->protocol->retiered(l);
    if (++l->observed % 10 == 0) show_depth(l, now);
}

/* The chunk at hand goes out now. One that is later than the buffer is deep moves the listener's time. */
static void account(struct listener *l, int64_t now, size_t bytes) {
    struct metrics *m = &l->loop->server->metrics;
    int64_t due = due_of(l), late = now - due;
    bool steady = due >= l->steady && due >= l->anew.until, underrun = steady && late > depth_of(l);
    int64_t missing = late - depth_of(l);
    if (missing > 0 && due >= l->anew.until && !(2 * l->waited > missing && deepen(l, missing)))
        l->base += missing;
    if (underrun) {
        l->underruns++;
        atomic_fetch_add_explicit(&m->underruns, 1, memory_order_relaxed);
    }
    if (steady) {
        histogram_add(&m->jitter, late, 1);
        observe(l, due, now, underrun);
    }
    l->chunks_sent++;
    l->bytes_sent += bytes;
    atomic_fetch_add_explicit(&m->chunks_sent, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->bytes_sent, bytes, memory_order_relaxed);
}

static int send_chunk(struct listener *l, int64_t now) {
    unsigned char *message = l->loop->message + LWS_PRE;
    size_t size = l->protocol->chunk(l, message);
    if (!size) return 0;
    account(l, now, size);
    feed_advance(&l->feed);
    l->sequence++;
    l->discontinuity = l->anew.first = false;
    if (lws_write(l->wsi, message, size, l->protocol->write) >= 0) return 0;
    atomic_fetch_add_explicit(&l->loop->server->metrics.send_errors[SEND_DISCONNECT], 1,
                              memory_order_relaxed);
    return -1;
}

static void ask(struct listener *l, int64_t now) {
    l->asked = true;
    l->asked_at = now;
    lws_callback_on_writable(l->wsi);
}

/* Whether a message may be written now, outside libwebsockets' own turn: over HTTP/1.1, and if nothing that
 * was written before is still on its way to the socket. */
static bool takes_at_once(const struct listener *l) {
    return lws_get_network_wsi(l->wsi) == l->wsi && !lws_partial_buffered(l->wsi) &&
           !lws_send_pipe_choked(l->wsi);
}

/* Sends what is due, as far as the socket takes it. */
static void send_at_once(struct listener *l) {
    for (int64_t now = monotonic_now(); !l->outbox && !may_close(l, now) && chunk_to_send(l, now);
         now = monotonic_now()) {
        uint64_t before = l->chunks_sent;
        if (!takes_at_once(l)) return;
        if (send_chunk(l, now) < 0) {
            l->asked = true; /* nothing more is written */
            lws_set_timeout(l->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
            return;
        }
        if (l->chunks_sent == before) return;
    }
}

void listener_tick(struct listener *l, int64_t now) {
    if (now >= l->status_at) {
        l->protocol->status(l);
        l->status_at += STATUS_PERIOD;
    }
    look_after_stream(l, now);
    if (l->anew.feed.stream || l->anew.again) anew_look(l, now);
    if (l->asked && l->chunks_sent) pass_stale(l, now);
    l->waited = 0;
    if (!l->asked) send_at_once(l);
    if (!l->asked && (l->outbox || may_close(l, now) || chunk_to_send(l, now))) {
        ask(l, now);
    }
    rest(l, now);
}

int listener_writable(struct listener *l) {
    int64_t now = monotonic_now();
    int result = 0;
    if (l->asked && l->chunks_sent) pass_stale(l, now);
    l->waited = l->asked ? now - l->asked_at : 0;
    l->asked = false;
    if (l->outbox) {
        result = send_text(l);
    } else if (may_close(l, now)) {
        lws_close_reason(l->wsi, (enum lws_close_status)l->close_code, (unsigned char *)l->close_reason,
                         strlen(l->close_reason));
        return -1;
    } else if (chunk_to_send(l, now)) {
        result = send_chunk(l, now);
    }
    if (result == 0) listener_tick(l, now);
    return result;
}

void listener_say(struct listener *l, const char *text, size_t length) {
    if (!length || l->close_code || l->outbox_count >= LISTENER_OUTBOX) return;
    struct outgoing *o = malloc(sizeof *o + LWS_PRE + length);
    if (!o) return;
    o->next = NULL;
    o->length = length;
    memcpy(o->bytes + LWS_PRE, text, length);
    *l->outbox_end = o;
    l->outbox_end = &o->next;
    l->outbox_count++;
    if (l->asked || !l->wsi) return;
    ask(l, monotonic_now());
}

void listener_close(struct listener *l, int code, const char *reason) {
    if (l->close_code) return;
    l->close_code = code;
    snprintf(l->close_reason, sizeof l->close_reason, "%s", reason);
    l->close_at = monotonic_now() + (code == CLOSE_POLICY ? LINGER : 0);
    schedule_set(&l->loop->schedule, &l->wake, l->close_at);
}

/* Receiving ---------------------------------------------------------------------------------------------- */

static bool may_speak(struct listener *l, struct refusal *why) {
    int verdict = token_bucket_take(&l->tokens, bucket_time(l));
    if (verdict == TOKEN_GRANTED) return true;
    refuse_with(why, REFUSAL_RATE_LIMITED, NULL, "at most %.0f messages a second",
                TOKEN_RATE * l->protocol->patience);
    l->protocol->complain(l, why);
    if (verdict == TOKEN_CLOSE) listener_close(l, CLOSE_POLICY, "too many messages");
    return false;
}

static void take_message(struct listener *l, bool binary) {
    struct refusal why;
    if (!may_speak(l, &why)) return;
    if (l->inbox_overflow)
        refuse_with(&why, REFUSAL_TOO_LARGE, NULL, "a message has at most %d bytes", LISTENER_INBOX);
    else if (binary)
        refuse_with(&why, REFUSAL_INVALID_MESSAGE, NULL, "messages are JSON texts, not binary");
    else {
        l->protocol->receive(l, l->inbox, l->inbox_length);
        return;
    }
    l->protocol->complain(l, &why);
}

int listener_received(struct listener *l, const char *text, size_t length, bool first, bool last,
                      bool binary) {
    if (first) {
        l->inbox_length = 0;
        l->inbox_overflow = false;
    }
    if (length > LISTENER_INBOX - l->inbox_length) {
        l->inbox_overflow = true;
    } else {
        memcpy(l->inbox + l->inbox_length, text, length);
        l->inbox_length += length;
    }
    if (last && !l->close_code) take_message(l, binary);
    return 0;
}

/* Changes ------------------------------------------------------------------------------------------------ */

int listener_change_at(struct listener *l, uint64_t heard, const auralis_parameters *values,
                       auralis_parameter_set set, struct refusal *why) {
    if (l->feed.own && anew_begin(l, heard, values, set)) return 0;
    return listener_change(l, values, set, why);
}

int listener_change(struct listener *l, const auralis_parameters *values, auralis_parameter_set set,
                    struct refusal *why) {
    if (!l->feed.own && !l->may_control)
        return refuse_with(why, REFUSAL_UNAUTHORIZED, NULL,
                           "a station is changed by whoever runs the server; a stream of your own is yours");
    uint64_t ticket = l->feed.own ? live_set(l->feed.stream, values, set)
                                  : station_change(&l->loop->server->station[l->station], values, set);
    if (!ticket)
        return refuse_with(why, REFUSAL_RATE_LIMITED, NULL,
                           "too many changes at once; try again in a moment");
    l->ticket_own = ticket;
    if (l->feed.own) {
        listener_wait(l);
        loop_wake(l->loop); /* the worker may have been quicker */
    }
    return 0;
}

void listener_keep_waiting(struct listener *l) {
    if (l->feed.own && l->ticket_own > l->ticket_seen) listener_wait(l);
}

void listener_check_changes(struct listener *l) {
    struct live_state state;
    live_read_state(l->feed.stream, &state);
    if (state.ticket <= l->ticket_seen) return;
    bool own = l->feed.own || (l->ticket_own > l->ticket_seen && l->ticket_own <= state.ticket);
    l->ticket_seen = state.ticket;
    l->protocol->changed(l, &state, own);
}

void listener_parameters(struct listener *l, auralis_parameters *out) {
    if (l->feed.own) {
        struct live_state state;
        live_read_state(l->feed.stream, &state);
        *out = state.parameters;
    } else {
        station_parameters(&l->loop->server->station[l->station], out);
    }
}

bool listener_request_tier(struct listener *l, int tier) {
    int64_t now = monotonic_now();
    if (l->tier_asked && now - l->tier_asked < MONOTONIC_SECOND) return false;
    l->tier_asked = now;
    uint32_t before = tier_depth_ms(&l->tier);
    l->tier_floor = tier;
    tier_request(&l->tier, tier);
    listener_retier(l, before);
    return true;
}

uint64_t listener_seed(const struct listener *l) {
    return l->feed.own ? l->request.seed : l->loop->server->station[l->station].config.seed;
}
