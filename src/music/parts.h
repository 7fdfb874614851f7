/* parts.h — the composer's parts and what they are given. Internal to music/. */
#ifndef AURALIS_MUSIC_PARTS_H
#define AURALIS_MUSIC_PARTS_H

#include "music/composer.h"
#include "music/form.h"
#include "music/harmony.h"

/* The chord's voices, its halo and its bass. */
enum { PAD_VOICES = 6 };

/* Where we are. */
struct place {
    uint64_t seed;
    const auralis_parameters *p;
    uint64_t section;
    uint32_t bar;
    double beat_seconds;
    struct harmony harmony;
    struct form_character character;
    struct form_piece piece;
    int centre;            /* semitones that the chord's voices lie higher than the middle */
    int chord;             /* number of the chord that sounds in the bar */
    int pitch[PAD_VOICES]; /* of its voices and bass; 0 for one that is silent */
};

/* Appends to the bar; a note past the bound is left out (the parts keep well below it). */
void composer_add(struct composer_bar *out, const struct composer_note *note);

/* Fills chord and pitch[]: leads the voices there from the section's first chord, once a bar. */
void pads_arrive(struct place *at);

/* The chord that sounds in the bar, voiced. */
void pads_chord(const struct place *at, struct composer_chord *out);

/* Pad and bass notes whose onset lies in the bar. */
void pads_bar(const struct place *at, struct composer_bar *out);

/* Pad and bass notes that began before `beat` of the bar and still sound, cut to what remains of them. */
void pads_sounding(const struct place *at, uint32_t beat, struct composer_bar *out);

/* Lead and bell notes of the bar; kicks; swells. */
void melody_bar(const struct place *at, struct composer_bar *out);
void kicks_bar(const struct place *at, struct composer_bar *out);
void swells_bar(const struct place *at, struct composer_bar *out);

#endif
