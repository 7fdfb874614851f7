/* noise_stretch.h — many blocks of a voice of noise at once.
 *
 * Noise and envelope need nothing of the block before; only the filter does, frame after frame. A phrase has
 * one swell at a time, so voices side by side leave its lanes empty, and every block waits for the chain from
 * its age to its filter's coefficients. Here lanes are blocks while all that is worked out (voices.h does it,
 * for sixteen voices that are one voice at sixteen ages), and then the filter runs through them all, alone:
 * its own chain is all that is left to wait for. */
#ifndef AURALIS_KERNELS_NOISE_STRETCH_H
#define AURALIS_KERNELS_NOISE_STRETCH_H

#include "kernels/mix.h"
#include "kernels/noise.h"

#if !KERNEL_ITEMS

/* Of one voice's blocks, lane b being block b. */
struct noise_stretch {
    ALIGNED uint32_t word[NOISE_WORDS][STRETCH_BLOCKS];
    ALIGNED float rows[STRETCH_BLOCKS * VOICE_ROW];
    ALIGNED float amp[STRETCH_BLOCKS], step[STRETCH_BLOCKS], b1[STRETCH_BLOCKS], a2[STRETCH_BLOCKS],
        a3[STRETCH_BLOCKS], d1[STRETCH_BLOCKS], d2[STRETCH_BLOCKS], d3[STRETCH_BLOCKS];
    struct voice_run lanes;
};

static const struct voice_parts NOISE_PARTS = {-1, 1, 1};

KERNEL void noise_stretch_ages(struct noise_stretch *s, uint32_t age) {
    for (int b = 0; b < STRETCH_BLOCKS; b += LANES) {
        vu block = vu_from_i(vi_add(vi_ramp(), vi_set(b)));
        vu_store(s->word[VOICE_AGE] + b, block * (uint32_t)BLOCK + age);
    }
}

/* Where the ramps of all blocks begin, and how they rise; afterwards the words say where they end. */
KERNEL void noise_stretch_ramps(struct noise_stretch *s) {
    for (uint32_t b = 0; b < STRETCH_BLOCKS; b += LANES) {
        struct voice_lanes l;
        struct lanes_aim aim;
        lanes_aims(&s->lanes, b, 1, NOISE_PARTS, &aim);
        lanes_begin(&s->lanes, b, 1, NOISE_PARTS, &aim, &l);
        vf_store(s->amp + b, l.amp);
        vf_store(s->step + b, l.step);
        vf_store(s->b1 + b, l.filter.b1);
        vf_store(s->a2 + b, l.filter.a2);
        vf_store(s->a3 + b, l.filter.a3);
        vf_store(s->d1 + b, l.filter.d1);
        vf_store(s->d2 + b, l.filter.d2);
        vf_store(s->d3 + b, l.filter.d3);
    }
}

/* Noise and ramps of voice v. Where one block's ramps end the next one's begin, so they are worked out twice:
 * the first time tells where they end. */
KERNEL void noise_stretch_begin(struct noise_stretch *s, const struct voice_run *run, uint32_t v) {
    static const uint8_t ends[] = {VOICE_AMP, FILTER_B1, FILTER_A2, FILTER_A3};
    uint32_t age = *WORD(run, VOICE_AGE, v);
    for (int w = 0; w < NOISE_WORDS; w++)
        for (int b = 0; b < STRETCH_BLOCKS; b += LANES) vu_store(s->word[w] + b, vu_set(*WORD(run, w, v)));
    noise_stretch_ages(s, age);
    for (uint32_t b = 0; b < STRETCH_BLOCKS; b++) noise_wave(&s->lanes, b);
    noise_stretch_ramps(s);
    for (size_t w = 0; w < sizeof ends; w++) {
        uint32_t *word = s->word[ends[w]];
        __builtin_memmove(word + 1, word, (STRETCH_BLOCKS - 1) * sizeof *word);
        *word = *WORD(run, ends[w], v);
    }
    noise_stretch_ages(s, age);
    noise_stretch_ramps(s);
}

/* Filter and amplitude of block b, the same in all lanes. */
KERNEL void noise_stretch_block(const struct noise_stretch *s, uint32_t b, struct filter *states,
                                float *row) {
    struct voice_lanes l = {.amp = vf_set(s->amp[b]), .step = vf_set(s->step[b]), .filter = *states};
    l.filter.b1 = vf_set(s->b1[b]);
    l.filter.a2 = vf_set(s->a2[b]);
    l.filter.a3 = vf_set(s->a3[b]);
    l.filter.d1 = vf_set(s->d1[b]);
    l.filter.d2 = vf_set(s->d2[b]);
    l.filter.d3 = vf_set(s->d3[b]);
    const float *noise = s->rows + b * VOICE_ROW;
    for (int i = 0; i < BLOCK; i++) vf_store(row + i, lanes_frame(&l, NOISE_PARTS, vf_set(noise[i]), 0, 0));
    states->s1 = settle(l.filter.s1);
    states->s2 = settle(l.filter.s2);
}

/* What the last block leaves is the voice's state. */
KERNEL void noise_stretch_end(const struct noise_stretch *s, const struct voice_run *run, uint32_t v,
                              uint32_t blocks, const struct filter *states) {
    static const uint8_t ends[] = {VOICE_AGE, VOICE_AMP, FILTER_B1, FILTER_A2, FILTER_A3};
    for (size_t w = 0; w < sizeof ends; w++) *WORD(run, ends[w], v) = s->word[ends[w]][blocks - 1];
    float state[2][LANES];
    vf_store(state[0], states->s1);
    vf_store(state[1], states->s2);
    for (int k = 0; k < 2; k++) COPY(WORD(run, FILTER_S1 + k, v), (uint32_t *)(void *)state[k], 1);
}

static uint32_t noise_stretch(const struct voice_run *run, uint32_t blocks, float *buses, uint32_t begun) {
    struct noise_stretch s;
    uint32_t *words[NOISE_WORDS], mixed = begun;
    for (int w = 0; w < NOISE_WORDS; w++) words[w] = s.word[w];
    s.lanes = (struct voice_run){.words = words, .count = STRETCH_BLOCKS, .rows = s.rows};
    for (uint32_t v = 0; v < run->count; v++) {
        struct filter states = {.s1 = vf_set(as_float(*WORD(run, FILTER_S1, v))),
                                .s2 = vf_set(as_float(*WORD(run, FILTER_S2, v)))};
        int32_t bus = (int32_t)*WORD(run, VOICE_BUS, v);
        float left = as_float(*WORD(run, VOICE_GAIN_L, v)), right = as_float(*WORD(run, VOICE_GAIN_R, v));
        noise_stretch_begin(&s, run, v);
        for (uint32_t b = 0; b < blocks; b++) {
            ALIGNED float row[VOICE_ROW];
            noise_stretch_block(&s, b, &states, row);
            mix_rows(buses + b * BUS_FLOATS, mixed, row, &bus, &left, &right, 1);
        }
        noise_stretch_end(&s, run, v, blocks, &states);
        mixed |= 1u << bus;
    }
    return mixed;
}

#endif
#endif
