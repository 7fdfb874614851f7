/* mix.h — adding voices onto a stream's buses, and the original's soft clip. */
#ifndef AURALIS_KERNELS_MIX_H
#define AURALIS_KERNELS_MIX_H

#include "kernels/kernels.h"
#include "kernels/polynomials.h"

static void mix_rows(float *bus, const float *rows, const int32_t *to, const float *gain_l,
                     const float *gain_r, uint32_t count) {
    for (uint32_t r = 0; r < count; r++) {
        float *left = bus + to[r] * 2 * BLOCK, *right = left + BLOCK;
        vf l = vf_set(gain_l[r]), g = vf_set(gain_r[r]);
        for (int i = 0; i < BLOCK; i += LANES) {
            vf x = vf_load(rows + r * BLOCK + i);
            vf_store(left + i, vf_load(left + i) + x * l);
            vf_store(right + i, vf_load(right + i) + x * g);
        }
    }
}

/* out = tanh(0.7 x), interleaved. */
static void softclip(const float *direct, const float *wash, float *out) {
    float clipped[BLOCK * 2];
    for (int i = 0; i < BLOCK * 2; i += LANES)
        vf_store(clipped + i, tanh_lanes((vf_load(direct + i) + vf_load(wash + i)) * 0.7f));
    for (int i = 0; i < BLOCK; i++) {
        out[2 * i] = clipped[i];
        out[2 * i + 1] = clipped[BLOCK + i];
    }
}

#endif
