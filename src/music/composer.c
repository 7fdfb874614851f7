/* composer.c — puts the parts of a bar together.
 *
 * Everything about a bar follows from (seed, parameters, section, bar). The harmony of a section is worked
 * out from its first chord each time it is asked for, and the melody of a phrase from the phrase's first bar:
 * a few microseconds, and nothing to remember, invalidate or store when parameters change or somebody jumps
 * six hours ahead. */
#include "music/parts.h"

#include "base/exact.h"

static void arrive(struct place *at, uint64_t seed, const auralis_parameters *p, uint64_t section,
                   uint32_t bar) {
    at->seed = seed;
    at->p = p;
    at->section = section;
    at->bar = bar;
    at->beat_seconds = 60.0 / p->bpm;
    at->character = form_character(seed, section);
    at->piece = form_piece(seed);
    harmony_plan(seed, p, section, &at->harmony);
    pads_arrive(at);
}

static void begin(const struct place *at, struct composer_bar *out) {
    pads_chord(at, &out->chord);
    out->seconds = BAR_BEATS * at->beat_seconds;
    out->brightness = form_brightness(at->seed, at->section, at->bar);
    out->density = form_density(at->seed, at->section, at->bar);
    out->count = 0;
}

void composer_add(struct composer_bar *out, const struct composer_note *note) {
    if (out->count == BAR_NOTES_MAX) return;
    uint32_t i = out->count++;
    for (; i > 0 && out->note[i - 1].onset > note->onset; i--) out->note[i] = out->note[i - 1];
    out->note[i] = *note;
}

void composer_bar(uint64_t seed, const auralis_parameters *parameters, uint64_t section, uint32_t bar,
                  struct composer_bar *out) {
    struct place at;
    arrive(&at, seed, parameters, section, bar);
    begin(&at, out);
    if (parameters->enable_pads) pads_bar(&at, out);
    if (parameters->enable_melody) melody_bar(&at, out);
    if (parameters->enable_kicks) kicks_bar(&at, out);
    if (parameters->enable_swells) swells_bar(&at, out);
}

void composer_chord_at(uint64_t seed, const auralis_parameters *parameters, uint64_t section, uint32_t bar,
                       uint32_t beat, struct composer_bar *out) {
    struct place at;
    arrive(&at, seed, parameters, section, bar);
    begin(&at, out);
    if (parameters->enable_pads) pads_sounding(&at, beat, out);
}
