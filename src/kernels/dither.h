/* dither.h — float samples to 16 bits with triangular dither, in lanes.
 *
 * The noise is the difference of two uniform numbers, ±1 step, which makes the error's mean and variance
 * independent of the signal (Lipshitz, Wannamaker and Vanderkooy, "Quantization and dither: a theoretical
 * survey", JAES 1992): the two halves of a hash of the sample's number. Exact silence stays silence; what is
 * not a number becomes it. */
#ifndef AURALIS_KERNELS_DITHER_H
#define AURALIS_KERNELS_DITHER_H

#include "kernels/noise.h"

KERNEL vi dither_lanes(vf x, vu counter) {
    vi hash = vi_from_u(noise_hash(counter)), size = vi_bits(x) & 0x7fffffff;
    vi sounds = vi_lt(vi_set(0), size) & vi_le(size, vi_set(0x7f800000));
    vf triangle = vf_from_i(vi_sub((hash >> 16) & 0xffff, hash & 0xffff)) * 0x1p-16f;
    vf y = vf_clamp(x * 32768.0f + triangle, -32768.0f, 32767.0f);
    return vi_sub(vi_bits(y + 12582912.0f), vi_set(0x4b400000)) &
           sounds; /* 1.5 × 2^23: rounds to the nearest */
}

#if !KERNEL_ITEMS
static void dither(int16_t *out, const float *in, uint32_t samples, uint32_t key, uint32_t first) {
    vu counter = (vu_set(first) + vu_from_i(vi_ramp())) * 0x9e3779b9u + key;
    uint32_t done = 0, left = samples % LANES;
    for (; done < samples - left; done += LANES) {
        vi_store_short(out + done, dither_lanes(vf_load(in + done), counter));
        counter += 0x9e3779b9u * (uint32_t)LANES;
    }
    if (!left) return;
    float some[LANES] = {0};
    int16_t whole[LANES];
    __builtin_memcpy(some, in + done, left * sizeof *in);
    vi_store_short(whole, dither_lanes(vf_load(some), counter));
    __builtin_memcpy(out + done, whole, left * sizeof *out);
}
#endif

#endif
