/* harmony.h — the chords of a section and when they change. */
#ifndef AURALIS_MUSIC_HARMONY_H
#define AURALIS_MUSIC_HARMONY_H

#include "music/composer.h"
#include "music/theory.h"

struct harmony {
    int count;                       /* chords in the section, 1–64 */
    uint8_t first[SECTION_BARS + 1]; /* bar where each begins; first[count] is 64 */
    int8_t degree[SECTION_BARS];     /* enum auralis_degree */
    struct chord_shape shape[SECTION_BARS];
};

/* The usual length of a chord in bars: 90 s at density 0, 45 s at 0.5, one bar at 1, geometric between. */
int harmony_span(const auralis_parameters *p);

/* Weights of the five degrees after `previous` and, before it, `before` (−1: none): see harmony.c. */
void harmony_weights(double variety, int before, int previous, double weight[DEGREES]);

void harmony_plan(uint64_t seed, const auralis_parameters *p, uint64_t section, struct harmony *out);

/* Number of the chord that sounds in `bar`. */
int harmony_index(const struct harmony *h, uint32_t bar);

#endif
