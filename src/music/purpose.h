/* purpose.h — what each counter-based random sequence of the composer is for.
 *
 * Every part draws from a sequence of its own, so switching a part off or turning a parameter that one part
 * reads never moves another part's notes. */
#ifndef AURALIS_MUSIC_PURPOSE_H
#define AURALIS_MUSIC_PURPOSE_H

enum purpose {
    PURPOSE_HARMONY = 1, /* bar: number of the chord in its section */
    PURPOSE_COLOUR,      /* chord types, likewise */
    PURPOSE_PAD,         /* bar: chord × 8 + voice */
    PURPOSE_CHARACTER,   /* of a section */
    PURPOSE_MOTIF,       /* section: key of the motif; bar: its slot */
    PURPOSE_MELODY,      /* bar: first of the phrase */
    PURPOSE_KICK,
    PURPOSE_SWELL,      /* bar: first of the phrase */
    PURPOSE_DENSITY,    /* section: number of the knot; bar: octave */
    PURPOSE_BRIGHTNESS, /* likewise */
    PURPOSE_PIECE,      /* what a seed keeps for good */
    PURPOSE_SCENE,      /* section: number of the phrase */
    PURPOSE_WAVE,       /* of a section */
};

#endif
