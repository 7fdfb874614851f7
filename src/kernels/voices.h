/* voices.h — the second half of a voice, lanes being voices: sine, filter, amplitude.
 *
 * A filter must go through time frame by frame, so the rows are turned over tile by tile, worked on, and
 * turned back. Its dependent chain is some 12 cycles a frame, which several groups of lanes in flight hide.
 * What a program does not need the compiler leaves out: filter, sine, rows. */
#ifndef AURALIS_KERNELS_VOICES_H
#define AURALIS_KERNELS_VOICES_H

#include "kernels/filter.h"
#include "kernels/wave.h"

#if LANES == 1
#define VOICE_GROUPS 1
#define SINE_GROUPS 1
#else
#define VOICE_GROUPS 2
#define SINE_GROUPS 4 /* where there are only sines: a chain as long, and less to do and to hold */
#endif

/* What a program is made of. `wave`: the first of its wave words, or −1. `rows`: whether there is something
 * in its rows. */
struct voice_parts {
    int wave, rows, filter;
};

struct voice_lanes {
    vi running, begins;
    vf amp, step;                  /* of the amplitude */
    vf sine, sine_step, sine_turn; /* see wave.h */
    vf sine_lean, sine_both;       /* … and the sum of two steps in a row */
    struct filter filter;
};

/* Where a group of lanes is at the end of the block: what is worked out once for all its frames. */
struct lanes_aim {
    vf amp, octaves;
    struct filter_angle angle;
    struct filter_aim filter;
};

/* Its first step: the amplitude, and the filter's octaves. */
KERNEL void lanes_aim_octaves(const struct voice_run *run, uint32_t v, const struct voice_parts p,
                              struct lanes_aim *aim) {
    vi age = word_i(run, VOICE_AGE, v), end = vi_add(age, vi_set(BLOCK));
    vf envelope = envelope_at(run, v, end);
    aim->amp = amplitude_at(run, v, end, envelope);
    if (p.filter) aim->octaves = filter_octaves(run, v, age, envelope);
}

/* All steps of `groups` groups from voice v on. */
KERNEL void lanes_aims(const struct voice_run *run, uint32_t v, const int groups, const struct voice_parts p,
                       struct lanes_aim *aim) {
    for (int n = 0; n < groups; n++) lanes_aim_octaves(run, v + (uint32_t)(n * LANES), p, &aim[n]);
    if (!p.filter) return;
    for (int n = 0; n < groups; n++) aim[n].angle = filter_angle(aim[n].octaves);
    for (int n = 0; n < groups; n++) aim[n].filter = filter_aim(run, v + (uint32_t)(n * LANES), aim[n].angle);
}

/* `groups` groups of lanes from voice v on. */
KERNEL void lanes_begin(const struct voice_run *run, uint32_t v, const int groups, const struct voice_parts p,
                        const struct lanes_aim *aim, struct voice_lanes *l) {
    for (int n = 0; n < groups; n++) {
        uint32_t at = v + (uint32_t)(n * LANES);
        vi age = word_i(run, VOICE_AGE, at);
        l[n].running = word_i(run, VOICE_RUN, at);
        l[n].begins = l[n].running & vi_lt(age, vi_set(0));
        struct ramp ramp = amplitude_moves(run, at, l[n].running, aim[n].amp);
        l[n].amp = p.filter ? ramp.from * 0.5f : ramp.from; /* filter_frame gives twice its output */
        l[n].step = p.filter ? ramp.step * 0.5f : ramp.step;
        if (p.filter) l[n].filter = filter_begin(run, at, l[n].running, age, aim[n].filter);
        if (p.wave < 0) continue;
        l[n].sine = word_f(run, p.wave + WAVE_LEFT_SINE, at);
        l[n].sine_step = word_f(run, p.wave + WAVE_LEFT_STEP, at);
        l[n].sine_turn = word_f(run, p.wave + WAVE_LEFT_TURN, at);
        l[n].sine_lean = word_f(run, p.wave + WAVE_LEFT_LEAN, at);
    }
}

KERNEL void lanes_end(const struct voice_run *run, uint32_t v, const struct voice_parts p,
                      const struct voice_lanes *l) {
    if (p.filter) filter_end(run, v, l->running, &l->filter);
    if (p.wave < 0) return;
    keep_f(run, p.wave + WAVE_LEFT_SINE, v, l->running, l->sine);
    keep_f(run, p.wave + WAVE_LEFT_STEP, v, l->running, l->sine_step);
    keep_f(run, p.wave + WAVE_LEFT_TURN, v, l->running, l->sine_turn);
    keep_f(run, p.wave + WAVE_LEFT_LEAN, v, l->running, l->sine_lean);
}

/* `leans`, known to the compiler: whether any sine does; then this is frame n of its own block. */
KERNEL vf lanes_frame(struct voice_lanes *l, const struct voice_parts p, vf x, const int leans, int n) {
    if (p.wave >= 0) {
        vf step = l->sine_step;
        x = p.rows ? x + l->sine : l->sine;
        if (leans) x = x + (l->sine_lean * (float)(n * (BLOCK - n))) * l->sine_both;
        l->sine = l->sine + step;
        l->sine_step = step - l->sine_turn * l->sine;
        if (leans) l->sine_both = vf_add_aside(step, l->sine_step);
    }
    if (p.filter) x = filter_frame(&l->filter, x);
    x = x * l->amp;
    l->amp = vf_add_aside(l->amp, l->step);
    return x;
}

KERNEL void lanes_start_sine(struct voice_lanes *l, const struct wave_control *c, uint32_t v) {
    l->sine = vf_load(c->sine + v);
    l->sine_step = vf_load(c->step + v);
    l->sine_turn = vf_load(c->turn + v);
    l->sine_lean = vf_load(c->lean + v);
}

KERNEL void lanes_start_both(struct voice_lanes *l) {
    l->sine_both = l->sine_step + (l->sine_step + l->sine_turn * l->sine);
}

/* Before its onset a voice is silent: there its amplitude is below zero. */
KERNEL void lanes_silence(const struct voice_run *run, uint32_t v, vi begins) {
    if (!vi_any(begins)) return;
    for (uint32_t i = v; i < v + LANES; i++) {
        int32_t onset = BLOCK - (int32_t)*WORD(run, VOICE_AGE, i);
        for (int32_t n = 0; n < onset && n < BLOCK; n++) run->rows[i * VOICE_ROW + (uint32_t)n] = 0.0f;
    }
}

/* Where the sines of `groups` groups of lanes from voice v on start. */
KERNEL void tiles_start_sines(struct voice_lanes *l, uint32_t v, const int groups,
                              const struct wave_control *c) {
    for (int g = 0; g < groups; g++) {
        uint32_t at = v + (uint32_t)(g * LANES);
        lanes_start_sine(&l[g], c + at / WAVE_RUN, at % WAVE_RUN);
    }
}

/* All frames of `groups` groups of lanes from voice v on; `leans` as lanes_frame has it. */
KERNEL void tiles_frames(const struct voice_run *run, uint32_t v, const int groups,
                         const struct voice_parts p, const struct wave_control *c, struct voice_lanes *l,
                         const int leans) {
    for (int g = 0; g < groups && leans; g++) lanes_start_both(&l[g]);
    for (int frame = 0; frame < BLOCK; frame += TILE) {
        vf tile[SINE_GROUPS][TILE];
        if (p.wave >= 0 && frame == WAVE_LAG) {
            tiles_start_sines(l, v, groups, c);
            for (int g = 0; g < groups && leans; g++) lanes_start_both(&l[g]);
        }
        for (int g = 0; g < groups && p.rows; g++)
            tile_load(tile[g], run->rows + (v + (uint32_t)(g * LANES)) * VOICE_ROW + frame, VOICE_ROW);
        int first = (frame - WAVE_LAG) & (BLOCK - 1);
        UNROLLED for (int i = 0; i < TILE; i++) {
            for (int g = 0; g < groups; g++)
                tile[g][i] = lanes_frame(&l[g], p, p.rows ? tile[g][i] : vf_set(0.0f), leans, first + i);
        }
        for (int g = 0; g < groups; g++)
            tile_store(tile[g], run->rows + (v + (uint32_t)(g * LANES)) * VOICE_ROW + frame, VOICE_ROW);
    }
}

/* Whether a sine of these groups leans, in this block or in what the last one has left. */
KERNEL int tiles_lean(uint32_t v, const int groups, const struct voice_parts p, const struct wave_control *c,
                      const struct voice_lanes *l) {
    vi leans = vi_set(0);
    for (int g = 0; g < groups && p.wave >= 0; g++) {
        uint32_t at = v + (uint32_t)(g * LANES);
        leans |= vi_bits(l[g].sine_lean) | vi_bits(vf_load(c[at / WAVE_RUN].lean + at % WAVE_RUN));
    }
    return vi_any(leans & INT32_MAX);
}

/* `groups` groups of lanes from voice v on. `aims` are those of the run, or 0: not worked out yet. */
KERNEL void voice_tiles(const struct voice_run *run, uint32_t v, const int groups, const struct voice_parts p,
                        const struct wave_control *c, const struct lanes_aim *aims) {
    struct voice_lanes l[SINE_GROUPS];
    struct lanes_aim here[SINE_GROUPS];
    if (!aims) lanes_aims(run, v, groups, p, here);
    lanes_begin(run, v, groups, p, aims ? aims + v / LANES : here, l);
    if (p.wave >= 0 && tiles_lean(v, groups, p, c, l))
        tiles_frames(run, v, groups, p, c, l, 1);
    else
        tiles_frames(run, v, groups, p, c, l, 0);
    for (int g = 0; g < groups; g++) {
        lanes_end(run, v + (uint32_t)(g * LANES), p, &l[g]);
        lanes_silence(run, v + (uint32_t)(g * LANES), l[g].begins);
    }
}

/* The voices of a run from what is in its rows and in c. Lane groups with no running voice cost nothing. */
KERNEL void voices(const struct voice_run *whole, const struct voice_parts p, const struct wave_control *c,
                   const struct lanes_aim *aims) {
    const struct voice_run here = *whole; /* which no store can change */
    const struct voice_run *run = &here;
    const int sines = !p.rows && !p.filter;
    uint32_t v = 0;
    while (v < run->count) {
        if (!vi_any(word_i(run, VOICE_RUN, v))) {
            v += LANES;
        } else if (SINE_GROUPS > VOICE_GROUPS && sines && v + (SINE_GROUPS - 1) * LANES < run->count) {
            voice_tiles(run, v, SINE_GROUPS, p, c, aims);
            v += SINE_GROUPS * LANES;
        } else if (VOICE_GROUPS > 1 && v + LANES < run->count) {
            voice_tiles(run, v, VOICE_GROUPS, p, c, aims);
            v += VOICE_GROUPS * LANES;
        } else {
            voice_tiles(run, v, 1, p, c, aims);
            v += LANES;
        }
    }
}

/* `count` voices of a run from voice v on, or as many as there are. */
KERNEL struct voice_run run_part(const struct voice_run *run, uint32_t v, uint32_t count) {
    struct voice_run part = *run;
    part.first += v;
    part.count = run->count - v < count ? run->count - v : count;
    part.rows += v * VOICE_ROW;
    return part;
}

/* A program with waves: WAVE_RUN voices at a time. The steps of their aims are put between those of the
 * waves, which do not wait for them: one after the other, nothing would happen meanwhile. */
KERNEL void wave_voices(const struct voice_run *run, const int at, const int filter) {
    struct wave_control c;
    struct lanes_aim aims[WAVE_RUN / LANES];
    for (uint32_t v = 0; v < run->count; v += WAVE_RUN) {
        const struct voice_run part = run_part(run, v, WAVE_RUN);
        const struct voice_parts p = {at, 1, filter}, sines = {at, 0, filter};
        for (uint32_t n = 0; n < part.count; n += LANES) lanes_aim_octaves(&part, n, p, &aims[n / LANES]);
        waves_begin(&part, at, &c);
        for (uint32_t n = 0; filter && n < part.count; n += LANES)
            aims[n / LANES].angle = filter_angle(aims[n / LANES].octaves);
        if (c.any) waves_rows(&part, at, &c);
        for (uint32_t n = 0; filter && n < part.count; n += LANES)
            aims[n / LANES].filter = filter_aim(&part, n, aims[n / LANES].angle);
        if (c.any) waves_edges(&part, at, &c);
        if (c.any)
            voices(&part, p, &c, aims);
        else
            voices(&part, sines, &c, aims);
    }
}

#endif
