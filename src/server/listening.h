/* listening.h — the listening socket: our own, because libwebsockets neither says why it could not listen nor
 * lets several contexts share a port. Each loop has one; accepted connections are handed to libwebsockets. */
#ifndef AURALIS_SERVER_LISTENING_H
#define AURALIS_SERVER_LISTENING_H

#include <stdbool.h>
#include <stdint.h>

/* Listens at a numeric host ("127.0.0.1", "::1", "*" for all). *port 0 is any free one and becomes the one
 * chosen. `shared`: further sockets may listen on the same port. The descriptor, or below 0 an errno value
 * negated. */
int listening_open(const char *host, uint16_t *port, bool shared);

/* The next connection (non-blocking), or −1 when there is none. Out of descriptors, the newcomer is turned
 * away, with the help of a descriptor held back for that (*reserve; −1 before the first call), so that nobody
 * waits for ever. */
int listening_accept(int fd, int *reserve);

#endif
