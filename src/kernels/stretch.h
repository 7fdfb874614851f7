/* stretch.h — many blocks of a voice without a filter at once, lanes being blocks.
 *
 * Nothing in such a voice needs the block before it: envelope and phases are closed forms, and the sine
 * starts anew from its phase every block. So sixteen blocks of one voice go side by side where sixteen voices
 * would, and a phrase of ten voices leaves no lane empty; two voices go together, which hides the chain of
 * the sine. What one block leaves to the next (16 samples of an edge, 8 of the sine) moves a lane on.
 *
 * Since a lane is a block of the stream's, whatever voice it is, the sums on the buses are made in the lanes
 * too, and turned over once for all voices.
 *
 * A row's first 16 frames must wait for all edges of the block before it, which they go on from; the other
 * frames need not. So all rows get their edges without the first frames, a list of edges at a time; then
 * those are made, block by block. Few blocks have an edge there. */
#ifndef AURALIS_KERNELS_STRETCH_H
#define AURALIS_KERNELS_STRETCH_H

#include "kernels/voices.h"

#if !KERNEL_ITEMS

enum {
    STRETCH_PAIR = WAVE_RUN / STRETCH_BLOCKS, /* voices that go together */
    STRETCH_EARLY = EDGE_TAPS / 2 + 1         /* more edges than a sawtooth has in as many frames */
};

/* Of the blocks of a pair of voices; lane v × STRETCH_BLOCKS + b is block b of voice v. */
struct stretch {
    ALIGNED uint32_t word[TONE_WORDS][WAVE_RUN];
    ALIGNED float rows[WAVE_RUN * VOICE_ROW];
    ALIGNED float sum[STREAM_BUSES][2][BLOCK][STRETCH_BLOCKS]; /* the buses, lanes being blocks */
    struct wave_control c;
    float drop[2][WAVE_RUN];
    struct edges edges[STRETCH_EARLY]; /* the first of each block */
    uint32_t kept, early;              /* how many of those; which lanes have one in their first frames */
    uint32_t waves;                    /* which voices have anything but a sine */
    float amp[STRETCH_PAIR][STRETCH_BLOCKS + 1];        /* where each block begins */
    uint32_t left[STRETCH_PAIR][3][STRETCH_BLOCKS + 1]; /* WAVE_LEFT_SINE …, before each block */
    const struct voice_run *run;
    struct voice_run lanes;
    uint32_t first, voices, blocks;
};

/* The words of every block that are looked at. */
KERNEL void stretch_words(struct stretch *s, uint32_t v) {
    static const uint8_t same[] = {VOICE_RUN,
                                   VOICE_GATE,
                                   VOICE_KILL,
                                   VOICE_KILL_RATE,
                                   VOICE_ATTACK,
                                   VOICE_ATTACK_END,
                                   VOICE_DECAY,
                                   VOICE_SUSTAIN,
                                   VOICE_RELEASE,
                                   VOICE_TREMOLO_INC,
                                   VOICE_TREMOLO_DEPTH,
                                   TONE_WAVE + WAVE_INC1,
                                   TONE_WAVE + WAVE_INC2,
                                   TONE_WAVE + WAVE_INC3,
                                   TONE_WAVE + WAVE_SAW1,
                                   TONE_WAVE + WAVE_SAW2,
                                   TONE_WAVE + WAVE_SINE,
                                   TONE_WAVE + WAVE_VIBRATO_DEPTH,
                                   TONE_WAVE + WAVE_BEND,
                                   TONE_WAVE + WAVE_BENT,
                                   TONE_WAVE + WAVE_LEFT_TURN};
    uint32_t at = v * STRETCH_BLOCKS;
    for (size_t w = 0; w < sizeof same; w++) {
        vu word = vu_set(*WORD(s->run, same[w], s->first + v));
        for (int b = 0; b < STRETCH_BLOCKS; b += LANES) vu_store(s->word[same[w]] + at + b, word);
    }
    for (int b = 0; b < STRETCH_BLOCKS; b += LANES) {
        vu block = vu_from_i(vi_add(vi_ramp(), vi_set(b))) * (uint32_t)BLOCK;
        vu_store(s->word[VOICE_AGE] + at + b, *WORD(s->run, VOICE_AGE, s->first + v) + block);
        for (int o = 0; o < WAVE_OSCILLATORS; o++) {
            uint32_t phase = *WORD(s->run, TONE_WAVE + WAVE_PHASE1 + o, s->first + v),
                     inc = *WORD(s->run, TONE_WAVE + WAVE_INC1 + o, s->first + v);
            vu_store(s->word[TONE_WAVE + WAVE_PHASE1 + o] + at + b, phase + block * inc);
        }
    }
    s->amp[v][0] = word_float(s->run, VOICE_AMP, s->first + v);
    for (uint32_t b = 0; b < STRETCH_BLOCKS; b += LANES) {
        vi end = vi_add(word_i(&s->lanes, VOICE_AGE, at + b), vi_set(BLOCK));
        vf envelope = envelope_at(&s->lanes, at + b, end);
        vf_store(s->amp[v] + 1 + b, amplitude_at(&s->lanes, at + b, end, envelope));
    }
    for (int k = 0; k < 3; k++)
        s->left[v][k][0] = *WORD(s->run, TONE_WAVE + WAVE_LEFT_SINE + k, s->first + v);
}

/* Keeps the k-th edges of blocks that have them in their first frames. */
KERNEL void stretch_keep_early(struct stretch *s, uint32_t k) {
    uint32_t early = 0;
    for (int o = 0; o < 2; o++)
        for (uint32_t v = 0; v < s->lanes.count; v += LANES) {
            vi has = vi_lt(vi_set((int32_t)k - 1), vi_load(s->c.edges[o] + v));
            early |= vi_signs(has & vi_lt(vi_load(s->c.found.frame[o] + v), vi_set(EDGE_TAPS))) << v;
        }
    s->early |= early;
    if (early && k <= STRETCH_EARLY) s->edges[s->kept++] = s->c.found;
}

/* The edges in the first frames of a block; `first` has room for what goes beyond. */
KERNEL void stretch_first_edges(const struct stretch *s, uint32_t lane, float first[2 * EDGE_TAPS]) {
    for (uint32_t k = 0; k < s->kept; k++) {
        const struct edges *e = &s->edges[k];
        int here[2];
        for (int o = 0; o < 2; o++) here[o] = k < s->c.edges[o][lane] && e->frame[o][lane] < EDGE_TAPS;
        if (!(here[0] | here[1])) return;
        for (int o = 0; o < 2; o++)
            if (here[o]) row_drop(first, e->frame[o][lane], s->drop[o][lane]);
        for (int o = 0; o < 2; o++)
            if (here[o])
                row_edge(first, (uint32_t)e->frame[o][lane], e->row[o][lane], e->fraction[o][lane],
                         s->drop[o][lane]);
    }
}

/* The first frames of one voice's blocks, each behind what the one before left. */
KERNEL void stretch_first(struct stretch *s, uint32_t v) {
    MEMORY float *tail = s->run->tail + (size_t)(s->run->first + s->first + v) * VOICE_TAIL;
    const float *behind = tail;
    for (uint32_t lane = v * STRETCH_BLOCKS; lane < v * STRETCH_BLOCKS + s->blocks; lane++) {
        float *row = s->rows + lane * VOICE_ROW;
        if (s->early >> lane & 1) {
            float first[2 * EDGE_TAPS] = {0};
            row_first(first, behind, &s->c, lane);
            stretch_first_edges(s, lane, first);
            COPY(row, first, EDGE_TAPS);
        } else {
            row_first(row, behind, &s->c, lane);
        }
        behind = row + BLOCK;
    }
    COPY(tail, behind, VOICE_TAIL);
}

/* What goes into the rows. A row's first frames wait for stretch_first. */
KERNEL void stretch_waves(struct stretch *s) {
    s->waves = s->early = s->kept = 0;
    s->c.curves = 0;
    for (uint32_t v = 0; v < s->lanes.count; v += LANES) {
        s->c.any = 0;
        wave_begin(&s->lanes, TONE_WAVE, v, &s->c);
        if (s->c.any) s->waves |= 1u << v / STRETCH_BLOCKS;
    }
    if (!s->waves) return;
    for (uint32_t v = 0; v < s->lanes.count; v += LANES) wave_line(&s->lanes, TONE_WAVE, v, &s->c, 0);
    for (uint32_t v = 0; v < s->lanes.count; v++)
        if (s->waves >> v / STRETCH_BLOCKS & 1) row_rest(s->rows + v * VOICE_ROW, &s->c, v);
    find_drops(&s->lanes, TONE_WAVE, s->drop);
    for (uint32_t k = 1; steady_edge(&s->lanes, &s->c, s->drop, k); k++) stretch_keep_early(s, k);
    for (uint32_t v = 0; v < s->voices; v++)
        if (s->waves >> v & 1) stretch_first(s, v);
}

/* A group of lanes on its way to a bus. */
struct stretch_lanes {
    struct voice_lanes l;
    float *left, *right; /* [frame × STRETCH_BLOCKS] */
    float gain_l, gain_r;
};

/* Frames [from, to) of `groups` groups of lanes; bit g of `waves`: group g has something in its rows. Where a
 * group is a voice, two of them go to the same bus. */
KERNEL void stretch_frames(const struct stretch *s, uint32_t v, const int groups, const int waves,
                           struct stretch_lanes *l, int from, int to) {
    const int joined = groups > 1 && LANES == STRETCH_BLOCKS;
    for (int frame = from; frame < to; frame += TILE) {
        vf tile[VOICE_GROUPS][TILE];
        for (int g = 0; g < groups; g++)
            if (waves >> g & 1)
                tile_load(tile[g], s->rows + (v + (uint32_t)(g * LANES)) * VOICE_ROW + frame, VOICE_ROW);
        UNROLLED for (int i = 0; i < TILE; i++) {
            size_t at = (size_t)(frame + i) * STRETCH_BLOCKS;
            for (int g = 0; g < groups; g++)
                tile[g][i] =
                    waves >> g & 1
                        ? lanes_frame(&l[g].l, (struct voice_parts){TONE_WAVE, 1, 0}, tile[g][i], 0, 0)
                        : lanes_frame(&l[g].l, (struct voice_parts){TONE_WAVE, 0, 0}, vf_set(0.0f), 0, 0);
            for (int g = 0; g < groups; g += 1 + joined) {
                vf left = vf_load(l[g].left + at), right = vf_load(l[g].right + at);
                for (int j = g; j <= g + joined; j++) {
                    left += tile[j][i] * l[j].gain_l;
                    right += tile[j][i] * l[j].gain_r;
                }
                vf_store(l[g].left + at, left);
                vf_store(l[g].right + at, right);
            }
        }
    }
}

KERNEL struct stretch_lanes stretch_lanes_begin(struct stretch *s, uint32_t lane) {
    uint32_t b = lane % STRETCH_BLOCKS, v = s->first + lane / STRETCH_BLOCKS,
             bus = *WORD(s->run, VOICE_BUS, v);
    const float *amp = s->amp[lane / STRETCH_BLOCKS] + b;
    struct ramp ramp = amplitude_ramp(word_i(&s->lanes, VOICE_AGE, lane), vf_load(amp), vf_load(amp + 1));
    struct stretch_lanes l = {.left = s->sum[bus][0][0] + b,
                              .right = s->sum[bus][1][0] + b,
                              .gain_l = word_float(s->run, VOICE_GAIN_L, v),
                              .gain_r = word_float(s->run, VOICE_GAIN_R, v)};
    l.l.amp = ramp.from;
    l.l.step = ramp.step;
    return l;
}

/* Sine and amplitude. The sine's first frames come last: they go on where the block before it ends. */
KERNEL void stretch_tiles(struct stretch *s, uint32_t v, const int groups, const int waves) {
    struct stretch_lanes l[VOICE_GROUPS];
    vf amp[VOICE_GROUPS];
    for (int g = 0; g < groups; g++) {
        l[g] = stretch_lanes_begin(s, v + (uint32_t)(g * LANES));
        amp[g] = l[g].l.amp;
        for (int i = 0; i < WAVE_LAG; i++) l[g].l.amp = l[g].l.amp + l[g].l.step;
        lanes_start_sine(&l[g].l, &s->c, v + (uint32_t)(g * LANES));
    }
    stretch_frames(s, v, groups, waves, l, WAVE_LAG, BLOCK);
    for (int g = 0; g < groups; g++) {
        uint32_t lane = v + (uint32_t)(g * LANES), b = lane % STRETCH_BLOCKS;
        uint32_t(*left)[STRETCH_BLOCKS + 1] = s->left[lane / STRETCH_BLOCKS];
        vi_store(left[0] + b + 1, vi_bits(l[g].l.sine));
        vi_store(left[1] + b + 1, vi_bits(l[g].l.sine_step));
        vi_store(left[2] + b + 1, vi_bits(l[g].l.sine_turn));
        l[g].l.sine = vf_bits(vi_load(left[0] + b));
        l[g].l.sine_step = vf_bits(vi_load(left[1] + b));
        l[g].l.sine_turn = vf_bits(vi_load(left[2] + b));
        l[g].l.amp = amp[g];
    }
    stretch_frames(s, v, groups, waves, l, 0, WAVE_LAG);
}

/* `groups` groups of lanes; those of one voice are alike. */
KERNEL void stretch_groups(struct stretch *s, uint32_t v, const int groups) {
    const int all = (1 << groups) - 1, mixed = groups > 1 && LANES == STRETCH_BLOCKS;
    int waves = 0;
    for (int g = 0; g < groups; g++)
        waves |= (int)(s->waves >> (v + (uint32_t)(g * LANES)) / STRETCH_BLOCKS & 1) << g;
    if (waves == all)
        stretch_tiles(s, v, groups, all);
    else if (!mixed || !waves)
        stretch_tiles(s, v, groups, 0);
    else if (waves == 1)
        stretch_tiles(s, v, groups, 1);
    else
        stretch_tiles(s, v, groups, 2);
}

KERNEL void stretch_voices(struct stretch *s) {
    int together = LANES < STRETCH_BLOCKS || (s->voices > 1 && *WORD(s->run, VOICE_BUS, s->first) ==
                                                                   *WORD(s->run, VOICE_BUS, s->first + 1));
    uint32_t v = 0;
    for (; together && v + VOICE_GROUPS * LANES <= s->lanes.count; v += VOICE_GROUPS * LANES)
        stretch_groups(s, v, VOICE_GROUPS);
    for (; v < s->lanes.count; v += LANES) stretch_groups(s, v, 1);
}

/* What the last block leaves is the voice's state. */
KERNEL void stretch_end(const struct stretch *s, uint32_t v) {
    *WORD(s->run, VOICE_AGE, s->first + v) += s->blocks * BLOCK;
    COPY(WORD(s->run, VOICE_AMP, s->first + v), (const uint32_t *)(const void *)&s->amp[v][s->blocks], 1);
    for (int o = 0; o < WAVE_OSCILLATORS; o++)
        *WORD(s->run, TONE_WAVE + WAVE_PHASE1 + o, s->first + v) =
            s->word[TONE_WAVE + WAVE_PHASE1 + o][v * STRETCH_BLOCKS + s->blocks - 1];
    for (int k = 0; k < 3; k++)
        *WORD(s->run, TONE_WAVE + WAVE_LEFT_SINE + k, s->first + v) = s->left[v][k][s->blocks];
}

/* One bus of all blocks into the lanes and out of them. */
KERNEL void stretch_bus_in(struct stretch *s, int bus, const float *from) {
    for (int side = 0; side < 2; side++)
        for (int b = 0; b < STRETCH_BLOCKS; b += LANES)
            for (int frame = 0; frame < BLOCK; frame += TILE) {
                vf tile[TILE];
                tile_load(tile, from + b * BUS_FLOATS + (bus * 2 + side) * BLOCK + frame, BUS_FLOATS);
                for (int i = 0; i < TILE; i++) vf_store(s->sum[bus][side][frame + i] + b, tile[i]);
            }
}
KERNEL void stretch_bus_out(const struct stretch *s, int bus, float *to) {
    for (int side = 0; side < 2; side++)
        for (int b = 0; b < STRETCH_BLOCKS; b += LANES)
            for (int frame = 0; frame < BLOCK; frame += TILE) {
                vf tile[TILE];
                for (int i = 0; i < TILE; i++) tile[i] = vf_load(s->sum[bus][side][frame + i] + b);
                tile_store(tile, to + b * BUS_FLOATS + (bus * 2 + side) * BLOCK + frame, BUS_FLOATS);
            }
}

static uint32_t tone_stretch(const struct voice_run *run, uint32_t blocks, float *buses, uint32_t begun) {
    struct stretch s;
    uint32_t *words[TONE_WORDS], used = 0;
    for (int w = 0; w < TONE_WORDS; w++) words[w] = s.word[w];
    for (uint32_t v = 0; v < run->count; v++) used |= 1u << *WORD(run, VOICE_BUS, v);
    for (int bus = 0; bus < STREAM_BUSES; bus++)
        if (used & begun & 1u << bus)
            stretch_bus_in(&s, bus, buses);
        else if (used & 1u << bus)
            __builtin_memset(s.sum[bus], 0, sizeof s.sum[bus]);
    for (uint32_t first = 0; first < run->count; first += STRETCH_PAIR) {
        s.run = run;
        s.first = first;
        s.voices = run->count - first < STRETCH_PAIR ? run->count - first : STRETCH_PAIR;
        s.blocks = blocks;
        s.lanes = (struct voice_run){.words = words, .count = s.voices * STRETCH_BLOCKS, .rows = s.rows};
        for (uint32_t v = 0; v < s.voices; v++) stretch_words(&s, v);
        stretch_waves(&s);
        stretch_voices(&s);
        for (uint32_t v = 0; v < s.voices; v++) stretch_end(&s, v);
    }
    for (int bus = 0; bus < STREAM_BUSES; bus++)
        if (used & 1u << bus) stretch_bus_out(&s, bus, buses);
    return begun | used;
}

#endif
#endif
