/* gate.h — who may open a socket: everything that is checked before a handshake is accepted. */
#ifndef AURALIS_SERVER_GATE_H
#define AURALIS_SERVER_GATE_H

#include "server/listener.h"
#include "server/request.h"

/* Checks the handshake and makes the listener. 0, or below with `why` and `retry_seconds` (0: none) filled.
 */
int gate_enter(struct loop *loop, struct lws *wsi, struct listener **out, struct refusal *why,
               uint32_t *retry_seconds);

#endif
