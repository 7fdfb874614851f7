/* late.h — a stream that begins in the middle of its piece, and its voices in the middle of their notes. */
#ifndef AURALIS_SYNTH_LATE_H
#define AURALIS_SYNTH_LATE_H

#include "synth/instrument.h"

#include <stdbool.h>

struct auralis_stream;

/* The frame from which a stream that starts at `start` must be rendered, so that all that still rings there
 * is there. */
uint64_t late_heard_from(const struct auralis_stream *stream, uint64_t start);

/* Moves a voice that has not begun yet on by `blocks` ≥ 1 blocks. Pitches, phases, age and noise are then
 * those of a voice that has played, to the bit; amplitude and partials after one block more, the filter once
 * it has forgotten its rest. False: it is not worth it, the voice will be over before it is missed. */
bool late_voice(struct voice_start *voice, uint32_t blocks);

/* The onset of the oldest note of the stream's score that sounds at frame `at`. */
uint64_t late_oldest(const struct auralis_stream *stream, uint64_t at);

#endif
