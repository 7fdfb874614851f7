/* mix.h — adding voices onto a bus, and the original's soft clip. */
#ifndef AURALIS_KERNELS_MIX_H
#define AURALIS_KERNELS_MIX_H

#include "kernels/kernels.h"
#include "kernels/polynomials.h"

static void mix_rows(float *bus, const float *const *rows, uint32_t count) {
    for (int i = 0; i < BLOCK * 2; i += LANES) {
        vf sum = vf_load(bus + i);
        for (uint32_t r = 0; r < count; r++) sum += vf_load(rows[r] + i);
        vf_store(bus + i, sum);
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
