/* tier.c — how far ahead of the clock a listener's buffer is kept (see tier.h). */
#include "server/tier.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    uint32_t milliseconds;
} TABLE[TIERS] = {[TIER_MINIMAL] = {"minimal", 500},
                  [TIER_NORMAL] = {"normal", 1000},
                  [TIER_STABLE] = {"stable", 2000},
                  [TIER_DEFENSIVE] = {"defensive", 3000}};

static const double UP_RATE = 0.05, UP_JITTER = 30, DOWN_RATE = 0.01, DOWN_JITTER = 15;
static const double FORGET = 1.0 / 50; /* of the underrun rate and the lateness, a chunk */
enum {
    CALM = 50,    /* good chunks before a step down */
    SETTLE = 20,  /* chunks that a new tier is given to work before the next step up */
    QUIET = 6000, /* good chunks before half of what was added to the deepest tier goes */
    DEEPEST = 10000,
    LEAST = 250, /* ms: of all; of what is added */
};

const char *tier_name(int tier) {
    return tier >= 0 && tier < TIERS ? TABLE[tier].name : NULL;
}

uint32_t tier_milliseconds(int tier) {
    return TABLE[tier].milliseconds;
}

int tier_find(const char *name) {
    for (int i = 0; i < TIERS; i++)
        if (!strcmp(TABLE[i].name, name)) return i;
    return -1;
}

void tier_begin(struct tier_state *s, int tier) {
    *s = (struct tier_state){.tier = tier, .settled = SETTLE};
}

void tier_request(struct tier_state *s, int tier) {
    s->tier = tier;
    s->deeper = 0;
    s->calm = s->settled = 0;
    s->underrun_rate = 0;
}

uint32_t tier_depth_ms(const struct tier_state *s) {
    return TABLE[s->tier].milliseconds + s->deeper;
}

bool tier_deepen(struct tier_state *s, uint32_t missing) {
    uint32_t before = s->deeper, most = DEEPEST - TABLE[TIER_DEFENSIVE].milliseconds;
    if (s->tier < TIER_DEFENSIVE) return false;
    missing = missing < most ? missing + missing / 4 : most;
    missing = missing < LEAST ? LEAST : missing;
    s->deeper = before + missing < most ? before + missing : most;
    s->calm = 0;
    return s->deeper > before;
}

static bool shallower(struct tier_state *s) {
    if (s->calm < QUIET) return false;
    s->calm = 0;
    s->deeper = s->deeper / 2 < LEAST ? 0 : s->deeper / 2;
    return true;
}

/* One step up or down when the rule says so. */
static bool decide(struct tier_state *s) {
    bool bad = s->underrun_rate > UP_RATE || s->jitter_ms > UP_JITTER;
    if (bad && s->tier + 1 < TIERS && s->settled >= SETTLE)
        tier_request(s, s->tier + 1);
    else if (s->deeper)
        return shallower(s);
    else if (s->calm >= CALM && s->tier > 0)
        tier_request(s, s->tier - 1);
    else
        return false;
    return true;
}

static void count_underrun(struct tier_state *s, bool underrun) {
    s->underrun_rate += ((underrun ? 1 : 0) - s->underrun_rate) * FORGET;
}

static bool good(const struct tier_state *s) {
    return s->underrun_rate < DOWN_RATE && s->jitter_ms < DOWN_JITTER;
}

bool tier_observe(struct tier_state *s, double due_ms, double sent_ms, bool underrun) {
    double late = sent_ms - due_ms;
    if (s->chunks++) {
        double difference = fabs((sent_ms - s->last_sent) - (due_ms - s->last_due));
        s->jitter_ms += (difference - s->jitter_ms) / 16; /* RFC 3550 §6.4.1 */
    }
    s->last_due = due_ms;
    s->last_sent = sent_ms;
    late = late > 0 ? late : 0;
    s->late_mean += (late - s->late_mean) * FORGET;
    s->late_square += (late * late - s->late_square) * FORGET;
    count_underrun(s, underrun);
    s->calm = good(s) ? s->calm + 1 : 0;
    if (s->settled < SETTLE) s->settled++;
    return decide(s);
}

bool tier_report(struct tier_state *s, double jitter_ms, uint32_t new_underruns) {
    if (jitter_ms > s->jitter_ms) s->jitter_ms = jitter_ms < 1000 ? jitter_ms : 1000;
    for (uint32_t i = 0; i < new_underruns && i < CALM; i++) count_underrun(s, true);
    if (!good(s)) s->calm = 0;
    return decide(s);
}

uint32_t tier_target_ms(const struct tier_state *s) {
    double variance = s->late_square - s->late_mean * s->late_mean;
    double wanted = s->late_mean + 2 * sqrt(variance > 0 ? variance : 0);
    uint32_t least = TABLE[s->tier].milliseconds, most = TABLE[TIER_DEFENSIVE].milliseconds;
    return wanted >= most ? most : wanted > least ? (uint32_t)wanted : least;
}
