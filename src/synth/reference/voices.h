/* reference/voices.h — what is right: every voice program in float64.
 *
 * The reference takes a voice's words as the host wrote them and the same integer phases and increments as
 * the kernels (pitch is judged separately); envelopes, coefficients and audio are worked out in double with
 * the C library's mathematics. Every kernel is measured against it. Any thread; it allocates nothing. */
#ifndef AURALIS_SYNTH_REFERENCE_VOICES_H
#define AURALIS_SYNTH_REFERENCE_VOICES_H

#include "synth/instrument.h"

enum { REFERENCE_FINE = 128, REFERENCE_NODES = 8 * REFERENCE_FINE }; /* nodes a frame, in half an edge */

struct reference_voice {
    enum voice_program program;
    uint32_t word[VOICE_WORDS_MAX]; /* integers move on as in the kernels, floats stay as they began */
    double amp, s1, s2, a1, a2, a3, level[BELL_PARTIALS];
    double tail[16];
    double step[REFERENCE_NODES + 1], slope[REFERENCE_NODES + 1]; /* the shape of a sawtooth's edge */
};

/* A voice as it starts; works out the shape of edges, which takes a millisecond. */
void reference_start(struct reference_voice *voice, const struct voice_start *start);

/* Advances it by a block and writes its 64 samples. */
void reference_block(struct reference_voice *voice, double out[BLOCK]);

#endif
