/* correlation.h — how alike left and right are, second by second. One thread, no allocation. */
#ifndef AURALIS_MEASURE_CORRELATION_H
#define AURALIS_MEASURE_CORRELATION_H

#include <stddef.h>
#include <stdint.h>

struct correlation {
    uint32_t second, filled;          /* frames of one; of the current */
    double left, right, product;      /* sums of the current second */
    double lowest;                    /* of any second with sound above −70 dB; 1 so far */
    uint64_t below, longest, seconds; /* seconds below 0: at the end, and the longest run; with sound */
};

void correlation_init(struct correlation *c, uint32_t sample_rate);
void correlation_add(struct correlation *c, const float *audio, size_t frames); /* interleaved stereo */

#endif
