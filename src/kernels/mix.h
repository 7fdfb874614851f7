/* mix.h — adding voices onto a stream's buses, and the original's soft clip. */
#ifndef AURALIS_KERNELS_MIX_H
#define AURALIS_KERNELS_MIX_H

#include "kernels/kernels.h"
#include "kernels/polynomials.h"

#if !KERNEL_ITEMS
/* The left-to-right sum is kept in registers over neighbouring rows of the same bus; several stretches of
 * time side by side, since each sum waits for the one before. */
static void mix_rows(float *bus, const float *rows, const int32_t *to, const float *gain_l,
                     const float *gain_r, uint32_t count) {
    enum { STRETCHES = 4 };
    for (uint32_t first = 0, end; first < count; first = end) {
        float *left = bus + to[first] * 2 * BLOCK, *right = left + BLOCK;
        for (end = first + 1; end < count && to[end] == to[first];) end++;
        for (int i = 0; i < BLOCK; i += STRETCHES * LANES) {
            vf l[STRETCHES], r[STRETCHES];
            for (int k = 0; k < STRETCHES; k++)
                l[k] = vf_load(left + i + k * LANES), r[k] = vf_load(right + i + k * LANES);
            for (uint32_t n = first; n < end; n++)
                for (int k = 0; k < STRETCHES; k++) {
                    vf x = vf_load(rows + n * VOICE_ROW + i + k * LANES);
                    l[k] += x * gain_l[n];
                    r[k] += x * gain_r[n];
                }
            for (int k = 0; k < STRETCHES; k++)
                vf_store(left + i + k * LANES, l[k]), vf_store(right + i + k * LANES, r[k]);
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
#endif

/* out = tanh(0.7 x), interleaved. */
static void softclip(MEMORY const float *direct, MEMORY const float *wash, MEMORY float *out) {
    FRAMES (i) {
        vf left = tanh_lanes((vf_load(direct + i) + vf_load(wash + i)) * 0.7f);
        vf right = tanh_lanes((vf_load(direct + BLOCK + i) + vf_load(wash + BLOCK + i)) * 0.7f);
        lanes_interleave(out + 2 * i, left, right);
    }
}

#endif
