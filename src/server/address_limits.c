/* address_limits.c — how many connections and attempts one address may have (see address_limits.h). */
#include "server/address_limits.h"
#include "base/random.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { GROUPS = 2048, GROUP = 8, WINDOW_SECONDS = 60 };

struct entry {
    struct address address;
    double window; /* when the minute began that `attempts` counts */
    double seen;   /* last attempt */
    uint32_t attempts, connections;
    bool used;
};

struct address_limits {
    uint32_t max_connections, max_attempts;
    uint64_t key; /* of the hash, drawn at the start: nobody outside can choose a group */
    struct entry entry[GROUPS][GROUP];
};

static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_mapped(const struct address *a) {
    return !memcmp(a->bytes, MAPPED, sizeof MAPPED);
}

/* The host of "host", "host:port" or "[host]:port"; a bare IPv6 address has several colons. */
static bool cut_host(const char *text, char host[64]) {
    size_t length = strlen(text);
    const char *colon = strchr(text, ':');
    if (*text == '[') {
        const char *end = strchr(text, ']');
        if (!end || (end[1] && end[1] != ':')) return false;
        length = (size_t)(end - ++text);
    } else if (colon && !strchr(colon + 1, ':')) {
        length = (size_t)(colon - text);
    }
    if (length >= 64) return false;
    memcpy(host, text, length);
    host[length] = 0;
    host[strcspn(host, "%")] = 0; /* fe80::1%eth0: the interface is no part of it */
    return true;
}

bool address_parse(const char *text, struct address *out) {
    char host[64];
    struct address a;
    if (!cut_host(text, host)) return false;
    memcpy(a.bytes, MAPPED, sizeof MAPPED);
    if (inet_pton(AF_INET, host, a.bytes + 12) != 1 && inet_pton(AF_INET6, host, a.bytes) != 1) return false;
    *out = a;
    return true;
}

bool address_is_loopback(const struct address *a) {
    static const uint8_t six[16] = {[15] = 1};
    return is_mapped(a) ? a->bytes[12] == 127 : !memcmp(a->bytes, six, sizeof six);
}

/* The last address of a list "a, b, c": what the proxy added itself; the ones before it are the client's
 * word. */
static bool last_of_list(const char *list, struct address *out) {
    char text[64];
    const char *comma = strrchr(list, ','), *start = comma ? comma + 1 : list;
    start += strspn(start, " \t");
    size_t length = strcspn(start, " \t");
    if (!length || length >= sizeof text) return false;
    memcpy(text, start, length);
    text[length] = 0;
    return address_parse(text, out);
}

bool address_effective(const char *peer, const char *forwarded, const char *proxy, struct address *out) {
    struct address who, trusted, claimed;
    if (!address_parse(peer, &who)) return false;
    bool believed = proxy && *proxy && address_parse(proxy, &trusted) && !memcmp(&who, &trusted, sizeof who);
    if (believed && forwarded && last_of_list(forwarded, &claimed)) who = claimed;
    *out = who;
    return true;
}

struct address_limits *address_limits_create(uint32_t max_connections, uint32_t attempts_per_minute) {
    struct address_limits *l = calloc(1, sizeof *l);
    if (!l) return NULL;
    l->max_connections = max_connections;
    l->max_attempts = attempts_per_minute;
    if (getrandom(&l->key, sizeof l->key, GRND_NONBLOCK) != (ssize_t)sizeof l->key) l->key = (uintptr_t)l;
    return l;
}

void address_limits_configure(struct address_limits *l, uint32_t max_connections,
                              uint32_t attempts_per_minute) {
    l->max_connections = max_connections;
    l->max_attempts = attempts_per_minute;
}

void address_limits_destroy(struct address_limits *l) {
    free(l);
}

/* What one customer has: an IPv4 address, or the first half of an IPv6 one. */
static struct address counted(const struct address *a) {
    struct address c = *a;
    if (!is_mapped(a)) memset(c.bytes + 8, 0, 8);
    return c;
}

static struct entry *group_of(const struct address_limits *l, const struct address *a) {
    uint64_t half[2];
    memcpy(half, a->bytes, sizeof half);
    uint64_t hash = random_mix(random_mix(half[0] ^ l->key) ^ half[1]);
    return (struct entry *)l->entry[hash % GROUPS];
}

static struct entry *find(const struct address_limits *l, const struct address *a) {
    struct entry *group = group_of(l, a);
    for (int i = 0; i < GROUP; i++)
        if (group[i].used && !memcmp(&group[i].address, a, sizeof *a)) return &group[i];
    return NULL;
}

/* Its entry, a free one, or the longest silent without a connection; NULL where all are connected. */
static struct entry *take(struct address_limits *l, const struct address *a, double now) {
    struct entry *entry = find(l, a), *group = group_of(l, a);
    if (entry) return entry;
    for (int i = 0; i < GROUP; i++) {
        if (!group[i].used) {
            entry = &group[i];
            break;
        }
        if (!group[i].connections && (!entry || group[i].seen < entry->seen)) entry = &group[i];
    }
    if (entry) *entry = (struct entry){.address = *a, .used = true, .window = now};
    return entry;
}

int address_limits_admit(struct address_limits *l, const struct address *address, double now,
                         uint32_t *retry_seconds) {
    uint32_t unused, *retry = retry_seconds ? retry_seconds : &unused;
    if (address_is_loopback(address)) return ADDRESS_ADMITTED;
    struct address a = counted(address);
    struct entry *entry = take(l, &a, now);
    *retry = WINDOW_SECONDS;
    if (!entry) return ADDRESS_TABLE_FULL;
    entry->seen = now;
    if (now - entry->window >= WINDOW_SECONDS) {
        entry->window = now;
        entry->attempts = 0;
    }
    if (entry->attempts >= l->max_attempts) {
        *retry = (uint32_t)(entry->window + WINDOW_SECONDS - now) + 1;
        return ADDRESS_TOO_MANY_ATTEMPTS;
    }
    entry->attempts++;
    if (entry->connections >= l->max_connections) return ADDRESS_TOO_MANY_CONNECTIONS;
    entry->connections++;
    return ADDRESS_ADMITTED;
}

int address_limits_attempt(struct address_limits *l, const struct address *address, double now,
                           uint32_t *retry_seconds) {
    int verdict = address_limits_admit(l, address, now, retry_seconds);
    if (verdict == ADDRESS_ADMITTED) address_limits_leave(l, address);
    return verdict;
}

void address_limits_leave(struct address_limits *l, const struct address *address) {
    struct address a = counted(address);
    struct entry *entry = address_is_loopback(address) ? NULL : find(l, &a);
    if (entry && entry->connections) entry->connections--;
}

uint32_t address_limits_connections(const struct address_limits *l, const struct address *address) {
    struct address a = counted(address);
    const struct entry *entry = find(l, &a);
    return entry ? entry->connections : 0;
}
