/* lean.h — the pad as other engines are often measured: edges smoothed over two frames only, and one bus for
 * everybody. Filter, sine, envelope and control are the kernels' text. It does not meet the alias bar and is
 * not shipped; it shows how near that text comes to what the machine can compute.
 *
 * All of it runs across voices, no row is written. Two sawtooths are one line between their edges: its rise
 * from frame to frame lies ready in a table, frames by voices, one sum a frame. An edge changes three of its
 * rises. It lies t before the first frame behind it, in frames; there and at the frame before, a jump of −2
 * is smoothed by (1 − t)² and −t²: the two-point polynomial of V. Välimäki and A. Huovilainen, "Antialiasing
 * oscillators in subtractive synthesis", IEEE Signal Processing Magazine 24(2), 2007. */
#ifndef AURALIS_MEASURE_LEAN_H
#define AURALIS_MEASURE_LEAN_H

#include "kernels/voices.h"
#include "measure/lean_kernels.h"

/* How the line rises to each frame of the block; two frames more, for an edge at its end. */
struct lean_line {
    ALIGNED float rise[BLOCK + 2][WAVE_RUN];
    float start[WAVE_RUN]; /* where it is before the first of them */
};

/* An edge of each voice: the frame behind it, and what it adds to the rises to the frame before that, to that
 * one and to the next. */
struct lean_edge {
    ALIGNED int32_t frame[WAVE_RUN];
    float before[WAVE_RUN], here[WAVE_RUN], after[WAVE_RUN];
};

/* The line from the exact phases. An edge between the last block and this one leaves its half to the first
 * frame. */
KERNEL void lean_line(const struct voice_run *run, uint32_t v, const struct wave_control *c,
                      struct lean_line *l) {
    vf slope = vf_set(0.0f), start = vf_set(0.0f), smoothed = vf_set(0.0f);
    for (int o = 0; o < 2; o++) {
        vf weight = word_f(run, ANALOG_WAVE + WAVE_SAW1 + o, v), scale = weight * 0x1p-31f;
        vi phase = vi_load(c->phase[o] + v), past = phase ^ INT32_MIN;
        vf t = vf_from_i(past & INT32_MAX) * vf_load(c->period[o] + v);
        vf left = vf_max(1.0f - t, vf_set(0.0f));
        smoothed += vf_mask(~(past >> 31), left * left * weight);
        slope += vf_from_i(vi_load(c->inc[o] + v)) * scale;
        start += vf_from_i(phase) * scale;
    }
    vf_store(l->start + v, start + smoothed);
    vf_store(l->rise[0] + v, vf_set(0.0f));
    vf_store(l->rise[1] + v, slope - smoothed);
    for (int i = 2; i < BLOCK; i++) vf_store(l->rise[i] + v, slope);
}

/* The k-th edges of LANES sawtooths, as find_edges finds them. */
KERNEL void lean_find(const struct voice_run *run, const struct wave_control *c, int o, uint32_t v,
                      uint32_t k, struct lean_edge *e) {
    vu phase = vu_load(c->phase[o] + v), inc = vu_load(c->inc[o] + v);
    vf period = vf_load(c->period[o] + v), weight = word_f(run, ANALOG_WAVE + WAVE_SAW1 + o, v),
       distance = (float)k * 0x1p32f - 0x1p31f - vf_from_i(vi_from_u(phase));
    vi n = vi_add(vi_from_f(distance * period - 1e-4f), vi_set(1));
    vu past = (phase ^ 0x80000000u) + vu_from_i(n) * inc;
    vi early = vi_from_u(past) >> 31;
    vf t = vf_from_i(vi_from_u(past + (vu_from_i(early) & inc))) * period, left = 1.0f - t;
    vf before = t * t * weight, after = left * left * weight;
    vi_store(e->frame + v, vi_sub(n, early));
    vf_store(e->before + v, 0.0f - before);
    vf_store(e->here + v, before + after - (weight + weight));
    vf_store(e->after + v, 0.0f - after);
}

KERNEL void lean_edges(const struct voice_run *run, const struct wave_control *c, struct lean_line *l) {
    struct lean_edge e;
    for (int o = 0; o < 2; o++)
        for (uint32_t k = 1, left; (left = voices_with_edge(c, o, WAVE_RUN, k, 0)); k++) {
            for (uint32_t v = 0; v < WAVE_RUN; v += LANES) lean_find(run, c, o, v, k, &e);
            for (; left; left &= left - 1) {
                uint32_t v = LOWEST_BIT(left);
                float *rise = l->rise[e.frame[v] - 1] + v;
                rise[0] += e.before[v];
                rise[WAVE_RUN] += e.here[v];
                rise[2 * WAVE_RUN] += e.after[v];
            }
        }
}

/* VOICE_GROUPS groups of lanes from voice v on. */
KERNEL void lean_groups(const struct voice_run *run, uint32_t v, const struct wave_control *c,
                        const struct lean_line *line, float *sum) {
    const struct voice_parts p = {ANALOG_WAVE, 1, 1};
    struct lanes_aim aims[VOICE_GROUPS];
    struct voice_lanes l[VOICE_GROUPS];
    vf saws[VOICE_GROUPS], left[VOICE_GROUPS], right[VOICE_GROUPS];
    lanes_aims(run, v, VOICE_GROUPS, p, aims);
    lanes_begin(run, v, VOICE_GROUPS, p, aims, l);
    for (int g = 0; g < VOICE_GROUPS; g++) {
        uint32_t at = v + (uint32_t)(g * LANES);
        lanes_start_sine(&l[g], c, at);
        saws[g] = vf_load(line->start + at);
        left[g] = word_f(run, VOICE_GAIN_L, at);
        right[g] = word_f(run, VOICE_GAIN_R, at);
    }
    for (int i = 0; i < BLOCK; i++) {
        vf to_left = vf_load(sum + i * LANES), to_right = vf_load(sum + (BLOCK + i) * LANES);
        for (int g = 0; g < VOICE_GROUPS; g++) {
            saws[g] += vf_load(line->rise[i] + v + g * LANES);
            vf x = lanes_frame(&l[g], p, saws[g], 0, 0);
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
    struct lean_line line;
    for (uint32_t first = 0; first < whole->count; first += WAVE_RUN) {
        struct voice_run run = *whole;
        run.first += first;
        run.count = WAVE_RUN;
        for (uint32_t v = 0; v < WAVE_RUN; v += LANES) {
            wave_begin(&run, ANALOG_WAVE, v, &c);
            lean_line(&run, v, &c, &line);
        }
        lean_edges(&run, &c, &line);
        for (uint32_t v = 0; v < WAVE_RUN; v += VOICE_GROUPS * LANES) lean_groups(&run, v, &c, &line, sum);
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
