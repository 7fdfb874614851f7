/* load_meter.h — which part of a render thread's time its streams take, and what one more would add.
 *
 * The cost of a stream is the time that rendering took in the last second over the sound that came of it, so
 * it is right however many came and went meanwhile; the load is that cost for everybody who is here now. Who
 * has gone is no load any more, and who has just come is. Below a few streams a cost says little, since lanes
 * are half empty: then only what was measured counts. The thread that renders notes and measures; any thread
 * may ask. */
#ifndef AURALIS_STREAM_LOAD_METER_H
#define AURALIS_STREAM_LOAD_METER_H

#include "base/monotonic.h"

#include <stdatomic.h>

enum { LOAD_METER_SURE = 8 }; /* streams whose cost is believed */

/* Zero-initialise. */
struct load_meter {
    int64_t busy, played, since;   /* ns of rendering, ns of sound of all streams, since when */
    _Atomic uint32_t use, streams; /* thousandths: of the last second, rendering; mean of streams in it */
};

static inline void load_meter_note(struct load_meter *m, int64_t took, int64_t played) {
    m->busy += took;
    m->played += played;
}

/* Takes what was noted as the last second's, once it has passed; the time that it covers, or 0. */
static inline int64_t load_meter_measure(struct load_meter *m, int64_t now) {
    int64_t passed = now - m->since;
    if (passed < MONOTONIC_SECOND) return 0;
    atomic_store(&m->use, (uint32_t)(m->busy * 1000 / passed));
    atomic_store(&m->streams, (uint32_t)(m->played * 1000 / passed));
    m->busy = m->played = 0;
    m->since = now;
    return passed;
}

/* The share of its time, 0–1 or above, that a thread with so many streams takes. */
static inline double load_meter_load(const struct load_meter *m, uint32_t streams) {
    double use = atomic_load(&m->use) * 1e-3, measured = atomic_load(&m->streams) * 1e-3;
    return measured >= LOAD_METER_SURE ? use / measured * streams : use;
}

#endif
