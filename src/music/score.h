/* score.h — the inside of a score, for the readers, writers and the composer beside it. */
#ifndef AURALIS_MUSIC_SCORE_H
#define AURALIS_MUSIC_SCORE_H

#include <auralis/score.h>

#include <stdbool.h>

enum { SCORE_NOTE_SECONDS_MAX = 96, SCORE_HOURS_MAX = 24 }; /* of one note; of a file that is read */

struct auralis_score {
    auralis_note *note;
    size_t count, capacity;
    auralis_control *control; /* in order of adding */
    size_t controls, controls_capacity;
    uint64_t length; /* frames, if has_length */
    uint64_t end;    /* latest onset + duration added so far */
    uint32_t rate;
    bool has_length, sorted;
};

/* Fills `why` (may be NULL): `place` is copied as it is, `format` is one sentence. */
void score_explain(auralis_message *why, const char *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What a control of a kind may say, and what kinds are called. */
struct score_control {
    const char *name;
    double low, high;
};
extern const struct score_control SCORE_CONTROLS[AURALIS_CONTROL_KINDS];

/* Gives note `index` (in order of adding, before any sorting) its final length, cut to what a note may last.
 */
void score_set_duration(auralis_score *score, size_t index, uint64_t frames);

#endif
