/* gate.c — who may open a socket (see gate.h).
 *
 * The cheapest questions come first: how often this address has asked, how many there are already, and only
 * then what is wanted. */
#include "server/gate.h"
#include "server/own_stream.h"
#include "server/sockets.h"

#include "base/monotonic.h"

#include <stdio.h>
#include <string.h>

static int refuse_verdict(int verdict, struct refusal *why) {
    switch (verdict) {
    case ADDRESS_ADMITTED:
        return 0;
    case ADDRESS_TOO_MANY_CONNECTIONS:
        return refuse_with(why, REFUSAL_RATE_LIMITED, NULL,
                           "there are too many connections from one address");
    case ADDRESS_TOO_MANY_ATTEMPTS:
        return refuse_with(why, REFUSAL_RATE_LIMITED, NULL,
                           "one address asks too often; Retry-After says when it may again");
    default:
        return refuse_with(why, REFUSAL_OVERLOADED, NULL,
                           "the server knows too many addresses; try again later");
    }
}

static double seconds_now(void) {
    return (double)monotonic_now() * 1e-9;
}

static int read_address(struct server *server, struct lws *wsi, struct address *address,
                        struct refusal *why) {
    struct caller caller;
    request_caller(wsi, &caller);
    if (trust_address(server->trust, &caller, address)) return 0;
    return refuse_with(why, REFUSAL_INTERNAL, NULL, "your address cannot be read");
}

static int admit_address(struct server *server, struct lws *wsi, struct address *address, struct refusal *why,
                         uint32_t *retry_seconds) {
    if (read_address(server, wsi, address, why) < 0) return -why->code;
    pthread_mutex_lock(&server->limits_lock);
    int verdict = address_limits_admit(server->limits, address, seconds_now(), retry_seconds);
    pthread_mutex_unlock(&server->limits_lock);
    return refuse_verdict(verdict, why);
}

int gate_request(struct server *server, struct lws *wsi, struct refusal *why, uint32_t *retry_seconds) {
    struct address address;
    *retry_seconds = 0;
    if (read_address(server, wsi, &address, why) < 0) return -why->code;
    pthread_mutex_lock(&server->limits_lock);
    int verdict = address_limits_attempt(server->requests, &address, seconds_now(), retry_seconds);
    pthread_mutex_unlock(&server->limits_lock);
    return refuse_verdict(verdict, why);
}

void gate_leave(struct server *server, const struct address *address) {
    pthread_mutex_lock(&server->limits_lock);
    address_limits_leave(server->limits, address);
    pthread_mutex_unlock(&server->limits_lock);
}

int gate_admit(struct loop *loop, struct lws *wsi, struct address *address, struct refusal *why,
               uint32_t *retry_seconds) {
    struct server *server = loop->server;
    *retry_seconds = 0;
    int result = admit_address(server, wsi, address, why, retry_seconds);
    if (result < 0) return result;
    if (loop->draining)
        result = refuse_with(why, REFUSAL_OVERLOADED, NULL, "the server is stopping");
    else if (atomic_load(&server->listeners) >= server->config->max_listeners)
        result = refuse_with(why, REFUSAL_OVERLOADED, NULL, "the server is full; try again later");
    if (result < 0) gate_leave(server, address);
    return result;
}

/* The first of the offered subprotocols that is ours; none offered is the oldest that fits the path. */
static const struct protocol *choose(struct lws *wsi, bool oldest, struct refusal *why) {
    char offered[2 * REQUEST_HEADER];
    request_header(wsi, WSI_TOKEN_PROTOCOL, offered, sizeof offered);
    if (oldest) return &socket_v0;
    if (!*offered) return &socket_v1;
    for (char *name = strtok(offered, ", "); name; name = strtok(NULL, ", ")) {
        if (!strcmp(name, "auralis-v2")) return &socket_v2;
        if (!strcmp(name, "auralis-v1")) return &socket_v1;
    }
    refuse_with(why, REFUSAL_INVALID_VALUE, "Sec-WebSocket-Protocol",
                "the subprotocols here are auralis-v2 and auralis-v1");
    return NULL;
}

/* Which protocol, and who: from the path. */
static const struct protocol *read_path(struct lws *wsi, const char *path, char client_id[CLIENT_ID_MAX + 1],
                                        struct refusal *why) {
    static const char AUDIO[] = "/ws/audio/";
    if (!strcmp(path, "/ws/stream")) {
        strcpy(client_id, "v0");
        return choose(wsi, true, why);
    }
    if (strncmp(path, AUDIO, sizeof AUDIO - 1)) {
        refuse_with(why, REFUSAL_NOT_FOUND, NULL,
                    "there is no socket here; they are /ws/audio/{client_id} and /ws/stream");
        return NULL;
    }
    const char *id = path + sizeof AUDIO - 1;
    if (client_id_check(id, why) < 0) return NULL;
    snprintf(client_id, CLIENT_ID_MAX + 1, "%.*s", CLIENT_ID_MAX, id);
    return choose(wsi, false, why);
}

static int read_handshake(struct loop *loop, struct lws *wsi, struct listener **out, struct refusal *why) {
    struct server *server = loop->server;
    struct request request;
    struct stream_request wanted;
    struct caller caller;
    char client_id[CLIENT_ID_MAX + 1];
    request_caller(wsi, &caller);
    if (trust_origin(server->trust, &caller, why) < 0) return -why->code;
    if (!request_read(wsi, &request))
        return refuse_with(why, REFUSAL_TOO_LARGE, NULL, "the address is too long");
    const struct protocol *protocol = read_path(wsi, request.path, client_id, why);
    if (!protocol) return -why->code;
    int result = stream_request_parse(request.query, protocol->version, atomic_load(&server->buffer_tier),
                                      &wanted, why);
    if (result == 0) result = own_stream_resume(server, protocol->rate, &wanted, why);
    if (result == 0) result = listener_create(loop, protocol, &wanted, client_id, out, why);
    if (result == 0) (*out)->may_control = trust_control(server->trust, &caller, NULL) == 0;
    return result;
}

int gate_enter(struct loop *loop, struct lws *wsi, struct listener **out, struct refusal *why,
               uint32_t *retry_seconds) {
    struct server *server = loop->server;
    struct address address;
    int result = gate_admit(loop, wsi, &address, why, retry_seconds);
    if (result < 0) return result;
    result = read_handshake(loop, wsi, out, why);
    if (result < 0) {
        gate_leave(server, &address);
        return result;
    }
    (*out)->address = address;
    (*out)->counted = true;
    return 0;
}
