/* harmony.c — second-order Markov harmony, one chain a section.
 *
 * The next chord depends on the two before it. Estimating 25 rows by hand would be guesswork, so the chain is
 * a mixture transition distribution (A. E. Raftery, "A model for high-order Markov chains", J. Royal
 * Statistical Society B 47, 1985): with q the five given rows, each blended with the uniform distribution,
 *
 *     q'(a, j) = (1 − variety) q(a, j) + variety / 5,   q'(V, i) = 0 and that row renormalised
 *     P(j | previous a, before it b) ∝ (0.7 q'(a, j) + 0.3 q'(b, j)) × d
 *     d = 0 for j = i after V, 0 for a third j in a row (b = a = j), 0.5 for going straight back (j = b ≠ a),
 * else 1
 *
 * which keeps the rows' taste, never makes the cadence V–i and never lets a harmony stand for three spans.
 *
 * A section begins on its first chord, so nothing before it need be known. For the seam, the last chord of a
 * section is drawn with weight 0 for the degree that the next section begins on and, if that is i, for V.
 * Chords that the listener fixes win over all this: last_chord V before first_chord i makes the one cadence
 * there can be, because it was asked for; a fixed last chord of i is prepared by never placing V before it.
 *
 * Chord lengths: the span in whole bars. What is left of the 64 bars is shared out among the chords where
 * that stretches them little, else it is a shorter last chord. Then every change but the first moves by up to
 * a fifth of the span, so that harmony never ticks like a clock; no chord is left with less than seven
 * tenths.
 *
 * A piece has a palette: its seed prefers some colours (sus2, sus4, add9, maj7, m7) to others, and keeps to
 * them. */
#include "music/harmony.h"

#include "base/exact.h"
#include "base/random.h"
#include "music/form.h"
#include "music/purpose.h"

#include <string.h>

static const double ROWS[DEGREES][DEGREES] = {
    [AURALIS_CHORD_I] = {0.2, 0.3, 0.1, 0.3, 0.1},   [AURALIS_CHORD_IV] = {0.4, 0.1, 0.2, 0.2, 0.1},
    [AURALIS_CHORD_V] = {0.5, 0.1, 0.1, 0.2, 0.1},   [AURALIS_CHORD_VI] = {0.3, 0.2, 0.1, 0.2, 0.2},
    [AURALIS_CHORD_III] = {0.4, 0.2, 0.1, 0.2, 0.1},
};

int harmony_span(const auralis_parameters *p) {
    double bar = 60.0 * BAR_BEATS / p->bpm, d = p->harmonic_density, bars;
    if (d <= 0.5)
        bars = 90.0 * exact_exp2(-2.0 * d) / bar;
    else
        bars = exact_exp2(exact_log2(45.0 / bar) * (2.0 - 2.0 * d));
    bars = exact_round(bars);
    return bars < 1.0 ? 1 : (int)bars;
}

/* Evenly. */
static int place_chords(int span, uint8_t first[SECTION_BARS + 1]) {
    int count = SECTION_BARS / span, rest = SECTION_BARS % span;
    bool shared = rest * 100 <= span * (count >= 3 ? 66 : 30);
    for (int k = 0; k <= count; k++) {
        int stretch = shared ? (rest * k + count - 1) / count : 0;
        first[k] = (uint8_t)(span * k + stretch);
    }
    if (!shared) first[++count] = SECTION_BARS;
    return count;
}

static void loosen(uint64_t seed, uint64_t section, int span, struct harmony *h) {
    int least = (7 * span + 9) / 10;
    struct random r = random_at(seed, section, SECTION_BARS, PURPOSE_HARMONY);
    for (int k = 1; k < h->count; k++) {
        int bar = h->first[k] + (int)exact_round(random_range(&r, -0.2, 0.2) * span);
        if (bar - h->first[k - 1] >= least && h->first[k + 1] - bar >= least) h->first[k] = (uint8_t)bar;
    }
}

static void row(double variety, int from, double out[DEGREES]) {
    double sum = 0;
    for (int j = 0; j < DEGREES; j++) {
        bool cadence = from == AURALIS_CHORD_V && j == AURALIS_CHORD_I;
        out[j] = cadence ? 0.0 : (1.0 - variety) * ROWS[from][j] + variety / DEGREES;
        sum += out[j];
    }
    for (int j = 0; j < DEGREES; j++) out[j] /= sum;
}

void harmony_weights(double variety, int before, int previous, double weight[DEGREES]) {
    row(variety, previous, weight);
    if (before < 0) return;
    double older[DEGREES];
    row(variety, before, older);
    for (int j = 0; j < DEGREES; j++) {
        weight[j] = 0.7 * weight[j] + 0.3 * older[j];
        if (j == before) weight[j] *= j == previous ? 0.0 : 0.5;
    }
    if (previous == AURALIS_CHORD_V) weight[AURALIS_CHORD_I] = 0.0;
}

static int draw(struct random *r, const double weight[DEGREES]) {
    double sum = 0;
    for (int j = 0; j < DEGREES; j++) sum += weight[j];
    double u = random_unit(r) * sum;
    int last = 0;
    for (int j = 0; j < DEGREES; j++) {
        if (weight[j] <= 0.0) continue;
        last = j;
        u -= weight[j];
        if (u < 0.0) break;
    }
    return last;
}

static int first_degree(uint64_t seed, const auralis_parameters *p, uint64_t section) {
    static const double weight[DEGREES] = {0.35, 0.2, 0.05, 0.2, 0.2};
    if (p->first_chord != AURALIS_CHORD_FREE) return p->first_chord;
    struct random r = random_at(seed, section, 0, PURPOSE_HARMONY);
    return draw(&r, weight);
}

/* Whether the degree has more than one chord, so that it may follow itself. */
static bool has_colours(const auralis_parameters *p, int degree) {
    struct chord_shape shape;
    for (int type = CHORD_TRIAD + 1; type < CHORD_TYPES; type++)
        if (theory_chord(p->key, p->mode, degree, type, &shape)) return true;
    return false;
}

static void choose_degrees(uint64_t seed, const auralis_parameters *p, uint64_t section, struct harmony *h) {
    int next = first_degree(seed, p, section + 1);
    bool fixed = p->last_chord != AURALIS_CHORD_FREE;
    int before = -1, previous = first_degree(seed, p, section);
    h->degree[0] = (int8_t)previous;
    for (int k = 1; k < h->count; k++) {
        int degree = p->last_chord;
        if (k < h->count - 1 || !fixed) {
            double weight[DEGREES];
            harmony_weights(p->chord_progression_variety, before, previous, weight);
            int follower = k == h->count - 1 ? next : k == h->count - 2 && fixed ? p->last_chord : -1;
            if (follower >= 0) weight[follower] = 0.0;
            if (follower == AURALIS_CHORD_I) weight[AURALIS_CHORD_V] = 0.0;
            if (!has_colours(p, previous)) weight[previous] = 0.0;
            struct random r = random_at(seed, section, (uint64_t)k, PURPOSE_HARMONY);
            degree = draw(&r, weight);
        }
        h->degree[k] = (int8_t)degree;
        before = previous;
        previous = degree;
    }
}

/* How rich: a plain triad with probability 0.7 at variety 0, 0.1 at 1. A chord that repeats its degree
 * changes its type. */
static void choose_shapes(uint64_t seed, const auralis_parameters *p, uint64_t section, struct harmony *h) {
    static const double taste[CHORD_TYPES] = {
        [CHORD_SUS2] = 2, [CHORD_SUS4] = 1, [CHORD_ADD9] = 3, [CHORD_MAJ7] = 3, [CHORD_M7] = 3};
    struct form_piece piece = form_piece(seed);
    for (int k = 0; k < h->count; k++) {
        struct random r = random_at(seed, section, (uint64_t)k, PURPOSE_COLOUR);
        struct chord_shape shape[CHORD_TYPES];
        double weight[CHORD_TYPES], sum = 0;
        int same = k && h->degree[k] == h->degree[k - 1] ? h->shape[k - 1].type : -1;
        for (int t = 1; t < CHORD_TYPES; t++) {
            weight[t] = theory_chord(p->key, p->mode, h->degree[k], t, &shape[t]) && t != same
                            ? taste[t] * piece.colour[t]
                            : 0.0;
            sum += weight[t];
        }
        bool plain = random_unit(&r) >= 0.3 + 0.6 * p->chord_progression_variety;
        double u = random_unit(&r) * sum;
        theory_chord(p->key, p->mode, h->degree[k], CHORD_TRIAD, &shape[0]);
        int type = CHORD_TRIAD;
        if ((!plain || same == CHORD_TRIAD) && sum > 0)
            for (int t = 1; t < CHORD_TYPES; t++)
                if (weight[t] > 0.0) {
                    type = t;
                    u -= weight[t];
                    if (u < 0.0) break;
                }
        h->shape[k] = shape[type];
    }
}

void harmony_plan(uint64_t seed, const auralis_parameters *p, uint64_t section, struct harmony *out) {
    int span = harmony_span(p);
    out->count = place_chords(span, out->first);
    loosen(seed, section, span, out);
    choose_degrees(seed, p, section, out);
    choose_shapes(seed, p, section, out);
}

int harmony_index(const struct harmony *h, uint32_t bar) {
    int k = 0;
    while (k + 1 < h->count && h->first[k + 1] <= bar) k++;
    return k;
}
