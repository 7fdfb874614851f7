/* snapshot.h — a small struct that one thread publishes and any thread may read, without a lock.
 *
 * A sequence lock: the count is odd while the writer is at work, and a reader whose count changed meanwhile
 * reads again. The words are atomic, so a torn copy is discarded rather than undefined. For structs of at
 * most SNAPSHOT_BYTES. */
#ifndef AURALIS_STREAM_SNAPSHOT_H
#define AURALIS_STREAM_SNAPSHOT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SNAPSHOT_BYTES = 256, SNAPSHOT_WORDS = SNAPSHOT_BYTES / 8 };

struct snapshot {
    _Atomic uint32_t sequence;
    _Atomic uint64_t words[SNAPSHOT_WORDS];
};

/* The one writer. */
static inline void snapshot_publish(struct snapshot *cell, const void *value, size_t size) {
    uint64_t copy[SNAPSHOT_WORDS] = {0};
    memcpy(copy, value, size);
    uint32_t sequence = atomic_load_explicit(&cell->sequence, memory_order_relaxed);
    atomic_store_explicit(&cell->sequence, sequence + 1, memory_order_relaxed);
    for (size_t i = 0; i < (size + 7) / 8; i++)
        atomic_store_explicit(&cell->words[i], copy[i], memory_order_release);
    atomic_store_explicit(&cell->sequence, sequence + 2, memory_order_release);
}

static inline void snapshot_read(const struct snapshot *cell, void *value, size_t size) {
    uint64_t copy[SNAPSHOT_WORDS];
    uint32_t before, after;
    do {
        before = atomic_load_explicit(&cell->sequence, memory_order_acquire);
        for (size_t i = 0; i < (size + 7) / 8; i++)
            copy[i] = atomic_load_explicit(&cell->words[i], memory_order_acquire);
        after = atomic_load_explicit(&cell->sequence, memory_order_relaxed);
    } while (before != after || (before & 1));
    memcpy(value, copy, size);
}

#endif
