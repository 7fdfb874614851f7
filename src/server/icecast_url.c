/* icecast_url.c — where an Icecast server takes a stream (see icecast_url.h). */
#include "server/icecast_url.h"
#include "base/text.h"
#include "server/stream_request.h"
#include "stream/encoder.h"

#include <string.h>

static const char SHAPE[] =
    "must be like icecast://source:PASSWORD@radio.example.org:8000/auralis.mp3 (or .opus)";

/* A part of the address, with its %-escapes undone. */
static bool take(const char *from, const char *to, char *out, size_t size) {
    return path_decode(from, (size_t)(to - from), out, size, "", NULL) >= 0 && *out;
}

static bool read_login(const char *from, const char *at, struct icecast_url *u) {
    const char *colon = memchr(from, ':', (size_t)(at - from));
    strcpy(u->user, "source");
    if (!colon) return take(from, at, u->password, sizeof u->password);
    return (colon == from || take(from, colon, u->user, sizeof u->user)) &&
           take(colon + 1, at, u->password, sizeof u->password);
}

static bool read_host(const char *from, const char *slash, struct icecast_url *u) {
    const char *end = slash, *colon = memchr(from, ':', (size_t)(slash - from));
    uint64_t port = 8000;
    char digits[8] = "";
    if (colon) {
        end = colon++;
        if (!take(colon, slash, digits, sizeof digits) || !parse_whole(digits, 1, 65535, &port)) return false;
    }
    u->port = (uint16_t)port;
    return take(from, end, u->host, sizeof u->host);
}

static bool read_mount(const char *slash, struct icecast_url *u) {
    const char *suffix = strrchr(slash, '.');
    if (!suffix || !take(slash, slash + strlen(slash), u->mount, sizeof u->mount)) return false;
    u->format = !strcmp(suffix, ".ogg") ? ENCODER_OPUS : encoder_find(suffix + 1);
    return u->format == ENCODER_OPUS || u->format == ENCODER_MP3;
}

const char *icecast_url_parse(const char *text, struct icecast_url *out) {
    static const char PLAIN[] = "icecast://", TLS[] = "icecasts://";
    memset(out, 0, sizeof *out);
    if (strlen(text) >= ICECAST_URL_MAX) return "must have less than 256 bytes";
    out->tls = !strncmp(text, TLS, sizeof TLS - 1);
    if (!out->tls && strncmp(text, PLAIN, sizeof PLAIN - 1) != 0) return SHAPE;
    const char *login = text + (out->tls ? sizeof TLS : sizeof PLAIN) - 1, *at = strchr(login, '@');
    const char *slash = at ? strchr(at, '/') : NULL;
    bool good =
        slash && read_login(login, at, out) && read_host(at + 1, slash, out) && read_mount(slash, out);
    return good ? NULL : SHAPE;
}
