/* origin.c — which web pages may make a browser talk to this server (see origin.h). */
#include "server/origin.h"
#include "server/address_limits.h"

#include <string.h>
#include <strings.h>

/* The next entry of a list, without the spaces around it; NULL at its end. */
static const char *next_entry(const char **at, size_t *length) {
    *at += strspn(*at, ", \t");
    if (!**at) return NULL;
    const char *entry = *at;
    *length = strcspn(entry, ", \t");
    *at += *length;
    return entry;
}

/* What follows "http://" or "https://", or NULL. */
static const char *after_scheme(const char *origin) {
    if (!strncasecmp(origin, "http://", 7)) return origin + 7;
    if (!strncasecmp(origin, "https://", 8)) return origin + 8;
    return NULL;
}

static bool entry_valid(const char *entry, size_t length) {
    if (length == 1 && *entry == '*') return true;
    const char *host = after_scheme(entry);
    if (!host || host >= entry + length) return false;
    size_t allowed = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]");
    return allowed == length - (size_t)(host - entry);
}

bool origin_list_valid(const char *list) {
    size_t length;
    for (const char *entry; (entry = next_entry(&list, &length));)
        if (!entry_valid(entry, length)) return false;
    return true;
}

bool origin_listed(const char *list, const char *origin) {
    size_t length, wanted = strlen(origin);
    for (const char *entry; (entry = next_entry(&list, &length));)
        if ((length == 1 && *entry == '*') || (length == wanted && !strncasecmp(entry, origin, length)))
            return true;
    return false;
}

/* The length of the name in "name:port" or "[address]:port". */
static size_t name_length(const char *host) {
    const char *end = *host == '[' ? strchr(host, ']') : NULL;
    return end ? (size_t)(end + 1 - host) : strcspn(host, ":");
}

/* Whether two names with ports are the same but for the port. */
static bool same_name(const char *a, const char *b, size_t b_length) {
    size_t length = name_length(a);
    return length == b_length && !strncasecmp(a, b, length);
}

static bool on_list(const char *list, const char *host) {
    size_t length;
    for (const char *entry; (entry = next_entry(&list, &length));) {
        const char *listed = after_scheme(entry);
        if (!listed) return true; /* the star */
        size_t left = length - (size_t)(listed - entry), name = name_length(listed);
        if (same_name(host, listed, name < left ? name : left)) return true;
    }
    return false;
}

static bool our_name(const char *list, const char *own_name, const char *host) {
    struct address address;
    size_t own = strlen(own_name), length = name_length(host);
    if (address_parse(host, &address) || same_name(host, "localhost", 9)) return true;
    if (own && length >= own && !strncasecmp(host, own_name, own) &&
        (length == own || (length == own + 6 && !strncasecmp(host + own, ".local", 6))))
        return true;
    return on_list(list, host);
}

int origin_check(const char *list, const char *own_name, const char *host, const char *origin,
                 struct refusal *why) {
    if (*host && !our_name(list, own_name, host))
        return refuse_with(
            why, REFUSAL_FORBIDDEN, "Host",
            "this server does not answer as %.80s; allowed_origins in its configuration says so", host);
    if (!*origin || origin_listed(list, origin)) return 0;
    const char *from = after_scheme(origin);
    if (from && *host && !strcasecmp(from, host)) return 0;
    return refuse_with(why, REFUSAL_FORBIDDEN, "Origin",
                       "pages of %.80s may not do this; allowed_origins in its configuration lists who may",
                       origin);
}
