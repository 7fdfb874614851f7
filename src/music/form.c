/* form.c — arcs, character and scenes.
 *
 * Every section is one wave of the whole music's strength: it gathers from a trough near its beginning to a
 * crest, and recedes until the next section. How, is the mode's: the bright ones rise slowly and sink soon,
 * the dark ones rise soon and sink slowly, dorian does both alike and less. That a wave is as long as the two
 * stretches the loudness trim looks at (synth/loudness.c) is what keeps it: the trim, which evens out what is
 * slower, sees all of a wave at once and leaves it alone. The density arc follows the wave in part, so what
 * is louder is fuller.
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

/* How bright a mode is, from the one with the lowest scale to the one with the highest. */
static const double MODE_LIGHT[] = {[AURALIS_AEOLIAN] = -1, [AURALIS_DORIAN] = 0,   [AURALIS_PHRYGIAN] = -2,
                                    [AURALIS_LYDIAN] = 2,   [AURALIS_IONIAN] = 1.5, [AURALIS_MIXOLYDIAN] = 1};

/* A section's trough and crest: where they are, in bars, and how high. */
struct wave {
    double trough, crest, low, high;
};

static struct wave wave_of(uint64_t seed, uint64_t section, double light) {
    struct random r = random_at(seed, section, 0, PURPOSE_WAVE);
    double rise = 0.5 + 0.1 * light;
    double share = 0.75 + 0.1 * (light < 0 ? -light : light);
    return (struct wave){.trough = SECTION_BARS * (0.09 + random_range(&r, -0.05, 0.05)),
                         .crest = SECTION_BARS * (0.09 + rise + random_range(&r, -0.05, 0.05)),
                         .low = -share * random_range(&r, 0.8, 1.0),
                         .high = share * random_range(&r, 0.8, 1.0)};
}

double form_wave(uint64_t seed, int mode, uint64_t section, double bars) {
    double light = MODE_LIGHT[mode];
    struct wave here = wave_of(seed, section, light);
    double from = here.trough, to = here.crest, a = here.low, b = here.high;
    if (bars < from) {
        if (!section) return a;
        struct wave before = wave_of(seed, section - 1, light);
        b = a, to = from;
        a = before.high, from = before.crest - SECTION_BARS;
    } else if (bars >= to) {
        struct wave next = wave_of(seed, section + 1, light);
        a = b, from = to;
        b = next.low, to = next.trough + SECTION_BARS;
    }
    return a + (b - a) * smoothstep((bars - from) / (to - from));
}

double form_density(uint64_t seed, int mode, uint64_t section, double bars) {
    double filled = 0.6 * arc(seed, section, bars, PURPOSE_DENSITY) +
                    0.4 * (0.5 + 0.5 * form_wave(seed, mode, section, bars));
    return filled * (0.2 + 0.8 * opened(section, bars));
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
