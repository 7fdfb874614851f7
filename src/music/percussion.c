/* percussion.c — kicks and swells, rare and soft, from intensity 0.3.
 *
 * Kicks stand 4 to 8 bars apart. The distances of a section are drawn one after another so that they fill its
 * 64 bars exactly, and the next section goes on from its own first bar; about 30 % of the kicks are then left
 * out. A kick falls within ±100 samples (at 48 kHz) of a point just behind the beat, so that none is early
 * into the bar before.
 *
 * Swells: ⌊2 × intensity⌋ in a phrase of 8 bars, each in its own share of the phrase, the stronger the higher
 * the section's wave is. */
#include "music/parts.h"

#include "base/exact.h"
#include "base/random.h"
#include "music/purpose.h"

static const double PERCUSSION_FROM = 0.3;

static bool kick_in(const struct place *at) {
    struct random r = random_at(at->seed, at->section, 0, PURPOSE_KICK);
    for (uint32_t bar = 0; bar <= at->bar;) {
        if (bar == at->bar) return true;
        uint32_t rest = SECTION_BARS - bar, gap = 4 + random_below(&r, 5);
        if (gap > rest) gap = rest;
        if (rest - gap > 0 && rest - gap < 4) gap = rest <= 8 ? rest : rest - 4;
        bar += gap;
    }
    return false;
}

void kicks_bar(const struct place *at, struct composer_bar *out) {
    if (at->p->intensity < PERCUSSION_FROM || !kick_in(at)) return;
    struct random r = random_at(at->seed, at->section, at->bar + 1, PURPOSE_KICK);
    if (random_unit(&r) < 0.3) return;
    double late = random_range(&r, 0.0, 200.0) / 48000.0, velocity = random_range(&r, 0.3, 0.8);
    composer_add(out, &(struct composer_note){.onset = late / at->beat_seconds,
                                              .seconds = 0.25,
                                              .pitch = 36,
                                              .velocity = velocity,
                                              .instrument = AURALIS_KICK,
                                              .timbre = at->p->kick_timbre,
                                              .role = ROLE_PERCUSSION});
}

void swells_bar(const struct place *at, struct composer_bar *out) {
    if (at->p->intensity < PERCUSSION_FROM) return;
    int count = (int)exact_floor(2.0 * at->p->intensity);
    double wave = form_wave(at->seed, at->p->mode, at->section, at->bar);
    uint32_t phrase = at->bar / PHRASE_BARS * PHRASE_BARS;
    struct random r = random_at(at->seed, at->section, phrase, PURPOSE_SWELL);
    for (int i = 0; i < count; i++) {
        double beat = BAR_BEATS * PHRASE_BARS * (i + random_unit(&r)) / count,
               bar = exact_floor(beat / BAR_BEATS);
        double seconds = random_range(&r, 3.0, 8.0),
               velocity = 0.15 + 0.225 * (random_unit(&r) + 0.5 + 0.5 * wave),
               pan = random_range(&r, -0.6, 0.6);
        if ((uint32_t)bar != at->bar - phrase) continue;
        composer_add(out, &(struct composer_note){.onset = beat - BAR_BEATS * bar,
                                                  .seconds = seconds,
                                                  .pitch = 60,
                                                  .velocity = velocity,
                                                  .pan = pan,
                                                  .instrument = AURALIS_SWELL,
                                                  .timbre = at->p->swell_timbre,
                                                  .role = ROLE_PERCUSSION});
    }
}
