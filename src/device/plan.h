/* plan.h — in what shape a call's streams go to a GPU, chosen by measurement.
 *
 * A call is cut into parts that overlap, launches are single or replayed as graphs, a batch takes all blocks
 * or few: what is best depends on the GPU, its host and how many streams there are, and no choice changes a
 * sample. So every plan is tried with some numbers of streams before the first call (synth/trials.h); a call
 * takes what was quickest with the nearest number, by powers of two. A file keeps the choice for the next
 * start. Not safe for two threads. */
#ifndef AURALIS_DEVICE_PLAN_H
#define AURALIS_DEVICE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan {
    uint32_t parts;  /* 1 … */
    bool graphs;     /* replay batches that are alike */
    uint32_t blocks; /* of a batch, at most */
};

/* What the user fixed; zeros are chosen by measurement. */
struct plan_wish {
    uint32_t parts, blocks;
    enum { GRAPHS_MEASURED, GRAPHS_OFF, GRAPHS_ON } graphs;
    bool no_trials; /* nothing is measured, nor what was measured looked up: the first plan */
};

enum { PLANS = 12, PLAN_SIZES = 17 };

struct plans {
    struct plan plan[PLANS]; /* that are possible with the wish */
    int count;
    int best[PLAN_SIZES]; /* number of a plan, negative: not measured; with 1, 2, 4 … streams */
    bool no_trials;
    uint32_t mark; /* of the possible plans, in the file's name */
};

/* `parts`: how many overlap at most. `path`: the file, "" for none; one that does not fit is no matter. */
void plans_begin(struct plans *plans, const struct plan_wish *wish, uint32_t parts, const char *path);
void plans_keep(const struct plans *plans, const char *path);

/* There is something to choose and nothing was measured. */
bool plans_open(const struct plans *plans);

/* The plan for a call with so many streams; the first one where nothing was measured. */
const struct plan *plans_choose(const struct plans *plans, uint32_t streams);

/* How long a call with so many streams took with each of the possible plans. */
void plans_measured(struct plans *plans, uint32_t streams, const double *seconds);

/* Reads "parts=2,graphs=off,blocks=15,trials=off", any of them; false: something else. */
bool plan_wish_read(const char *text, struct plan_wish *out);

#endif
