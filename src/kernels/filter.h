/* filter.h — the low-pass of a voice, lanes being voices.
 *
 * The trapezoidal state variable filter (A. Simper, "Solving the continuous SVF equations using trapezoidal
 * integration and equivalent currents", Cytomic, 2013), written in the steps that its states take: a step is
 * small where the cutoff is low, and float32 keeps it whole. With his a1, a2, a3: b1 = 2 − 2 a1, and the
 * other two are doubled, so that the second state's next value is one sum away from its step; the output is
 * the mean of that state before and after, and its half is left to the amplitude. With sine s and cosine c of
 * the angle whose tangent his g is, and S = s c: 2 a2 = 2 S / (1 + S / Q), 2 a3 = 2 s² / (1 + S / Q). The
 * cutoff moves once a block; coefficients are ramped. */
#ifndef AURALIS_KERNELS_FILTER_H
#define AURALIS_KERNELS_FILTER_H

#include "kernels/envelope.h"

struct filter {
    vf s1, s2, b1, a2, a3, d1, d2, d3;
};

/* The block's coefficients for LANES voices come in three steps, each a long chain: other groups of lanes, or
 * the waves, go between. First the cutoff at the end of the block, as log2 of
 * its share of the rate; `age` is that of the beginning. */
KERNEL vf filter_octaves(const struct voice_run *run, uint32_t v, vi age, vf envelope) {
    vi end = vi_add(age, vi_set(BLOCK));
    vu lfo = word_u(run, FILTER_LFO_PHASE, v) + vu_from_i(end) * word_u(run, FILTER_LFO_INC, v);
    vf octaves = word_f(run, FILTER_CUTOFF, v) + word_f(run, VOICE_BRIGHT, v);
    octaves = octaves + word_f(run, FILTER_ENVELOPE, v) * envelope;
    return octaves + word_f(run, FILTER_LFO_DEPTH, v) * sin_phase(lfo);
}

/* Then the cutoff's angle: sine and cosine of half of it. */
struct filter_angle {
    vf sine, cosine;
};

KERNEL struct filter_angle filter_angle(vf octaves) {
    vf w = exp2_near(vf_clamp(octaves, -12.0f, -1.13f)), x = w + w;
    return (struct filter_angle){sin_quarter(x), sin_quarter(1.0f - x)};
}

/* Last the coefficients at the end of the block. */
struct filter_aim {
    vf b1, a2, a3;
};

KERNEL struct filter_aim filter_aim(const struct voice_run *run, uint32_t v, struct filter_angle angle) {
    vf damping = word_f(run, FILTER_DAMPING, v), both = angle.sine * angle.cosine;
    vf half = reciprocal(1.0f + damping * both), whole = half + half;
    struct filter_aim aim = {.a2 = both * whole, .a3 = angle.sine * angle.sine * whole};
    aim.b1 = aim.a3 + damping * aim.a2;
    return aim;
}

/* `age` is that of the block's beginning. */
KERNEL struct filter filter_begin(const struct voice_run *run, uint32_t v, vi running, vi age,
                                  struct filter_aim to) {
    vi begins = vi_le(age, vi_set(0));
    struct filter f = {.s1 = word_f(run, FILTER_S1, v),
                       .s2 = word_f(run, FILTER_S2, v),
                       .b1 = vf_select(begins, to.b1, word_f(run, FILTER_B1, v)),
                       .a2 = vf_select(begins, to.a2, word_f(run, FILTER_A2, v)),
                       .a3 = vf_select(begins, to.a3, word_f(run, FILTER_A3, v))};
    f.d1 = (to.b1 - f.b1) * (1.0f / BLOCK);
    f.d2 = (to.a2 - f.a2) * (1.0f / BLOCK);
    f.d3 = (to.a3 - f.a3) * (1.0f / BLOCK);
    keep_f(run, FILTER_B1, v, running, to.b1);
    keep_f(run, FILTER_A2, v, running, to.a2);
    keep_f(run, FILTER_A3, v, running, to.a3);
    return f;
}

/* Twice the output. */
KERNEL vf filter_frame(struct filter *f, vf x) {
    vf v3 = x - f->s2;
    vf step1 = f->a2 * v3 - f->b1 * f->s1;
    vf step2 = f->a2 * f->s1 + f->a3 * v3;
    vf before = f->s2;
    f->s1 = f->s1 + step1;
    f->s2 = before + step2;
    f->b1 = vf_add_aside(f->b1, f->d1);
    f->a2 = vf_add_aside(f->a2, f->d2);
    f->a3 = vf_add_aside(f->a3, f->d3);
    return before + f->s2;
}

/* A decaying state is zeroed before it becomes a denormal, by its exponent. */
KERNEL vf settle(vf x) {
    return vf_mask(vi_lt(vi_set(0x20000000), vi_bits(vf_abs(x))), x);
}

KERNEL void filter_end(const struct voice_run *run, uint32_t v, vi running, const struct filter *f) {
    keep_f(run, FILTER_S1, v, running, settle(f->s1));
    keep_f(run, FILTER_S2, v, running, settle(f->s2));
}

#endif
