/* wave.h — two band-limited sawtooths and a sine.
 *
 * The waves are evaluated along time, a voice at a time: an oscillator is a closed form of its phase, so the
 * lanes are consecutive frames. A sawtooth is its naive self plus, at each of its few edges, 16 samples of
 * the difference between a naive and a band-limited step (E. Brandt, "Hard sync without aliasing", ICMC 2001;
 * here linear phase). Edges are found in integers and are rare (one in three blocks at middle C), so a
 * sawtooth without aliases costs little more than one with. The wave lags its phase by 8 frames, half the
 * length of an edge, and what an edge still has to say after the block waits in the voice's tail.
 *
 * A pulse is two sawtooths of opposite sign. Vibrato moves the increments once a block. */
#ifndef AURALIS_KERNELS_WAVE_H
#define AURALIS_KERNELS_WAVE_H

#include "kernels/edge_table.h"
#include "kernels/envelope.h"

enum { WAVE_OSCILLATORS = 3 };

/* What the waves of a run need, by voice. */
struct wave_control {
    uint32_t phase[WAVE_OSCILLATORS][VOICE_RUN_MAX], inc[WAVE_OSCILLATORS][VOICE_RUN_MAX];
    float period[2][VOICE_RUN_MAX];   /* frames × 2^−32: the reciprocal of the increment */
    uint32_t edges[2][VOICE_RUN_MAX]; /* how many fall in the block */
};

/* Moves the phases on by a block at the increments that vibrato gives them. */
KERNEL void wave_advance(const struct voice_run *run, const int at, uint32_t v, struct wave_control *c) {
    vi running = word_i(run, VOICE_RUN, v), age = word_i(run, VOICE_AGE, v);
    vi t = vi_max(age, vi_set(0));
    vf rise = vf_min(vf_from_i(t) * word_f(run, at + WAVE_VIBRATO_RISE, v), vf_set(1.0f));
    vf bend = word_f(run, at + WAVE_VIBRATO_DEPTH, v) * rise *
              sin_phase(vu_from_i(t) * word_u(run, at + WAVE_VIBRATO_INC, v));
    for (int o = 0; o < WAVE_OSCILLATORS; o++) {
        vu phase = word_u(run, at + WAVE_PHASE1 + o, v), inc = word_u(run, at + WAVE_INC1 + o, v);
        vi bent = vi_add(vi_from_u(inc), vi_from_f(vf_from_i(vi_from_u(inc)) * bend));
        vu_store(c->phase[o] + v, phase);
        vi_store(c->inc[o] + v, bent);
        keep_i(run, at + WAVE_PHASE1 + o, v, running, vi_from_u(phase + vu_from_i(bent) * (uint32_t)BLOCK));
        if (o == 2) break;
        /* An edge is where phase + 2^31 overflows: 64 increments are added to it, in units of 64. */
        vu edges = (((phase ^ 0x80000000u) >> 6) + vu_from_i(bent)) >> 26;
        vi saws = running &
                  ~vi_eq(vi_from_u(word_u(run, at + WAVE_SAW1 + o, v) << 1), vi_set(0)); /* weight ±0: none */
        vi_store(c->edges[o] + v, vi_from_u(edges) & saws);
        vf_store(c->period[o] + v, reciprocal(vf_from_i(vi_max(bent, vi_set(1)))));
    }
}

KERNEL float word_float(const struct voice_run *run, int word, uint32_t v) {
    float x;
    __builtin_memcpy(&x, run->words[word] + run->first + v, sizeof x);
    return x;
}

/* One voice's naive waves into its row, behind what the last block left in its tail. */
KERNEL void wave_naive(const struct voice_run *run, const int at, const struct wave_control *c, uint32_t v) {
    float *row = run->rows + v * VOICE_ROW;
    const float *tail = run->tail + (size_t)(run->first + v) * VOICE_TAIL;
    vu p[WAVE_OSCILLATORS], step[WAVE_OSCILLATORS];
    vf saw1 = vf_set(word_float(run, at + WAVE_SAW1, v) * 0x1p-31f),
       saw2 = vf_set(word_float(run, at + WAVE_SAW2, v) * 0x1p-31f),
       sine = vf_set(word_float(run, at + WAVE_SINE, v));
    for (int o = 0; o < WAVE_OSCILLATORS; o++) {
        p[o] = vu_set(c->phase[o][v]) + vu_from_i(vi_ramp()) * c->inc[o][v];
        step[o] = vu_set(c->inc[o][v] * (uint32_t)LANES);
    }
    for (int i = 0; i < BLOCK; i += LANES) {
        vf x = vf_from_i(vi_from_u(p[0])) * saw1 + vf_from_i(vi_from_u(p[1])) * saw2;
        x += sin_phase(p[2]) * sine;
        if (i < EDGE_TAPS) x += vf_load(tail + EDGE_TAPS / 2 + i);
        vf_store(row + EDGE_TAPS / 2 + i, x);
        for (int o = 0; o < WAVE_OSCILLATORS; o++) p[o] += step[o];
    }
    __builtin_memcpy(row, tail, EDGE_TAPS / 2 * sizeof *row);
    __builtin_memset(row + BLOCK + EDGE_TAPS / 2, 0, EDGE_TAPS / 2 * sizeof *row);
}

/* Adds the corrections of a sawtooth's edges in the block. The row's sample 0 lies 8 frames before the block;
 * the wave falls by `drop` at an edge. */
KERNEL void wave_edges(float *row, uint32_t phase, uint32_t inc, float period, float drop, uint32_t edges) {
    uint64_t start = phase ^ 0x80000000u;
    for (uint64_t k = 1; k <= edges; k++) {
        uint64_t edge = k << 32;
        uint32_t n = (uint32_t)((float)(int64_t)(edge - start) * period);
        while (start + (uint64_t)n * inc < edge) n++;
        while (start + (uint64_t)(n - 1) * inc >= edge) n--;
        uint32_t past = (uint32_t)(start + (uint64_t)n * inc - edge);
        float place = (float)(int32_t)past * period * (float)EDGE_ROWS;
        int32_t at = (int32_t)place;
        at = at > EDGE_ROWS - 1 ? EDGE_ROWS - 1 : at;
        vf fraction = vf_set(place - (float)at), scale = vf_set(0.0f - drop);
        for (int j = 0; j < EDGE_TAPS; j += LANES) {
            vf a = vf_load(EDGE[at] + j), b = vf_load(EDGE[at + 1] + j);
            vf_store(row + n + j, vf_load(row + n + j) + (a + fraction * (b - a)) * scale);
        }
    }
}

/* The waves of a run into its rows; their words begin at word `at`. */
static void waves(const struct voice_run *run, const int at) {
    struct wave_control c;
    uint32_t list[VOICE_RUN_MAX];
    for (uint32_t v = 0; v < run->count; v += LANES) wave_advance(run, at, v, &c);
    for (uint32_t v = 0; v < run->count; v++)
        if (run->words[VOICE_RUN][run->first + v]) wave_naive(run, at, &c, v);
    for (int o = 0; o < 2; o++) {
        uint32_t n = 0;
        for (uint32_t v = 0; v < run->count;
             v++) { /* without a branch: whether there is an edge is a coin's toss */
            list[n] = v;
            n += c.edges[o][v] != 0;
        }
        for (uint32_t i = 0; i < n; i++) {
            uint32_t v = list[i];
            float weight = word_float(run, at + WAVE_SAW1 + o, v);
            wave_edges(run->rows + v * VOICE_ROW, c.phase[o][v], c.inc[o][v], c.period[o][v], weight + weight,
                       c.edges[o][v]);
        }
    }
    for (uint32_t v = 0; v < run->count; v++)
        if (run->words[VOICE_RUN][run->first + v])
            __builtin_memcpy(run->tail + (size_t)(run->first + v) * VOICE_TAIL,
                             run->rows + v * VOICE_ROW + BLOCK, EDGE_TAPS * sizeof(float));
}

#endif
