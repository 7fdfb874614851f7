/* form.h — the slow shape of the piece: what a seed keeps for good, each section's character, its wave of
 * strength, arcs of density and brightness over minutes, the opening, and phrases that leave room. */
#ifndef AURALIS_MUSIC_FORM_H
#define AURALIS_MUSIC_FORM_H

#include "music/theory.h"

#include <stdint.h>

enum { PHRASE_BARS = 8, OPENING_BARS = 14 };

/* What tells a seed from another of the same mood, all through. */
struct form_piece {
    double register_shift;      /* semitones, −2.5 … +2.5 */
    double bell_share;          /* of the gestures, about which sections vary */
    double pace;                /* of pauses, and of how often a chord's voices are struck: 0.8–1.25 */
    double light;               /* −0.3 … +0.3 of the brightness arc */
    double leap;                /* 0–1: melodies by step … by leaps */
    double colour[CHORD_TYPES]; /* how much each kind of chord is liked, 0.3–1.7 */
};

struct form_piece form_piece(uint64_t seed);

/* At `bars` (0–64, fractions allowed) of the section; continuous over bars and sections. */
double form_density(uint64_t seed, int mode, uint64_t section, double bars); /* 0 … 1 */
double form_brightness(uint64_t seed, uint64_t section, double bars);        /* −1 … +1 */

/* Where the section's wave of strength is, −1 … +1, of which dorian uses three quarters. `mode`: enum
 * auralis_mode. */
double form_wave(uint64_t seed, int mode, uint64_t section, double bars);

struct form_character {
    double melody_shift; /* semitones that the melody's window lies higher */
    double bell_share;   /* of the gestures */
    int pad_shift;       /* semitones that the pads' anchors lie higher */
    double side;         /* +1 or −1: which way round the pads are spread */
};

struct form_character form_character(uint64_t seed, uint64_t section);

/* Who plays in a phrase of 8 bars besides the chord. */
enum form_scene { SCENE_FULL, SCENE_BELLS, SCENE_STILL };
static const double SCENE_BELLS_SHARE = 0.13, SCENE_STILL_SHARE = 0.13; /* about; of the phrases */

/* `bar` is the phrase's first. The first phrase of a piece is for bells, no two phrases in a row are still.
 */
enum form_scene form_scene(uint64_t seed, uint64_t section, uint32_t bar);

#endif
