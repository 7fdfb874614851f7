/* gaps.h — digital silence inside sound: runs of exact zeros in both channels, at least a millisecond long,
 * with sound before and after them. One thread, no allocation. */
#ifndef AURALIS_MEASURE_GAPS_H
#define AURALIS_MEASURE_GAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GAPS_KEPT = 32 };

struct gaps {
    uint64_t count;  /* found so far */
    uint64_t frames; /* in all of them */
    struct gap {
        uint64_t frame, length;
    } gap[GAPS_KEPT];
    uint64_t at, zeros; /* frames seen; of them zero, at the end */
    uint32_t least;
    bool sounded;
};

void gaps_init(struct gaps *g, uint32_t sample_rate);
void gaps_add(struct gaps *g, const float *audio, size_t frames); /* interleaved stereo */

#endif
