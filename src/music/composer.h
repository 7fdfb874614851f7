/* composer.h — the pure function at the top of the house: (seed, parameters, section, bar) → the score of
 * that bar.
 *
 * Nothing is remembered between calls; random numbers are counter-based (base/random.h), keyed by (seed,
 * section, bar, purpose). Same input, same output, on every system: host double arithmetic with + − × ÷ and
 * base/exact.h only. No allocation; safe on the real-time thread. */
#ifndef AURALIS_MUSIC_COMPOSER_H
#define AURALIS_MUSIC_COMPOSER_H

#include <auralis/parameters.h>
#include <auralis/score.h>

enum { SECTION_BARS = 64, BAR_BEATS = 4, BAR_NOTES_MAX = 64 };

enum composer_role { ROLE_CHORD, ROLE_BASS, ROLE_MELODY, ROLE_PERCUSSION };

struct composer_note {
    double onset;       /* beats from the start of the bar, 0 ≤ onset < 4 (humanised timing included) */
    double seconds;     /* length, onset to release, ≤ 90 s */
    double pitch;       /* MIDI note number */
    double velocity;    /* 0–1 */
    double pan;         /* −1 … +1 */
    int32_t instrument; /* enum auralis_instrument */
    int32_t timbre;
    int32_t role; /* enum composer_role */
};

struct composer_chord {
    int32_t degree;    /* enum auralis_degree, never FREE */
    int32_t root;      /* pitch class */
    int32_t tones;     /* how many */
    int32_t pitch[6];  /* voiced MIDI notes, ascending, bass not included */
    int32_t bass;      /* MIDI note: the chord's root, low */
    int32_t first_bar; /* of the section, where this chord began, and … */
    int32_t bars;      /* … how long it lasts */
    char name[16];     /* "Dm7" */
};

struct composer_bar {
    struct composer_chord chord;
    double seconds;    /* length of the bar */
    double brightness; /* slow arc, −1 … +1, at the start of the bar; continuous over bars and sections */
    double density;    /* slow arc, 0 … 1, likewise */
    uint32_t count;
    struct composer_note note[BAR_NOTES_MAX]; /* ascending onset; parts that are switched off are absent */
};

void composer_bar(uint64_t seed, const auralis_parameters *parameters, uint64_t section, uint32_t bar,
                  struct composer_bar *out);

/* `count` bars from `bar` on, which is counted from the start of the piece, handed to `take` one after the
 * other: what composer_bar gives, but what bars of a section or of a phrase have in common is worked out
 * once, which makes them several times as cheap. */
void composer_bars(uint64_t seed, const auralis_parameters *parameters, uint64_t bar, uint32_t count,
                   void (*take)(void *self, uint64_t bar, const struct composer_bar *composed), void *self);

/* The pad and bass notes that began before `beat` (0–3) of that bar and should sound there, with what remains
 * of their lengths: what a stream restarts after a change of key, mode or tempo, or when pads are switched
 * on. Fills out->note as above with onset = beat. Notes that begin at the beat or after it are
 * composer_bar's, so the two together are complete and nothing is struck twice. */
void composer_chord_at(uint64_t seed, const auralis_parameters *parameters, uint64_t section, uint32_t bar,
                       uint32_t beat, struct composer_bar *out);

#endif
