/* score_statistics.h — what is written in a score: harmony, melody, range, density, repetition.
 *
 * Only the notes are looked at, so a MIDI file and the composer are judged alike. Pads and basses are the
 * harmony, leads and bells the melody. One thread. */
#ifndef AURALIS_MEASURE_SCORE_STATISTICS_H
#define AURALIS_MEASURE_SCORE_STATISTICS_H

#include "measure/repetition.h"

#include <auralis/score.h>

#include <stdbool.h>
#include <stddef.h>

enum { SCORE_MINUTES_MAX = 1440 };

struct score_key {
    int key;  /* pitch class of the tonic; −1: to be found */
    int mode; /* enum auralis_mode */
};

/* A pattern of the melody that comes twice. */
struct score_pattern {
    size_t notes;                  /* 0: none */
    double seconds, first, second; /* how long it is; when it begins */
};

struct score_statistics {
    double seconds;
    struct score_key key; /* as given, or as found */
    size_t notes, melody_notes;

    /* Shares of the melody's notes by what sounds when they begin; of all pitched notes, within chord or
     * scale. */
    double chord_share, scale_share, chromatic_share, inside_share;

    /* A chord is what pads and basses strike within 0.7 s of each other; one that has the same tones and the
     * same bass as the one before it is no change. Seconds between changes; 0 if there are fewer than two. */
    size_t chords;
    double change_mean, change_min, change_max;
    size_t cadences; /* V followed by I, by their basses */

    double melody_low, melody_high, melody_mean; /* MIDI note numbers; 0 without a melody */
    double harmony_low, harmony_high;
    double register_mean; /* of all pitched notes, weighted by how long they sound */

    int minutes;                            /* whole ones, at most SCORE_MINUTES_MAX */
    unsigned per_minute[SCORE_MINUTES_MAX]; /* notes that begin */
    double density_mean, density_min, density_max;

    /* Rhythm in sixteenths. As it is, and wherever in pitch. */
    struct score_pattern repeated, transposed;
};

/* `bpm` is what the sixteenths of the repetition are counted in. 0, or AURALIS_ENOMEM. */
int score_statistics(auralis_score *score, struct score_key key, double bpm, struct score_statistics *out);

#endif
