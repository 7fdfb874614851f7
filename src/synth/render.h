/* render.h — how long a score rings on after its last frame. */
#ifndef AURALIS_SYNTH_RENDER_H
#define AURALIS_SYNTH_RENDER_H

#include <auralis/score.h>

#include <stdbool.h>

/* Frames after auralis_score_length until the releases and, unless `dry`, the delay and reverb with this
 * `space` have fallen below hearing. */
uint64_t render_tail(auralis_score *score, double space, bool dry);

/* The score for the original's own voices: every note takes the timbre of that name, and those instruments
 * which the original lacks become the nearest that it has (bass: pad, bell: lead). All without panning. */
void render_seed_voices(auralis_score *score);

#endif
