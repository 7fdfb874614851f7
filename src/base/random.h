/* random.h — counter-based random numbers.
 *
 * A number is a hash of (seed, section, bar, purpose, index): nothing is drawn in order, so any bar of any
 * section can be composed without the ones before it. The mixing is SplitMix64's finaliser (Steele, Lea and
 * Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014), applied once for each coordinate. */
#ifndef AURALIS_BASE_RANDOM_H
#define AURALIS_BASE_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t key;   /* of (seed, section, bar, purpose) */
    uint64_t index; /* next number of this sequence */
};

static inline uint64_t random_mix(uint64_t z) {
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline struct random random_at(uint64_t seed, uint64_t section, uint64_t bar, uint64_t purpose) {
    uint64_t key = random_mix(seed);
    key = random_mix(key ^ section);
    key = random_mix(key ^ bar);
    key = random_mix(key ^ purpose);
    return (struct random){key, 0};
}

static inline uint64_t random_u64(struct random *r) {
    return random_mix(r->key ^ random_mix(r->index++));
}

/* Uniform in [0, 1), 53 bits. */
static inline double random_unit(struct random *r) {
    return (double)(random_u64(r) >> 11) * 0x1p-53;
}

/* Uniform in [low, high). */
static inline double random_range(struct random *r, double low, double high) {
    return low + (high - low) * random_unit(r);
}

/* Uniform integer in [0, n), n ≥ 1. */
static inline uint32_t random_below(struct random *r, uint32_t n) {
    return (uint32_t)(((random_u64(r) >> 32) * n) >> 32);
}

#endif
