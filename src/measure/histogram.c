/* histogram.c — how long things took (see histogram.h).
 *
 * A bucket's number is read off the bits of the number of nanoseconds: the octave from the highest bit set,
 * the step from the three bits below it. */
#include "measure/histogram.h"

enum { FIRST_OCTAVE = 10 }; /* 2^10 ns: about a microsecond */

static unsigned bucket_of(uint64_t ns) {
    if (ns < UINT64_C(1) << FIRST_OCTAVE) return 0;
    unsigned octave = 63 - (unsigned)__builtin_clzll(ns);
    unsigned step = (unsigned)(ns >> (octave - 3)) & (HISTOGRAM_STEPS - 1);
    unsigned bucket = (octave - FIRST_OCTAVE) * HISTOGRAM_STEPS + step;
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* Upper end of a bucket in seconds. */
static double bucket_end(unsigned bucket) {
    uint64_t octave = UINT64_C(1) << (bucket / HISTOGRAM_STEPS + FIRST_OCTAVE);
    return (double)(octave + octave / HISTOGRAM_STEPS * (bucket % HISTOGRAM_STEPS + 1)) * 1e-9;
}

void histogram_add(struct histogram *h, int64_t ns, uint64_t times) {
    uint64_t t = ns > 0 ? (uint64_t)ns : 0;
    atomic_fetch_add_explicit(&h->count[bucket_of(t)], times, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->total, times, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->sum, t * times, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *value) {
    return atomic_load_explicit(value, memory_order_relaxed);
}

void histogram_merge(struct histogram *to, const struct histogram *from) {
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        atomic_fetch_add_explicit(&to->count[i], get(&from->count[i]), memory_order_relaxed);
    atomic_fetch_add_explicit(&to->total, get(&from->total), memory_order_relaxed);
    atomic_fetch_add_explicit(&to->sum, get(&from->sum), memory_order_relaxed);
}

double histogram_percentile(const struct histogram *h, double p) {
    double wanted = p * (double)get(&h->total), seen = 0;
    if (get(&h->total) == 0) return 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += (double)get(&h->count[i]);
        if (seen >= wanted && seen > 0) return bucket_end(i);
    }
    return bucket_end(HISTOGRAM_BUCKETS - 1);
}

double histogram_mean(const struct histogram *h) {
    uint64_t total = get(&h->total);
    return total ? (double)get(&h->sum) / (double)total * 1e-9 : 0;
}

uint64_t histogram_below(const struct histogram *h, double seconds) {
    uint64_t seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS && (i == 0 || bucket_end(i - 1) < seconds); i++)
        seen += get(&h->count[i]);
    return seen;
}
