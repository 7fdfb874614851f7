/* host.h — what the HTTP API reads and changes of a running server: the callbacks of struct api_host. */
#ifndef AURALIS_SERVER_HOST_H
#define AURALIS_SERVER_HOST_H

#include "server/server.h"

void host_connect(struct server *server, struct api_host *host);

#endif
