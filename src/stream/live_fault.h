/* live_fault.h — a stream whose rendering fails: it fades out, and begins again where it was.
 *
 * The render thread looks at every slice that it renders. One that is no sound (a number that is none, or one
 * far beyond what the limiter lets through), or that the engine did not render, is replaced by a fade of what
 * was heard last; the stream is opened again from its musical snapshot at the frame after that slice, and
 * fades in. To the listener that is a short dip in the same piece; nobody else hears anything. One that fails
 * again and again is given up: live_failed. All functions: the worker's thread. */
#ifndef AURALIS_STREAM_LIVE_FAULT_H
#define AURALIS_STREAM_LIVE_FAULT_H

#include "stream/live_internal.h"

/* Fills audio[2 × frames], the slice that comes next, with a fade from what the ring holds to silence, 20 ms.
 */
void fault_fade_out(const struct live_stream *stream, float *audio, uint32_t frames);

/* The first slice after a restart. */
void fault_fade_in(float *audio, uint32_t frames);

/* Closes the engine's stream and prepares another, to be opened at the ring's head; marks it failed when that
 * has happened too often. */
void fault_begin_again(struct live_stream *stream);

#endif
