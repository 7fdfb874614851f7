/* rescue.h — a stream whose GPU is gone goes on here.
 *
 * Its voices and effects are lost with the GPU, but what made them is not: the stream is opened anew from the
 * musical state it had where its last sample was delivered, rolled forward like any stream that starts in the
 * middle, and put in the place of the old one. What it sounded like is the same down to 96 dB, unless
 * parameters had been changed a moment ago. What steps there is at the seam is faded out over 20 ms. */
#ifndef AURALIS_SYNTH_RESCUE_H
#define AURALIS_SYNTH_RESCUE_H

#include "synth/stream.h"

/* Whether the stream was on a GPU that is lost, and has not been rescued yet. */
bool rescue_waits(const struct auralis_stream *stream);

/* The engine renders here already. The handle stays; the pre-roll is done. AURALIS_ENOMEM: the stream stays
 * lost. */
int rescue(struct auralis_stream *stream);

/* Fades the seam out of the frames that come first after a rescue. */
void rescue_seam(struct auralis_stream *stream, float *out, size_t frames);

#endif
