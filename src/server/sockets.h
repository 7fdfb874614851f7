/* sockets.h — the three versions of the protocol, as listeners speak them (docs/protocol.md). */
#ifndef AURALIS_SERVER_SOCKETS_H
#define AURALIS_SERVER_SOCKETS_H

#include "server/listener.h"

extern const struct protocol socket_v0, socket_v1, socket_v2;

#endif
