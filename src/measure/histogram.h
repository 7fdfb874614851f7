/* histogram.h — how long things took: counts in buckets of equal ratio, written by one thread and read by
 * any.
 *
 * Eight buckets an octave from 1 µs to 17 s, so a percentile is right to within 9 %. Fixed size, no lock: the
 * counts are atomics, and a reader may see an addition half a moment early or late, never a wrong number
 * later. */
#ifndef AURALIS_MEASURE_HISTOGRAM_H
#define AURALIS_MEASURE_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

enum { HISTOGRAM_STEPS = 8, HISTOGRAM_OCTAVES = 24, HISTOGRAM_BUCKETS = HISTOGRAM_STEPS * HISTOGRAM_OCTAVES };

struct histogram {
    _Atomic uint64_t count[HISTOGRAM_BUCKETS];
    _Atomic uint64_t total; /* of the counts */
    _Atomic uint64_t sum;   /* nanoseconds */
};

/* Adds `times` events of `ns` each. */
void histogram_add(struct histogram *h, int64_t ns, uint64_t times);

/* Adds everything counted in `from` to `to`. */
void histogram_merge(struct histogram *to, const struct histogram *from);

/* Seconds below which the share `p` (0–1) of the events lies; 0 if there were none. */
double histogram_percentile(const struct histogram *h, double p);

/* Mean in seconds; 0 if there were none. */
double histogram_mean(const struct histogram *h);

/* Events of at most `seconds` (the bucket that holds it counts whole). */
uint64_t histogram_below(const struct histogram *h, double seconds);

#endif
