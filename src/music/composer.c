/* composer.c — puts the parts of a bar together.
 *
 * Everything about a bar follows from (seed, parameters, section, bar). The harmony of a section is worked
 * out from its first chord each time it is asked for, and the melody of a phrase from the phrase's first bar:
 * a few microseconds, and nothing to remember, invalidate or store when parameters change or somebody jumps
 * six hours ahead. Who asks for many bars side by side (the loudness of minutes; what still sounds of the
 * last hundred seconds) pays for them once. */
#include "music/parts.h"

#include "base/exact.h"

static void arrive(struct place *at, uint64_t seed, const auralis_parameters *p, uint64_t section) {
    at->seed = seed;
    at->p = p;
    at->section = section;
    at->beat_seconds = 60.0 / p->bpm;
    at->character = form_character(seed, section);
    at->piece = form_piece(seed);
    at->led = 0;
    harmony_plan(seed, p, section, &at->harmony);
}

static void begin(struct place *at, uint32_t bar, struct composer_bar *out) {
    at->bar = bar;
    pads_arrive(at);
    pads_chord(at, &out->chord);
    out->seconds = BAR_BEATS * at->beat_seconds;
    out->brightness = form_brightness(at->seed, at->section, at->bar);
    out->density = form_density(at->seed, at->p->mode, at->section, at->bar);
    out->count = 0;
}

void composer_add(struct composer_bar *out, const struct composer_note *note) {
    if (out->count == BAR_NOTES_MAX) return;
    uint32_t i = out->count++;
    for (; i > 0 && out->note[i - 1].onset > note->onset; i--) out->note[i] = out->note[i - 1];
    out->note[i] = *note;
}

/* The parts of bar `bar`, in a section that has been arrived at; its phrase's melody is there. */
static void compose(struct place *at, uint32_t bar, const struct melody *melody, struct composer_bar *out) {
    begin(at, bar, out);
    if (at->p->enable_pads) pads_bar(at, out);
    for (uint32_t i = 0; i < melody->count; i++)
        if (melody->bar[i] == bar) composer_add(out, &melody->note[i]);
    if (at->p->enable_kicks) kicks_bar(at, out);
    if (at->p->enable_swells) swells_bar(at, out);
}

/* The melody from bar `bar` of the section on, as far as its phrase and `count` bars go. */
static void compose_melody(struct place *at, uint32_t bar, uint32_t count, struct melody *out) {
    uint32_t last = bar / PHRASE_BARS * PHRASE_BARS + PHRASE_BARS - 1;
    if (count < last + 1 - bar) last = bar + count - 1;
    at->bar = bar;
    out->count = 0;
    if (at->p->enable_melody) melody_bars(at, last, out);
}

void composer_bar(uint64_t seed, const auralis_parameters *parameters, uint64_t section, uint32_t bar,
                  struct composer_bar *out) {
    struct place at;
    struct melody melody;
    arrive(&at, seed, parameters, section);
    compose_melody(&at, bar, 1, &melody);
    compose(&at, bar, &melody, out);
}

void composer_bars(uint64_t seed, const auralis_parameters *parameters, uint64_t bar, uint32_t count,
                   void (*take)(void *self, uint64_t bar, const struct composer_bar *composed), void *self) {
    struct place at;
    struct melody melody;
    struct composer_bar composed;
    for (uint32_t done = 0; done < count; done++, bar++) {
        uint32_t in_section = (uint32_t)(bar % SECTION_BARS);
        if (!done || !in_section) arrive(&at, seed, parameters, bar / SECTION_BARS);
        if (!done || !(in_section % PHRASE_BARS)) compose_melody(&at, in_section, count - done, &melody);
        compose(&at, in_section, &melody, &composed);
        take(self, bar, &composed);
    }
}

void composer_chord_at(uint64_t seed, const auralis_parameters *parameters, uint64_t section, uint32_t bar,
                       uint32_t beat, struct composer_bar *out) {
    struct place at;
    arrive(&at, seed, parameters, section);
    begin(&at, bar, out);
    if (parameters->enable_pads) pads_sounding(&at, beat, out);
}
