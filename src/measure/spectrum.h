/* spectrum.h — the short-time power spectrum of stereo audio, frame after frame.
 *
 * Frames of 8,192 samples under a Hann window, `hop` apart; a frame's power is the mean of both channels',
 * scaled so that a full-scale sine has power 1 in its bin. What is left at the end without filling a frame is
 * padded with zeros. One thread. */
#ifndef AURALIS_MEASURE_SPECTRUM_H
#define AURALIS_MEASURE_SPECTRUM_H

#include <stddef.h>
#include <stdint.h>

enum { SPECTRUM_SIZE = 8192, SPECTRUM_BINS = SPECTRUM_SIZE / 2 + 1 };

struct spectrum; /* opaque */

/* Takes each frame: its first sample's number and its bins. */
typedef void spectrum_frame(void *self, uint64_t first, const float power[SPECTRUM_BINS]);

/* `hop` is 1 to SPECTRUM_SIZE. NULL if there is no memory. */
struct spectrum *spectrum_new(uint32_t hop, spectrum_frame *frame, void *self);
void spectrum_add(struct spectrum *s, const float *audio, size_t frames); /* interleaved stereo */
void spectrum_finish(struct spectrum *s);
void spectrum_free(struct spectrum *s); /* NULL is fine */

#endif
