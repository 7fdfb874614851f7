/* wave.h — two band-limited sawtooths and a sine.
 *
 * The waves are evaluated along time, a voice at a time: an oscillator is a closed form of its phase, so the
 * lanes are consecutive frames. A sawtooth is its naive self plus, at each of its few edges, 16 samples of
 * the difference between a naive and a band-limited step (E. Brandt, "Hard sync without aliasing", ICMC 2001;
 * here linear phase). Edges are found in integers and are rare (one in three blocks at middle C), so a
 * sawtooth without aliases costs little more than one with. The wave lags its phase by 8 frames, half the
 * length of an edge, and what an edge still has to say after the block waits in the voice's tail.
 *
 * A pulse is two sawtooths of opposite sign. Vibrato and bend glide (bend.h). */
#ifndef AURALIS_KERNELS_WAVE_H
#define AURALIS_KERNELS_WAVE_H

#include "kernels/bend.h"
#include "kernels/edge_table.h"
#include "kernels/envelope.h"

enum { WAVE_OSCILLATORS = 3 };

/* What the waves of a run need, by voice. */
struct wave_control {
    uint32_t phase[WAVE_OSCILLATORS][VOICE_RUN_MAX], inc[WAVE_OSCILLATORS][VOICE_RUN_MAX],
        glide[WAVE_OSCILLATORS][VOICE_RUN_MAX];
    float period[2][VOICE_RUN_MAX];   /* frames × 2^−32: the reciprocal of the increment */
    uint32_t edges[2][VOICE_RUN_MAX]; /* how many fall in the block */
};

/* Moves the phases on by a block at the increments that vibrato and bend give them. */
KERNEL void wave_advance(const struct voice_run *run, const int at, uint32_t v, struct wave_control *c) {
    vi running = word_i(run, VOICE_RUN, v), end = vi_add(word_i(run, VOICE_AGE, v), vi_set(BLOCK));
    vf rise = vf_min(vf_from_i(end) * word_f(run, at + WAVE_VIBRATO_RISE, v), vf_set(1.0f));
    vf vibrato = word_f(run, at + WAVE_VIBRATO_DEPTH, v) * rise *
                 sin_phase(vu_from_i(end) * word_u(run, at + WAVE_VIBRATO_INC, v));
    vf bend = word_f(run, at + WAVE_BEND, v), from = word_f(run, at + WAVE_BENT, v);
    bend = bend + vibrato + bend * vibrato;
    keep_f(run, at + WAVE_BENT, v, running, bend);
    for (int o = 0; o < WAVE_OSCILLATORS; o++) {
        vu phase = word_u(run, at + WAVE_PHASE1 + o, v);
        struct glide_lanes g = glide_between(word_i(run, at + WAVE_INC1 + o, v), from, bend);
        vu_store(c->phase[o] + v, phase);
        vi_store(c->inc[o] + v, g.inc);
        vi_store(c->glide[o] + v, g.glide);
        keep_i(run, at + WAVE_PHASE1 + o, v, running, vi_from_u(phase + glide_block(g)));
        if (o == 2) break;
        /* An edge is where phase + 2^31 overflows: the block's way is added to it, in units of 32. */
        vu way = (vu_from_i(g.inc) << 1) + vu_from_i(g.glide) * (uint32_t)(BLOCK - 1);
        vu edges = (((phase ^ 0x80000000u) >> 5) + way) >> 27;
        vi saws = running &
                  ~vi_eq(vi_from_u(word_u(run, at + WAVE_SAW1 + o, v) << 1), vi_set(0)); /* weight ±0: none */
        vi_store(c->edges[o] + v, vi_from_u(edges) & saws);
        vf_store(c->period[o] + v, reciprocal(vf_from_i(vi_max(g.inc, vi_set(1)))));
    }
}

KERNEL float word_float(const struct voice_run *run, int word, uint32_t v) {
    return as_float(*WORD(run, word, v));
}

/* One voice's naive waves into its row, behind what the last block left in its tail. */
KERNEL void wave_naive(const struct voice_run *run, const int at, const struct wave_control *c, uint32_t v,
                       const int gliding) {
    float *row = run->rows + v * VOICE_ROW;
    MEMORY const float *tail = run->tail + (size_t)(run->first + v) * VOICE_TAIL;
    struct phases p[WAVE_OSCILLATORS];
    vf saw1 = vf_set(word_float(run, at + WAVE_SAW1, v) * 0x1p-31f),
       saw2 = vf_set(word_float(run, at + WAVE_SAW2, v) * 0x1p-31f),
       sine = vf_set(word_float(run, at + WAVE_SINE, v));
    for (int o = 0; o < WAVE_OSCILLATORS; o++)
        p[o] = phases_from(c->phase[o][v], c->inc[o][v], c->glide[o][v], gliding);
    for (int i = 0; i < BLOCK; i += LANES) {
        vf x = vf_from_i(vi_from_u(p[0].at)) * saw1 + vf_from_i(vi_from_u(p[1].at)) * saw2;
        x += sin_phase(p[2].at) * sine;
        if (i < EDGE_TAPS) x += vf_load(tail + EDGE_TAPS / 2 + i);
        vf_store(row + EDGE_TAPS / 2 + i, x);
        for (int o = 0; o < WAVE_OSCILLATORS; o++) phases_next(&p[o], gliding);
    }
    COPY(row, tail, EDGE_TAPS / 2);
    for (int i = 0; i < EDGE_TAPS / 2; i++) row[BLOCK + EDGE_TAPS / 2 + i] = 0.0f;
}

/* How far a phase has come after n frames. */
KERNEL uint64_t wave_way(uint32_t n, uint32_t inc, int32_t glide, const int gliding) {
    uint64_t way = (uint64_t)n * inc;
    return gliding ? way + (uint64_t)((int64_t)(n * (n - 1) / 2) * glide) : way;
}

/* The reciprocal of one increment ≥ 1, as `reciprocal` has it. */
KERNEL float wave_period(uint32_t inc) {
    float x = (float)(int32_t)inc, r = as_float((uint32_t)(0x7ef311c7 - as_int(x)));
    for (int step = 0; step < 3; step++) r = r * (2.0f - x * r);
    return r;
}

/* Adds the corrections of a sawtooth's edges in the block. The row's sample 0 lies 8 frames before the block;
 * the wave falls by `drop` at an edge. */
KERNEL void wave_edges(float *row, uint32_t phase, uint32_t inc, int32_t glide, float period, float drop,
                       uint32_t edges, const int gliding) {
    uint64_t start = phase ^ 0x80000000u;
    for (uint64_t k = 1; k <= edges; k++) {
        uint64_t edge = k << 32;
        uint32_t n = (uint32_t)((float)(int64_t)(edge - start) * period);
        if (gliding && n > BLOCK) n = BLOCK;
        while (start + wave_way(n, inc, glide, gliding) < edge) n++;
        while (start + wave_way(n - 1, inc, glide, gliding) >= edge) n--;
        uint32_t past = (uint32_t)(start + wave_way(n, inc, glide, gliding) - edge);
        if (gliding) period = wave_period(inc + (n - 1) * (uint32_t)glide);
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
        if (*WORD(run, VOICE_RUN, v)) {
            if (c.glide[0][v] | c.glide[1][v] | c.glide[2][v])
                wave_naive(run, at, &c, v, 1);
            else
                wave_naive(run, at, &c, v, 0);
        }
    for (int o = 0; o < 2; o++) {
        uint32_t n = 0;
        for (uint32_t v = 0; v < run->count;
             v++) { /* without a branch: whether there is an edge is a coin's toss */
            list[n] = v;
            n += c.edges[o][v] != 0;
        }
        for (uint32_t i = 0; i < n; i++) {
            uint32_t v = list[i];
            float weight = word_float(run, at + WAVE_SAW1 + o, v), *row = run->rows + v * VOICE_ROW;
            uint32_t phase = c.phase[o][v], inc = c.inc[o][v], edges = c.edges[o][v];
            int32_t glide = (int32_t)c.glide[o][v];
            if (glide)
                wave_edges(row, phase, inc, glide, c.period[o][v], weight + weight, edges, 1);
            else
                wave_edges(row, phase, inc, 0, c.period[o][v], weight + weight, edges, 0);
        }
    }
    for (uint32_t v = 0; v < run->count; v++)
        if (*WORD(run, VOICE_RUN, v))
            COPY(run->tail + (size_t)(run->first + v) * VOICE_TAIL, run->rows + v * VOICE_ROW + BLOCK,
                 EDGE_TAPS);
}

#endif
