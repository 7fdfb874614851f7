/* noise.h — white noise into a filter.
 *
 * The noise is counter-based: sample n of a voice is a hash of its seed and n (the finaliser of MurmurHash3,
 * A. Appleby), so it needs no state and can be evaluated along time. */
#ifndef AURALIS_KERNELS_NOISE_H
#define AURALIS_KERNELS_NOISE_H

#include "kernels/voices.h"

KERNEL vu noise_hash(vu x) {
    x ^= x >> 16;
    x *= 0x85ebca6bu;
    x ^= x >> 13;
    x *= 0xc2b2ae35u;
    x ^= x >> 16;
    return x;
}

static void noise_wave(const struct voice_run *run, uint32_t v) {
    uint32_t seed = *WORD(run, NOISE_SEED, v), age = *WORD(run, VOICE_AGE, v);
    float weight = as_float(*WORD(run, NOISE_WEIGHT, v));
    vu counter = vu_set(age * 0x9e3779b9u + seed) + vu_from_i(vi_ramp()) * 0x9e3779b9u;
    for (int i = 0; i < BLOCK; i += LANES) {
        vf_store(run->rows + v * VOICE_ROW + i,
                 vf_from_i(vi_from_u(noise_hash(counter))) * (weight * 0x1p-31f));
        counter += 0x9e3779b9u * (uint32_t)LANES;
    }
}

static void noise_voices(const struct voice_run *run) {
    for (uint32_t v = 0; v < run->count; v++)
        if (*WORD(run, VOICE_RUN, v)) noise_wave(run, v);
    voices(run, (struct voice_parts){-1, 1, 1}, 0, 0);
}

#endif
