/* mix.h — adding voices onto a stream's buses, and the original's soft clip. */
#ifndef AURALIS_KERNELS_MIX_H
#define AURALIS_KERNELS_MIX_H

#include "kernels/kernels.h"
#include "kernels/polynomials.h"

/* The left-to-right sum is kept in registers over neighbouring rows of the same bus. */
static void mix_rows(float *bus, const float *rows, const int32_t *to, const float *gain_l,
                     const float *gain_r, uint32_t count) {
    for (uint32_t first = 0, end; first < count; first = end) {
        float *left = bus + to[first] * 2 * BLOCK, *right = left + BLOCK;
        for (end = first + 1; end < count && to[end] == to[first];) end++;
        for (int i = 0; i < BLOCK; i += LANES) {
            vf l = vf_load(left + i), r = vf_load(right + i);
            for (uint32_t n = first; n < end; n++) {
                vf x = vf_load(rows + n * VOICE_ROW + i);
                l += x * gain_l[n];
                r += x * gain_r[n];
            }
            vf_store(left + i, l);
            vf_store(right + i, r);
        }
    }
}

/* The same with gains on the move. */
static void mix_ramp_rows(float *bus, const float *rows, const int32_t *to, const float *from_l,
                          const float *from_r, const float *gain_l, const float *gain_r, uint32_t count) {
    for (uint32_t n = 0; n < count; n++) {
        float *left = bus + to[n] * 2 * BLOCK, *right = left + BLOCK;
        float step_l = (gain_l[n] - from_l[n]) * (1.0f / BLOCK),
              step_r = (gain_r[n] - from_r[n]) * (1.0f / BLOCK);
        for (int i = 0; i < BLOCK; i += LANES) {
            vf x = vf_load(rows + n * VOICE_ROW + i), t = vf_ramp() + (float)i;
            vf_store(left + i, vf_load(left + i) + x * (from_l[n] + t * step_l));
            vf_store(right + i, vf_load(right + i) + x * (from_r[n] + t * step_r));
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
