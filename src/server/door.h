/* door.h — who may connect at all: how many connections there may be, and how many from one address,
 * whatever they do. Half-open, silent and flooding clients are stopped here, before they cost anything. */
#ifndef AURALIS_SERVER_DOOR_H
#define AURALIS_SERVER_DOOR_H

#include "server/server.h"

/* A connection that has just been accepted. True: it may come in, `address` counts for it, and door_leave
 * must follow. False: it has been told why not, and is closed. */
bool door_enter(struct server *server, int fd, struct address *address);
void door_leave(struct server *server, const struct address *address);

#endif
