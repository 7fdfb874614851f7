/* render.h — how long a score rings on after its last frame. */
#ifndef AURALIS_SYNTH_RENDER_H
#define AURALIS_SYNTH_RENDER_H

#include <auralis/render.h>

#include <stdbool.h>

/* Frames after auralis_score_length until the releases and, unless `dry`, the delay and reverb with this
 * `space` have fallen below hearing. */
uint64_t render_tail(auralis_score *score, double space, bool dry);

/* The score for the original's own voices: every note takes the timbre of that name, and those instruments
 * which the original lacks become the nearest that it has (bass: pad, bell: lead). All without panning. */
void render_seed_voices(auralis_score *score);

/* auralis_render_score, where `read` renders all `frames` frames of the stream that was opened for the score;
 * render_read is how one thread does it. */
typedef int render_reader(void *self, auralis_stream *stream, auralis_score *score, float *out,
                          uint64_t frames);
render_reader render_read;
int render_score(auralis_score *score, const auralis_render_config *config, float *out, uint64_t frames,
                 render_reader *read, void *self);

#endif
