/* form.c — arcs, character and scenes.
 *
 * An arc is value noise over the absolute number of bars (section × 64 + bar): random values at regular
 * knots, joined by smoothstep, so it is continuous with its first derivative, knows no section border and can
 * be read at any bar without the ones before it. Two octaves, 44 and 19 bars a knot, are one to four minutes
 * from crest to trough; their sum is stretched about its middle because sums of uniform values seldom reach
 * the ends. Over the first 14 bars of a piece the arcs rise from nearly nothing: it opens thin and dark.
 *
 * Phrases leave room: in some the melody is silent and the chord is heard alone, in others there are bells
 * only. A phrase is still if its random number is below a threshold and the one before is not, so whether it
 * is can be read without the phrases before that. */
#include "music/form.h"

#include "base/exact.h"
#include "base/random.h"
#include "music/composer.h"
#include "music/purpose.h"

/* The piece's fourth number, alone: every bar asks for it. */
static double light_of(uint64_t seed) {
    struct random r = {random_at(seed, 0, 0, PURPOSE_PIECE).key, 3};
    return random_range(&r, -0.3, 0.3);
}

struct form_piece form_piece(uint64_t seed) {
    struct random r = random_at(seed, 0, 0, PURPOSE_PIECE);
    struct form_piece piece = {.register_shift = random_range(&r, -2.5, 2.5),
                               .bell_share = random_range(&r, 0.2, 0.45),
                               .pace = exact_exp2(random_range(&r, -0.32, 0.32)),
                               .light = light_of(seed)};
    r.index = 4;
    piece.leap = random_unit(&r);
    for (int type = 0; type < CHORD_TYPES; type++) piece.colour[type] = random_range(&r, 0.3, 1.7);
    return piece;
}

static double knot(uint64_t seed, uint64_t index, uint64_t octave, uint64_t purpose) {
    struct random r = random_at(seed, index, octave, purpose);
    return random_unit(&r);
}

static double smoothstep(double x) {
    return x * x * (3.0 - 2.0 * x);
}

static double octave(uint64_t seed, uint64_t bar, double fraction, uint64_t period, uint64_t purpose) {
    uint64_t index = bar / period;
    double x = ((double)(bar % period) + fraction) / (double)period, a = knot(seed, index, period, purpose);
    return a + (knot(seed, index + 1, period, purpose) - a) * smoothstep(x);
}

static double arc(uint64_t seed, uint64_t section, double bars, uint64_t purpose) {
    double whole = exact_floor(bars);
    uint64_t bar = section * SECTION_BARS + (uint64_t)whole;
    double sum = 0.62 * octave(seed, bar, bars - whole, 44, purpose) +
                 0.38 * octave(seed, bar, bars - whole, 19, purpose);
    double value = 0.5 + 1.35 * (sum - 0.5);
    return value < 0.0 ? 0.0 : value > 1.0 ? 1.0 : value;
}

/* 0 where the piece begins, 1 from the end of its opening on. */
static double opened(uint64_t section, double bars) {
    return section || bars >= OPENING_BARS ? 1.0 : bars / OPENING_BARS;
}

double form_density(uint64_t seed, uint64_t section, double bars) {
    return arc(seed, section, bars, PURPOSE_DENSITY) * (0.2 + 0.8 * opened(section, bars));
}

double form_brightness(uint64_t seed, uint64_t section, double bars) {
    double value = 2.0 * arc(seed, section, bars, PURPOSE_BRIGHTNESS) - 1.0 + light_of(seed);
    value = value < -1.0 ? -1.0 : value > 1.0 ? 1.0 : value;
    return (value + 1.0) * (0.3 + 0.7 * opened(section, bars)) - 1.0;
}

struct form_character form_character(uint64_t seed, uint64_t section) {
    struct random r = random_at(seed, section, 0, PURPOSE_CHARACTER);
    struct form_piece piece = form_piece(seed);
    struct form_character c;
    c.melody_shift = piece.register_shift + random_range(&r, -2.5, 2.5);
    c.bell_share = piece.bell_share + random_range(&r, -0.1, 0.1);
    c.pad_shift = (int)exact_round(0.6 * piece.register_shift) + (int)random_below(&r, 3) - 1;
    c.side = random_below(&r, 2) ? 1.0 : -1.0;
    return c;
}

static double scene_number(uint64_t seed, uint64_t phrase) {
    struct random r = random_at(seed, phrase, 0, PURPOSE_SCENE);
    return random_unit(&r);
}

enum form_scene form_scene(uint64_t seed, uint64_t section, uint32_t bar) {
    uint64_t phrase = (section * SECTION_BARS + bar) / PHRASE_BARS;
    if (phrase == 0) return SCENE_BELLS;
    double now = scene_number(seed, phrase), before = scene_number(seed, phrase - 1);
    if (now < SCENE_STILL_SHARE) return before < SCENE_STILL_SHARE ? SCENE_FULL : SCENE_STILL;
    return now > 1.0 - SCENE_BELLS_SHARE ? SCENE_BELLS : SCENE_FULL;
}
