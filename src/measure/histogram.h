/* histogram.h — counts in fixed buckets, safe to feed from many threads at once.
 *
 * Feeding is two relaxed atomic additions: real-time safe. A reader sees counts that may lag behind each
 * other by a few, never lost ones. */
#ifndef AURALIS_MEASURE_HISTOGRAM_H
#define AURALIS_MEASURE_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 24 };

/* Set `bounds` and `bound_count`, the rest zero. */
struct histogram {
    const double *bounds; /* upper bounds, ascending, static storage; the bucket beyond the last has none */
    uint32_t bound_count; /* at most HISTOGRAM_BUCKETS − 1 */
    _Atomic uint64_t count[HISTOGRAM_BUCKETS];
    _Atomic uint64_t sum_nano; /* of the values × 10⁹ */
};

/* Adds a value ≥ 0 (below 0 and NaN count as 0). */
void histogram_add(struct histogram *h, double value);
uint64_t histogram_count(const struct histogram *h);
double histogram_sum(const struct histogram *h);
/* The value that a share `q` (0–1) of the counts does not exceed, interpolated within its bucket; 0 when
 * empty. */
double histogram_quantile(const struct histogram *h, double q);

#endif
