/* parameters.c — the table of everything a listener can turn, and the generic ways to read and write it.
 *
 * The command line, the JSON API, the page and the addresses are all driven by this one table, so a parameter
 * is added in one place. Numbers are read and written here without the C library's locale-dependent
 * functions. */
#include <auralis/parameters.h>

#include "base/exact.h"
#include "music/timbre.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const KEYS[] = {"C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"};
static const char *const FLATS[] = {"", "Db", "", "Eb", "", "", "Gb", "", "Ab", "", "Bb", ""};
static const char *const MODES[] = {"aeolian", "dorian", "phrygian", "lydian", "ionian", "mixolydian"};
static const char *const CHORDS[] = {"free", "i", "iv", "V", "VI", "III"};
static const char *const PADS[PAD_TIMBRES] = {"warm", "glass", "strings", "hollow", "choir", "velvet"};
static const char *const LEADS[LEAD_TIMBRES] = {"pure", "reed", "flute", "pluck", "celesta"};
static const char *const BASSES[BASS_TIMBRES] = {"round", "sub", "wood"};
static const char *const BELLS[BELL_TIMBRES] = {"bronze", "crystal", "kalimba", "bowl"};
static const char *const KICKS[KICK_TIMBRES] = {"soft", "deep", "felt"};
static const char *const SWELLS[SWELL_TIMBRES] = {"air", "wind", "wave"};

int timbre_names(int instrument, const char *const **names) {
    static const struct {
        const char *const *names;
        int count;
    } table[] = {{PADS, PAD_TIMBRES},   {LEADS, LEAD_TIMBRES}, {BASSES, BASS_TIMBRES},
                 {BELLS, BELL_TIMBRES}, {KICKS, KICK_TIMBRES}, {SWELLS, SWELL_TIMBRES}};
    if (names) *names = table[instrument].names;
    return table[instrument].count;
}

#define NUMBER(field, title, unit, when, low, high, start, help)                                             \
    {                                                                                                        \
#field, title, unit, help, AURALIS_NUMBER, when, low, high, start, NULL,                             \
            offsetof(auralis_parameters, field)                                                              \
    }
#define SWITCH(field, title, help)                                                                           \
    {                                                                                                        \
#field, title, "", help, AURALIS_SWITCH, AURALIS_AT_BLOCK, 0, 1, 1, NULL,                            \
            offsetof(auralis_parameters, field)                                                              \
    }
#define CHOICE(field, title, names, low, start, help)                                                        \
    {                                                                                                        \
#field, title, "", help, AURALIS_CHOICE, AURALIS_AT_BEAT, low,                                       \
            (low) + (int)(sizeof names / sizeof *names) - 1, start, names,                                   \
            offsetof(auralis_parameters, field)                                                              \
    }

static const auralis_parameter_info TABLE[] = {
    CHOICE(key, "Key", KEYS, 0, 9, "Tonic of the piece."),
    CHOICE(mode, "Mode", MODES, 0, AURALIS_AEOLIAN, "Scale that chords and melody are drawn from."),
    NUMBER(bpm, "Tempo", "bpm", AURALIS_AT_BEAT, 40, 120, 70, "Beats a minute."),
    NUMBER(intensity, "Intensity", "", AURALIS_AT_BEAT, 0, 1, 0.5,
           "How many notes, how long and how strong; percussion from 0.3."),
    NUMBER(melody_complexity, "Melody complexity", "", AURALIS_AT_BEAT, 0, 1, 0.5,
           "Share of notes outside the chord."),
    NUMBER(chord_progression_variety, "Harmony variety", "", AURALIS_AT_BEAT, 0, 1, 0.5,
           "From the likeliest chords to any chord."),
    NUMBER(harmonic_density, "Harmonic density", "", AURALIS_AT_BEAT, 0, 1, 0.5,
           "A chord every 90 s at 0, 45 s at 0.5, one bar at 1."),
    NUMBER(brightness, "Brightness", "", AURALIS_AT_BLOCK, 0, 1, 0.5,
           "Opens or closes every filter by up to two octaves."),
    NUMBER(space, "Space", "", AURALIS_AT_BLOCK, 0, 1, 0.5, "Reverb time, 1.5 to 12 s, and how much of it."),
    NUMBER(level, "Level", "dB", AURALIS_AT_BLOCK, -60, 0, 0, "Output level; -60 is silence."),
    SWITCH(enable_pads, "Pads", "Chords and their bass."),
    SWITCH(enable_melody, "Melody", "Lead and bells."),
    SWITCH(enable_kicks, "Kicks", "Soft bass drum."),
    SWITCH(enable_swells, "Swells", "Rising and falling noise."),
    CHOICE(pad_timbre, "Pad", PADS, 0, 0, "Timbre of the chords."),
    CHOICE(lead_timbre, "Lead", LEADS, 0, 0, "Timbre of the melody."),
    CHOICE(bass_timbre, "Bass", BASSES, 0, 0, "Timbre of the bass."),
    CHOICE(bell_timbre, "Bell", BELLS, 0, 0, "Timbre of the bells."),
    CHOICE(kick_timbre, "Kick", KICKS, 0, 0, "Timbre of the bass drum."),
    CHOICE(swell_timbre, "Swell", SWELLS, 0, 0, "Timbre of the swells."),
    CHOICE(first_chord, "First chord", CHORDS, AURALIS_CHORD_FREE, AURALIS_CHORD_I,
           "Chord that every section starts with."),
    CHOICE(last_chord, "Last chord", CHORDS, AURALIS_CHORD_FREE, AURALIS_CHORD_FREE,
           "Chord that every section ends with."),
    NUMBER(height, "Register", "semitones", AURALIS_AT_BEAT, -12, 12, 0, "How high chords and melody lie."),
};
enum { COUNT = sizeof TABLE / sizeof *TABLE };

int auralis_parameter_count(void) {
    return COUNT;
}

const auralis_parameter_info *auralis_parameter_at(int index) {
    return index >= 0 && index < COUNT ? &TABLE[index] : NULL;
}

int auralis_parameter_find(const char *name) {
    for (int i = 0; i < COUNT; i++)
        if (!strcmp(TABLE[i].name, name)) return i;
    return AURALIS_ENOENT;
}

static void explain(auralis_message *why, const char *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void explain(auralis_message *why, const char *place, const char *format, ...) {
    if (!why) return;
    va_list args;
    va_start(args, format);
    snprintf(why->place, sizeof why->place, "%.63s", place);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
}

double auralis_parameters_get(const auralis_parameters *p, int index) {
    const char *field = (const char *)p + TABLE[index].offset;
    if (TABLE[index].type == AURALIS_NUMBER) return *(const double *)(const void *)field;
    return *(const int32_t *)(const void *)field;
}

/* A number without trailing zeros, at most three decimals: what people type. */
static int print_number(char *out, size_t size, double value) {
    double thousandths = exact_round(value * 1000.0);
    bool negative = thousandths < 0;
    int64_t n = (int64_t)(negative ? -thousandths : thousandths);
    const char *sign = negative && n ? "-" : "";
    long long whole = (long long)(n / 1000);
    unsigned digits = (unsigned)(n % 1000);
    if (!digits) return snprintf(out, size, "%s%lld", sign, whole);
    int places = 3;
    for (; digits % 10 == 0; digits /= 10) places--;
    return snprintf(out, size, "%s%lld.%0*u", sign, whole, places, digits);
}

static void explain_range(auralis_message *why, const auralis_parameter_info *info) {
    if (info->type == AURALIS_NUMBER) {
        char low[16], high[16];
        print_number(low, sizeof low, info->minimum);
        print_number(high, sizeof high, info->maximum);
        explain(why, info->name, "must be a number from %s to %s", low, high);
    } else if (info->type == AURALIS_SWITCH) {
        explain(why, info->name, "must be on or off");
    } else {
        char list[200] = "";
        for (int i = 0; i <= (int)(info->maximum - info->minimum); i++) {
            size_t used = strlen(list);
            snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", info->choices[i]);
        }
        explain(why, info->name, "must be one of %s", list);
    }
}

int auralis_parameters_put(auralis_parameters *p, int index, double value, auralis_message *why) {
    if (index < 0 || index >= COUNT) {
        explain(why, "parameter", "there are %d parameters", COUNT);
        return AURALIS_ENOENT;
    }
    const auralis_parameter_info *info = &TABLE[index];
    char *field = (char *)p + info->offset;
    bool inside = value >= info->minimum && value <= info->maximum; /* false for NaN */
    if (!inside || (info->type != AURALIS_NUMBER && value != exact_round(value))) {
        explain_range(why, info);
        return AURALIS_EINVAL;
    }
    if (info->type == AURALIS_NUMBER)
        *(double *)(void *)field = value;
    else
        *(int32_t *)(void *)field = (int32_t)value;
    return AURALIS_OK;
}

static bool same_name(const char *a, const char *b) {
    for (; *a && *b; a++, b++) {
        int x = *a >= 'A' && *a <= 'Z' ? *a + 32 : *a, y = *b >= 'A' && *b <= 'Z' ? *b + 32 : *b;
        if (x != y) return false;
    }
    return *a == *b;
}

/* Decimal number with optional sign, fraction and exponent; all of `text` must be used. */
static bool parse_number(const char *text, double *out) {
    const char *s = text;
    bool negative = *s == '-', digits = false;
    if (*s == '-' || *s == '+') s++;
    double value = 0;
    int exponent = 0;
    for (; *s >= '0' && *s <= '9'; s++, digits = true) value = value * 10 + (*s - '0');
    if (*s == '.')
        for (s++; *s >= '0' && *s <= '9'; s++, digits = true) value = value * 10 + (*s - '0'), exponent--;
    if (digits && (*s == 'e' || *s == 'E')) {
        int sign = 1, e = 0;
        s++;
        if (*s == '-' || *s == '+') sign = *s++ == '-' ? -1 : 1;
        if (*s < '0' || *s > '9') return false;
        for (; *s >= '0' && *s <= '9'; s++)
            if (e < 400) e = e * 10 + (*s - '0');
        exponent += sign * e;
    }
    if (!digits || *s || exponent > 300 || exponent < -300) return false;
    double scale = 1;
    for (int i = 0; i < (exponent < 0 ? -exponent : exponent); i++) scale *= 10;
    value = exponent < 0 ? value / scale : value * scale;
    *out = negative ? -value : value;
    return true;
}

static bool parse_choice(const auralis_parameter_info *info, const char *text, double *out) {
    int count = (int)(info->maximum - info->minimum) + 1;
    for (int exact = 1; exact >= 0; exact--) /* "V" before "v": exact first, then without case */
        for (int i = 0; i < count; i++)
            if (exact ? !strcmp(info->choices[i], text) : same_name(info->choices[i], text)) {
                *out = info->minimum + i;
                return true;
            }
    if (info->choices == KEYS)
        for (int i = 0; i < 12; i++)
            if (*FLATS[i] && same_name(FLATS[i], text)) {
                *out = i;
                return true;
            }
    return false;
}

static bool parse_switch(const char *text, double *out) {
    static const char *const words[2][4] = {{"off", "false", "0", "no"}, {"on", "true", "1", "yes"}};
    for (int value = 0; value < 2; value++)
        for (int i = 0; i < 4; i++)
            if (same_name(words[value][i], text)) {
                *out = value;
                return true;
            }
    return false;
}

int auralis_parameters_set(auralis_parameters *p, const char *name, const char *value, auralis_message *why) {
    int index = auralis_parameter_find(name);
    if (index < 0) {
        explain(why, name, "there is no parameter of this name");
        return AURALIS_ENOENT;
    }
    const auralis_parameter_info *info = &TABLE[index];
    double number;
    bool read = info->type == AURALIS_NUMBER   ? parse_number(value, &number)
                : info->type == AURALIS_SWITCH ? parse_switch(value, &number)
                                               : parse_choice(info, value, &number);
    if (!read) {
        explain_range(why, info);
        return info->type == AURALIS_NUMBER ? AURALIS_EFORMAT : AURALIS_EINVAL;
    }
    int result = auralis_parameters_put(p, index, number, why);
    return result < 0 ? result : index;
}

int auralis_parameters_text(const auralis_parameters *p, int index, char *out, size_t size) {
    double value = auralis_parameters_get(p, index);
    const auralis_parameter_info *info = &TABLE[index];
    if (info->type == AURALIS_NUMBER) return print_number(out, size, value);
    if (info->type == AURALIS_SWITCH) return snprintf(out, size, "%s", value != 0 ? "on" : "off");
    return snprintf(out, size, "%s", info->choices[(int)(value - info->minimum)]);
}

int auralis_parameters_check(const auralis_parameters *p, auralis_message *why) {
    auralis_parameters copy = *p;
    for (int i = 0; i < COUNT; i++) {
        int result = auralis_parameters_put(&copy, i, auralis_parameters_get(p, i), why);
        if (result < 0) return result;
    }
    return AURALIS_OK;
}

int auralis_parameters_warnings(const auralis_parameters *p, const char **out, int max) {
    int n = 0;
    if (p->melody_complexity > 0.8 && p->intensity < 0.3 && n < max)
        out[n++] = "may reduce perceived musicality";
    if (p->harmonic_density > 0.8 && p->chord_progression_variety < 0.3 && n < max)
        out[n++] = "may create repetitive harmonies";
    return n;
}
