/* auralis/parameters.h — everything a listener can turn.
 *
 * The parameters are a plain struct of numbers. One table (auralis_parameter_info) describes every
 * field: its name in JSON, on the command line and in addresses, its range, its choices and when a
 * change of it is heard. Programs should walk that table instead of naming fields one by one.
 *
 *     auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
 *     auralis_message why;
 *     if (auralis_parameters_set(&p, "bpm", "54", &why) < 0) fprintf(stderr, "%s: %s\n", why.place,
 * why.text);
 */
#ifndef AURALIS_PARAMETERS_H
#define AURALIS_PARAMETERS_H

#include <stdint.h>
#include <stddef.h>
#include <auralis/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum auralis_mode {
    AURALIS_AEOLIAN,
    AURALIS_DORIAN,
    AURALIS_PHRYGIAN,
    AURALIS_LYDIAN,
    AURALIS_IONIAN,
    AURALIS_MIXOLYDIAN,
};

/* Values for first_chord and last_chord: the five functional degrees of the vocabulary. */
enum auralis_degree {
    AURALIS_CHORD_FREE = -1,
    AURALIS_CHORD_I,
    AURALIS_CHORD_IV,
    AURALIS_CHORD_V,
    AURALIS_CHORD_VI,
    AURALIS_CHORD_III
};

/* Each field: meaning, range, default. All are doubles or int32 so that one table can describe them. */
typedef struct auralis_parameters {
    int32_t key;                      /* tonic pitch class, 0 C … 11 B; default 9 (A) */
    int32_t mode;                     /* enum auralis_mode; default AURALIS_AEOLIAN */
    double bpm;                       /* beats a minute, 40–120; default 70 */
    double intensity;                 /* 0–1; default 0.5: note density, lengths, velocity, percussion */
    double melody_complexity;         /* 0–1; default 0.5: share of non-chord tones */
    double chord_progression_variety; /* 0–1; default 0.5: blends the harmony chain with uniform */
    double harmonic_density;          /* 0–1; default 0.5: chord span 90 s … 45 s … one bar */
    double brightness;                /* 0–1; default 0.5: filter cutoffs, up to ∓2 octaves */
    double space;                     /* 0–1; default 0.5: reverb time 1.5–12 s and wet level */
    double level;                     /* output level in dB, −60–0; default 0 (−60 is silence) */
    int32_t enable_pads;              /* 0 or 1; default 1: chords and their bass */
    int32_t enable_melody;            /* 0 or 1; default 1 */
    int32_t enable_kicks;             /* 0 or 1; default 1 */
    int32_t enable_swells;            /* 0 or 1; default 1 */
    int32_t pad_timbre;               /* index into the choices of the table; default 0, as all timbres */
    int32_t lead_timbre;
    int32_t bass_timbre;
    int32_t bell_timbre;
    int32_t kick_timbre;
    int32_t swell_timbre;
    int32_t first_chord; /* enum auralis_degree; default AURALIS_CHORD_I: of every section */
    int32_t last_chord;  /* enum auralis_degree; default AURALIS_CHORD_FREE: of every section */
    double height;       /* −12–12 semitones; default 0: how high chords and melody lie */
} auralis_parameters;

#define AURALIS_PARAMETERS_DEFAULT                                                                           \
    {                                                                                                        \
        .key = 9, .mode = AURALIS_AEOLIAN, .bpm = 70, .intensity = 0.5, .melody_complexity = 0.5,            \
        .chord_progression_variety = 0.5, .harmonic_density = 0.5, .brightness = 0.5, .space = 0.5,          \
        .enable_pads = 1, .enable_melody = 1, .enable_kicks = 1, .enable_swells = 1,                         \
        .first_chord = AURALIS_CHORD_I, .last_chord = AURALIS_CHORD_FREE                                     \
    }

enum auralis_parameter_type {
    AURALIS_NUMBER, /* double in [minimum, maximum] */
    AURALIS_SWITCH, /* int32, 0 or 1; JSON true/false; text on/off, true/false, 1/0 */
    AURALIS_CHOICE, /* int32, minimum + index into choices[]; JSON and text use the choice's name */
};

/* When a change is heard. */
enum auralis_parameter_timing {
    AURALIS_AT_BLOCK, /* from the next 64-frame block, ramped (level, brightness, space, switches) */
    AURALIS_AT_BEAT,  /* from the next beat (everything the composer reads) */
};

typedef struct auralis_parameter_info {
    const char *name;  /* "bpm"; the JSON key and the --option (with - for _) */
    const char *title; /* "Tempo": for people */
    const char *unit;  /* "bpm", "dB" or "" */
    const char *help;  /* one sentence */
    int type;          /* enum auralis_parameter_type */
    int timing;        /* enum auralis_parameter_timing */
    double minimum, maximum, initial;
    const char *const *choices; /* NULL unless AURALIS_CHOICE; maximum − minimum + 1 names */
    size_t offset;              /* of the field in auralis_parameters */
} auralis_parameter_info;

/* Sets of parameters are bit masks: bit i stands for parameter i of the table. */
typedef uint32_t auralis_parameter_set;

/* All of the following: any thread, no allocation. */

/* The number of parameters, and parameter i of the table (static storage; NULL past the end). */
AURALIS_API int auralis_parameter_count(void);
AURALIS_API const auralis_parameter_info *auralis_parameter_at(int index);

/* Index of the parameter called `name`, or AURALIS_ENOENT. */
AURALIS_API int auralis_parameter_find(const char *name);

/* Read and write field `index` as a number (a choice or switch as its integer value). The setter
 * refuses a value out of range, not finite, or not whole where it must be: AURALIS_EINVAL, with `why`
 * (may be NULL) saying what is allowed, and `p` unchanged. */
AURALIS_API double auralis_parameters_get(const auralis_parameters *p, int index);
AURALIS_API int auralis_parameters_put(auralis_parameters *p, int index, double value, auralis_message *why);

/* Set the field called `name` from text ("54", "dorian", "F#" or "Gb", "on"), independent of locale.
 * Returns the index of the field, or AURALIS_ENOENT / AURALIS_EINVAL / AURALIS_EFORMAT with `why` filled. */
AURALIS_API int auralis_parameters_set(auralis_parameters *p, const char *name, const char *value,
                                       auralis_message *why);

/* Text of field `index` ("dorian", "54", "on") into out[size]; returns the length as snprintf does. */
AURALIS_API int auralis_parameters_text(const auralis_parameters *p, int index, char *out, size_t size);

/* 0 if every field is in range, else AURALIS_EINVAL and `why` names the first that is not. */
AURALIS_API int auralis_parameters_check(const auralis_parameters *p, auralis_message *why);

/* Combinations that are allowed but rarely what is meant (complexity > 0.8 with intensity < 0.3;
 * harmonic_density > 0.8 with variety < 0.3). Writes up to `max` static strings; returns how many. */
AURALIS_API int auralis_parameters_warnings(const auralis_parameters *p, const char **out, int max);

#ifdef __cplusplus
}
#endif
#endif
