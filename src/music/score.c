/* score.c — a growable list of notes and controls.
 *
 * Notes are checked as they come in, so that nothing behind this door has to doubt them. They may come in any
 * order (a MIDI reader learns of notes track by track, a person adds a bass line after a melody) and are put
 * in order of onset when somebody asks for them. That happens behind a function that cannot fail, so the sort
 * works in place: a merge sort whose merges rotate instead of copying, stable, O(n log² n) at worst and one
 * pass if the notes are in order already. */
#include "music/score.h"
#include "music/timbre.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONSET_MAX ((uint64_t)1 << 48)

void score_explain(auralis_message *why, const char *place, const char *format, ...) {
    if (!why) return;
    va_list args;
    va_start(args, format);
    snprintf(why->place, sizeof why->place, "%s", place);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
}

int auralis_score_create(uint32_t sample_rate, auralis_score **out) {
    if (sample_rate < 8000 || sample_rate > 192000) return AURALIS_EINVAL;
    auralis_score *score = calloc(1, sizeof *score);
    if (!score) return AURALIS_ENOMEM;
    score->rate = sample_rate;
    score->sorted = true;
    *out = score;
    return AURALIS_OK;
}

void auralis_score_free(auralis_score *score) {
    if (!score) return;
    free(score->note);
    free(score->control);
    free(score);
}

static int refuse(auralis_message *why, const char *field, const char *allowed) {
    score_explain(why, field, "must be %s", allowed);
    return AURALIS_EINVAL;
}

/* Comparisons are written so that NaN fails them. */
static int check(const auralis_score *score, const auralis_note *n, auralis_message *why) {
    if (n->instrument < 0 || n->instrument >= AURALIS_INSTRUMENTS)
        return refuse(why, "instrument", "one of pad, lead, bass, bell, kick, swell (0 to 5)");
    const char *const *names;
    int timbres = timbre_names(n->instrument, &names);
    if (n->timbre < AURALIS_TIMBRE_SEED || n->timbre >= timbres) {
        score_explain(why, "timbre", "must be from -1 to %d for this instrument", timbres - 1);
        return AURALIS_EINVAL;
    }
    if (n->onset >= ONSET_MAX) return refuse(why, "onset", "below 2^48 frames");
    if (n->duration < 1 || n->duration > (uint64_t)score->rate * SCORE_NOTE_SECONDS_MAX)
        return refuse(why, "duration", "from 1 frame to 96 seconds");
    if (!(n->pitch >= 0 && n->pitch <= 127)) return refuse(why, "pitch", "a MIDI note number from 0 to 127");
    if (!(n->velocity >= 0 && n->velocity <= 1)) return refuse(why, "velocity", "a number from 0 to 1");
    if (!(n->pan >= -1 && n->pan <= 1)) return refuse(why, "pan", "a number from -1 to 1");
    if (n->channel < 0 || n->channel >= AURALIS_SCORE_CHANNELS) return refuse(why, "channel", "from 0 to 15");
    return AURALIS_OK;
}

static int refuse_more(auralis_message *why, size_t most, const char *what) {
    score_explain(why, "score", "a score holds at most %zu %s", most, what);
    return AURALIS_ELIMIT;
}

static int out_of_memory(auralis_message *why, size_t count, const char *what) {
    score_explain(why, "score", "out of memory at %zu %s", count, what);
    return AURALIS_ENOMEM;
}

/* A list of `count` entries with room for one more, or NULL: the list is as it was. */
static void *grow(void *list, size_t *room, size_t count, size_t size) {
    if (count < *room) return list;
    size_t capacity = *room ? *room * 2 : 64;
    void *grown = realloc(list, capacity * size);
    if (grown) *room = capacity;
    return grown;
}

int auralis_score_add(auralis_score *score, const auralis_note *note, auralis_message *why) {
    int result = check(score, note, why);
    if (result < 0) return result;
    if (score->count >= AURALIS_SCORE_NOTES_MAX) return refuse_more(why, AURALIS_SCORE_NOTES_MAX, "notes");
    auralis_note *grown = grow(score->note, &score->capacity, score->count, sizeof *grown);
    if (!grown) return out_of_memory(why, score->count, "notes");
    score->note = grown;
    if (score->count && note->onset < score->note[score->count - 1].onset) score->sorted = false;
    score->note[score->count++] = *note;
    uint64_t end = note->onset + note->duration;
    if (end > score->end) score->end = end;
    return AURALIS_OK;
}

const struct score_control SCORE_CONTROLS[AURALIS_CONTROL_KINDS] = {
    [AURALIS_BEND] = {"bend", -96, 96},
    [AURALIS_MODULATION] = {"modulation", 0, 1},
    [AURALIS_VOLUME] = {"volume", 0, 1},
    [AURALIS_EXPRESSION] = {"expression", 0, 1},
    [AURALIS_PAN] = {"pan", -1, 1}};

static int check_control(const auralis_control *c, auralis_message *why) {
    if (c->kind < 0 || c->kind >= AURALIS_CONTROL_KINDS)
        return refuse(why, "kind", "one of bend, modulation, volume, expression, pan (0 to 4)");
    if (c->channel < 0 || c->channel >= AURALIS_SCORE_CHANNELS) return refuse(why, "channel", "from 0 to 15");
    if (c->frame >= ONSET_MAX) return refuse(why, "frame", "below 2^48");
    const struct score_control *k = &SCORE_CONTROLS[c->kind];
    if (c->value >= k->low && c->value <= k->high) return AURALIS_OK;
    score_explain(why, "value", "must be from %g to %g for %s", k->low, k->high, k->name);
    return AURALIS_EINVAL;
}

int auralis_score_add_control(auralis_score *score, const auralis_control *control, auralis_message *why) {
    int result = check_control(control, why);
    if (result < 0) return result;
    if (score->controls >= AURALIS_SCORE_CONTROLS_MAX)
        return refuse_more(why, AURALIS_SCORE_CONTROLS_MAX, "controls");
    auralis_control *grown = grow(score->control, &score->controls_capacity, score->controls, sizeof *grown);
    if (!grown) return out_of_memory(why, score->controls, "controls");
    score->control = grown;
    score->control[score->controls++] = *control;
    return AURALIS_OK;
}

const auralis_control *auralis_score_controls(const auralis_score *score, size_t *count) {
    *count = score->controls;
    return score->control;
}

void score_set_duration(auralis_score *score, size_t index, uint64_t frames) {
    auralis_note *n = &score->note[index];
    uint64_t longest = (uint64_t)score->rate * SCORE_NOTE_SECONDS_MAX;
    n->duration = frames < 1 ? 1 : frames > longest ? longest : frames;
    if (n->onset + n->duration > score->end) score->end = n->onset + n->duration;
}

uint32_t auralis_score_rate(const auralis_score *score) {
    return score->rate;
}

size_t auralis_score_count(const auralis_score *score) {
    return score->count;
}

uint64_t auralis_score_length(const auralis_score *score) {
    return score->has_length ? score->length : score->end;
}

void auralis_score_set_length(auralis_score *score, uint64_t frames) {
    score->length = frames;
    score->has_length = true;
}

static void reverse(auralis_note *from, auralis_note *to) {
    for (; from < to && from < --to; from++) {
        auralis_note kept = *from;
        *from = *to;
        *to = kept;
    }
}

/* Exchanges [from, middle) and [middle, to), each keeping its order. */
static void rotate(auralis_note *from, auralis_note *middle, auralis_note *to) {
    reverse(from, middle);
    reverse(middle, to);
    reverse(from, to);
}

/* First note of [from, to) whose onset is ≥ `onset` (or > it, with `after`). */
static auralis_note *bound(auralis_note *from, auralis_note *to, uint64_t onset, bool after) {
    while (from < to) {
        auralis_note *half = from + (to - from) / 2;
        if (half->onset < onset || (after && half->onset == onset))
            from = half + 1;
        else
            to = half;
    }
    return from;
}

/* Merges the ordered runs [from, middle) and [middle, to): takes the middle note of the longer run, finds
 * where it belongs in the other, rotates what lies between, and has two smaller merges left, one on each side
 * of that note. */
static void merge(auralis_note *from, auralis_note *middle, auralis_note *to) {
    while (from < middle && middle < to && middle[-1].onset > middle->onset) {
        auralis_note *left, *right, *settled;
        if (middle - from >= to - middle) {
            left = from + (middle - from) / 2;
            right = bound(middle, to, left->onset, false);
            settled = left + (right - middle);
            rotate(left, middle, right);
            merge(from, left, settled);
            from = settled + 1;
        } else {
            right = middle + (to - middle) / 2;
            left = bound(from, middle, right->onset, true);
            settled = left + (right - middle);
            rotate(left, middle, right + 1);
            merge(from, left, settled);
            from = settled + 1;
            right++;
        }
        middle = right;
    }
}

static void sort(auralis_note *from, auralis_note *to) {
    if (to - from < 2) return;
    auralis_note *middle = from + (to - from) / 2;
    sort(from, middle);
    sort(middle, to);
    merge(from, middle, to);
}

const auralis_note *auralis_score_notes(auralis_score *score) {
    if (!score->sorted) { /* asked again it only reads: then it may be asked by several threads */
        sort(score->note, score->note + score->count);
        score->sorted = true;
    }
    return score->note;
}
