/* parts.h — the composer's parts and what they are given. Internal to music/. */
#ifndef AURALIS_MUSIC_PARTS_H
#define AURALIS_MUSIC_PARTS_H

#include "music/composer.h"
#include "music/form.h"
#include "music/harmony.h"
#include "music/voicing.h"

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
    int led, lead[VOICES]; /* so many chords of the section have been voiced, the last of them like this */
    int chord;             /* number of the chord that sounds in the bar */
    int pitch[PAD_VOICES]; /* of its voices and bass; 0 for one that is silent */
};

/* The melody of bars of one phrase. Even at the slowest tempo, 40 bpm, a phrase holds no more notes. */
enum { PHRASE_NOTES_MAX = 256 };
struct melody {
    uint32_t count;
    uint8_t bar[PHRASE_NOTES_MAX]; /* of the section, in which the note lies */
    struct composer_note note[PHRASE_NOTES_MAX];
};

/* Appends to the bar; a note past the bound is left out (the parts keep well below it). */
void composer_add(struct composer_bar *out, const struct composer_note *note);

/* Fills chord and pitch[]: leads the voices to the bar's chord from the last one voiced, which is not after
 * it. */
void pads_arrive(struct place *at);

/* The chord that sounds in the bar, voiced. */
void pads_chord(const struct place *at, struct composer_chord *out);

/* Pad and bass notes whose onset lies in the bar. */
void pads_bar(const struct place *at, struct composer_bar *out);

/* Pad and bass notes that began before `beat` of the bar and still sound, cut to what remains of them. */
void pads_sounding(const struct place *at, uint32_t beat, struct composer_bar *out);

/* Lead and bell notes from the bar on to bar `last` of the same phrase. */
void melody_bars(const struct place *at, uint32_t last, struct melody *out);

/* Kicks and swells of the bar. */
void kicks_bar(const struct place *at, struct composer_bar *out);
void swells_bar(const struct place *at, struct composer_bar *out);

#endif
