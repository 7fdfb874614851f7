/* kernels.h — the table of DSP functions that a device provides, one set per ISA.
 *
 * The text of the kernels is written once (the other files of this folder) and compiled once per ISA
 * behind a preamble (lanes.h). This header is what the rest of the house sees: plain C types, function
 * pointers, and the layout of the memory they work on. Every function of every table gives the same
 * bits; `auralis check` holds them to it.
 *
 * Voices. A bank is a structure of arrays: word w of voice v is words[w][v], 32 bits, float or integer.
 * Arrays are 64-byte aligned and their capacity is a multiple of 64 voices. The first words are common
 * to all programs (enum voice_word), those of the filter to the programs that have one; the rest belongs to
 * the program and is filled in by synth/instrument.c. A voice carries the value its amplitude and filter had
 * at the end of the last block, so whatever changes is ramped over one block and cannot click.
 *
 * A voice is mono; its place in the stereo field is a pair of gains that the mixer applies. */
#ifndef AURALIS_KERNELS_H
#define AURALIS_KERNELS_H

#include "kernels/target.h"

enum { BLOCK = 64 }; /* frames: the control period, part of the meaning of a stream */
enum { VOICE_RUN_MAX = KERNEL_ITEMS ? 1 : 64 }; /* voices one call advances at most */
enum { VOICE_WORDS_MAX = 64, VOICE_TAIL = 16 };
enum { VOICE_ROW = BLOCK + 16 }; /* floats from one voice's row to the next */

enum voice_program {
    PROGRAM_ANALOG,
    PROGRAM_BELL,
    PROGRAM_DRUM,
    PROGRAM_NOISE,
    PROGRAM_TONE,
    VOICE_PROGRAMS
};

/* Words that every program has, in this order. I: int32, U: uint32, F: float32. */
enum voice_word {
    VOICE_RUN,        /* I  −1: advance this voice in this call, 0: leave every word as it is */
    VOICE_AGE,        /* I  frames since onset at the start of the block; negative before it. The kernel adds
                         64 */
    VOICE_GATE,       /* I  age at which the release begins */
    VOICE_KILL,       /* I  age at which a linear fade to zero begins (steal, key change); INT32_MAX: never */
    VOICE_KILL_RATE,  /* F  1 / length of that fade in frames */
    VOICE_BUS,        /* I  enum voice_bus */
    VOICE_GAIN_L,     /* F  velocity × pan × timbre gain, left (at the end of the block, if it moves) */
    VOICE_GAIN_R,     /* F */
    VOICE_FROM_L,     /* F  the same at its beginning, for mix_ramp */
    VOICE_FROM_R,     /* F */
    VOICE_BRIGHT,     /* F  octaves added to the cutoff by the stream (brightness and its arcs) */
    VOICE_ATTACK,     /* F  1 / attack in frames */
    VOICE_ATTACK_END, /* F  attack in frames */
    VOICE_DECAY,      /* F  octaves a frame towards the sustain level */
    VOICE_SUSTAIN,    /* F  0–1 */
    VOICE_RELEASE,    /* F  1 / release in frames */
    VOICE_AMP,        /* F  state: amplitude at the end of the last block */
    VOICE_TREMOLO_INC,   /* U  turns / 2^32 a frame */
    VOICE_TREMOLO_DEPTH, /* F  0–1 */
    VOICE_COMMON,        /* first word of the program's own, or of the filter */

    /* Programs with a filter: a two-pole low-pass. */
    FILTER_CUTOFF = VOICE_COMMON, /* F  log2(cutoff / rate) */
    FILTER_ENVELOPE,              /* F  octaves added at full amplitude */
    FILTER_LFO_INC,               /* U */
    FILTER_LFO_PHASE,             /* U  at age 0 */
    FILTER_LFO_DEPTH,             /* F  octaves */
    FILTER_DAMPING,               /* F  1 / Q */
    FILTER_S1,                    /* F  state */
    FILTER_S2,
    FILTER_B1, /* F  state: coefficients at the end of the last block */
    FILTER_A2,
    FILTER_A3,
    FILTER_END
};

/* Two sawtooths and a sine: the words of ANALOG, whose filter they go into, and of TONE, which has none. */
enum wave_word {
    WAVE_PHASE1, /* U  state: at the first frame of the block */
    WAVE_PHASE2,
    WAVE_PHASE3,
    WAVE_INC1, /* U  turns / 2^32 a frame */
    WAVE_INC2,
    WAVE_INC3,
    WAVE_SAW1, /* F  weights, of either sign */
    WAVE_SAW2,
    WAVE_SINE,
    WAVE_VIBRATO_INC,   /* U */
    WAVE_VIBRATO_DEPTH, /* F  relative frequency */
    WAVE_VIBRATO_RISE,  /* F  1 / frames until it is at full depth */
    WAVE_BEND,          /* F  pitch bend at the end of the block: relative frequency − 1 */
    WAVE_BENT,          /* F  state: bend and vibrato at the end of the last block */
    WAVE_LEFT_SINE,     /* F  state: the sine, which the last block's phase carries 8 frames into this one */
    WAVE_LEFT_STEP,
    WAVE_LEFT_TURN,
    WAVE_LEFT_LEAN,
    WAVE_WORDS,
    ANALOG_WAVE = FILTER_END, /* the first of them in ANALOG … */
    ANALOG_WORDS = ANALOG_WAVE + WAVE_WORDS,
    TONE_WAVE = VOICE_COMMON, /* … and in TONE */
    TONE_WORDS = TONE_WAVE + WAVE_WORDS
};

/* Up to six decaying sine partials. */
enum { BELL_PARTIALS = 6 };
enum bell_word {
    BELL_INC = VOICE_COMMON,                 /* U  × 6 */
    BELL_WEIGHT = BELL_INC + BELL_PARTIALS,  /* F  × 6 */
    BELL_RATE = BELL_WEIGHT + BELL_PARTIALS, /* F  × 6: octaves a frame that it decays */
    BELL_LEVEL = BELL_RATE + BELL_PARTIALS,  /* F  × 6  state: at the end of the last block */
    BELL_PHASE = BELL_LEVEL + BELL_PARTIALS, /* U  × 6  state: at the first frame of the block */
    BELL_BEND = BELL_PHASE + BELL_PARTIALS,  /* F  as WAVE_BEND */
    BELL_BENT,                               /* F  state */
    BELL_WORDS
};

/* A sine whose pitch falls. */
enum drum_word {
    DRUM_PHASE = VOICE_COMMON, /* U  state */
    DRUM_INC,                  /* U  state: increment at the first frame of the block */
    DRUM_LOW,                  /* F  increment it falls to */
    DRUM_FALL,                 /* F  increment above that at onset */
    DRUM_RATE,                 /* F  octaves a frame */
    DRUM_WORDS
};

/* White noise into the filter. */
enum noise_word {
    NOISE_SEED = FILTER_END, /* U */
    NOISE_WEIGHT,            /* F */
    NOISE_WORDS
};

enum voice_bus {
    BUS_DIRECT,
    BUS_WASH,
    STREAM_BUSES,
    ALL_BUSES = (1 << STREAM_BUSES) - 1
};                                              /* kick and bass stay out of chorus and delay */
enum { BUS_FLOATS = STREAM_BUSES * 2 * BLOCK }; /* a block of a stream's buses */

/* Advances voices [first, first + count) of a bank by one block; first is a multiple of 64, count 1–64. Voice
 * v's mono output goes to rows[(v − first) × 80 + frame]; the row of a voice that does not run is undefined.
 * `tail` holds 16 floats a voice, 64-byte aligned: what is already known of the next block's wave (ANALOG and
 * TONE only). */
struct voice_run {
#if KERNEL_ITEMS
    MEMORY uint32_t *words;
    uint32_t stride; /* from a word to the next */
#else
    uint32_t *const *words;
#endif
    MEMORY float *tail;
    uint32_t first, count;
    float *rows; /* [64][VOICE_ROW], 64-byte aligned */
};

/* Where word `word` of the run's voice v lies. */
#if KERNEL_ITEMS
#define WORD(run, word, v) ((run)->words + (word) * (run)->stride + (run)->first + (v))
#else
#define WORD(run, word, v) ((run)->words[word] + (run)->first + (v))

typedef void voice_kernel(const struct voice_run *run);

/* Adds `count` consecutive rows (64 frames each, VOICE_ROW apart), left to right, onto a stream's buses,
 * bus[bus][channel][frame], each row to the bus and with the gains of its voice. Bit b of `begun`: bus b
 * holds a sum; where it is not set, the sum begins from +0.0, whatever lies there. Returns `begun` with the
 * buses that hold one now. */
typedef uint32_t mix_kernel(float *bus, uint32_t begun, const float *rows, const int32_t *to,
                            const float *gain_l, const float *gain_r, uint32_t count);

/* The same with gains that move in a straight line from from_l, from_r at frame 0 towards gain_l, gain_r at
 * frame 64. Where they do not move it gives the bits of mix_kernel. */
typedef uint32_t mix_ramp_kernel(float *bus, uint32_t begun, const float *rows, const int32_t *to,
                                 const float *from_l, const float *from_r, const float *gain_l,
                                 const float *gain_r, uint32_t count);

/* Advances voices of NOISE or TONE, all of which run and have begun and none of whose pitches moves, by
 * `blocks` ≤ STRETCH_BLOCKS blocks at once and adds them to the buses of those blocks, which lie BUS_FLOATS
 * apart, as voice_kernel and mix_kernel would block by block, VOICE_BRIGHT being what it is; `begun` is the
 * same for all. There must be room for the buses of STRETCH_BLOCKS blocks; what is in those that are not
 * asked for is undefined then. */
enum { STRETCH_BLOCKS = 16 };
typedef uint32_t stretch_kernel(const struct voice_run *run, uint32_t blocks, float *bus, uint32_t begun);

struct effects; /* synth/effects.h */

/* Shapes one block of a stream: wash[128] goes through chorus, delay and reverb, direct[128] only touches the
 * reverb lightly; the sum passes the DC blocker and the limiter into out[128] (interleaved stereo). */
typedef void effects_kernel(struct effects *fx, const float *direct, const float *wash, float *out);

/* The original's dry bus: out[128] interleaved = tanh(0.7 × (direct + wash)). */
typedef void softclip_kernel(const float *direct, const float *wash, float *out);

/* Samples to 16 bits; `first` is the number of the first one among those that `key` belongs to. */
typedef void dither_kernel(int16_t *out, const float *in, uint32_t samples, uint32_t key, uint32_t first);

struct kernels {
    const char *isa; /* "scalar", "sse2", "avx2", "avx512", "neon" */
    uint32_t lanes;
    voice_kernel *voice[VOICE_PROGRAMS];
    stretch_kernel *stretch[VOICE_PROGRAMS]; /* NULL: block by block only */
    mix_kernel *mix;
    mix_ramp_kernel *mix_ramp;
    effects_kernel *effects;
    softclip_kernel *softclip;
    dither_kernel *dither;
};
#endif

#endif
