/* known.h — rendering a score whose every note is known before the first sample.
 *
 *     struct known *known = known_pays(score) ? known_open(stream, frames) : NULL;
 *     known_read(known, out, some); …          where known is NULL, auralis_stream_read
 *     known_close(known);                      before the stream */
#ifndef AURALIS_SYNTH_KNOWN_H
#define AURALIS_SYNTH_KNOWN_H

#include <auralis/stream.h>

#include <stdbool.h>

struct known;

/* Whether the score's notes are few and short enough for this to be quicker than the live path. */
bool known_pays(auralis_score *score);

/* Takes over a stream of which nothing was read yet, to deliver `frames` frames of it; nothing may change it
 * any more, and afterwards it is good for closing only. NULL without memory, and where the stream starts
 * inside a block or sounds on a GPU. */
struct known *known_open(auralis_stream *stream, uint64_t frames);
void known_close(struct known *known); /* NULL is fine */

/* The next `frames` frames: the samples of auralis_stream_read, bit for bit. Allocates. AURALIS_ENOMEM. */
int known_read(struct known *known, float *out, size_t frames);

#endif
