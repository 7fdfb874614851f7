/* score_json.c — a phrase written as JSON, as a score (see score_json.h).
 *
 * The form is that of the original's benchmark phrases. Whoever writes such a file by hand or by program is
 * told exactly where it is wrong, and a key that means nothing is refused rather than ignored: a misspelt
 * "kick" would otherwise be a silent drum. jansson reads the text; what it means is decided here.
 *
 * Each part has a channel of its own, so that controls can move one and leave the others alone.
 *
 * The original put every chord over the bass of the key. Here the bass plays the chord's own root, which is
 * the first of its intervals. */
#include "stream/score_json.h"
#include "music/gm.h"
#include "music/score.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#ifdef AURALIS_WITH_JANSSON
#include <jansson.h>

enum {
    HOURS_MAX = 24,
    NOTE_SECONDS = 96,
    TONES_MAX = 8,
    TYPES_MAX = 64,
    PLACE = sizeof(((auralis_message *)0)->place)
};

enum { CHORDS, MELODY, SWELLS, KICKS = GM_DRUM_CHANNEL }; /* channels */

struct chord_type {
    const char *name;
    int count;
    double interval[TONES_MAX]; /* above the key's root, the chord's root first */
};

struct phrase {
    auralis_score *score;
    auralis_message *why;
    uint32_t own_rate; /* that onsets are given at */
    uint64_t end;      /* frames of the score */
    struct chord_type type[TYPES_MAX];
    int types;
};

static const struct chord_type VOCABULARY[] = {
    {"i", 3, {0, 3, 7}},  {"iv", 3, {5, 8, 0}},   {"V", 3, {7, 11, 2}},
    {"VI", 3, {8, 0, 3}}, {"III", 3, {3, 7, 10}},
};

static int refuse(const struct phrase *p, int result, const char *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Keys and texts of the file are quoted in messages, and a control character in them is not for a terminal.
 */
static void make_printable(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 32 || *text == 127) *text = '?';
}

static int refuse(const struct phrase *p, int result, const char *place, const char *format, ...) {
    va_list args;
    va_start(args, format);
    snprintf(p->why->place, sizeof p->why->place, "%s", place);
    vsnprintf(p->why->text, sizeof p->why->text, format, args);
    va_end(args);
    make_printable(p->why->place);
    make_printable(p->why->text);
    return result;
}

static const char *type_of(const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    default:
        return "null";
    }
}

/* A number from low to high. `value` NULL: it is missing. */
static int read_number(const struct phrase *p, const json_t *value, const char *place, double low,
                       double high, double *out) {
    if (!value)
        return refuse(p, AURALIS_EINVAL, place, "is missing; it must be a number from %g to %g", low, high);
    if (!json_is_number(value))
        return refuse(p, AURALIS_EINVAL, place, "is %s; it must be a number from %g to %g", type_of(value),
                      low, high);
    double number = json_number_value(value);
    if (!(number >= low && number <= high))
        return refuse(p, AURALIS_EINVAL, place, "is %g; it must be a number from %g to %g", number, low,
                      high);
    *out = number;
    return AURALIS_OK;
}

static int read_whole(const struct phrase *p, const json_t *value, const char *place, int64_t low,
                      int64_t high, int64_t *out) {
    if (!value)
        return refuse(p, AURALIS_EINVAL, place, "is missing; it must be a whole number from %lld to %lld",
                      (long long)low, (long long)high);
    if (!json_is_integer(value))
        return refuse(p, AURALIS_EINVAL, place, "is %s; it must be a whole number from %lld to %lld",
                      json_is_real(value) ? "not whole" : type_of(value), (long long)low, (long long)high);
    *out = json_integer_value(value);
    if (*out >= low && *out <= high) return AURALIS_OK;
    return refuse(p, AURALIS_EINVAL, place, "is %lld; it must be a whole number from %lld to %lld",
                  (long long)*out, (long long)low, (long long)high);
}

/* Entry `index` of list `name`: a list of `count` values, which are described in `form`. */
static int read_entry(const struct phrase *p, const json_t *entry, const char *name, size_t index,
                      size_t count, const char *form) {
    char place[PLACE];
    snprintf(place, sizeof place, "%s[%zu]", name, index);
    if (!json_is_array(entry))
        return refuse(p, AURALIS_EINVAL, place, "is %s; it must be a list: %s", type_of(entry), form);
    if (json_array_size(entry) != count)
        return refuse(p, AURALIS_EINVAL, place, "has %zu values; it must have %zu: %s",
                      json_array_size(entry), count, form);
    return AURALIS_OK;
}

/* Value `k` of entry `index` of list `name`. */
static int entry_number(const struct phrase *p, const json_t *entry, const char *name, size_t index, size_t k,
                        double low, double high, double *out) {
    char place[PLACE];
    snprintf(place, sizeof place, "%s[%zu][%zu]", name, index, k);
    return read_number(p, json_array_get(entry, k), place, low, high, out);
}

/* The onset, which stands first in every entry, in frames of the score. */
static int entry_onset(const struct phrase *p, const json_t *entry, const char *name, size_t index,
                       uint64_t *out) {
    char place[PLACE];
    int64_t sample = 0, limit = (int64_t)p->own_rate * 3600 * HOURS_MAX;
    snprintf(place, sizeof place, "%s[%zu][0]", name, index);
    int result = read_whole(p, json_array_get(entry, 0), place, 0, limit, &sample);
    if (result == AURALIS_OK)
        *out = ((uint64_t)sample * auralis_score_rate(p->score) + p->own_rate / 2) / p->own_rate;
    return result;
}

/* Adds the note, cut at the end of the phrase; `place` is for what the score itself refuses. */
static int add(const struct phrase *p, auralis_note note, const char *place) {
    if (note.onset >= p->end) return AURALIS_OK;
    if (note.duration > p->end - note.onset) note.duration = p->end - note.onset;
    if (note.duration < 1) note.duration = 1;
    auralis_message detail;
    int result = auralis_score_add(p->score, &note, &detail);
    return result < 0 ? refuse(p, result, place, "%s %s", detail.place, detail.text) : AURALIS_OK;
}

static uint64_t frames_of(const struct phrase *p, double seconds) {
    return (uint64_t)(seconds * auralis_score_rate(p->score) + 0.5);
}

/* One tone of a chord from onset to `until`; struck again where it would last longer than a note may. */
static int add_tone(const struct phrase *p, auralis_note note, uint64_t until, const char *place) {
    uint64_t longest = (uint64_t)auralis_score_rate(p->score) * NOTE_SECONDS;
    int result = AURALIS_OK;
    if (until > p->end) until = p->end;
    for (; result == AURALIS_OK && note.onset < until; note.onset += note.duration) {
        uint64_t left = until - note.onset;
        note.duration = left < longest ? left : longest;
        result = add(p, note, place);
    }
    return result;
}

static int add_chord(const struct phrase *p, const struct chord_type *type, double root, uint64_t onset,
                     uint64_t until, const char *place) {
    static const double place_of[TONES_MAX] = {0.4, -0.5, 0.65, -0.75, 0.2, -0.25, 0.5, -0.6};
    auralis_note bass = {.onset = onset,
                         .pitch = root + type->interval[0] - 12,
                         .velocity = 0.5 * 0.8,
                         .instrument = AURALIS_BASS};
    int result = AURALIS_OK;
    if (!(bass.pitch >= 0)) return refuse(p, AURALIS_EINVAL, place, "puts the bass below MIDI note 0");
    result = add_tone(p, bass, until, place);
    for (int i = 0; i < type->count && result == AURALIS_OK; i++) {
        auralis_note tone = {.onset = onset,
                             .pitch = root + type->interval[i],
                             .velocity = 0.45 + 0.05 * i,
                             .pan = place_of[i],
                             .instrument = AURALIS_PAD};
        if (!(tone.pitch >= 0 && tone.pitch <= 127))
            return refuse(p, AURALIS_EINVAL, place, "puts a tone at MIDI note %g; 0 to 127 can be played",
                          tone.pitch);
        result = add_tone(p, tone, until, place);
    }
    return result;
}

/* Value `k` of entry `index` of list `name`: one of `count` words; `out` receives which. */
static int entry_word(const struct phrase *p, const json_t *entry, const char *name, size_t index, size_t k,
                      const char *const *words, int count, int *out) {
    char place[PLACE], list[160] = "";
    const json_t *value = json_array_get(entry, k);
    snprintf(place, sizeof place, "%s[%zu][%zu]", name, index, k);
    for (int i = 0; i < count; i++) {
        *out = i;
        if (json_is_string(value) && !strcmp(json_string_value(value), words[i])) return AURALIS_OK;
        if (strlen(list) < 120)
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s%.20s", i ? ", " : "", words[i]);
    }
    if (!json_is_string(value))
        return refuse(p, AURALIS_EINVAL, place, "is %s; it must be one of %s", type_of(value), list);
    return refuse(p, AURALIS_EINVAL, place, "is \"%.40s\"; it must be one of %s", json_string_value(value),
                  list);
}

static int entry_type(const struct phrase *p, const json_t *entry, size_t index,
                      const struct chord_type **out) {
    const char *names[TYPES_MAX];
    int which = 0;
    for (int i = 0; i < p->types; i++) names[i] = p->type[i].name;
    int result = entry_word(p, entry, "chords", index, 2, names, p->types, &which);
    if (result == AURALIS_OK) *out = &p->type[which];
    return result;
}

static const char CHORD_FORM[] = "[onset in samples, MIDI root, type]";

static int chord_onset(const struct phrase *p, const json_t *list, size_t i, uint64_t *onset) {
    const json_t *entry = json_array_get(list, i);
    int result = read_entry(p, entry, "chords", i, 3, CHORD_FORM);
    return result < 0 ? result : entry_onset(p, entry, "chords", i, onset);
}

static int read_chords(const struct phrase *p, const json_t *list) {
    size_t count = json_array_size(list);
    uint64_t onset = 0, next = 0;
    int result = count ? chord_onset(p, list, 0, &next) : AURALIS_OK;
    for (size_t i = 0; i < count && result == AURALIS_OK; i++) {
        const json_t *entry = json_array_get(list, i);
        const struct chord_type *type = NULL;
        double root = 0;
        char place[PLACE];
        onset = next;
        next = p->end;
        if (i + 1 < count) result = chord_onset(p, list, i + 1, &next);
        snprintf(place, sizeof place, "chords[%zu][0]", i + 1);
        if (result == AURALIS_OK && i + 1 < count && next <= onset)
            return refuse(p, AURALIS_EINVAL, place, "must lie after the onset of the chord before it");
        if (result == AURALIS_OK) result = entry_number(p, entry, "chords", i, 1, 0, 127, &root);
        if (result == AURALIS_OK) result = entry_type(p, entry, i, &type);
        snprintf(place, sizeof place, "chords[%zu]", i);
        if (result == AURALIS_OK) result = add_chord(p, type, root, onset, next, place);
    }
    return result;
}

static int read_melody(const struct phrase *p, const json_t *list) {
    static const char form[] = "[onset in samples, MIDI note, velocity, seconds]";
    int result = AURALIS_OK;
    for (size_t i = 0; i < json_array_size(list) && result == AURALIS_OK; i++) {
        const json_t *entry = json_array_get(list, i);
        auralis_note note = {.instrument = AURALIS_LEAD, .pan = i % 2 ? -0.12 : 0.12, .channel = MELODY};
        double seconds = 0;
        char place[PLACE];
        snprintf(place, sizeof place, "melody[%zu]", i);
        result = read_entry(p, entry, "melody", i, 4, form);
        if (result == AURALIS_OK) result = entry_onset(p, entry, "melody", i, &note.onset);
        if (result == AURALIS_OK) result = entry_number(p, entry, "melody", i, 1, 0, 127, &note.pitch);
        if (result == AURALIS_OK) result = entry_number(p, entry, "melody", i, 2, 0, 1, &note.velocity);
        if (result == AURALIS_OK) result = entry_number(p, entry, "melody", i, 3, 0, NOTE_SECONDS, &seconds);
        note.duration = frames_of(p, seconds);
        if (result == AURALIS_OK) result = add(p, note, place);
    }
    return result;
}

static int read_kicks(const struct phrase *p, const json_t *list) {
    int result = AURALIS_OK;
    for (size_t i = 0; i < json_array_size(list) && result == AURALIS_OK; i++) {
        const json_t *entry = json_array_get(list, i);
        auralis_note note = {
            .instrument = AURALIS_KICK, .pitch = 36, .duration = frames_of(p, 0.5), .channel = KICKS};
        char place[PLACE];
        snprintf(place, sizeof place, "kicks[%zu]", i);
        result = read_entry(p, entry, "kicks", i, 2, "[onset in samples, velocity]");
        if (result == AURALIS_OK) result = entry_onset(p, entry, "kicks", i, &note.onset);
        if (result == AURALIS_OK) result = entry_number(p, entry, "kicks", i, 1, 0, 1, &note.velocity);
        if (result == AURALIS_OK) result = add(p, note, place);
    }
    return result;
}

static int read_swells(const struct phrase *p, const json_t *list) {
    int result = AURALIS_OK;
    for (size_t i = 0; i < json_array_size(list) && result == AURALIS_OK; i++) {
        const json_t *entry = json_array_get(list, i);
        auralis_note note = {
            .instrument = AURALIS_SWELL, .pitch = 60, .pan = i % 2 ? -0.4 : 0.4, .channel = SWELLS};
        double seconds = 0;
        char place[PLACE];
        snprintf(place, sizeof place, "swells[%zu]", i);
        result = read_entry(p, entry, "swells", i, 3, "[onset in samples, seconds, velocity]");
        if (result == AURALIS_OK) result = entry_onset(p, entry, "swells", i, &note.onset);
        if (result == AURALIS_OK) result = entry_number(p, entry, "swells", i, 1, 0, NOTE_SECONDS, &seconds);
        if (result == AURALIS_OK) result = entry_number(p, entry, "swells", i, 2, 0, 1, &note.velocity);
        note.duration = frames_of(p, seconds);
        if (result == AURALIS_OK) result = add(p, note, place);
    }
    return result;
}

static int read_control(const struct phrase *p, const json_t *entry, size_t i) {
    static const char *const parts[] = {"chords", "melody", "swells", "kicks"};
    static const int channels[] = {CHORDS, MELODY, SWELLS, KICKS};
    const char *kinds[AURALIS_CONTROL_KINDS];
    auralis_control control = {0};
    int part = 0, kind = 0;
    for (int k = 0; k < AURALIS_CONTROL_KINDS; k++) kinds[k] = SCORE_CONTROLS[k].name;
    int result = read_entry(p, entry, "controls", i, 4, "[onset in samples, part, control, value]");
    if (result == AURALIS_OK) result = entry_onset(p, entry, "controls", i, &control.frame);
    if (result == AURALIS_OK) result = entry_word(p, entry, "controls", i, 1, parts, 4, &part);
    if (result == AURALIS_OK)
        result = entry_word(p, entry, "controls", i, 2, kinds, AURALIS_CONTROL_KINDS, &kind);
    if (result == AURALIS_OK)
        result = entry_number(p, entry, "controls", i, 3, SCORE_CONTROLS[kind].low, SCORE_CONTROLS[kind].high,
                              &control.value);
    if (result < 0) return result;
    control.channel = channels[part];
    control.kind = kind;
    auralis_message detail;
    result = auralis_score_add_control(p->score, &control, &detail);
    return result < 0 ? refuse(p, result, "controls", "%s %s", detail.place, detail.text) : AURALIS_OK;
}

static int read_controls(const struct phrase *p, const json_t *list) {
    int result = AURALIS_OK;
    for (size_t i = 0; i < json_array_size(list) && result == AURALIS_OK; i++)
        result = read_control(p, json_array_get(list, i), i);
    return result;
}

static int read_intervals(struct phrase *p, const char *name, const json_t *list, struct chord_type *type) {
    char place[PLACE];
    snprintf(place, sizeof place, "chord_intervals.%.30s", name);
    if (!json_is_array(list) || json_array_size(list) < 1 || json_array_size(list) > TONES_MAX)
        return refuse(p, AURALIS_EINVAL, place, "must be a list of 1 to %d semitones above the root",
                      TONES_MAX);
    type->name = name;
    type->count = (int)json_array_size(list);
    for (int i = 0; i < type->count; i++) {
        snprintf(place, sizeof place, "chord_intervals.%.30s[%d]", name, i);
        int result = read_number(p, json_array_get(list, (size_t)i), place, -48, 48, &type->interval[i]);
        if (result < 0) return result;
    }
    return AURALIS_OK;
}

/* The vocabulary, then what the file adds to it or changes in it. */
static int read_types(struct phrase *p, json_t *object) {
    const char *name;
    json_t *list;
    p->types = sizeof VOCABULARY / sizeof *VOCABULARY;
    memcpy(p->type, VOCABULARY, sizeof VOCABULARY);
    if (object && !json_is_object(object))
        return refuse(p, AURALIS_EINVAL, "chord_intervals", "is %s; it must be an object of lists",
                      type_of(object));
    json_object_foreach(object, name, list) {
        struct chord_type *type = NULL;
        for (int i = 0; i < p->types; i++)
            if (!strcmp(p->type[i].name, name)) type = &p->type[i];
        if (!type && p->types == TYPES_MAX)
            return refuse(p, AURALIS_ELIMIT, "chord_intervals", "has too many types; %d are allowed in all",
                          TYPES_MAX);
        if (!type) type = &p->type[p->types++];
        int result = read_intervals(p, name, list, type);
        if (result < 0) return result;
    }
    return AURALIS_OK;
}

static const struct part {
    const char *name;
    int (*read)(const struct phrase *p, const json_t *list);
} PARTS[] = {{"chords", read_chords},
             {"melody", read_melody},
             {"kicks", read_kicks},
             {"swells", read_swells},
             {"controls", read_controls}};
enum { PART_COUNT = sizeof PARTS / sizeof *PARTS };

static int check_keys(const struct phrase *p, json_t *root) {
    static const char *const others[] = {"sample_rate", "duration_sec", "chord_intervals", "name", "meta"};
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value) {
        bool known = false;
        for (size_t i = 0; i < sizeof others / sizeof *others; i++) known |= !strcmp(key, others[i]);
        for (int i = 0; i < PART_COUNT; i++) {
            if (strcmp(key, PARTS[i].name)) continue;
            known = true;
            if (!json_is_array(value))
                return refuse(p, AURALIS_EINVAL, key, "is %s; it must be a list of lists", type_of(value));
        }
        if (!known)
            return refuse(
                p, AURALIS_EINVAL, *key ? key : "\"\"",
                "is no key of a phrase; these are: sample_rate, duration_sec, chords, melody, kicks, swells, "
                "controls, chord_intervals, name, meta");
    }
    return AURALIS_OK;
}

static int read_phrase(struct phrase *p, json_t *root, uint32_t rate) {
    int64_t own_rate = 0;
    double seconds = 0;
    if (!json_is_object(root))
        return refuse(p, AURALIS_EINVAL, "line 1",
                      "the file holds %s; it must be an object: {\"sample_rate\": …}", type_of(root));
    int result = check_keys(p, root);
    if (result == AURALIS_OK)
        result = read_whole(p, json_object_get(root, "sample_rate"), "sample_rate", 8000, 192000, &own_rate);
    if (result == AURALIS_OK)
        result = read_number(p, json_object_get(root, "duration_sec"), "duration_sec", 0.001,
                             HOURS_MAX * 3600, &seconds);
    if (result == AURALIS_OK) result = read_types(p, json_object_get(root, "chord_intervals"));
    if (result < 0) return result;
    if (auralis_score_create(rate, &p->score) < 0) return refuse(p, AURALIS_ENOMEM, "file", "out of memory");
    p->own_rate = (uint32_t)own_rate;
    p->end = frames_of(p, seconds);
    auralis_score_set_length(p->score, p->end);
    for (int i = 0; i < PART_COUNT && result == AURALIS_OK; i++)
        result = PARTS[i].read(p, json_object_get(root, PARTS[i].name));
    return result;
}

static int refuse_text(const struct phrase *p, const json_error_t *error) {
    char place[PLACE];
    snprintf(place, sizeof place, "line %d, column %d", error->line, error->column);
    return refuse(p, AURALIS_EFORMAT, place, "this is no JSON: %s", error->text);
}

int score_json_read(const char *text, size_t size, uint32_t rate, auralis_score **out, auralis_message *why) {
    auralis_message unheard;
    struct phrase p = {.why = why ? why : &unheard};
    json_error_t error;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!root) return refuse_text(&p, &error);
    int result = read_phrase(&p, root, rate);
    json_decref(root);
    if (result < 0)
        auralis_score_free(p.score);
    else
        *out = p.score;
    return result;
}

#else

int score_json_read(const char *text, size_t size, uint32_t rate, auralis_score **out, auralis_message *why) {
    (void)text, (void)size, (void)rate, (void)out;
    if (why) {
        snprintf(why->place, sizeof why->place, "file");
        snprintf(why->text, sizeof why->text, "this build reads MIDI files only; JSON needs jansson");
    }
    return AURALIS_EUNSUPPORTED;
}

#endif
