/* frame_ring.h — stereo frames from one writing thread to its readers, without a lock.
 *
 * Two ways to read it. A *private* ring has one reader that consumes: the writer never passes its tail, and
 * both may work where the frames lie (frame_ring_place) instead of copying them. A *shared* ring has any
 * number of readers with cursors of their own: the writer never waits, and a reader that was too slow learns
 * that its frames have been overwritten. For that the writer claims frames before it overwrites them, and a
 * reader looks at the claim after it has copied (a sequence lock). A frame is one word (64 bits of floats, or
 * 32 where samples have 16), stored with release and loaded with acquire order, which costs nothing on x86
 * and makes the overwriting well defined. */
#ifndef AURALIS_STREAM_FRAME_RING_H
#define AURALIS_STREAM_FRAME_RING_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct frame_ring {
    uint32_t capacity; /* frames */
    bool narrow;       /* of int16_t instead of float */
    union {
        void *memory;
        _Atomic uint64_t *frames;
        _Atomic uint32_t *narrow_frames;
    };
    alignas(64) _Atomic uint64_t claimed; /* writer: frames ever begun */
    _Atomic uint64_t head;                /* writer: frames ever written */
    alignas(64) _Atomic uint64_t tail;    /* the private reader: frames ever consumed */
};

/* False without memory. All of it is touched at once: writing is not to be what maps it. */
static inline bool frame_ring_init(struct frame_ring *ring, uint32_t capacity, bool narrow) {
    size_t bytes = capacity * (narrow ? sizeof *ring->narrow_frames : sizeof *ring->frames);
    ring->capacity = capacity;
    ring->narrow = narrow;
    ring->memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (ring->memory) memset(ring->memory, 0, bytes);
    return ring->memory != NULL;
}

static inline void frame_ring_release(struct frame_ring *ring) {
    free(ring->memory);
}

static inline uint64_t frame_ring_head(const struct frame_ring *ring) {
    return atomic_load(&ring->head);
}

/* Frames that the private reader may take. */
static inline uint64_t frame_ring_filled(const struct frame_ring *ring) {
    return atomic_load(&ring->head) - atomic_load(&ring->tail);
}

static inline void frame_ring_put(struct frame_ring *ring, uint32_t at, const void *audio, uint32_t i) {
    if (ring->narrow) {
        uint32_t bits;
        memcpy(&bits, (const int16_t *)audio + 2 * i, sizeof bits);
        atomic_store_explicit(&ring->narrow_frames[at], bits, memory_order_release);
    } else {
        uint64_t bits;
        memcpy(&bits, (const float *)audio + 2 * i, sizeof bits);
        atomic_store_explicit(&ring->frames[at], bits, memory_order_release);
    }
}

static inline void frame_ring_get(const struct frame_ring *ring, uint32_t at, void *audio, uint32_t i) {
    if (ring->narrow) {
        uint32_t bits = atomic_load_explicit(&ring->narrow_frames[at], memory_order_acquire);
        memcpy((int16_t *)audio + 2 * i, &bits, sizeof bits);
    } else {
        uint64_t bits = atomic_load_explicit(&ring->frames[at], memory_order_acquire);
        memcpy((float *)audio + 2 * i, &bits, sizeof bits);
    }
}

/* Private: where `frames` frames from number `from` on lie in one piece; NULL: some lie at the other end. The
 * writer may fill what comes after the head, the reader read what lies between tail and head. */
static inline void *frame_ring_place(const struct frame_ring *ring, uint64_t from, uint32_t frames) {
    uint32_t at = (uint32_t)(from % ring->capacity);
    size_t size = ring->narrow ? sizeof *ring->narrow_frames : sizeof *ring->frames;
    return frames <= ring->capacity - at ? (unsigned char *)ring->memory + at * size : NULL;
}

/* The writer of a private ring: the next frames lie in their place. */
static inline void frame_ring_publish(struct frame_ring *ring, uint32_t frames) {
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed) + frames;
    atomic_store_explicit(&ring->claimed, head, memory_order_relaxed);
    atomic_store(&ring->head, head);
}

/* Writer: appends interleaved frames. A private ring's writer has made sure that there is room. */
static inline void frame_ring_write(struct frame_ring *ring, const void *audio, uint32_t frames) {
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    atomic_store_explicit(&ring->claimed, head + frames, memory_order_relaxed);
    uint32_t at = (uint32_t)(head % ring->capacity);
    for (uint32_t i = 0; i < frames; i++, at = at + 1 == ring->capacity ? 0 : at + 1)
        frame_ring_put(ring, at, audio, i);
    atomic_store(&ring->head, head + frames);
}

/* Any reader: copies frames [from, from + frames), or fails: not written yet, or overwritten. */
static inline bool frame_ring_copy(const struct frame_ring *ring, uint64_t from, void *audio,
                                   uint32_t frames) {
    if (from + frames > atomic_load(&ring->head)) return false;
    uint32_t at = (uint32_t)(from % ring->capacity);
    for (uint32_t i = 0; i < frames; i++, at = at + 1 == ring->capacity ? 0 : at + 1)
        frame_ring_get(ring, at, audio, i);
    return from + ring->capacity >= atomic_load(&ring->claimed);
}

/* The private reader: lets go of frames. */
static inline void frame_ring_consume(struct frame_ring *ring, uint64_t frames) {
    atomic_fetch_add(&ring->tail, frames);
}

#endif
