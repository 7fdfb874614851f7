/* levels.h — the plain figures of stereo audio: peak, DC, power, correlation, what is not a number.
 *
 * A levels is filled by levels_add and may be read at any time. One thread, no allocation. */
#ifndef AURALIS_MEASURE_LEVELS_H
#define AURALIS_MEASURE_LEVELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct levels {
    uint64_t frames;
    uint64_t not_finite;  /* samples that are infinite or not a number; left out of everything else */
    uint64_t denormal;    /* samples that are neither zero nor normal */
    double peak;          /* largest magnitude */
    double sum[2];        /* of samples, left and right */
    double square[2];     /* of their squares */
    double product;       /* of left × right */
    double difference;    /* of (left − right)² */
    double window_sum[2]; /* of the current ten seconds … */
    uint64_t window, window_frames;
    double window_dc; /* … and the largest mean, in magnitude, of any finished ten seconds */
};

void levels_init(struct levels *l, uint32_t sample_rate);
void levels_add(struct levels *l, const float *audio, size_t frames); /* interleaved stereo */

/* The larger mean of the two channels, in magnitude, over everything and over any ten seconds: DC. */
double levels_dc(const struct levels *l);

/* Correlation of left and right, −1 … +1; 0 where one of them is silent. */
double levels_correlation(const struct levels *l);

/* Power of the difference of the channels in relation to that of both: 0 for mono. */
double levels_width(const struct levels *l);

/* Root mean square over both channels. */
double levels_rms(const struct levels *l);

/* 20 log10 x, −200 at most quiet. */
double levels_db(double x);

#endif
