/* form.c — arcs and character.
 *
 * An arc is value noise over the absolute number of bars (section × 64 + bar): random values at regular
 * knots, joined by smoothstep, so it is continuous with its first derivative, knows no section border and can
 * be read at any bar without the ones before it. Two octaves, 44 and 19 bars a knot, are one to four minutes
 * from crest to trough; their sum is stretched about its middle because sums of uniform values seldom reach
 * the ends. */
#include "music/form.h"

#include "base/exact.h"
#include "base/random.h"
#include "music/composer.h"
#include "music/purpose.h"

static double knot(uint64_t seed, uint64_t index, uint64_t octave, uint64_t purpose) {
    struct random r = random_at(seed, index, octave, purpose);
    return random_unit(&r);
}

static double octave(uint64_t seed, uint64_t bar, double fraction, uint64_t period, uint64_t purpose) {
    uint64_t index = bar / period;
    double x = ((double)(bar % period) + fraction) / (double)period, a = knot(seed, index, period, purpose);
    return a + (knot(seed, index + 1, period, purpose) - a) * x * x * (3.0 - 2.0 * x);
}

static double arc(uint64_t seed, uint64_t section, double bars, uint64_t purpose) {
    double whole = exact_floor(bars);
    uint64_t bar = section * SECTION_BARS + (uint64_t)whole;
    double sum = 0.62 * octave(seed, bar, bars - whole, 44, purpose) +
                 0.38 * octave(seed, bar, bars - whole, 19, purpose);
    double value = 0.5 + 1.35 * (sum - 0.5);
    return value < 0.0 ? 0.0 : value > 1.0 ? 1.0 : value;
}

double form_density(uint64_t seed, uint64_t section, double bars) {
    return arc(seed, section, bars, PURPOSE_DENSITY);
}

double form_brightness(uint64_t seed, uint64_t section, double bars) {
    return 2.0 * arc(seed, section, bars, PURPOSE_BRIGHTNESS) - 1.0;
}

struct form_character form_character(uint64_t seed, uint64_t section) {
    struct random r = random_at(seed, section, 0, PURPOSE_CHARACTER);
    struct form_character c;
    c.melody_shift = random_range(&r, -4.0, 4.0);
    c.bell_share = random_range(&r, 0.15, 0.5);
    c.pad_shift = (int)random_below(&r, 5) - 2;
    c.side = random_below(&r, 2) ? 1.0 : -1.0;
    return c;
}
