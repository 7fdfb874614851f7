/* tier.h — how far ahead of the clock a listener's buffer is kept, and when that changes.
 *
 * Four tiers, 500 to 3,000 ms. One goes up when more than 5 % of the recent chunks found the buffer empty or
 * jitter exceeds 30 ms; down when fewer than 1 % did and jitter is below 15 ms for 50 chunks on end. Jitter
 * is the interarrival jitter of RFC 3550 §6.4.1; the underrun rate is a mean that forgets over 50 chunks; the
 * target depth is at least the tier's and at least mean + 2σ of how late chunks were.
 *
 * At the deepest tier there is no step up any more. There a buffer that ran out although its reader had all
 * of the tier grows by what was missing and a quarter, to 10 s at most, so that the same outage is not heard
 * again; ten calm minutes take half of that back, and until it is gone the tier does not go down.
 *
 * A chunk here is 100 ms of audio: who sends shorter ones observes once every 100 ms. Pure: no clock, no
 * memory. One thread at a time for each state. */
#ifndef AURALIS_SERVER_TIER_H
#define AURALIS_SERVER_TIER_H

#include <stdbool.h>
#include <stdint.h>

enum tier { TIER_MINIMAL, TIER_NORMAL, TIER_STABLE, TIER_DEFENSIVE, TIERS };

const char *tier_name(int tier);      /* "minimal", …; NULL for anything else */
uint32_t tier_milliseconds(int tier); /* 500, 1000, 2000, 3000 */
int tier_find(const char *name);      /* −1 if there is none */

struct tier_state {
    int tier;
    double jitter_ms;              /* as RFC 3550 */
    double underrun_rate;          /* 0–1 */
    double late_mean, late_square; /* of the lateness, ms, exponentially weighted */
    double last_due, last_sent;
    uint64_t chunks;
    uint32_t calm;    /* good chunks on end */
    uint32_t settled; /* chunks since the tier last changed */
    uint32_t deeper;  /* ms beyond the tier's */
};

/* Starts at `tier`. */
void tier_begin(struct tier_state *state, int tier);

/* One chunk: when it was due and when it went out (or was reported to arrive), both in ms of any one clock,
 * and whether the listener's buffer was empty. True when the tier has changed. */
bool tier_observe(struct tier_state *state, double due_ms, double sent_ms, bool underrun);

/* What a listener measured itself (`report` of v2): its jitter counts when it is the greater one. */
bool tier_report(struct tier_state *state, double jitter_ms, uint32_t new_underruns);

/* The listener asked for a tier: taken, and the rule starts afresh from there. */
void tier_request(struct tier_state *state, int tier);

/* How far ahead to send, ms: the tier's depth, and what outages have shown to be missing. */
uint32_t tier_depth_ms(const struct tier_state *state);

/* The buffer was empty for `missing` ms because of its reader's line. True when it is deeper from now on. */
bool tier_deepen(struct tier_state *state, uint32_t missing);

/* What the measured lateness asks for: the larger of the tier's depth and mean + 2σ of the lateness, at most
 * 3,000 ms. */
uint32_t tier_target_ms(const struct tier_state *state);

#endif
