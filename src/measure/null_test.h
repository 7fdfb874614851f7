/* null_test.h — what is left when one recording is taken from another. They are aligned as they are; the
 * shorter one continues in silence. One thread. */
#ifndef AURALIS_MEASURE_NULL_TEST_H
#define AURALIS_MEASURE_NULL_TEST_H

#include <stddef.h>
#include <stdint.h>

struct null_test; /* opaque */

struct null_reading {
    uint64_t frames;    /* of the longer */
    uint64_t differing; /* samples (of both channels) that differ */
    uint64_t first;     /* frame of the first; UINT64_MAX: none */
    double peak, rms;   /* of the difference, dBFS; −INFINITY if there is none */
    double relative;    /* RMS of the difference to that of the first recording, dB */
    double spectral;    /* distance in dB: see null_test.c */
};

struct null_test *null_test_new(uint32_t sample_rate); /* NULL if there is no memory */
void null_test_add(struct null_test *n, const float *a, const float *b,
                   size_t frames); /* interleaved stereo */
void null_test_finish(struct null_test *n, struct null_reading *out);
void null_test_free(struct null_test *n); /* NULL is fine */

#endif
