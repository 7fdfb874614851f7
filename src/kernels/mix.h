/* mix.h — adding voices onto a stream's buses, and the original's soft clip. */
#ifndef AURALIS_KERNELS_MIX_H
#define AURALIS_KERNELS_MIX_H

#include "kernels/kernels.h"
#include "kernels/polynomials.h"

#if !KERNEL_ITEMS
/* Adds rows of one bus. The left-to-right sum is kept in registers; several stretches of time side by side,
 * since each sum waits for the one before. `fresh`: the bus counts as +0.0. */
KERNEL void mix_bus(float *left, const float *rows, const float *gain_l, const float *gain_r, uint32_t count,
                    const int fresh) {
    enum { STRETCHES = 4 };
    float *right = left + BLOCK;
    for (int i = 0; i < BLOCK; i += STRETCHES * LANES) {
        vf l[STRETCHES], r[STRETCHES];
        for (int k = 0; k < STRETCHES; k++) {
            l[k] = r[k] = vf_set(0.0f);
            if (!fresh) l[k] = vf_load(left + i + k * LANES), r[k] = vf_load(right + i + k * LANES);
        }
        for (uint32_t n = 0; n < count; n++)
            for (int k = 0; k < STRETCHES; k++) {
                vf x = vf_load(rows + n * VOICE_ROW + i + k * LANES);
                l[k] += x * gain_l[n];
                r[k] += x * gain_r[n];
            }
        for (int k = 0; k < STRETCHES; k++)
            vf_store(left + i + k * LANES, l[k]), vf_store(right + i + k * LANES, r[k]);
    }
}

static uint32_t mix_rows(float *bus, uint32_t begun, const float *rows, const int32_t *to,
                         const float *gain_l, const float *gain_r, uint32_t count) {
    for (uint32_t first = 0, end; first < count; first = end) {
        float *left = bus + to[first] * 2 * BLOCK;
        const float *row = rows + first * VOICE_ROW;
        for (end = first + 1; end < count && to[end] == to[first];) end++;
        if (begun >> to[first] & 1)
            mix_bus(left, row, gain_l + first, gain_r + first, end - first, 0);
        else
            mix_bus(left, row, gain_l + first, gain_r + first, end - first, 1);
        begun |= 1u << to[first];
    }
    return begun;
}

/* The same with gains on the move. */
static uint32_t mix_ramp_rows(float *bus, uint32_t begun, const float *rows, const int32_t *to,
                              const float *from_l, const float *from_r, const float *gain_l,
                              const float *gain_r, uint32_t count) {
    for (uint32_t n = 0; n < count; n++) {
        float *left = bus + to[n] * 2 * BLOCK, *right = left + BLOCK;
        if (!(begun >> to[n] & 1)) __builtin_memset(left, 0, 2 * BLOCK * sizeof *left);
        begun |= 1u << to[n];
        float step_l = (gain_l[n] - from_l[n]) * (1.0f / BLOCK),
              step_r = (gain_r[n] - from_r[n]) * (1.0f / BLOCK);
        for (int i = 0; i < BLOCK; i += LANES) {
            vf x = vf_load(rows + n * VOICE_ROW + i), t = vf_ramp() + (float)i;
            vf_store(left + i, vf_load(left + i) + x * (from_l[n] + t * step_l));
            vf_store(right + i, vf_load(right + i) + x * (from_r[n] + t * step_r));
        }
    }
    return begun;
}
#endif

ITEMS_BEGIN(clipping)

/* out = tanh(0.7 x), interleaved. */
static void softclip(MEMORY const float *direct, MEMORY const float *wash, MEMORY float *out) {
    enum { GROUPS = FRAME_GROUPS < 2 ? FRAME_GROUPS : 2 };
    for (int g = 0; g < FRAME_GROUPS; g += GROUPS) {
        vf x[2 * GROUPS];
        UNROLLED for (int k = 0; k < 2 * GROUPS; k++) {
            int i = FRAME_FIRST + (g + k / 2) * LANES + k % 2 * BLOCK;
            x[k] = (vf_load(direct + i) + vf_load(wash + i)) * 0.7f;
        }
        tanh_lanes(x, 2 * GROUPS);
        UNROLLED for (int k = 0; k < GROUPS; k++)
            lanes_interleave(out + 2 * (FRAME_FIRST + (g + k) * LANES), x[2 * k], x[2 * k + 1]);
    }
}

ITEMS_END

#endif
