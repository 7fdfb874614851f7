/* target.c — which server the load goes to (see target.h). */
#include "load/target.h"

#include "base/text.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static bool is_here(const struct sockaddr *a) {
    if (a->sa_family == AF_INET) return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
    return a->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

/* Takes HOST and PORT apart; an IPv6 address stands in brackets. */
static bool split(const char *text, char host[256], char port[8]) {
    bool brackets = text[0] == '[';
    const char *end = brackets ? strstr(text, "]:") : strrchr(text, ':');
    if (!end || end == text || strlen(end) > 7) return false;
    const char *begin = text + brackets;
    if (end - begin > 255 || (!brackets && memchr(begin, ':', (size_t)(end - begin)))) return false;
    snprintf(host, 256, "%.*s", (int)(end - begin), begin);
    snprintf(port, 8, "%s", end + 1 + brackets);
    return true;
}

const char *target_read(const char *text, struct target *t) {
    char plain[280], host[256], port[8];
    *t = (struct target){0};
    if (!strncmp(text, "http://", 7)) text += 7;
    if (!strncmp(text, "ws://", 5)) text += 5;
    if (strstr(text, "://")) return "only http:// and ws:// are spoken";
    if ((size_t)snprintf(plain, sizeof plain, "%s", text) >= sizeof plain) return "is too long";
    size_t length = strlen(plain);
    if (length && plain[length - 1] == '/') plain[length - 1] = 0;
    uint64_t number;
    if (!split(plain, host, port) || !parse_whole(port, 1, 65535, &number))
        return "must be HOST:PORT with a port from 1 to 65535";
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    if (getaddrinfo(host, port, &hints, &list)) return "no such host is known";
    memcpy(&t->address, list->ai_addr, list->ai_addrlen);
    t->address_size = list->ai_addrlen;
    t->here = is_here(list->ai_addr);
    t->port = (uint16_t)number;
    snprintf(t->host, sizeof t->host, "%s", plain);
    freeaddrinfo(list);
    return NULL;
}
