/* effects.h — what shapes a stream's buses: chorus, tempo delay, reverb, DC blocker, limiter.
 *
 * All memory is given at the start; controls are targets that the kernel ramps to within a block, so nothing
 * clicks. Every delay is at least one block, so no effect has feedback inside a block. */
#ifndef AURALIS_SYNTH_EFFECTS_H
#define AURALIS_SYNTH_EFFECTS_H

#include "kernels/kernels.h"

struct effects_control {
    float level; /* linear gain before the limiter: the listener's level × the loudness trim */
    float space; /* 0–1: reverb time 1.5–12 s and wet level */
    float beat;  /* seconds a beat: the delay picks the largest note value of at most 0.75 s */
};

/* Bytes of 64-byte aligned memory that a stream's effects need at this rate. */
size_t effects_size(uint32_t sample_rate);

/* Prepares silent effects in `memory`; `frame` (a multiple of 64) sets the phase of every modulation, so that
 * a stream started there agrees with one that came there by playing. */
struct effects *effects_init(void *memory, uint32_t sample_rate, uint64_t frame,
                             const struct effects_control *control);

/* New targets, heard from the next block. */
void effects_set(struct effects *fx, const struct effects_control *control);

/* Frames from input to output (the limiter's look-ahead), a multiple of 64. */
uint32_t effects_latency(uint32_t sample_rate);

/* RT60 in seconds for a value of `space`, at most 12. */
double effects_rt60(double space);

#endif
