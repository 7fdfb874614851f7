/* effort.c — how hard Opus tries (see effort.h).
 *
 * A backlog that grows by g in a second is what comes of 1 / (1 − g) as much work as can be done: so much
 * cheaper the next rung has to be. While the backlog shrinks the rung is low enough. */
#include "server/effort.h"

#include "base/monotonic.h"

static const int64_t LATE = 60 * MONOTONIC_MS, EARLY = 30 * MONOTONIC_MS, CALM = 10 * MONOTONIC_SECOND;
enum { SURE = 970, SPARE = 950, FULL = 900 }; /* thousandths */

/* What libopus 1.3.1 takes of what it takes at 10, in hundredths (instructions, stereo music at 96 kb/s); 2
 * and 3 are as 4, 5 as 6, 8 and 9 as 10. */
static const struct rung {
    int complexity, cost;
} RUNGS[] = {{0, 32}, {1, 41}, {4, 47}, {6, 64}, {7, 79}, {10, 100}};
enum { TOP = sizeof RUNGS / sizeof *RUNGS - 1 };

void effort_begin(struct effort *e) {
    *e = (struct effort){.rung = TOP};
}

static void go_down(struct effort *e, int64_t span, int64_t growth) {
    int64_t left = growth < span ? span - growth : 0;
    int64_t most = RUNGS[e->rung].cost * left * SPARE;
    if (e->rung > 0) e->rung--;
    while (e->rung > 0 && RUNGS[e->rung].cost * span * 1000 > most) e->rung--;
}

void effort_look(struct effort *e, int64_t now, int64_t span, int64_t load, int64_t late) {
    int64_t growth = late - e->late;
    e->late = late;
    e->full = e->rung == 0 && (late > LATE ? growth >= 0 : load > FULL);
    if (late > LATE) {
        e->calm_from = now + CALM;
        if (growth >= 0) go_down(e, span, growth);
    } else if (late < EARLY && now >= e->calm_from && e->rung < TOP &&
               load * RUNGS[e->rung + 1].cost < SURE * RUNGS[e->rung].cost) {
        e->rung++;
        e->calm_from = now + MONOTONIC_SECOND;
    }
}

int effort_complexity(const struct effort *e) {
    return RUNGS[e->rung].complexity;
}
