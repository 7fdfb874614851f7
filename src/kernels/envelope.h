/* envelope.h — how loud a voice is: a closed form of its integer age.
 *
 * Attack rises as 1 − 2^(−4t), decay falls as 2^(−t) towards the sustain level, release multiplies by a
 * 2^(−10t) that is shifted to end at exact zero. The level is worked out once a block, at its end, and ramped
 * linearly from the last one, so nothing accumulates (a recursive float32 envelope lost 40 dB against this
 * one) and nothing jumps. */
#ifndef AURALIS_KERNELS_ENVELOPE_H
#define AURALIS_KERNELS_ENVELOPE_H

#include "kernels/kernels.h"
#include "kernels/polynomials.h"

KERNEL vi word_i(const struct voice_run *run, int word, uint32_t v) {
    return vi_load(WORD(run, word, v));
}
KERNEL vu word_u(const struct voice_run *run, int word, uint32_t v) {
    return vu_load(WORD(run, word, v));
}
KERNEL vf word_f(const struct voice_run *run, int word, uint32_t v) {
    return vf_bits(vi_load(WORD(run, word, v)));
}

/* State goes back only to the voices that run. */
KERNEL void keep_i(const struct voice_run *run, int word, uint32_t v, vi running, vi value) {
    vi_store(WORD(run, word, v), vi_select(running, value, word_i(run, word, v)));
}
KERNEL void keep_f(const struct voice_run *run, int word, uint32_t v, vi running, vf value) {
    keep_i(run, word, v, running, vi_bits(value));
}

/* 1 − 2^(−4x) over the attack, x running from 0 to 1, 1 at its end and after. Like what follows it is worked
 * out only where a lane needs it; the others would come to the same. */
KERNEL vf attack_at(vf x) {
    if (!vi_any(vi_lt(vi_bits(x), vi_bits(vf_set(1.0f))))) return vf_set((1.0f - 0x1p-4f) * 1.06666667f);
    return (1.0f - exp2_lanes(x * -4.0f)) * 1.06666667f;
}

/* The envelope at `age` ≥ 0, without tremolo and fade. */
KERNEL vf envelope_at(const struct voice_run *run, uint32_t v, vi age) {
    vi gate = word_i(run, VOICE_GATE, v);
    vf held = vf_from_i(vi_min(age, gate));
    vf attack = attack_at(vf_min(held * word_f(run, VOICE_ATTACK, v), vf_set(1.0f)));
    vf sustain = word_f(run, VOICE_SUSTAIN, v);
    vf after = vf_max(held - word_f(run, VOICE_ATTACK_END, v), vf_set(0.0f));
    vf decay = sustain + (1.0f - sustain) * exp2_lanes(0.0f - after * word_f(run, VOICE_DECAY, v));
    vf release = vf_set((1.0f - 0x1p-10f) * 1.00097752f);
    if (vi_any(vi_lt(gate, age))) {
        vf since = vf_from_i(vi_max(vi_sub(age, gate), vi_set(0)));
        vf u = vf_min(since * word_f(run, VOICE_RELEASE, v), vf_set(1.0f));
        release = (exp2_lanes(u * -10.0f) - 0x1p-10f) * 1.00097752f;
    }
    return attack * decay * release;
}

/* Tremolo and the fade of a voice that was told to end. */
KERNEL vf amplitude_at(const struct voice_run *run, uint32_t v, vi age, vf envelope) {
    vf depth = word_f(run, VOICE_TREMOLO_DEPTH, v);
    if (vi_any(vi_bits(depth) & INT32_MAX)) {
        vu phase = vu_from_i(age) * word_u(run, VOICE_TREMOLO_INC, v);
        envelope = envelope * (1.0f + depth * sin_phase(phase));
    }
    vi kill = word_i(run, VOICE_KILL, v);
    if (!vi_any(vi_lt(kill, age))) return envelope;
    vf faded = vf_from_i(vi_sub(age, kill)) * word_f(run, VOICE_KILL_RATE, v);
    return envelope * (1.0f - vf_clamp(faded, 0.0f, 1.0f));
}

/* The ramp of a block: amplitude at its first frame (negative so far below zero that it crosses it at the
 * onset, if that lies inside the block) and the step from frame to frame. Frames below zero are silent. */
struct ramp {
    vf from, step;
};

/* From `from`, the amplitude at the end of the block before, to `to`; the voices' ages are `age` at the
 * block's beginning. */
KERNEL struct ramp amplitude_ramp(vi age, vf from, vf to) {
    vi begins = vi_le(age, vi_set(0));
    struct ramp r = {from, (to - from) * (1.0f / BLOCK)};
    if (vi_any(begins)) {
        vf first = to * reciprocal(vf_from_i(vi_max(vi_add(age, vi_set(BLOCK)), vi_set(1))));
        r.step = vf_select(begins, first, r.step);
        r.from = vf_select(begins, first * vf_from_i(age), from);
    }
    return r;
}

/* Moves VOICE_AMP on to `to`, and VOICE_AGE by a block. */
KERNEL struct ramp amplitude_moves(const struct voice_run *run, uint32_t v, vi running, vf to) {
    vi age = word_i(run, VOICE_AGE, v);
    vf from = word_f(run, VOICE_AMP, v);
    keep_f(run, VOICE_AMP, v, running, to);
    keep_i(run, VOICE_AGE, v, running, vi_add(age, vi_set(BLOCK)));
    return amplitude_ramp(age, from, to);
}

/* Works out where the amplitude goes and moves it there. `envelope` receives the envelope at the end of the
 * block. */
KERNEL struct ramp advance_amplitude(const struct voice_run *run, uint32_t v, vi running, vf *envelope) {
    vi end = vi_add(word_i(run, VOICE_AGE, v), vi_set(BLOCK));
    *envelope = envelope_at(run, v, end);
    return amplitude_moves(run, v, running, amplitude_at(run, v, end, *envelope));
}

#endif
