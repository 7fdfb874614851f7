/* part_ring.h — finished parts of a stream (packets, pages, groups of frames) from one writing thread to any
 * number of readers, without a lock.
 *
 * The writer never waits; every reader has a cursor of its own, a part's number, and learns when that part
 * has been overwritten. As in frame_ring.h the writer claims room before it overwrites, a reader looks at the
 * claim after it has copied, and bytes travel as 64-bit words that are stored with release and loaded with
 * acquire order. Parts have numbers that rise by one and begin where the maker says. */
#ifndef AURALIS_STREAM_PART_RING_H
#define AURALIS_STREAM_PART_RING_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct part {
    uint64_t number;
    uint64_t frame; /* of the stream: the part's first one */
    uint32_t frames, size;
};

struct part_slot {
    _Atomic uint64_t at, frame, shape; /* place in `words`; frames << 32 | size */
};

struct part_ring {
    uint64_t first;           /* number of the first part ever */
    uint32_t slots, capacity; /* parts; words */
    struct part_slot *slot;
    _Atomic uint64_t *words;
    alignas(64) _Atomic uint64_t claimed; /* words ever begun */
    _Atomic uint64_t begun;               /* parts ever begun */
    _Atomic uint64_t head;                /* parts ever written */
    _Atomic uint64_t oldest;              /* that is safe to ask for */
};

enum { PART_READ, PART_AHEAD, PART_GONE };

static inline uint32_t part_words(uint32_t size) {
    return (size + 7) / 8;
}

/* For parts that make up `slots` and `bytes` while they are to be kept; a third more is held as the time in
 * which a reader finishes. False without memory. */
static inline bool part_ring_init(struct part_ring *r, uint64_t first, uint32_t slots, size_t bytes) {
    r->first = first;
    r->slots = slots + slots / 3 + 2;
    r->capacity = (uint32_t)((bytes + bytes / 3) / 8) + slots;
    r->slot = calloc(r->slots, sizeof *r->slot);
    r->words = calloc(r->capacity, sizeof *r->words);
    return r->slot && r->words;
}

static inline void part_ring_release(struct part_ring *r) {
    free(r->slot);
    free(r->words);
}

/* Number of the next part to be written; of the oldest that is safe to ask for. */
static inline uint64_t part_ring_head(const struct part_ring *r) {
    return r->first + atomic_load(&r->head);
}
static inline uint64_t part_ring_oldest(const struct part_ring *r) {
    return r->first + atomic_load(&r->oldest);
}

/* Lets go of what is too old to be safe: a quarter of the ring lies between it and the writer. */
static inline void part_ring_age(struct part_ring *r, uint64_t head, uint64_t claimed) {
    uint64_t oldest = atomic_load_explicit(&r->oldest, memory_order_relaxed);
    while (oldest < head &&
           (head - oldest > r->slots - r->slots / 4 ||
            claimed - atomic_load_explicit(&r->slot[oldest % r->slots].at, memory_order_relaxed) >
                r->capacity - r->capacity / 4))
        oldest++;
    atomic_store(&r->oldest, oldest);
}

/* Writer: appends a part; one larger than a quarter of the ring is cut to nothing. */
static inline void part_ring_write(struct part_ring *r, uint64_t frame, uint32_t frames, const void *bytes,
                                   uint32_t size) {
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    uint64_t at = atomic_load_explicit(&r->claimed, memory_order_relaxed);
    if (part_words(size) > r->capacity / 4) size = 0;
    atomic_store(&r->claimed, at + part_words(size));
    atomic_store(&r->begun, head + 1);
    for (uint32_t i = 0; i < part_words(size); i++) {
        uint64_t word = 0;
        uint32_t left = size - 8 * i;
        memcpy(&word, (const unsigned char *)bytes + 8 * (size_t)i, left < 8 ? left : 8);
        atomic_store_explicit(&r->words[(at + i) % r->capacity], word, memory_order_release);
    }
    struct part_slot *slot = &r->slot[head % r->slots];
    atomic_store_explicit(&slot->at, at, memory_order_release);
    atomic_store_explicit(&slot->frame, frame, memory_order_release);
    atomic_store_explicit(&slot->shape, (uint64_t)frames << 32 | size, memory_order_release);
    part_ring_age(r, head + 1, at + part_words(size));
    atomic_store(&r->head, head + 1);
}

static inline int part_ring_look_at(const struct part_ring *r, uint64_t number, struct part *out,
                                    uint64_t *at) {
    uint64_t index = number - r->first;
    *out = (struct part){.number = number};
    if (number < r->first) return PART_GONE;
    if (index >= atomic_load(&r->head)) return PART_AHEAD;
    const struct part_slot *slot = &r->slot[index % r->slots];
    *at = atomic_load_explicit(&slot->at, memory_order_acquire);
    out->frame = atomic_load_explicit(&slot->frame, memory_order_acquire);
    uint64_t shape = atomic_load_explicit(&slot->shape, memory_order_acquire);
    out->frames = (uint32_t)(shape >> 32);
    out->size = (uint32_t)shape;
    return index + r->slots >= atomic_load(&r->begun) ? PART_READ : PART_GONE;
}

/* Any reader: what a part is, without its bytes. PART_READ, PART_AHEAD (not written yet) or PART_GONE. */
static inline int part_ring_look(const struct part_ring *r, uint64_t number, struct part *out) {
    uint64_t at;
    return part_ring_look_at(r, number, out, &at);
}

/* Any reader: copies a part into bytes[room], rounded up to eight; PART_GONE also when there is no room. */
static inline int part_ring_read(const struct part_ring *r, uint64_t number, struct part *out,
                                 unsigned char *bytes, size_t room) {
    uint64_t at;
    int found = part_ring_look_at(r, number, out, &at);
    if (found != PART_READ) return found;
    if ((size_t)part_words(out->size) * 8 > room) return PART_GONE;
    for (uint32_t i = 0; i < part_words(out->size); i++) {
        uint64_t word = atomic_load_explicit(&r->words[(at + i) % r->capacity], memory_order_acquire);
        memcpy(bytes + 8 * (size_t)i, &word, sizeof word);
    }
    return at + r->capacity >= atomic_load(&r->claimed) ? PART_READ : PART_GONE;
}

#endif
