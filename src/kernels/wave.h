/* wave.h — two band-limited sawtooths and a sine.
 *
 * A sawtooth is its naive self plus, at each of its few edges, 16 samples of the difference between a naive
 * and a band-limited step (E. Brandt, "Hard sync without aliasing", ICMC 2001; here linear phase). Edges are
 * found in integers and are rare (one in three blocks at middle C), so a sawtooth without aliases costs
 * little more than one with. The wave lags its phase by 8 frames, half the length of an edge, and what an
 * edge still has to say after the block waits in the voice's tail.
 *
 * Between their edges, two sawtooths are one straight line. So a voice's row is written along time, lanes
 * being frames, as a line that starts anew from the exact phases every 16 frames; an edge subtracts its drop
 * from there to the next start. The sine is left to those who go through the rows across voices (voices.h):
 * it needs one product and two sums a frame there (s += d, d −= 4 sin²(ω/2) s, the second difference of a
 * sine), and starts anew from the exact phase every block.
 *
 * A pulse is two sawtooths of opposite sign. Vibrato and bend glide (vibrato.h). Where they glide a little
 * the line is a parabola, and the sine leans: it is the one whose phase moves evenly from the block's
 * beginning to its end, which the true phase is off by n (64 − n) / 2 glides, a small angle e, and sin(x + e)
 * = sin x + e cos x. Its cosine is the sum of two differences in a row, over 2 sin ω. The glide is such
 * (bend.h) that e² / 2, what is left out, stays below −130 dB. A voice whose pitch glides farther is
 * evaluated frame by frame, the sine too. */
#ifndef AURALIS_KERNELS_WAVE_H
#define AURALIS_KERNELS_WAVE_H

#include "kernels/edge_table.h"
#include "kernels/vibrato.h"

enum {
    WAVE_OSCILLATORS = 3,
    WAVE_LAG = EDGE_TAPS / 2,
    WAVE_STARTS = 5, /* of the line: rows 8 (reckoned from 0), 16, 32, 48, 64 */
    WAVE_END = BLOCK + WAVE_LAG,
    WAVE_RUN = KERNEL_ITEMS
                   ? 1
                   : 32 /* voices whose rows are made and used at a time, to stay in the nearest cache */
};

/* An edge of each sawtooth of each voice: the frame it comes before, its place in the table. */
struct edges {
    int32_t frame[2][WAVE_RUN], row[2][WAVE_RUN];
    float fraction[2][WAVE_RUN];
};

/* What the waves of a run need, by voice. */
struct wave_control {
    ALIGNED uint32_t phase[WAVE_OSCILLATORS][WAVE_RUN];
    uint32_t inc[WAVE_OSCILLATORS][WAVE_RUN], glide[WAVE_OSCILLATORS][WAVE_RUN];
    int32_t curved[WAVE_RUN], gliding[WAVE_RUN]; /* whether the pitch glides a little, and whether far */
    float start[WAVE_STARTS][WAVE_RUN], slope[WAVE_RUN], curve[WAVE_RUN]; /* of the line */
    float sine[WAVE_RUN], step[WAVE_RUN], turn[WAVE_RUN], lean[WAVE_RUN];
    float period[2][WAVE_RUN];   /* frames × 2^−32: the reciprocal of the block's mean increment */
    uint32_t edges[2][WAVE_RUN]; /* how many fall in the block */
    struct edges found;
    int any;    /* whether there is anything but sines */
    int curves; /* whether any pitch glides a little */
};

/* ---- What is worked out once a block, lanes being voices ---- */

/* Moves the phases on by a block. Returns the voices whose pitch glides far. */
KERNEL vi wave_advance(const struct voice_run *run, const int at, uint32_t v, struct wave_control *c) {
    vi running = word_i(run, VOICE_RUN, v), curved = vi_set(0), far = vi_set(0);
    vf from = word_f(run, at + WAVE_BENT, v), bend = wave_bend(run, at, v, running);
    int bent = vi_any((vi_bits(from) | vi_bits(bend)) & INT32_MAX);
    for (int o = 0; o < WAVE_OSCILLATORS; o++) {
        vu phase = word_u(run, at + WAVE_PHASE1 + o, v);
        struct glide_lanes g = {word_i(run, at + WAVE_INC1 + o, v), vi_set(0)};
        if (bent) {
            g = glide_between(g.inc, from, bend);
            curved |= g.glide;
            far |= glide_far(g);
        }
        vu_store(c->phase[o] + v, phase);
        vi_store(c->inc[o] + v, g.inc);
        vi_store(c->glide[o] + v, g.glide);
        keep_i(run, at + WAVE_PHASE1 + o, v, running, vi_from_u(phase + glide_block(g)));
        if (o == 2) break;
        vi saws =
            running & ~vi_eq(word_i(run, at + WAVE_SAW1 + o, v) & INT32_MAX, vi_set(0)); /* weight ±0: none */
        vu edges = vu_set(0);
        vf period = vf_set(0.0f);
        if (vi_any(saws)) {
            /* An edge is where phase + 2^31 overflows: the block's way is added to it, in units of 32. */
            vu way = glide_even2(vu_from_i(g.inc), vu_from_i(g.glide));
            edges = (((phase ^ 0x80000000u) >> 5) + way) >> 27;
            period = reciprocal(vf_from_i(vi_max(vi_from_u(way >> 1), vi_set(1))));
        }
        vi_store(c->edges[o] + v, vi_from_u(edges) & saws);
        vf_store(c->period[o] + v, period);
    }
    curved = ~vi_eq(curved, vi_set(0)) & ~far;
    vi_store(c->curved + v, curved);
    if (vi_any(curved)) c->curves = 1;
    return far;
}

/* Both sawtooths after `frames` frames, without their edges; never −0.0, nor is anything else that is summed.
 */
KERNEL vf naive_saws(const struct wave_control *c, uint32_t v, vf saw1, vf saw2, uint32_t frames,
                     const int curves) {
    vu p1 = vu_load(c->phase[0] + v) + vu_load(c->inc[0] + v) * frames;
    vu p2 = vu_load(c->phase[1] + v) + vu_load(c->inc[1] + v) * frames;
    if (curves) {
        p1 += vu_load(c->glide[0] + v) * (frames * (frames - 1) / 2);
        p2 += vu_load(c->glide[1] + v) * (frames * (frames - 1) / 2);
    }
    return vf_from_i(vi_from_u(p1)) * saw1 + vf_from_i(vi_from_u(p2)) * saw2 + 0.0f;
}

/* The line that the sawtooths are; where it is a parabola, it has its slope at the frame that it is reckoned
 * from, 8 before the block. */
KERNEL void wave_line(const struct voice_run *run, const int at, uint32_t v, struct wave_control *c,
                      const int curves) {
    vf saw1 = word_f(run, at + WAVE_SAW1, v) * 0x1p-31f, saw2 = word_f(run, at + WAVE_SAW2, v) * 0x1p-31f;
    vf slope = vf_from_i(vi_load(c->inc[0] + v)) * saw1 + vf_from_i(vi_load(c->inc[1] + v)) * saw2;
    vf first = naive_saws(c, v, saw1, saw2, 0, curves) - slope * (float)WAVE_LAG;
    if (curves) {
        vf curve = vf_from_i(vi_load(c->glide[0] + v)) * saw1 + vf_from_i(vi_load(c->glide[1] + v)) * saw2;
        first = first + curve * (float)(WAVE_LAG * (WAVE_LAG + 1) / 2);
        slope = slope - curve * (float)WAVE_LAG;
        vf_store(c->curve + v, curve);
    }
    vf_store(c->slope + v, slope);
    vf_store(c->start[0] + v, first);
    for (int k = 1; k < WAVE_STARTS; k++)
        vf_store(c->start[k] + v, naive_saws(c, v, saw1, saw2, (uint32_t)(k * EDGE_TAPS - WAVE_LAG), curves));
}

/* What the sum of two differences in a row is to be multiplied by, besides n (64 − n), to be e cos x. `half`:
 * of the mean increment, `sine`: its sine; where the pitch glides a little, sin ω is above 0. */
KERNEL vf wave_lean(vu glide, vu half, vf sine) {
    vf turning = 2.0f * sine * sin_phase(half + 0x40000000u);
    return vf_from_i(vi_from_u(glide)) * (-1.57079633f * 0x1p-32f) * reciprocal(turning);
}

/* Where the sine starts: its value at the first frame, the difference to the next, the factor 4 sin²(ω/2),
 * and how it leans. */
KERNEL void wave_sine(const struct voice_run *run, const int at, uint32_t v, vi steady,
                      struct wave_control *c) {
    vu phase = vu_load(c->phase[2] + v), glide = vu_load(c->glide[2] + v);
    vu half = glide_even2(vu_load(c->inc[2] + v), glide) >> 2;
    vf weight = word_f(run, at + WAVE_SINE, v), sine = sin_phase(half), twice = sine + sine;
    vf step = weight * twice * sin_phase(phase + half + 0x40000000u);
    vf_store(c->sine + v, vf_mask(steady, weight * sin_phase(phase) + 0.0f));
    vf_store(c->step + v, vf_mask(steady, step + 0.0f));
    vf_store(c->turn + v, vf_mask(steady, twice * twice));
    vi leans = steady & ~vi_eq(vi_from_u(glide), vi_set(0));
    vf_store(c->lean + v, vi_any(leans) ? vf_mask(leans, wave_lean(glide, half, sine)) : vf_set(0.0f));
}

KERNEL void wave_begin(const struct voice_run *run, const int at, uint32_t v, struct wave_control *c) {
    vi gliding = wave_advance(run, at, v, c);
    vi saws = (word_i(run, at + WAVE_SAW1, v) | word_i(run, at + WAVE_SAW2, v)) & INT32_MAX;
    vi glided = vi_eq(word_i(run, at + WAVE_LEFT_TURN, v), vi_set(0)); /* its tail may hold some sine */
    wave_sine(run, at, v, ~gliding, c);
    vi_store(c->gliding + v, gliding);
    if (vi_any(gliding | glided | saws)) c->any = 1;
}

/* ---- Rows, lanes being frames ---- */

KERNEL float word_float(const struct voice_run *run, int word, uint32_t v) {
    return as_float(*WORD(run, word, v));
}

/* The first frames of a voice's row: the line behind what the last block left in its tail. */
KERNEL void row_first(float *row, MEMORY const float *tail, const struct wave_control *c, uint32_t v) {
    for (int i = 0; i < EDGE_TAPS; i += LANES) {
        vi frame = vi_add(vi_ramp(), vi_set(i));
        vf line = vf_from_i(frame) * c->slope[v] + c->start[0][v];
        vf_store(row + i, vf_load(tail + i) + vf_mask(vi_lt(vi_set(WAVE_LAG - 1), frame), line));
    }
}

/* The line into the rest of it. */
KERNEL void row_rest(float *row, const struct wave_control *c, uint32_t v) {
    float slope = c->slope[v];
    for (int i = 0; i < EDGE_TAPS; i += LANES) {
        vi frame = vi_add(vi_ramp(), vi_set(i));
        vf rise = vf_from_i(frame) * slope;
        for (int k = 1; k < WAVE_STARTS - 1; k++) vf_store(row + k * EDGE_TAPS + i, rise + c->start[k][v]);
        vf_store(row + BLOCK + i,
                 vf_mask(vi_lt(frame, vi_set(WAVE_LAG)), rise + c->start[WAVE_STARTS - 1][v]));
    }
}

KERNEL void row_line(float *row, MEMORY const float *tail, const struct wave_control *c, uint32_t v) {
    row_first(row, tail, c, v);
    row_rest(row, c, v);
}

/* All of a row where it is a parabola: from one start to the next its slope grows by 16 times the curve. */
KERNEL void row_curve(float *row, MEMORY const float *tail, const struct wave_control *c, uint32_t v) {
    for (int i = 0; i < EDGE_TAPS; i += LANES) {
        vi frame = vi_add(vi_ramp(), vi_set(i));
        vf n = vf_from_i(frame), steeper = n * (c->curve[v] * (float)EDGE_TAPS);
        vf pairs = vf_from_i((frame * vi_sub(frame, vi_set(1))) >> 1);
        vf rise = n * c->slope[v] + pairs * c->curve[v];
        vf_store(row + i,
                 vf_load(tail + i) + vf_mask(vi_lt(vi_set(WAVE_LAG - 1), frame), rise + c->start[0][v]));
        for (int k = 1; k < WAVE_STARTS - 1; k++) {
            rise = rise + steeper;
            vf_store(row + k * EDGE_TAPS + i, rise + c->start[k][v]);
        }
        rise = rise + steeper;
        vf_store(row + BLOCK + i,
                 vf_mask(vi_lt(frame, vi_set(WAVE_LAG)), rise + c->start[WAVE_STARTS - 1][v]));
    }
}

/* A voice whose pitch glides far: every frame from its phases. */
KERNEL void row_gliding(const struct voice_run *run, const int at, float *row, MEMORY const float *tail,
                        const struct wave_control *c, uint32_t v) {
    struct phases p[WAVE_OSCILLATORS];
    vf saw1 = vf_set(word_float(run, at + WAVE_SAW1, v) * 0x1p-31f),
       saw2 = vf_set(word_float(run, at + WAVE_SAW2, v) * 0x1p-31f),
       sine = vf_set(word_float(run, at + WAVE_SINE, v));
    for (int o = 0; o < WAVE_OSCILLATORS; o++)
        p[o] = phases_from(c->phase[o][v], c->inc[o][v], c->glide[o][v], 0, 1);
    for (int i = 0; i < BLOCK; i += LANES) {
        vf x = vf_from_i(vi_from_u(p[0].at)) * saw1 + vf_from_i(vi_from_u(p[1].at)) * saw2;
        vf_store(row + WAVE_LAG + i, x + sin_phase(p[2].at) * sine);
        for (int o = 0; o < WAVE_OSCILLATORS; o++) phases_next(&p[o], 1);
    }
    COPY(row, tail, WAVE_LAG);
    for (int i = WAVE_LAG; i < EDGE_TAPS; i++) row[i] = row[i] + tail[i];
    for (int i = WAVE_END; i < VOICE_ROW; i++) row[i] = 0.0f;
}

/* Adds a band-limited edge that comes before the row's sample n + 8. */
KERNEL void row_edge(float *row, uint32_t n, int32_t at, float fraction, float drop) {
    vf scale = vf_set(0.0f - drop);
    for (int j = 0; j < EDGE_TAPS; j += LANES) {
        vf a = vf_load(EDGE[at] + j), b = vf_load(EDGE[at + 1] + j);
        vf_store(row + n + j, vf_load(row + n + j) + (a + fraction * (b - a)) * scale);
    }
}

/* Which voices have a k-th edge, of those that glide far or of the others: a bit each. */
KERNEL uint32_t voices_with_edge(const struct wave_control *c, int o, uint32_t count, uint32_t k,
                                 const int gliding) {
    uint32_t bits = 0;
    for (uint32_t v = 0; v < count; v += LANES) {
        vi has = vi_lt(vi_set((int32_t)k - 1), vi_load(c->edges[o] + v)), glides = vi_load(c->gliding + v);
        bits |= vi_signs(has & (gliding ? glides : ~glides)) << v;
    }
    return bits;
}

/* ---- Edges of voices whose pitch glides far, one by one ---- */

/* How far a phase has come after n frames. */
KERNEL uint64_t wave_way(uint32_t n, uint32_t inc, int32_t glide) {
    return (uint64_t)n * inc + (uint64_t)((int64_t)(n * (n - 1) / 2) * glide);
}

/* The reciprocal of one increment ≥ 1, as `reciprocal` has it. */
KERNEL float wave_period(uint32_t inc) {
    float x = (float)(int32_t)inc, r = as_float((uint32_t)(0x7ef311c7 - as_int(x)));
    for (int step = 0; step < 3; step++) r = r * (2.0f - x * r);
    return r;
}

/* The k-th edge of a voice's sawtooth `o` into its row. */
KERNEL void gliding_edge(float *row, const struct wave_control *c, int o, uint32_t v, uint32_t k,
                         float drop) {
    uint32_t inc = c->inc[o][v];
    int32_t glide = (int32_t)c->glide[o][v];
    uint64_t start = c->phase[o][v] ^ 0x80000000u, edge = (uint64_t)k << 32;
    uint32_t n = (uint32_t)((float)(int64_t)(edge - start) * c->period[o][v]);
    if (n > BLOCK) n = BLOCK;
    while (start + wave_way(n, inc, glide) < edge) n++;
    while (start + wave_way(n - 1, inc, glide) >= edge) n--;
    uint32_t past = (uint32_t)(start + wave_way(n, inc, glide) - edge);
    float place = (float)(int32_t)past * wave_period(inc + (n - 1) * (uint32_t)glide) * (float)EDGE_ROWS;
    int32_t at = (int32_t)place;
    at = at > EDGE_ROWS - 1 ? EDGE_ROWS - 1 : at;
    row_edge(row, n, at, place - (float)at, drop);
}

KERNEL void gliding_edges(const struct voice_run *run, const int at, const struct wave_control *c) {
    for (int o = 0; o < 2; o++)
        for (uint32_t k = 1, left; (left = voices_with_edge(c, o, run->count, k, 1)); k++)
            for (; left; left &= left - 1) {
                uint32_t v = LOWEST_BIT(left);
                float weight = word_float(run, at + WAVE_SAW1 + o, v);
                gliding_edge(run->rows + v * VOICE_ROW, c, o, v, k, weight + weight);
            }
}

/* ---- Edges of the other voices, the k-th of every voice at once ---- */

/* Finds the k-th edge of LANES voices: the first frame at which phase + 2^31 has overflowed k times. The
 * float estimate is a hair early on purpose, so the frame is the one after it or the next, which the integer
 * phase decides. `curves` is known to the compiler: where a pitch glides, the estimate, from its mean, is off
 * by 1 / 32 frame at most. */
KERNEL void find_edges(struct wave_control *c, int o, uint32_t v, uint32_t k, const int curves) {
    vu phase = vu_load(c->phase[o] + v), inc = vu_load(c->inc[o] + v), glide = vu_set(0);
    vf period = vf_load(c->period[o] + v),
       distance = (float)k * 0x1p32f - 0x1p31f - vf_from_i(vi_from_u(phase));
    vi n = vi_add(vi_from_f(distance * period - (curves ? 0.04f : 1e-4f)), vi_set(1));
    vu past = (phase ^ 0x80000000u) + vu_from_i(n) * inc, step = inc, next = inc;
    if (curves) {
        glide = vu_load(c->glide[o] + v);
        vu before = vu_from_i(n) - 1u;
        past += ((vu_from_i(n) * before) >> 1) * glide;
        step = inc + before * glide;
        next = step + glide;
    }
    vi early = ~vi_lt(vi_from_u(past ^ 0x80000000u), vi_from_u(step ^ 0x80000000u));
    n = vi_sub(n, early);
    past += vu_from_i(early) & next;
    if (curves) { /* of the frame in which it falls */
        vf off = (vf_from_i(n) - 0.5f * (float)(BLOCK + 1)) * (vf_from_i(vi_from_u(glide)) * period);
        period = period - period * off;
    }
    vf place = vf_from_i(vi_from_u(past)) * period * (float)EDGE_ROWS;
    vi row = vi_min(vi_from_f(place), vi_set(EDGE_ROWS - 1));
    vi_store(c->found.frame[o] + v, n);
    vi_store(c->found.row[o] + v, row);
    vf_store(c->found.fraction[o] + v, place - vf_from_i(row));
}

/* From an edge to where the line starts anew, it lies `drop` lower. */
KERNEL void row_drop(float *row, int32_t n, float drop) {
    int32_t first = n + WAVE_LAG, end = (first + EDGE_TAPS - 1) & -EDGE_TAPS;
    end = end < WAVE_END ? end : WAVE_END;
    for (int32_t i = first & -LANES; i < end; i += LANES) {
        vi frame = vi_add(vi_ramp(), vi_set(i));
        vi below = vi_lt(vi_set(first - 1), frame) & vi_lt(frame, vi_set(end));
        vf_store(row + i, vf_load(row + i) - vf_mask(below, vf_set(drop)));
    }
}

/* What the line loses at an edge of each voice. */
KERNEL void find_drops(const struct voice_run *run, const int at, float drop[2][WAVE_RUN]) {
    for (uint32_t v = 0; v < run->count; v += LANES)
        for (int o = 0; o < 2; o++) vf_store(drop[o] + v, word_f(run, at + WAVE_SAW1 + o, v) * 2.0f);
}

/* Every voice's k-th edges into its row; c->found tells where they are. Returns whether there were any. */
KERNEL uint32_t steady_edge(const struct voice_run *run, struct wave_control *c,
                            const float drop[2][WAVE_RUN], uint32_t k) {
    uint32_t has[2], left;
    for (int o = 0; o < 2; o++) has[o] = voices_with_edge(c, o, run->count, k, 0);
    if (!(has[0] | has[1])) return 0;
    for (int o = 0; o < 2; o++) {
        for (uint32_t v = 0; v < run->count; v += LANES)
            if (c->curves)
                find_edges(c, o, v, k, 1);
            else
                find_edges(c, o, v, k, 0);
        for (left = has[o]; left; left &= left - 1) {
            uint32_t v = LOWEST_BIT(left);
            row_drop(run->rows + v * VOICE_ROW, c->found.frame[o][v], drop[o][v]);
        }
    }
    for (int o = 0; o < 2; o++)
        for (left = has[o]; left; left &= left - 1) {
            uint32_t v = LOWEST_BIT(left);
            row_edge(run->rows + v * VOICE_ROW, (uint32_t)c->found.frame[o][v], c->found.row[o][v],
                     c->found.fraction[o][v], drop[o][v]);
        }
    return 1;
}

KERNEL void steady_edges(const struct voice_run *run, const int at, struct wave_control *c) {
    float drop[2][WAVE_RUN];
    find_drops(run, at, drop);
    for (uint32_t k = 1; steady_edge(run, c, drop, k);) k++;
}

/* ---- A run ---- */

KERNEL void rows_begin(const struct voice_run *run, const int at, const struct wave_control *c) {
    for (uint32_t v = 0; v < run->count; v++) {
        if (!*WORD(run, VOICE_RUN, v)) continue;
        float *row = run->rows + v * VOICE_ROW;
        MEMORY const float *tail = run->tail + (size_t)(run->first + v) * VOICE_TAIL;
        if (c->gliding[v])
            row_gliding(run, at, row, tail, c, v);
        else if (c->curved[v])
            row_curve(row, tail, c, v);
        else
            row_line(row, tail, c, v);
    }
}

KERNEL void rows_end(const struct voice_run *run) {
    for (uint32_t v = 0; v < run->count; v++)
        if (*WORD(run, VOICE_RUN, v))
            COPY(run->tail + (size_t)(run->first + v) * VOICE_TAIL, run->rows + v * VOICE_ROW + BLOCK,
                 VOICE_TAIL);
}

/* The waves of a run of at most WAVE_RUN voices in three steps; their words begin at word `at`. The first
 * leaves the steady sines in c, and c->any tells whether the others, which fill the rows, are needed. */
KERNEL void waves_begin(const struct voice_run *run, const int at, struct wave_control *c) {
    c->any = c->curves = 0;
    for (uint32_t v = 0; v < run->count; v += LANES) wave_begin(run, at, v, c);
}

KERNEL void waves_rows(const struct voice_run *run, const int at, struct wave_control *c) {
    for (uint32_t v = 0; v < run->count; v += LANES)
        if (c->curves)
            wave_line(run, at, v, c, 1);
        else
            wave_line(run, at, v, c, 0);
    rows_begin(run, at, c);
}

KERNEL void waves_edges(const struct voice_run *run, const int at, struct wave_control *c) {
    steady_edges(run, at, c);
    gliding_edges(run, at, c);
    rows_end(run);
}

KERNEL void waves(const struct voice_run *whole, const int at, struct wave_control *c) {
    const struct voice_run here = *whole; /* which no store can change */
    const struct voice_run *run = &here;
    waves_begin(run, at, c);
    if (!c->any) return;
    waves_rows(run, at, c);
    waves_edges(run, at, c);
}

#endif
