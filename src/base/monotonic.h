/* monotonic.h — the clock that everything live is paced by.
 *
 * CLOCK_MONOTONIC in nanoseconds. Whoever paces something keeps absolute deadlines computed from one origin
 * and a frame count, never a sum of sleeps, so that rounding and late wake-ups cannot add up to drift. */
#ifndef AURALIS_BASE_MONOTONIC_H
#define AURALIS_BASE_MONOTONIC_H

#include <stdint.h>
#include <time.h>

#define MONOTONIC_SECOND INT64_C(1000000000)
#define MONOTONIC_MS INT64_C(1000000)

static inline int64_t monotonic_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * MONOTONIC_SECOND + t.tv_nsec;
}

/* How long `frames` frames last; exact to a nanosecond for centuries. */
static inline int64_t monotonic_span(uint64_t frames, uint32_t rate) {
    uint64_t seconds = frames / rate, rest = frames % rate;
    return (int64_t)(seconds * (uint64_t)MONOTONIC_SECOND + rest * (uint64_t)MONOTONIC_SECOND / rate);
}

/* How many whole frames begin within `ns` ≥ 0. */
static inline uint64_t monotonic_frames(int64_t ns, uint32_t rate) {
    uint64_t t = (uint64_t)ns;
    return t / (uint64_t)MONOTONIC_SECOND * rate +
           t % (uint64_t)MONOTONIC_SECOND * rate / (uint64_t)MONOTONIC_SECOND;
}

#endif
