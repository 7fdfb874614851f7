/* icecast_url.h — where an Icecast server takes a stream: icecast://[USER:]PASSWORD@HOST[:PORT]/MOUNT.mp3
 *
 * "icecasts" instead of "icecast": over TLS. The user is "source" and the port 8000 unless given; the mount's
 * suffix
 * (.mp3, .opus or .ogg) says in which format the station is sent. Pure; any thread. */
#ifndef AURALIS_SERVER_ICECAST_URL_H
#define AURALIS_SERVER_ICECAST_URL_H

#include <stdbool.h>
#include <stdint.h>

enum { ICECAST_URL_MAX = 256 };

struct icecast_url {
    bool tls;
    uint16_t port;
    int format; /* enum encoder_format */
    char user[64], password[128], host[128], mount[128];
};

/* NULL, or what is wrong with it, in the words of "must be …". */
const char *icecast_url_parse(const char *text, struct icecast_url *out);

#endif
