/* lean.h — the pad as other engines are often measured: edges smoothed over two frames only, and one bus for
 * everybody. Filter, sine, envelope and control are the kernels' text. It does not meet the alias bar and is
 * not shipped; it shows how near that text comes to what the machine can compute.
 *
 * All of it runs across voices, no row is written. About its edge, at phase q = 0, a sawtooth is q / 2^31 −
 * g, with g = c (2 − |c|) and c = q in frames, held within ±1: the two-point polynomial of V. Välimäki and A.
 * Huovilainen, "Antialiasing oscillators in subtractive synthesis", IEEE Signal Processing Magazine 24(2),
 * 2007. */
#ifndef AURALIS_MEASURE_LEAN_H
#define AURALIS_MEASURE_LEAN_H

#include "kernels/voices.h"
#include "measure/lean_kernels.h"

struct lean_saw {
    vu phase, inc;
    vf period, slope, weight;
};

KERNEL struct lean_saw lean_saw_begin(const struct voice_run *run, uint32_t v, const struct wave_control *c,
                                      int o) {
    vf weight = word_f(run, ANALOG_WAVE + WAVE_SAW1 + o, v);
    struct lean_saw s = {.phase = vu_load(c->phase[o] + v) ^ 0x80000000u,
                         .inc = vu_load(c->inc[o] + v),
                         .period = vf_load(c->period[o] + v),
                         .slope = weight * 0x1p-31f,
                         .weight = weight};
    return s;
}

KERNEL vf lean_saw_frame(struct lean_saw *s) {
    vf q = vf_from_i(vi_from_u(s->phase)), c = vf_clamp(q * s->period, -1.0f, 1.0f);
    s->phase += s->inc;
    return q * s->slope - c * (s->weight * (2.0f - vf_abs(c)));
}

/* VOICE_GROUPS groups of lanes from voice v on, which is voice `at` of c. */
KERNEL void lean_groups(const struct voice_run *run, uint32_t v, const struct wave_control *c, float *sum) {
    const struct voice_parts p = {ANALOG_WAVE, 1, 1};
    struct voice_lanes l[VOICE_GROUPS];
    struct lean_saw saw[VOICE_GROUPS][2];
    vf left[VOICE_GROUPS], right[VOICE_GROUPS];
    lanes_begin(run, v, VOICE_GROUPS, p, l);
    for (int g = 0; g < VOICE_GROUPS; g++) {
        uint32_t at = v + (uint32_t)(g * LANES);
        lanes_start_sine(&l[g], c, at);
        for (int o = 0; o < 2; o++) saw[g][o] = lean_saw_begin(run, at, c, o);
        left[g] = word_f(run, VOICE_GAIN_L, at);
        right[g] = word_f(run, VOICE_GAIN_R, at);
    }
    for (int i = 0; i < BLOCK; i++) {
        vf to_left = vf_load(sum + i * LANES), to_right = vf_load(sum + (BLOCK + i) * LANES);
        for (int g = 0; g < VOICE_GROUPS; g++) {
            vf x = lean_saw_frame(&saw[g][0]) + lean_saw_frame(&saw[g][1]);
            x = lanes_frame(&l[g], p, x);
            to_left += x * left[g];
            to_right += x * right[g];
        }
        vf_store(sum + i * LANES, to_left);
        vf_store(sum + (BLOCK + i) * LANES, to_right);
    }
    for (int g = 0; g < VOICE_GROUPS; g++) lanes_end(run, v + (uint32_t)(g * LANES), p, &l[g]);
}

static void lean_voices(const struct voice_run *whole, float *sum) {
    struct wave_control c;
    for (uint32_t first = 0; first < whole->count; first += WAVE_RUN) {
        struct voice_run run = *whole;
        run.first += first;
        run.count = WAVE_RUN;
        for (uint32_t v = 0; v < WAVE_RUN; v += LANES) wave_begin(&run, ANALOG_WAVE, v, &c);
        for (uint32_t v = 0; v < WAVE_RUN; v += VOICE_GROUPS * LANES) lean_groups(&run, v, &c, sum);
    }
}

static void lean_bus(float *sum, float *bus) {
    for (int i = 0; i < 2 * BLOCK; i++) {
        float x = 0.0f;
        for (int lane = 0; lane < LANES; lane++) x += sum[i * LANES + lane];
        bus[i] = x;
        vf_store(sum + i * LANES, vf_set(0.0f));
    }
}

#endif
