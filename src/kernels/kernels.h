/* kernels.h — the table of DSP functions that a device provides, one set per ISA.
 *
 * The text of the kernels is written once (the other files of this folder) and compiled once per ISA
 * behind a preamble (lanes.h). This header is what the rest of the house sees: plain C types, function
 * pointers, and the layout of the memory they work on. Every function of every table gives the same
 * bits; `auralis check` holds them to it.
 *
 * Voices. A bank is a structure of arrays: word w of voice v is bank[w][v], 32 bits, float or integer.
 * Arrays are 64-byte aligned and their capacity is a multiple of 64 voices. The first words are common
 * to all programs (enum voice_word); the rest belong to the program and are filled in by
 * synth/instrument.c. A voice carries the value its amplitude and filter had at the end of the last
 * block, so whatever changes is ramped over one block and cannot click. */
#ifndef AURALIS_KERNELS_H
#define AURALIS_KERNELS_H

#include <stdint.h>
#include <stddef.h>

enum { BLOCK = 64 };         /* frames: the control period, part of the meaning of a stream */
enum { VOICE_RUN_MAX = 64 }; /* voices one call advances at most */
enum { VOICE_WORDS_MAX = 64 };

enum voice_program { PROGRAM_ANALOG, PROGRAM_BELL, PROGRAM_DRUM, PROGRAM_NOISE, VOICE_PROGRAMS };

/* Words that every program has, in this order. I: int32, F: float32. */
enum voice_word {
    VOICE_RUN, /* I  −1: advance this voice in this call, 0: leave every word as it is, write zeros to its row
                */
    VOICE_AGE,  /* I  frames since onset at the start of the block; negative before it. The kernel adds 64 */
    VOICE_GATE, /* I  age at which the release begins */
    VOICE_KILL, /* I  age at which a linear fade to zero begins (steal, key change); INT32_MAX: never */
    VOICE_KILL_RATE, /* F  1 / length of that fade in frames */
    VOICE_GAIN_L,    /* F  velocity × pan × timbre gain, left */
    VOICE_GAIN_R,    /* F */
    VOICE_BRIGHT,    /* F  octaves added to the cutoff by the stream (brightness and its arcs) */
    VOICE_COMMON     /* first word of the program's own */
};

/* Advances voices [first, first + count) of the bank, first a multiple of 64, count 1–64, by one block and
 * writes voice v's stereo output to rows[(v − first) × 128 + channel × 64 + frame]. Voices past count are not
 * touched. */
typedef void voice_kernel(uint32_t *const *bank, uint32_t first, uint32_t count, float *rows);

/* Adds `count` rows of 128 floats, left to right in the order given, onto bus[128] (left 64, right 64). */
typedef void mix_kernel(float *bus, const float *const *rows, uint32_t count);

struct effects; /* synth/effects.h */

/* Shapes one block of a stream: wash[128] goes through chorus, delay and reverb, direct[128] only touches the
 * reverb lightly; the sum passes the DC blocker and the limiter into out[128] (interleaved stereo). */
typedef void effects_kernel(struct effects *fx, const float *direct, const float *wash, float *out);

/* The original's dry bus: out[128] interleaved = tanh(0.7 × (direct + wash)). */
typedef void softclip_kernel(const float *direct, const float *wash, float *out);

struct kernels {
    const char *isa; /* "scalar", "sse2", "avx2", "avx512" */
    uint32_t lanes;
    voice_kernel *voice[VOICE_PROGRAMS];
    mix_kernel *mix;
    effects_kernel *effects;
    softclip_kernel *softclip;
};

#endif
