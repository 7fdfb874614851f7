/* twin.h — the same score played by several streams, each of which renders another part of it.
 *
 * Composing costs next to nothing beside rendering. So every thread that takes part in rendering a known
 * score has a stream of its own, on an engine of its own, which composes all of it: the voices lie in the
 * same slots everywhere, and nothing is shared but the score, which nobody changes. What a thread does not
 * render, its stream skips. */
#ifndef AURALIS_SYNTH_TWIN_H
#define AURALIS_SYNTH_TWIN_H

#include "kernels/kernels.h"

#include <auralis/stream.h>

/* Opens another stream like this one, which plays a score from its first frame on the processor, has no
 * controls to come and delivered nothing yet; without effects. twin_close frees it with its engine.
 * AURALIS_EINVAL if this one is not so, AURALIS_ENOMEM. */
int twin_open(const auralis_stream *of, auralis_stream **out);
void twin_close(auralis_stream *twin); /* NULL is fine */

/* Moves a stream without effects `blocks` blocks on: afterwards the voices of `programs` (a bit each) are
 * what rendering would have made of them. Renders only what it must: from the onset on a voice that sounds
 * there and has a memory, such as a filter; the last block of one that has none. */
void twin_skip(auralis_stream *twin, uint64_t blocks, uint32_t programs);

/* The voices of `programs` alone onto the buses of `blocks` blocks, which another thread reads next: past
 * this core's caches. Those of a core that has read them before would have to be asked for every line, and
 * that takes from next to nothing to a third of all the time, depending on how far the other core is. */
void twin_send(auralis_stream *twin, uint32_t programs, uint32_t blocks, float (*bus)[BUS_FLOATS]);

/* The voices of `programs` onto the buses of `blocks` blocks, as shard_voices has it. */
void twin_voices(auralis_stream *twin, uint32_t programs, uint32_t blocks, float (*bus)[BUS_FLOATS],
                 uint32_t begun);

#endif
