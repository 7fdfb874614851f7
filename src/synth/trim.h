/* trim.h — the loudness gain of a stream over time.
 *
 * Over a stretch of 32 bars the gain moves in a straight line from the stretch's own (synth/loudness.h) to
 * the next one's. The one after that is worked out meanwhile, a bar a block. After a change of parameters
 * both are worked out anew, a bar a block, and then the gain settles on the new line within two seconds. */
#ifndef AURALIS_SYNTH_TRIM_H
#define AURALIS_SYNTH_TRIM_H

#include "synth/glide.h"
#include "synth/loudness.h"

struct trim {
    uint64_t stretch;
    double from, to;           /* gains at the start of this stretch and of the next */
    struct loudness_scan scan; /* of the stretch after the next; or, after a change, … */
    int anew;                  /* … 2: of this one, 1: of the next */
    double fresh;              /* this stretch's new gain, while the next one's is worked out */
    double before;             /* the gain when the new line was known, … */
    struct glide settle;       /* … and how much of the new line counts: 0 … 1 */
};

/* Works out all that is needed at once: some milliseconds. */
void trim_init(struct trim *trim, uint64_t seed, const auralis_parameters *p, uint64_t stretch);

/* The stream has come to a bar of `stretch`. */
void trim_enter(struct trim *trim, uint64_t stretch);

/* Parameters have changed. */
void trim_change(struct trim *trim, uint64_t seed, const auralis_parameters *p);

/* Does a bar's worth of the work that is open. `part` (0–1) says how much of the stretch has passed. */
void trim_step(struct trim *trim, double part, uint64_t frame, uint32_t rate);

/* The gain. */
double trim_gain(const struct trim *trim, double part, uint64_t frame);

#endif
