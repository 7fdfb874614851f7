/* presets.c — the built-in moods. */
#include <auralis/presets.h>

#include "music/timbre.h"

#include <strings.h>

#define BASE                                                                                                 \
    .melody_complexity = 0.5, .chord_progression_variety = 0.5, .harmonic_density = 0.5, .brightness = 0.5,  \
    .space = 0.5, .enable_pads = 1, .enable_melody = 1, .enable_kicks = 1, .enable_swells = 1,               \
    .first_chord = AURALIS_CHORD_I, .last_chord = AURALIS_CHORD_FREE

static const auralis_preset PRESETS[] = {
    {"focus",
     "Focus",
     "Steady and clear, for work.",
     {BASE, .key = 2, .mode = AURALIS_DORIAN, .bpm = 60, .intensity = 0.5}},
    {"meditation",
     "Meditation",
     "Slow and even.",
     {BASE, .key = 0, .mode = AURALIS_AEOLIAN, .bpm = 50, .intensity = 0.3}},
    {"sleep",
     "Sleep",
     "Dark, soft and very slow.",
     {BASE, .key = 4, .mode = AURALIS_PHRYGIAN, .bpm = 40, .intensity = 0.2}},
    {"bright",
     "Bright",
     "Open and lively.",
     {BASE, .key = 7, .mode = AURALIS_LYDIAN, .bpm = 70, .intensity = 0.6}},
};
enum { COUNT = sizeof PRESETS / sizeof *PRESETS };

int auralis_preset_count(void) {
    return COUNT;
}
const auralis_preset *auralis_preset_at(int index) {
    return index >= 0 && index < COUNT ? &PRESETS[index] : NULL;
}

const auralis_preset *auralis_preset_find(const char *name) {
    for (int i = 0; i < COUNT; i++)
        if (!strcasecmp(PRESETS[i].name, name)) return &PRESETS[i];
    return NULL;
}
