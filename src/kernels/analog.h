/* analog.h — two band-limited sawtooths and a sine into a filter.
 *
 * The waves are evaluated along time, a voice at a time: an oscillator is a closed form of its phase, so the
 * lanes are consecutive frames. A sawtooth is its naive self plus, at each of its few edges, 16 samples of
 * the difference between a naive and a band-limited step (E. Brandt, "Hard sync without aliasing", ICMC 2001;
 * here linear phase). Edges are found in integers and are rare (one in three blocks at middle C), so a
 * sawtooth without aliases costs little more than one with. The wave lags its phase by 8 frames, half the
 * length of an edge, and what an edge still has to say after the block waits in the voice's tail.
 *
 * A pulse is two sawtooths of opposite sign. Vibrato moves the increments once a block. */
#ifndef AURALIS_KERNELS_ANALOG_H
#define AURALIS_KERNELS_ANALOG_H

#include "kernels/edge_table.h"
#include "kernels/filter.h"

enum { ANALOG_OSCILLATORS = 3 };

/* What the waves of a run need, by voice. */
struct analog_control {
    uint32_t phase[ANALOG_OSCILLATORS][VOICE_RUN_MAX], inc[ANALOG_OSCILLATORS][VOICE_RUN_MAX];
    float period[2][VOICE_RUN_MAX]; /* frames × 2^−32: the reciprocal of the increment */
};

/* Moves the phases on by a block at the increments that vibrato gives them. */
KERNEL void analog_advance(const struct voice_run *run, uint32_t v, struct analog_control *c) {
    vi running = word_i(run, VOICE_RUN, v), age = word_i(run, VOICE_AGE, v);
    vi t = vi_max(age, vi_set(0));
    vf rise = vf_min(vf_from_i(t) * word_f(run, ANALOG_VIBRATO_RISE, v), vf_set(1.0f));
    vf bend = word_f(run, ANALOG_VIBRATO_DEPTH, v) * rise *
              sin_phase(vu_from_i(t) * word_u(run, ANALOG_VIBRATO_INC, v));
    for (int o = 0; o < ANALOG_OSCILLATORS; o++) {
        vu phase = word_u(run, ANALOG_PHASE1 + o, v), inc = word_u(run, ANALOG_INC1 + o, v);
        vi bent = vi_add(vi_from_u(inc), vi_from_f(vf_from_i(vi_from_u(inc)) * bend));
        vu_store(c->phase[o] + v, phase);
        vi_store(c->inc[o] + v, bent);
        if (o < 2) vf_store(c->period[o] + v, reciprocal(vf_from_i(vi_max(bent, vi_set(1)))));
        keep_i(run, ANALOG_PHASE1 + o, v, running, vi_from_u(phase + vu_from_i(bent) * (uint32_t)BLOCK));
    }
}

/* Adds the corrections of all edges that fall in the block: `wave` holds 64 + 16 samples, sample 0 being 8
 * frames before the block. `drop` is what the wave falls by at an edge. */
static void analog_edges(float *wave, uint32_t phase, uint32_t inc, float period, float drop) {
    uint64_t start = phase ^ 0x80000000u; /* an edge is where this overflows */
    uint32_t edges = (uint32_t)((start + (uint64_t)inc * BLOCK) >> 32);
    for (uint64_t k = 1; k <= edges; k++) {
        uint64_t edge = k << 32;
        uint32_t n = (uint32_t)((float)(int64_t)(edge - start) * period);
        while (start + (uint64_t)n * inc < edge) n++;
        while (start + (uint64_t)(n - 1) * inc >= edge) n--;
        uint32_t past = (uint32_t)(start + (uint64_t)n * inc - edge);
        float place = (float)(int32_t)past * period * (float)EDGE_ROWS;
        int32_t row = (int32_t)place;
        if (row > EDGE_ROWS - 1) row = EDGE_ROWS - 1;
        vf fraction = vf_set(place - (float)row), scale = vf_set(0.0f - drop);
        for (int j = 0; j < EDGE_TAPS; j += LANES) {
            vf a = vf_load(EDGE[row] + j), b = vf_load(EDGE[row + 1] + j);
            vf_store(wave + n + j, vf_load(wave + n + j) + (a + fraction * (b - a)) * scale);
        }
    }
}

KERNEL void analog_saw(float *wave, uint32_t phase, uint32_t inc, float period, float weight) {
    vu p = vu_set(phase) + vu_from_i(vi_ramp()) * inc;
    for (int i = 0; i < BLOCK; i += LANES) {
        float *at = wave + EDGE_TAPS / 2 + i;
        vf_store(at, vf_load(at) + vf_from_i(vi_from_u(p)) * (weight * 0x1p-31f));
        p += inc * (uint32_t)LANES;
    }
    analog_edges(wave, phase, inc, period, weight + weight);
}

KERNEL void analog_sine(float *wave, uint32_t phase, uint32_t inc, float weight) {
    vu p = vu_set(phase) + vu_from_i(vi_ramp()) * inc;
    for (int i = 0; i < BLOCK; i += LANES) {
        float *at = wave + EDGE_TAPS / 2 + i;
        vf_store(at, vf_load(at) + sin_phase(p) * weight);
        p += inc * (uint32_t)LANES;
    }
}

static float word_float(const struct voice_run *run, int word, uint32_t v) {
    float x;
    __builtin_memcpy(&x, run->words[word] + run->first + v, sizeof x);
    return x;
}

/* Whether a weight is other than ±0. */
static int audible(float weight) {
    uint32_t bits;
    __builtin_memcpy(&bits, &weight, sizeof bits);
    return (bits & 0x7fffffffu) != 0;
}

static void analog_wave(const struct voice_run *run, const struct analog_control *c, uint32_t v) {
    float wave[BLOCK + EDGE_TAPS] __attribute__((aligned(64))) = {0};
    float *tail = run->tail + (size_t)(run->first + v) * VOICE_TAIL, *row = run->rows + v * BLOCK;
    __builtin_memcpy(wave, tail, VOICE_TAIL * sizeof *tail);
    for (int o = 0; o < 2; o++) {
        float weight = word_float(run, ANALOG_SAW1 + o, v);
        if (audible(weight)) analog_saw(wave, c->phase[o][v], c->inc[o][v], c->period[o][v], weight);
    }
    float weight = word_float(run, ANALOG_SINE, v);
    if (audible(weight)) analog_sine(wave, c->phase[2][v], c->inc[2][v], weight);
    __builtin_memcpy(row, wave, BLOCK * sizeof *row);
    __builtin_memcpy(tail, wave + BLOCK, VOICE_TAIL * sizeof *tail);
}

static void analog_voices(const struct voice_run *run) {
    struct analog_control c;
    for (uint32_t v = 0; v < run->count; v += LANES)
        if (vi_any(word_i(run, VOICE_RUN, v))) analog_advance(run, v, &c);
    for (uint32_t v = 0; v < run->count; v++)
        if (run->words[VOICE_RUN][run->first + v]) analog_wave(run, &c, v);
    filter_rows(run);
}

#endif
