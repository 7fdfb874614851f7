/* effects.h — what shapes a stream's buses: chorus, tempo delay, reverb, DC blocker, limiter.
 *
 * All memory is given at the start; controls are targets that the kernel ramps to, so nothing clicks. Every
 * delay is at least one block, so no effect has feedback inside a block.
 *
 *     struct effects *fx = effects_init(memory, 48000, frame, &control);
 *     effects_set(fx, &control);                 whenever something changed, at most once a block
 *     kernels->effects(fx, direct, wash, out);   every block
 *
 * What comes out is effects_latency() frames late. */
#ifndef AURALIS_SYNTH_EFFECTS_H
#define AURALIS_SYNTH_EFFECTS_H

#include "kernels/kernels.h"

struct effects_control {
    float level; /* linear gain before the limiter: the listener's level × the loudness trim; 0 is silence */
    float space; /* 0–1: reverb time 1.5–12 s and wet level */
    float beat;  /* seconds a beat: the delay picks the largest note value of at most 0.75 s; 0 means 1 s */
};

/* Bytes of 64-byte aligned memory that a stream's effects need at this rate (about 230 KB at 48 kHz). */
size_t effects_size(uint32_t sample_rate);

/* Prepares silent effects in `memory`; `frame` (a multiple of 64) sets the phase of every modulation, so that
 * a stream started there agrees with one that came there by playing. The controls begin at their targets. */
struct effects *effects_init(void *memory, uint32_t sample_rate, uint64_t frame,
                             const struct effects_control *control);

/* New targets, heard from the next block: gains arrive on a straight line over 21 ms (from wherever they
 * are), another delay time by a crossfade of 150 ms. A value that is not finite or out of range is taken as
 * the nearest allowed one. Costs nothing when nothing changed. */
void effects_set(struct effects *fx, const struct effects_control *control);

/* Asks memory, without waiting, for the part-th of `parts` parts of what the next `parts` blocks of this
 * stream will touch: said while another stream is at work, so that this one finds its lines in cache. */
void effects_prefetch(const struct effects *fx, uint32_t part, uint32_t parts);

/* Frames from input to output (the limiter's look-ahead), a multiple of 64. */
uint32_t effects_latency(uint32_t sample_rate);

/* RT60 in seconds for a value of `space`, at most 12. Nothing in the effects decays more slowly. */
double effects_rt60(double space);

/* Mean power of the reverb in the mix for a sound of mean power 1 on the wash bus, at this value of `space`,
 * before the level: what a loudness estimate adds to the dry sound's 1. Nominal: white noise, whose high end
 * is damped, measures 0.7–2.6 dB less where the room is large. */
double effects_reverb_power(double space);

#endif
