/* effects_state.h — the memory of one stream's effects, as host and kernel share it.
 *
 * One block of floats holds everything: this struct first, then the rings. A ring is a delay line that lies
 * contiguous in time: `size` frames, a multiple of the `step` that a block adds (so a block never wraps while
 * it is written), and behind them a copy of its first two steps, so that a run as long may be read from any
 * position with plain unaligned loads. The reverb's rings hold half as many frames a second as the others.
 * Places are indices of floats, not pointers: the memory may be copied or saved as it is.
 *
 * The host (synth/effects.c) writes the constants and the targets; the kernel (kernels/effects.h) moves the
 * present values towards them, a straight line inside each block. */
#ifndef AURALIS_KERNELS_EFFECTS_STATE_H
#define AURALIS_KERNELS_EFFECTS_STATE_H

#include "kernels/kernels.h"

enum {
    HALF_BLOCK = BLOCK / 2, /* frames of a block in the reverb, which runs at half the rate */
    REVERB_LINES = 16,      /* even lines are fed from the left, odd ones from the right */
    REVERB_STEADY = 12,     /* of these, the first have a fixed length, the others move */
    REVERB_FED = 8,         /* of these, the first take the input */
    REVERB_MOVING = 4,      /* REVERB_LINES − REVERB_STEADY */
    REVERB_DIFFUSERS = 4,   /* all-passes a side */
    LINE_TAIL = 16          /* at least the frames that a damping or the half-band looks back, and a vector */
};

/* A half-band FIR brings the reverb's input to half the rate and its sound back: one tap in the middle, and
 * HALF_PAIRS pairs around it among the frames between. It answers HALF_PAIRS − 1 half-rate frames late on the
 * way in, HALF_PAIRS on the way out. */
enum { HALF_PAIRS = 8 };

/* The pairs from the middle out, of which tools/half_band.py has worked out that they pass all up to a sixth
 * of the whole rate and leave less than a 30,000th of what would be folded onto it, above a third. */
CONSTANT float HALF_BAND[HALF_PAIRS] = {0.627392215f, -0.185909362f, 0.087710425f, -0.043091062f,
                                        0.019755411f, -0.007865733f, 0.002478902f, -0.000502239f};

/* What is asked for its last frames as well as for this block's, at half the rate: room for both. */
enum half_input {
    INPUT_MOVING = 0,           /* REVERB_MOVING: into the moving lines, for their damping */
    INPUT_EVEN = REVERB_MOVING, /* 2: every other frame of the reverb's input … */
    INPUT_ODD = INPUT_EVEN + 2, /* 2: … and those between */
    INPUT_WET = INPUT_ODD + 2,  /* 2: its sound */
    HALF_INPUTS = INPUT_WET + 2
};
struct half_input_room {
    ALIGNED float x[LINE_TAIL + HALF_BLOCK];
};

/* Slow sines that move taps: LFO k belongs to chorus tap k (left, left, right, right), then the moving lines.
 */
enum { CHORUS_TAPS = 4, EFFECT_LFOS = 16 };
enum { LFO_CHORUS = 0, LFO_REVERB = CHORUS_TAPS };

/* Gains that ramp. Those of a reverb line hold its loss, its damping and the ¼ of the Hadamard matrix. */
enum effect_gain {
    GAIN_CENTRE = 0,               /* 16: the middle tap of each line's damping */
    GAIN_SIDE = REVERB_LINES,      /* 16: either outer tap */
    GAIN_LEVEL = 2 * REVERB_LINES, /* the stream's level */
    GAIN_REVERB,                   /* reverb into the mix */
    GAIN_ECHO,                     /* delay into the mix */
    GAIN_FEEDBACK,                 /* delay into itself */
    EFFECT_GAINS = 3 * REVERB_LINES
};

enum { LIMITER_HALF_TAPS = 12, LIMITER_QUARTER_TAPS = 6, LIMITER_NODES = 32 };

/* Fixed shares. */
#define CHORUS_DRY 0.84f
#define CHORUS_WET 0.42f   /* of each moving tap */
#define DIRECT_SEND 0.12f  /* of the direct bus into the reverb */
#define DIFFUSION 0.62f    /* coefficient of the all-passes */
#define REVERB_CROSS 0.18f /* of the other side: keeps the wet sound's correlation above zero */
#define ECHO_CROSS 0.25f

/* The rings by number, most of them the first of several. */
enum effect_ring {
    RING_CHORUS = 0, /* 2 */
    RING_ECHO = 2,
    RING_BEFORE = 3,   /* 2: the reverb's pre-delay */
    RING_DIFFUSER = 5, /* 2 × REVERB_DIFFUSERS */
    RING_LINE = RING_DIFFUSER + 2 * REVERB_DIFFUSERS,
    RING_LIMITER = RING_LINE + REVERB_LINES, /* 2 */
    EFFECT_RINGS = RING_LIMITER + 2,
    EFFECT_RINGS_ROOM = 32 /* whole vectors of them */
};

struct rings {
    ALIGNED uint32_t start[EFFECT_RINGS_ROOM]; /* float index of frame 0 in the memory */
    uint32_t size[EFFECT_RINGS_ROOM];          /* frames, a multiple of the step */
    uint32_t step[EFFECT_RINGS_ROOM];          /* frames a block: BLOCK, or HALF_BLOCK in the reverb */
    uint32_t
        write[EFFECT_RINGS_ROOM]; /* where the block now rendered goes, a multiple of the step below size */
};

/* A node is the gain at a block's border; everything is kept as reduction, 1 − gain, so that zero is rest. */
struct limiter {
    uint32_t window;  /* blocks one node looks at, at most LIMITER_NODES − 2 */
    uint32_t history; /* blocks of release, a multiple of 16 */
    uint32_t wanted;  /* float index of 2 × history reductions, the same value at i and i + history */
    uint32_t release; /* float index of history values: what is forgiven, the oldest first */
    uint32_t write;   /* where the next reduction goes, below history */
    uint32_t active;  /* blocks until every reduction in `wanted` is zero */
    uint32_t block;   /* counts blocks, wraps */
    uint32_t resting; /* blocks since anything was held, at most 2 × LIMITER_NODES */
    uint32_t twice;   /* 1: twofold oversampling with 24 taps (high rates), 0: fourfold with 12 */
    float ceiling;    /* what the oversampled peak may reach */
    float quiet;      /* a block of samples below this cannot have a peak above the ceiling */
    float last_peak;  /* largest sample of the block before */
    float node;       /* reduction at the start of the next block that leaves */
    float held[LIMITER_NODES];        /* with release, by block */
    float highest[LIMITER_NODES];     /* maximum of `window` of these, by first block */
    float weight[LIMITER_NODES];      /* of the average over window − 2 of them */
    float half[LIMITER_HALF_TAPS];    /* midway between two samples; pairs from the outside in */
    float even[LIMITER_QUARTER_TAPS]; /* a quarter of the way: the part on sums … */
    float odd[LIMITER_QUARTER_TAPS];  /* … and the part on differences of each pair */
};

struct effects {
    /* Ramps: present value, change a block, final value. */
    ALIGNED float gain[EFFECT_GAINS];
    float gain_step[EFFECT_GAINS];
    float gain_target[EFFECT_GAINS];
    uint32_t lines_left;  /* blocks until the gains of the reverb's lines are reached */
    uint32_t gain_left;   /* blocks until the others are */
    uint32_t gain_blocks; /* length of a ramp, a power of two */
    float gain_share;     /* 1 / that */

    /* Blocks of exact silence on both buses so far, and after how many the tails, 96 dB down by then, are let
     * go: from there on nothing recirculates, and what is left runs out. */
    uint32_t silent, silent_limit;

    /* Delays in frames of their ring, moved by depth × sin(phase); phase and step are of 2^32 a turn, the
     * step of a block.
     */
    ALIGNED uint32_t lfo_phase[EFFECT_LFOS];
    uint32_t lfo_step[EFFECT_LFOS];
    float lfo_depth[EFFECT_LFOS];
    uint32_t lfo_delay[EFFECT_LFOS];

    struct rings ring;
    uint32_t diffuser_delay[2][REVERB_DIFFUSERS];
    uint32_t line_delay[REVERB_LINES]; /* of the steady lines */
    uint32_t before_delay;
    uint32_t spacing; /* frames between the taps of a damping filter: 1, or 2 at high rates */
    struct half_input_room input[HALF_INPUTS];

    uint32_t echo_now, echo_next, echo_wanted; /* delay in frames: heard, faded to, asked for */
    uint32_t echo_fade;                        /* blocks of crossfade left */
    uint32_t echo_fade_blocks;
    float echo_fade_step; /* 1 / echo_fade_blocks */

    float dc[2];     /* estimate of the constant part at the start of the block … */
    float dc_lag[2]; /* … and what it follows */
    float dc_rate;   /* how much of a block's deviation either takes up */

    struct limiter limiter;

    /* The host's own. */
    uint32_t sample_rate;
    uint32_t floats;  /* of the whole memory */
    float control[3]; /* the last targets, as given */
};

/* A gain's straight line to its target begins. */
KERNEL void ramp_gain(MEMORY struct effects *fx, int gain) {
    fx->gain_step[gain] = (fx->gain_target[gain] - fx->gain[gain]) * fx->gain_share;
}

#endif
