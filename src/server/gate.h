/* gate.h — who may listen: everything that is checked before a handshake is accepted. */
#ifndef AURALIS_SERVER_GATE_H
#define AURALIS_SERVER_GATE_H

#include "server/listener.h"
#include "server/request.h"

/* Checks the handshake and makes the listener. 0, or below with `why` and `retry_seconds` (0: none) filled.
 */
int gate_enter(struct loop *loop, struct lws *wsi, struct listener **out, struct refusal *why,
               uint32_t *retry_seconds);

/* A plain request: how often this address has asked. */
int gate_request(struct server *server, struct lws *wsi, struct refusal *why, uint32_t *retry_seconds);

/* The first half of it, for whoever listens over plain HTTP: how often this address has asked, how many
 * listeners there are, whether the server stops. Who was let in leaves once. */
int gate_admit(struct loop *loop, struct lws *wsi, struct address *address, struct refusal *why,
               uint32_t *retry_seconds);
void gate_leave(struct server *server, const struct address *address);

#endif
