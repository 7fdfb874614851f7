/* filter.h — the second half of a voice with a filter: low-pass, amplitude, for many voices at once.
 *
 * The filter is the trapezoidal state variable filter (A. Simper, "Solving the continuous SVF equations using
 * trapezoidal integration and equivalent currents", Cytomic, 2013), written in the steps that its states take
 * (b1 is his 1 − a1): a step is small where the cutoff is low, and float32 keeps it whole. It must go through
 * time frame by frame, so here the lanes are voices: the rows of waves are turned over tile by tile,
 * filtered, and turned back. Its dependent chain is some 18 cycles a frame, which several groups of lanes in
 * flight hide. The cutoff moves once a block; coefficients are ramped. */
#ifndef AURALIS_KERNELS_FILTER_H
#define AURALIS_KERNELS_FILTER_H

#include "kernels/envelope.h"

#if LANES == 1
#define FILTER_GROUPS 1
#else
#define FILTER_GROUPS 2
#endif

struct filter {
    vf s1, s2, b1, a2, a3, d1, d2, d3, amp, step;
};

/* The block's coefficients and amplitude for the voices of one group. */
KERNEL struct filter filter_begin(const struct voice_run *run, uint32_t v, vi running) {
    vi age = word_i(run, VOICE_AGE, v), end = vi_add(age, vi_set(BLOCK)), begins = vi_le(age, vi_set(0));
    vf envelope;
    struct ramp ramp = advance_amplitude(run, v, running, &envelope);
    vu lfo = word_u(run, FILTER_LFO_PHASE, v) + vu_from_i(end) * word_u(run, FILTER_LFO_INC, v);
    vf octaves = word_f(run, FILTER_CUTOFF, v) + word_f(run, VOICE_BRIGHT, v);
    octaves = octaves + word_f(run, FILTER_ENVELOPE, v) * envelope;
    octaves = octaves + word_f(run, FILTER_LFO_DEPTH, v) * sin_phase(lfo);
    vf g = tan_half_turns(exp2_lanes(vf_clamp(octaves, -12.0f, -1.13f)));
    vf damped = g + word_f(run, FILTER_DAMPING, v);
    vf to2 = (g + g) * reciprocal(1.0f + g * damped), to3 = g * to2, to1 = to2 * damped;
    struct filter f = {.s1 = word_f(run, FILTER_S1, v),
                       .s2 = word_f(run, FILTER_S2, v),
                       .b1 = vf_select(begins, to1, word_f(run, FILTER_B1, v)),
                       .a2 = vf_select(begins, to2, word_f(run, FILTER_A2, v)),
                       .a3 = vf_select(begins, to3, word_f(run, FILTER_A3, v)),
                       .amp = ramp.from,
                       .step = ramp.step};
    f.d1 = (to1 - f.b1) * (1.0f / BLOCK);
    f.d2 = (to2 - f.a2) * (1.0f / BLOCK);
    f.d3 = (to3 - f.a3) * (1.0f / BLOCK);
    keep_f(run, FILTER_B1, v, running, to1);
    keep_f(run, FILTER_A2, v, running, to2);
    keep_f(run, FILTER_A3, v, running, to3);
    return f;
}

KERNEL vf filter_frame(struct filter *f, vf x) {
    vf v3 = x - f->s2;
    vf step1 = f->a2 * v3 - f->b1 * f->s1;
    vf step2 = f->a2 * f->s1 + f->a3 * v3;
    vf y = (f->s2 + step2 * 0.5f) * vf_max(f->amp, vf_set(0.0f));
    f->s1 = f->s1 + step1;
    f->s2 = f->s2 + step2;
    f->b1 = f->b1 + f->d1;
    f->a2 = f->a2 + f->d2;
    f->a3 = f->a3 + f->d3;
    f->amp = f->amp + f->step;
    return y;
}

/* A decaying state is zeroed before it becomes a denormal, by its exponent. */
KERNEL vf settle(vf x) {
    return vf_mask(vi_lt(vi_set(0x20000000), vi_bits(vf_abs(x))), x);
}

/* Filters the rows of `groups` groups of lanes from voice v on. */
KERNEL void filter_tiles(const struct voice_run *run, uint32_t v, const int groups) {
    struct filter f[FILTER_GROUPS];
    vi running[FILTER_GROUPS];
    for (int g = 0; g < groups; g++) {
        running[g] = word_i(run, VOICE_RUN, v + (uint32_t)(g * LANES));
        f[g] = filter_begin(run, v + (uint32_t)(g * LANES), running[g]);
    }
    for (int frame = 0; frame < BLOCK; frame += LANES) {
        vf tile[FILTER_GROUPS][LANES];
        for (int g = 0; g < groups; g++) {
            const float *row = run->rows + (v + (uint32_t)(g * LANES)) * VOICE_ROW + frame;
            for (int i = 0; i < LANES; i++) tile[g][i] = vf_load(row + i * VOICE_ROW);
            lanes_transpose(tile[g]);
        }
        for (int i = 0; i < LANES; i++)
            for (int g = 0; g < groups; g++) tile[g][i] = filter_frame(&f[g], tile[g][i]);
        for (int g = 0; g < groups; g++) {
            float *row = run->rows + (v + (uint32_t)(g * LANES)) * VOICE_ROW + frame;
            lanes_transpose(tile[g]);
            for (int i = 0; i < LANES; i++) vf_store(row + i * VOICE_ROW, tile[g][i]);
        }
    }
    for (int g = 0; g < groups; g++) {
        keep_f(run, FILTER_S1, v + (uint32_t)(g * LANES), running[g], settle(f[g].s1));
        keep_f(run, FILTER_S2, v + (uint32_t)(g * LANES), running[g], settle(f[g].s2));
    }
}

/* Turns run->rows from waves into the voices' output. Lane groups with no running voice cost nothing. */
static void filter_rows(const struct voice_run *run) {
    uint32_t v = 0;
    while (v < run->count) {
        if (!vi_any(word_i(run, VOICE_RUN, v))) {
            v += LANES;
        } else if (FILTER_GROUPS > 1 && v + FILTER_GROUPS * LANES <= VOICE_RUN_MAX &&
                   v + LANES < run->count) {
            filter_tiles(run, v, FILTER_GROUPS);
            v += FILTER_GROUPS * LANES;
        } else {
            filter_tiles(run, v, 1);
            v += LANES;
        }
    }
}

#endif
