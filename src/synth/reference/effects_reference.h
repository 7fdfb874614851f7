/* effects_reference.h — what the effects should do, in double and one frame at a time.
 *
 * The kernel is measured against this. It shares with it what is decided once a block: the integer delays and
 * LFO phases, the present gains and their steps, all read from the kernel's own memory before the kernel
 * renders the block. Everything that touches audio is written anew, by definition rather than by trick. */
#ifndef AURALIS_SYNTH_REFERENCE_EFFECTS_REFERENCE_H
#define AURALIS_SYNTH_REFERENCE_EFFECTS_REFERENCE_H

#include "kernels/effects_state.h"

struct effects_reference;

/* A reference with silent history for effects just prepared by effects_init. NULL without memory. */
struct effects_reference *effects_reference_open(const struct effects *fx);
void effects_reference_close(struct effects_reference *r);

/* Renders one block into out[128] (interleaved). `fx` is the kernel's memory as it is before the kernel
 * renders the same block. */
void effects_reference_block(struct effects_reference *r, const struct effects *fx, const float *direct,
                             const float *wash, double *out);

#endif
