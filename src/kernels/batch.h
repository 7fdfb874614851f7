/* batch.h — what a host tells a GPU about some blocks of many streams.
 *
 * Composing needs no audio, so the host composes a whole batch of blocks first and writes down what happens
 * in it; the device then renders the batch in three launches (program.h). A voice has a fixed place in the
 * banks on the device from its note's start to its end; the list of a batch names the voices that sound in
 * it, in the canonical order, each with the blocks in which it does. What changes inside a voice or a
 * stream's effects meanwhile hangs on it as a chain of changes in the order of their blocks.
 *
 * Numbers of chains and records are one too high, so that 0 is none. */
#ifndef AURALIS_KERNELS_BATCH_H
#define AURALIS_KERNELS_BATCH_H

#include "kernels/effects_state.h"

struct batch_voice {
    uint32_t place;    /* in the bank of its program */
    uint32_t from, to; /* blocks of the batch in which it sounds */
    uint32_t stream;   /* number in the batch */
    uint32_t start;    /* 1 + where its words lie among the starts: it begins at `from`; 0: it goes on */
    uint32_t change;   /* 1 + number of its first change, or 0 */
};

struct batch_change { /* a word of a voice has another value from this block on */
    uint32_t next, block, word, value;
};

struct batch_aim { /* the effects' gains have other targets from this block on */
    uint32_t next, block;
    uint32_t lines; /* those of the reverb's lines too, and the echo's time */
    uint32_t echo_wanted, silent_limit;
    float gain[EFFECT_GAINS];
};

struct batch_stream {
    uint32_t first[VOICE_PROGRAMS], end[VOICE_PROGRAMS]; /* its voices in the list */
    uint32_t effects;                                    /* where its effects lie, in units of 16 floats */
    uint32_t heard;                                      /* first block that needs effects */
    uint32_t dry;                                        /* 1: no effects but the soft clip */
    uint32_t aim;                                        /* 1 + number of its first aim, or 0 */
};

/* The noise of a stream that comes down in 16 bits. Its samples are numbered in stretches, of which each has
 * a key; a batch may reach into the next one. */
enum { DITHER_STRETCH_BITS = 24 };
struct batch_dither {
    uint32_t key, next_key;
    uint32_t first; /* number of the batch's first sample in its stretch */
    uint32_t fault; /* set by the device: a sample was ±2 or beyond, infinite or not a number */
};

/* What the mixer needs to know of a voice in a block: its bus, and gains that move in a straight line. */
enum { SHEET_BUS, SHEET_LEFT, SHEET_RIGHT, SHEET_STEP_LEFT, SHEET_STEP_RIGHT, SHEET_WORDS };

/* Of run_peak. */
enum { PEAK_CHAINS = 8, PEAK_OPERATIONS = 128 };

#endif
