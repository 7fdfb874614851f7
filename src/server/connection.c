/* connection.c — one connection, and how long it may take (see connection.h). */
#include "server/connection.h"
#include "server/door.h"
#include "server/listener.h"

#include "base/monotonic.h"

#include <stdlib.h>

struct connection *connection_of(struct lws *wsi) {
    return lws_get_opaque_user_data(wsi);
}

static void set_phase(struct connection *c, int phase, int64_t now) {
    static const int64_t seconds[] = {[CONNECTION_KNOCKING] = 10,
                                      [CONNECTION_SENDING] = 10,
                                      [CONNECTION_TAKING] = 60,
                                      [CONNECTION_IDLE] = 30,
                                      [CONNECTION_LISTENING] = 0};
    c->phase = phase;
    c->deadline = seconds[phase] ? now + seconds[phase] * MONOTONIC_SECOND : 0;
}

struct connection *connection_make(struct loop *loop, struct lws *wsi) {
    struct connection *c = connection_of(wsi);
    if (c) return c;
    c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->wsi = wsi;
    c->next = loop->connections;
    if (c->next) c->next->previous = c;
    loop->connections = c;
    set_phase(c, CONNECTION_KNOCKING, monotonic_now());
    lws_set_opaque_user_data(wsi, c);
    return c;
}

void connection_free(struct loop *loop, struct lws *wsi) {
    struct connection *c = connection_of(wsi);
    if (!c) return;
    if (c->next) c->next->previous = c->previous;
    if (c->previous)
        c->previous->next = c->next;
    else
        loop->connections = c->next;
    if (c->counted) door_leave(loop->server, &c->address);
    if (c->listener) listener_destroy(c->listener);
    http_end(c->exchange);
    free(c);
    lws_set_opaque_user_data(wsi, NULL);
}

/* A connection of HTTP/2 lives as long as its streams do, which have their own time; libwebsockets ends it
 * when it has carried none for a while. */
void connection_asked(struct connection *c) {
    struct connection *carrier = connection_of(lws_get_network_wsi(c->wsi));
    if (carrier && carrier != c) set_phase(carrier, CONNECTION_LISTENING, 0);
    c->phase = CONNECTION_KNOCKING;
}

static int phase_of(const struct connection *c) {
    if (c->listener) return CONNECTION_LISTENING;
    return c->exchange ? http_phase(c->exchange) : c->phase;
}

void connection_look(struct connection *c, int64_t now) {
    int phase = phase_of(c);
    if (phase != c->phase) set_phase(c, phase, now);
}

static struct connection *find_late(const struct loop *loop, int64_t now) {
    struct connection *c = loop->connections;
    while (c && (!c->deadline || now < c->deadline)) c = c->next;
    return c;
}

/* One that ends may take others with it: the search begins anew. */
void connections_shed(struct loop *loop, int64_t now) {
    for (struct connection *c; (c = find_late(loop, now));) {
        c->deadline = 0;
        atomic_fetch_add_explicit(&loop->server->metrics.shed, 1, memory_order_relaxed);
        lws_set_timeout(c->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_SYNC);
    }
}
