/* drum.h — a sine whose pitch falls: increment(age) = low + fall × 2^(−rate × age).
 *
 * The increment is worked out once a block, at its end, and glides there linearly in integers: the phase
 * after i frames is phase + i × inc + i (i − 1) / 2 × glide. */
#ifndef AURALIS_KERNELS_DRUM_H
#define AURALIS_KERNELS_DRUM_H

#include "kernels/envelope.h"

struct drum_control {
    float amp[VOICE_RUN_MAX], step[VOICE_RUN_MAX];
    uint32_t phase[VOICE_RUN_MAX], inc[VOICE_RUN_MAX], glide[VOICE_RUN_MAX];
};

KERNEL void drum_advance(const struct voice_run *run, uint32_t v, struct drum_control *c) {
    vi running = word_i(run, VOICE_RUN, v);
    vf end = vf_from_i(vi_add(word_i(run, VOICE_AGE, v), vi_set(BLOCK))), envelope;
    struct ramp ramp = advance_amplitude(run, v, running, &envelope);
    vf fall = word_f(run, DRUM_FALL, v) * exp2_lanes(0.0f - end * word_f(run, DRUM_RATE, v));
    vi from = word_i(run, DRUM_INC, v), to = vi_from_f(word_f(run, DRUM_LOW, v) + fall);
    vi glide = vi_sub(to, from) >> 6; /* / 64: the next block starts where this one ends */
    vi next = vi_from_u(vu_from_i(from) + (vu_from_i(glide) << 6));
    vu phase = word_u(run, DRUM_PHASE, v);
    vf_store(c->amp + v, ramp.from);
    vf_store(c->step + v, ramp.step);
    vu_store(c->phase + v, phase);
    vi_store(c->inc + v, from);
    vi_store(c->glide + v, glide);
    phase =
        phase + vu_from_i(from) * (uint32_t)BLOCK + vu_from_i(glide) * (uint32_t)(BLOCK * (BLOCK - 1) / 2);
    keep_i(run, DRUM_PHASE, v, running, vi_from_u(phase));
    keep_i(run, DRUM_INC, v, running, next);
}

static void drum_wave(const struct voice_run *run, const struct drum_control *c, uint32_t v) {
    for (int i = 0; i < BLOCK; i += LANES) {
        vi n = vi_add(vi_ramp(), vi_set(i));
        vu steps = vu_from_i(n), pairs = (steps * (steps - 1u)) >> 1;
        vu phase = vu_set(c->phase[v]) + steps * c->inc[v] + pairs * c->glide[v];
        vf amp = vf_max(c->amp[v] + vf_from_i(n) * c->step[v], vf_set(0.0f));
        vf_store(run->rows + v * VOICE_ROW + i, sin_phase(phase) * amp);
    }
}

static void drum_voices(const struct voice_run *run) {
    struct drum_control c;
    for (uint32_t v = 0; v < run->count; v += LANES)
        if (vi_any(word_i(run, VOICE_RUN, v))) drum_advance(run, v, &c);
    for (uint32_t v = 0; v < run->count; v++)
        if (*WORD(run, VOICE_RUN, v)) drum_wave(run, &c, v);
}

#endif
