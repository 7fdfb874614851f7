/* bell.h — struck metal and wood: up to six sine partials, each decaying at its own rate.
 *
 * Everything runs along time. Partials above the band are given no weight by the host, and lose it while they
 * are bent there. Brightness tilts the partials: the k-th gains k × 0.4 times its octaves. */
#ifndef AURALIS_KERNELS_BELL_H
#define AURALIS_KERNELS_BELL_H

#include "kernels/bend.h"
#include "kernels/envelope.h"

struct bell_control {
    float amp[VOICE_RUN_MAX], step[VOICE_RUN_MAX];
    float from[BELL_PARTIALS][VOICE_RUN_MAX], slope[BELL_PARTIALS][VOICE_RUN_MAX];
    uint32_t phase[BELL_PARTIALS][VOICE_RUN_MAX], inc[BELL_PARTIALS][VOICE_RUN_MAX],
        glide[BELL_PARTIALS][VOICE_RUN_MAX];
};

KERNEL void bell_advance(const struct voice_run *run, uint32_t v, struct bell_control *c) {
    vi running = word_i(run, VOICE_RUN, v), age = word_i(run, VOICE_AGE, v);
    vi begins = vi_le(age, vi_set(0));
    vf end = vf_from_i(vi_add(age, vi_set(BLOCK))), envelope, bright = word_f(run, VOICE_BRIGHT, v);
    vf bend = word_f(run, BELL_BEND, v), from_bend = word_f(run, BELL_BENT, v);
    keep_f(run, BELL_BENT, v, running, bend);
    struct ramp ramp = advance_amplitude(run, v, running, &envelope);
    vf_store(c->amp + v, ramp.from);
    vf_store(c->step + v, ramp.step);
    for (int k = 0; k < BELL_PARTIALS; k++) {
        vf weight = word_f(run, BELL_WEIGHT + k, v);
        vu phase = word_u(run, BELL_PHASE + k, v);
        struct glide_lanes g = glide_between(word_i(run, BELL_INC + k, v), from_bend, bend);
        vu_store(c->phase[k] + v, phase);
        vi_store(c->inc[k] + v, g.inc);
        vi_store(c->glide[k] + v, g.glide);
        keep_i(run, BELL_PHASE + k, v, running, vi_from_u(phase + glide_block(g)));
        weight = vf_mask(vi_lt(g.inc, vi_set(PARTIAL_MAX)), weight);
        if (k) weight = weight * exp2_lanes(bright * (0.4f * (float)k));
        vf to = weight * exp2_lanes(0.0f - end * word_f(run, BELL_RATE + k, v));
        vf from = vf_select(begins, weight, word_f(run, BELL_LEVEL + k, v));
        vf_store(c->from[k] + v, from);
        vf_store(c->slope[k] + v, (to - from) * (1.0f / BLOCK));
        keep_f(run, BELL_LEVEL + k, v, running, to);
    }
}

/* The sum of the partials so far, which stays in registers: as much of a block as fits there. */
enum { BELL_STRETCH = BLOCK / LANES < 4 ? BLOCK / LANES : 4 };

/* Adds a partial from frame `first` on. */
KERNEL void bell_partial(vf sum[BELL_STRETCH], const struct bell_control *c, int k, uint32_t v, int first,
                         const int gliding) {
    struct phases p = phases_from(c->phase[k][v], c->inc[k][v], c->glide[k][v], first, gliding);
    for (int i = 0; i < BELL_STRETCH; i++) {
        vf level = c->from[k][v] + (vf_ramp() + (float)(first + i * LANES)) * c->slope[k][v];
        sum[i] = sum[i] + sin_phase(p.at) * level;
        phases_next(&p, gliding);
    }
}

KERNEL void bell_stretch(const struct voice_run *run, const struct bell_control *c, uint32_t v, int first) {
    vf sum[BELL_STRETCH];
    for (int i = 0; i < BELL_STRETCH; i++) sum[i] = vf_set(0.0f);
    for (int k = 0; k < BELL_PARTIALS; k++) {
        if (!(*WORD(run, BELL_WEIGHT + k, v) << 1)) continue; /* ±0: no such partial */
        if (c->glide[k][v])
            bell_partial(sum, c, k, v, first, 1);
        else
            bell_partial(sum, c, k, v, first, 0);
    }
    for (int i = 0; i < BELL_STRETCH; i++) {
        int frame = first + i * LANES;
        vf amp = vf_max(c->amp[v] + (vf_ramp() + (float)frame) * c->step[v], vf_set(0.0f));
        vf_store(run->rows + v * VOICE_ROW + frame, sum[i] * amp);
    }
}

static void bell_voices(const struct voice_run *run) {
    struct bell_control c;
    for (uint32_t v = 0; v < run->count; v += LANES)
        if (vi_any(word_i(run, VOICE_RUN, v))) bell_advance(run, v, &c);
    for (uint32_t v = 0; v < run->count; v++)
        for (int i = 0; i < BLOCK && *WORD(run, VOICE_RUN, v); i += BELL_STRETCH * LANES)
            bell_stretch(run, &c, v, i);
}

#endif
