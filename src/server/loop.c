/* loop.c — an event loop (see loop.h).
 *
 * One callback takes everything that libwebsockets has to tell and hands it on: sockets to their listener,
 * requests to their exchange. Which of the two a connection is stands in its `struct connection`. Time is one
 * alarm, always set to the earliest entry of the schedule. */
#include "server/loop.h"
#include "server/connection.h"
#include "server/door.h"
#include "server/gate.h"
#include "server/http.h"
#include "server/http_stream.h"
#include "server/listener.h"
#include "server/listening.h"
#include "server/notify.h"
#include "server/stations.h"

#include "base/monotonic.h"
#include "stream/priority.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ALARM_SCHEDULE, ALARM_HOUSEKEEPING };
/* Plain requests that may wait for a moment, beside the listeners. */
enum { REQUESTS_WAITING = 64 };

/* A page may ask for a hundred files at once, and browsers do so before they were told any limit;
 * libwebsockets, of itself, ends the whole connection at the 25th. Its other settings are as it has them: the
 * size of the header table, no pushing, the window (it gives credit stream by stream) and the largest frame.
 */
#define HTTP2_SETTINGS                                                                                       \
    { 1, 65536, 0, 128, 0, 16384 }

static const int64_t HOUSEKEEPING = 100 * MONOTONIC_MS, SHEDDING = 500 * MONOTONIC_MS;

/* 0: the handshake may go on; above: it has been refused; below: hang up. */
static int on_handshake(struct loop *loop, struct lws *wsi) {
    struct connection *c = connection_make(loop, wsi);
    struct refusal why;
    uint32_t retry_seconds;
    if (!c || c->listener) return -1;
    if (gate_enter(loop, wsi, &c->listener, &why, &retry_seconds) >= 0) return 0;
    if (why.code == REFUSAL_OVERLOADED && !retry_seconds) retry_seconds = SERVER_RETRY_SECONDS;
    if (why.code == REFUSAL_RATE_LIMITED || why.code == REFUSAL_OVERLOADED)
        atomic_fetch_add_explicit(&loop->server->metrics.refused, 1, memory_order_relaxed);
    return http_refuse(wsi, &why, retry_seconds) < 0 ? -1 : 1;
}

static int on_request(struct loop *loop, struct lws *wsi) {
    struct connection *c = connection_make(loop, wsi);
    int result;
    if (!c) return -1;
    connection_asked(c);
    http_end(c->exchange);
    c->exchange = NULL; /* while it begins, libwebsockets may call again */
    c->exchange = http_begin(loop->server, wsi, &result);
    return result;
}

static int on_received(struct connection *c, struct lws *wsi, const void *bytes, size_t size) {
    bool last = lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi);
    return listener_received(c->listener, bytes, size, lws_is_first_fragment(wsi), last,
                             lws_frame_is_binary(wsi));
}

/* What concerns one connection. */
static int on_connection(struct loop *loop, struct lws *wsi, enum lws_callback_reasons reason, void *in,
                         size_t size) {
    struct connection *c = connection_of(wsi);
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return on_handshake(loop, wsi);
    case LWS_CALLBACK_HTTP:
        return on_request(loop, wsi);
    case LWS_CALLBACK_WSI_DESTROY:
        connection_free(loop, wsi);
        return 0;
    case LWS_CALLBACK_HTTP_BODY:
        return c && c->exchange ? http_body(c->exchange, wsi, in, size) : -1;
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return c && c->exchange ? http_body_complete(c->exchange, wsi) : -1;
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return c && c->exchange ? http_writable(c->exchange, wsi) : 0;
    case LWS_CALLBACK_ESTABLISHED:
        if (!c || !c->listener) return -1;
        listener_begin(c->listener, wsi);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return c && c->listener ? on_received(c, wsi, in, size) : -1;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return c && c->listener ? listener_writable(c->listener) : -1;
    default:
        return 0;
    }
}

static int handle(struct loop *loop, struct lws *wsi, enum lws_callback_reasons reason, void *in,
                  size_t size) {
    int result = on_connection(loop, wsi, reason, in, size);
    struct connection *c = connection_of(wsi);
    if (c && reason != LWS_CALLBACK_SERVER_WRITEABLE) connection_look(c, monotonic_now());
    return result;
}

/* Hands a connection to libwebsockets, counted until it goes. */
static void let_in(struct loop *loop, int fd, const struct address *address) {
    struct lws *wsi = lws_adopt_socket_vhost(loop->vhost, fd);
    struct connection *c = wsi ? connection_make(loop, wsi) : NULL;
    if (!c) {
        door_leave(loop->server, address);
        if (wsi) lws_set_timeout(wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
        return;
    }
    c->counted = true;
    c->address = *address;
}

/* Somebody knocks. */
static int on_knock(struct loop *loop, struct lws *wsi) {
    struct address address;
    int fd;
    while ((fd = listening_accept(lws_get_socket_fd(wsi), &loop->reserve)) >= 0)
        if (door_enter(loop->server, fd, &address)) let_in(loop, fd, &address);
    return 0;
}

static void send_away(struct loop *loop, uint32_t i) {
    bool again = loop->server->station[i].phase == STATION_REPLACED;
    for (struct listener *l = loop->listeners; l; l = l->next)
        if (l->station == (int)i)
            listener_close(l, again ? CLOSE_GOING_AWAY : CLOSE_NORMAL,
                           again ? "the station begins anew" : "the station has ended");
}

/* Somebody on this loop listens to it, so its stream is there. */
static void look_at_station(struct loop *loop, uint32_t i) {
    struct live_state state;
    if (station_ended(&loop->server->station[i])) {
        send_away(loop, i);
        return;
    }
    live_read_state(loop->server->station[i].stream, &state);
    if (state.ticket == loop->seen[i]) return;
    loop->seen[i] = state.ticket;
    for (struct listener *l = loop->listeners; l; l = l->next)
        if (l->station == (int)i) listener_check_changes(l);
}

static void take_brought(struct loop *loop) {
    struct errand *first = atomic_exchange(&loop->brought, NULL);
    while (first) {
        struct errand *errand = first;
        first = errand->next;
        http_brought(errand);
    }
}

/* The workers have called: those who wait look again, and changes of stations are passed on. */
static void on_wake(struct loop *loop) {
    if (!atomic_exchange(&loop->woken, false)) return;
    take_brought(loop);
    int64_t now = monotonic_now();
    struct listener *first = loop->waiting;
    loop->waiting = NULL;
    while (first) {
        struct listener *l = first;
        first = l->waiting_next;
        l->waiting = false;
        l->waiting_next = l->waiting_previous = NULL;
        listener_check_changes(l);
        listener_tick(l, now);
        listener_keep_waiting(l);
    }
    for (uint32_t i = 0; i < CONFIG_STATIONS_MAX; i++)
        if (loop->station_listeners[i]) look_at_station(loop, i);
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size) {
    struct lws_context *context = lws_get_context(wsi);
    struct loop *loop = context ? lws_context_user(context) : NULL;
    if (!loop) return 0;
    int result = 0;
    if (reason == LWS_CALLBACK_EVENT_WAIT_CANCELLED)
        on_wake(loop);
    else if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS)
        loop->tls = user; /* the one that libwebsockets has made for the virtual host */
    else if (reason == LWS_CALLBACK_RAW_RX_FILE)
        result = on_knock(loop, wsi);
    else
        result = handle(loop, wsi, reason, in, size);
    loop_rearm(loop);
    return result;
}

/* A message goes to the socket in one piece. By default libwebsockets takes 2 KB of it and keeps a copy of
 * the rest, which under HTTP/2 it may forget to send when the stream has ended. */
enum { TX_WHOLE = LWS_PRE + LOOP_MESSAGE };

/* A request that has no subprotocol speaks the first; which version that is, the path decides. */
static const struct lws_protocols PROTOCOLS[] = {
    {.name = "auralis", .callback = callback, .rx_buffer_size = 2048, .tx_packet_size = TX_WHOLE},
    {.name = "auralis-v2", .callback = callback, .rx_buffer_size = 2048, .tx_packet_size = TX_WHOLE},
    {.name = "auralis-v1", .callback = callback, .rx_buffer_size = 2048, .tx_packet_size = TX_WHOLE},
    {0}};

/* A peer that is silent is asked after 20 s, and given up after 45 s. */
static const lws_retry_bo_t IDLE = {.secs_since_valid_ping = 20, .secs_since_valid_hangup = 45};

void loop_wake(void *self) {
    struct loop *loop = self;
    if (!atomic_exchange(&loop->woken, true)) lws_cancel_service(loop->reactor.context);
}

void loop_bring(struct loop *loop, struct errand *errand) {
    errand->next = atomic_load(&loop->brought);
    while (!atomic_compare_exchange_weak(&loop->brought, &errand->next, errand)) continue;
    loop_wake(loop);
}

/* Time --------------------------------------------------------------------------------------------------- */

static void on_time(void *self) {
    struct loop *loop = self;
    int64_t now = monotonic_now();
    loop->armed = 0;
    for (struct wake *w; (w = schedule_first(&loop->schedule)) && w->at <= now;)
        w->tick(w, now); /* which moves it */
    loop_rearm(loop);
}

void loop_rearm(struct loop *loop) {
    const struct wake *first = schedule_first(&loop->schedule);
    if (!first || !loop->reactor.context) return;
    if (first->at == loop->armed) return;
    int64_t wait = first->at - monotonic_now();
    loop->armed = first->at;
    reactor_set(&loop->reactor, ALARM_SCHEDULE, wait);
}

static void begin_drain(struct loop *loop, int64_t now) {
    loop->draining = true;
    loop->drained_by = now + SERVER_DRAIN_SECONDS * MONOTONIC_SECOND;
    for (struct listener *l = loop->listeners; l; l = l->next) l->protocol->part(l, "the server is stopping");
    http_stream_drain(loop);
}

/* Ten times a second: has somebody asked the server to stop, and are all gone? */
static void on_housekeeping(void *self) {
    struct loop *loop = self;
    struct server *server = loop->server;
    int64_t now = monotonic_now();
    if (loop == server->loop[0]) {
        server_tend(server, now);
        server_reload(server);
        if (server->options.stop && server->options.stop(server->options.self) &&
            !atomic_exchange(&server->stopping, true))
            notify_say("STOPPING=1");
    }
    atomic_store_explicit(&loop->alive, now, memory_order_relaxed);
    if (now >= loop->shed_next) {
        connections_shed(loop, now);
        loop->shed_next = now + SHEDDING;
    }
    if (loop->tls) certificate_fetch(&server->certificate, loop->tls, &loop->certificates);
    if (atomic_load(&server->stopping) && !loop->draining) begin_drain(loop, now);
    if (loop->draining && now >= loop->drained_by)
        for (struct listener *l = loop->listeners; l; l = l->next)
            listener_close(l, CLOSE_GOING_AWAY, "shutdown");
    loop_rearm(loop);
    reactor_set(&loop->reactor, ALARM_HOUSEKEEPING, HOUSEKEEPING);
}

void loop_run(struct loop *loop) {
    static const int64_t GRACE = MONOTONIC_SECOND;
    priority_raise(PRIORITY_SEND);
    reactor_set(&loop->reactor, ALARM_HOUSEKEEPING, 0);
    for (;;) {
        if (loop->draining && ((!loop->listeners && !loop->streams && !loop->errands) ||
                               monotonic_now() > loop->drained_by + GRACE))
            return;
        if (!reactor_turn(&loop->reactor)) return;
    }
}

/* Making ------------------------------------------------------------------------------------------------- */

static int open_context(struct loop *loop) {
    struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN_SERVER,
                                             .options = LWS_SERVER_OPTION_VALIDATE_UTF8 |
                                                        LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
                                             .protocols = PROTOCOLS,
                                             .user = loop,
                                             .server_string = "auralis",
                                             .max_http_header_data2 = 16384,
                                             .timeout_secs = 10,
                                             .keepalive_timeout = 30,
                                             .http2_settings = HTTP2_SETTINGS,
                                             .vhost_name = "auralis",
                                             .retry_and_idle_policy = &IDLE};
    certificate_use(loop->server->config, &info);
    loop->reactor.alarm[ALARM_SCHEDULE] = (struct reactor_alarm){.ring = on_time, .self = loop};
    loop->reactor.alarm[ALARM_HOUSEKEEPING] = (struct reactor_alarm){.ring = on_housekeeping, .self = loop};
    if (reactor_open(&loop->reactor, &info)) loop->vhost = lws_create_vhost(loop->reactor.context, &info);
    return loop->vhost ? 0 : AURALIS_ENOMEM;
}

/* libwebsockets watches the listening socket as it would a file; it owns it from then on. */
static int watch(struct loop *loop, int fd) {
    lws_sock_file_fd_type watched = {.filefd = fd};
    return lws_adopt_descriptor_vhost(loop->vhost, LWS_ADOPT_RAW_FILE_DESC, watched, NULL, NULL)
               ? 0
               : AURALIS_ENOMEM;
}

int loop_create(struct server *server, int fd, struct loop **out) {
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop) {
        close(fd);
        return AURALIS_ENOMEM;
    }
    loop->server = server;
    loop->reserve = -1;
    int result =
        schedule_init(&loop->schedule, server->config->max_listeners + REQUESTS_WAITING) ? 0 : AURALIS_ENOMEM;
    if (result == 0) result = open_context(loop);
    if (result == 0) result = watch(loop, fd);
    if (result == 0)
        *out = loop;
    else
        loop_destroy(loop);
    return result;
}

void loop_destroy(struct loop *loop) {
    if (!loop) return;
    reactor_close(&loop->reactor);
    take_brought(loop); /* whoever asked has gone */
    for (uint32_t i = 0; i < CONFIG_STATIONS_MAX; i++) lane_destroy(loop->lanes[i]);
    if (loop->reserve >= 0) close(loop->reserve);
    schedule_release(&loop->schedule);
    free(loop);
}

/* What was seen of a former station in this place says nothing about this one. */
void loop_station_enter(struct loop *loop, uint32_t i) {
    if (!loop->station_listeners[i]++) loop->seen[i] = 0;
}

void loop_station_leave(struct loop *loop, uint32_t i) {
    loop->station_listeners[i]--;
}

struct lane *loop_lane(struct loop *loop, uint32_t i) {
    struct station *station = &loop->server->station[i];
    if (!loop->lanes[i])
        loop->lanes[i] =
            lane_create(station->stream, station->config.seed, STATION_HISTORY_MS, &loop->server->metrics);
    loop->lane_users[i] += loop->lanes[i] != NULL;
    return loop->lanes[i];
}

void loop_lane_release(struct loop *loop, uint32_t i) {
    if (--loop->lane_users[i]) return;
    lane_destroy(loop->lanes[i]);
    loop->lanes[i] = NULL;
}
