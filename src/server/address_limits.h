/* address_limits.h — how many connections, and how many attempts a minute, one address may have.
 *
 * A fixed table of 16,384 addresses in groups of eight; a newcomer replaces the longest silent one of its
 * group that has nothing open. Where all eight are connected the newcomer is refused, so the table never
 * grows and an open connection is never forgotten. IPv6 counts by its first 64 bits, which is what one
 * customer gets. Loopback is exempt. No lock: one thread at a time. */
#ifndef AURALIS_SERVER_ADDRESS_LIMITS_H
#define AURALIS_SERVER_ADDRESS_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct address {
    uint8_t bytes[16]; /* IPv6, or IPv4 mapped into it */
};

/* "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "[::1]:80", "192.0.2.1:80". False for anything else. */
bool address_parse(const char *text, struct address *out);
bool address_is_loopback(const struct address *address);

/* Who is to be counted: the peer, or, when the peer is the trusted proxy, the last address of X-Forwarded-For
 * (the one that the proxy itself saw). `forwarded` and `proxy` may be NULL or "". False when the peer cannot
 * be read. */
bool address_effective(const char *peer, const char *forwarded, const char *proxy, struct address *out);

enum address_verdict {
    ADDRESS_ADMITTED,
    ADDRESS_TOO_MANY_CONNECTIONS,
    ADDRESS_TOO_MANY_ATTEMPTS,
    ADDRESS_TABLE_FULL
};

struct address_limits;

/* NULL without memory. */
struct address_limits *address_limits_create(uint32_t max_connections, uint32_t attempts_per_minute);
void address_limits_destroy(struct address_limits *limits);

/* Other limits from now on. */
void address_limits_configure(struct address_limits *limits, uint32_t max_connections,
                              uint32_t attempts_per_minute);

/* Counts an attempt, and a connection when it is admitted; then address_limits_leave must follow.
 * `retry_seconds` (may be NULL) is filled when refused: for Retry-After. */
int address_limits_admit(struct address_limits *limits, const struct address *address, double now_seconds,
                         uint32_t *retry_seconds);
void address_limits_leave(struct address_limits *limits, const struct address *address);

/* Counts an attempt alone: of what begins and ends at once. */
int address_limits_attempt(struct address_limits *limits, const struct address *address, double now_seconds,
                           uint32_t *retry_seconds);

uint32_t address_limits_connections(const struct address_limits *limits, const struct address *address);

#endif
