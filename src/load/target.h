/* target.h — which server the load goes to.
 *
 * A load generator is a weapon in the wrong place: whether an address is this very machine is decided here,
 * from the address itself, not from its name. */
#ifndef AURALIS_LOAD_TARGET_H
#define AURALIS_LOAD_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct target {
    char host[300]; /* HOST:PORT, as the Host header wants it */
    uint16_t port;
    struct sockaddr_storage address;
    socklen_t address_size;
    bool here; /* a loopback address */
};

/* Reads "HOST:PORT", "[::1]:8000", "http://HOST:PORT/", "ws://HOST:PORT" and looks the host up. NULL, or what
 * is wrong with it. */
const char *target_read(const char *text, struct target *target);

#endif
