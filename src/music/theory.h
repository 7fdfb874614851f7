/* theory.h — keys, modes, functional degrees and the chords that stand on them.
 *
 * A pitch class is 0 (C) to 11 (B); a set of them is a mask of 12 bits. */
#ifndef AURALIS_MUSIC_THEORY_H
#define AURALIS_MUSIC_THEORY_H

#include <auralis/parameters.h>
#include <stdbool.h>
#include <stddef.h>

enum { DEGREES = 5, SCALE_TONES = 7, SHAPE_TONES_MAX = 4 };

enum chord_type { CHORD_TRIAD, CHORD_SUS2, CHORD_SUS4, CHORD_ADD9, CHORD_MAJ7, CHORD_M7, CHORD_TYPES };

/* The pitch classes of a chord, root first. */
struct chord_shape {
    int root;
    int count;
    int tone[SHAPE_TONES_MAX];
    int type;
    bool minor; /* minor third */
    bool open;  /* the fifth is left out (see theory_chord) */
};

/* Semitones of the mode's seven tones above the tonic. */
const int *theory_scale(int mode);

/* Pitch classes of the scale and of the chord. */
unsigned theory_scale_mask(int key, int mode);
unsigned theory_shape_mask(const struct chord_shape *shape);

/* The tonic nearest A3 (57) from E3 (52) up to D#4 (63). */
int theory_tonic(int key);

/* The chord of `type` on functional `degree` (enum auralis_degree, not FREE); false where the mode's own
 * scale does not have that type there. CHORD_TRIAD always exists. */
bool theory_chord(int key, int mode, int degree, int type, struct chord_shape *out);

/* "Bbmaj7": spelled with flats in flat keys, else with sharps. */
void theory_chord_name(int key, int mode, const struct chord_shape *shape, char *out, size_t size);

#endif
