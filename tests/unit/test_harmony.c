/* Harmony: the second-order chain, what it never does, chord lengths, colours, voice leading. */
#include "cmocka_c.h"

#include "base/random.h"
#include "music/harmony.h"
#include "music/voicing.h"

#include <math.h>
#include <stdlib.h>

static const double ROWS[5][5] = {{.2, .3, .1, .3, .1},
                                  {.4, .1, .2, .2, .1},
                                  {.5, .1, .1, .2, .1},
                                  {.3, .2, .1, .2, .2},
                                  {.4, .2, .1, .2, .1}};
enum { I, IV, V, VI, III };

static auralis_parameters a_chord_a_bar(double variety) {
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
    p.harmonic_density = 1;
    p.chord_progression_variety = variety;
    return p;
}

static double blended(double variety, int from, int to) {
    double raw = (1 - variety) * ROWS[from][to] + variety / 5,
           cadence = (1 - variety) * ROWS[V][I] + variety / 5;
    if (from != V) return raw;
    return to == I ? 0 : raw / (1 - cadence);
}

/* The rule as it is written in harmony.c, worked out a second time. */
static void law(double variety, int a, int b, double out[5]) {
    double sum = 0;
    for (int j = 0; j < 5; j++) {
        double x = .7 * blended(variety, b, j) + .3 * blended(variety, a, j);
        if (b == V && j == I) x = 0;
        if (j == a) x *= a == b ? 0 : .5;
        sum += out[j] = x;
    }
    for (int j = 0; j < 5; j++) out[j] /= sum;
}

/* 60,000 transitions: each of the 125 frequencies within 4.5 standard deviations of its probability. */
static void the_chain_follows_its_law(void **state) {
    (void)state;
    for (double variety = 0; variety <= 1; variety += .5) {
        auralis_parameters p = a_chord_a_bar(variety);
        double count[5][5][5] = {{{0}}}, total[5][5] = {{0}};
        for (uint64_t seed = 0; seed < 1000; seed++) {
            struct harmony h;
            harmony_plan(seed, &p, seed % 7, &h);
            assert_int_equal(h.count, SECTION_BARS);
            for (int k = 2; k < h.count - 1; k++) {
                count[h.degree[k - 2]][h.degree[k - 1]][h.degree[k]]++;
                total[h.degree[k - 2]][h.degree[k - 1]]++;
            }
        }
        for (int a = 0; a < 5; a++)
            for (int b = 0; b < 5; b++) {
                if (total[a][b] == 0) {
                    assert_true(a == V && b == I);
                    continue;
                }
                double q[5];
                law(variety, a, b, q);
                for (int j = 0; j < 5; j++) {
                    double off = fabs(count[a][b][j] / total[a][b] - q[j]);
                    assert_true(off <= 4.5 * sqrt(q[j] * (1 - q[j]) / total[a][b]));
                }
            }
    }
}

static void the_second_chord_before_matters(void **state) {
    (void)state;
    double a[5], b[5], most = 0;
    harmony_weights(.5, IV, VI, a);
    harmony_weights(.5, III, VI, b);
    for (int j = 0; j < 5; j++) most = fmax(most, fabs(a[j] - b[j]));
    assert_true(most > .05);
}

/* Over chords and over the seams between sections, whatever is free. */
static void no_cadence_and_no_third_in_a_row(void **state) {
    (void)state;
    struct random r = random_at(3, 1, 4, 1);
    for (int trial = 0; trial < 3000; trial++) {
        auralis_parameters p = a_chord_a_bar(random_unit(&r));
        p.harmonic_density = random_unit(&r);
        p.first_chord = (int)random_below(&r, 6) - 1;
        p.last_chord = random_below(&r, 3) ? AURALIS_CHORD_FREE : (int)random_below(&r, 5);
        bool asked = p.last_chord == V && (p.first_chord == I || p.first_chord == AURALIS_CHORD_FREE);
        struct harmony h, next;
        uint64_t seed = random_u64(&r), section = random_below(&r, 1000);
        harmony_plan(seed, &p, section, &h);
        harmony_plan(seed, &p, section + 1, &next);
        for (int k = 1; k < h.count; k++) {
            assert_false(h.degree[k - 1] == V && h.degree[k] == I);
            if (k > 1) assert_false(h.degree[k] == h.degree[k - 1] && h.degree[k] == h.degree[k - 2]);
        }
        if (!asked) assert_false(h.degree[h.count - 1] == V && next.degree[0] == I);
    }
}

static void first_and_last_are_as_asked(void **state) {
    (void)state;
    int free_first[5] = {0}, free_last[5] = {0};
    for (uint64_t seed = 0; seed < 300; seed++)
        for (int first = -1; first < 5; first++)
            for (int last = -1; last < 5; last++) {
                auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
                p.first_chord = first;
                p.last_chord = last;
                p.harmonic_density = (double)(seed % 5) / 4;
                struct harmony h;
                harmony_plan(seed, &p, seed / 3, &h);
                if (first >= 0) assert_int_equal(h.degree[0], first);
                if (last >= 0) assert_int_equal(h.degree[h.count - 1], last);
                if (first < 0) free_first[h.degree[0]]++;
                if (last < 0) free_last[h.degree[h.count - 1]]++;
            }
    for (int d = 0; d < 5; d++) assert_true(free_first[d] > 0 && free_last[d] > 0);
}

static double mean_seconds(const auralis_parameters *p, double *shortest, double *longest) {
    struct harmony h;
    harmony_plan(1, p, 0, &h);
    double bar = 240 / p->bpm;
    *shortest = 1e9, *longest = 0;
    assert_int_equal(h.first[0], 0);
    assert_int_equal(h.first[h.count], SECTION_BARS);
    for (int k = 0; k < h.count; k++) {
        double seconds = (h.first[k + 1] - h.first[k]) * bar;
        *shortest = fmin(*shortest, seconds), *longest = fmax(*longest, seconds);
    }
    return SECTION_BARS * bar / h.count;
}

/* At every tempo. A section holds a whole number of chords, so the mean may be off by what is shared out. */
static void chords_last_as_the_density_says(void **state) {
    (void)state;
    double low, high;
    for (double bpm = 40; bpm <= 120; bpm += .5) {
        auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
        p.bpm = bpm;
        double bar = 240 / bpm;
        p.harmonic_density = .5;
        assert_true(fabs(harmony_span(&p) * bar - 45) <= bar / 2 + 1e-9);
        double mean = mean_seconds(&p, &low, &high);
        assert_true(mean > 38 && mean < 60);
        assert_true(low >= 30 && high <= 90);
        p.harmonic_density = 0;
        assert_true(fabs(harmony_span(&p) * bar - 90) <= bar / 2 + 1e-9);
        mean = mean_seconds(&p, &low, &high);
        assert_true(mean >= 60 && mean <= 130);
        p.harmonic_density = 1;
        assert_int_equal(harmony_span(&p), 1);
        assert_true(fabs(mean_seconds(&p, &low, &high) - bar) < 1e-9);
        int before = 1000;
        for (p.harmonic_density = 0; p.harmonic_density <= 1; p.harmonic_density += 1.0 / 64) {
            assert_true(harmony_span(&p) <= before);
            before = harmony_span(&p);
        }
    }
}

static double richness(double variety) {
    double rich = 0, all = 0;
    for (uint64_t seed = 0; seed < 400; seed++)
        for (int mode = 0; mode < 6; mode++) {
            auralis_parameters p = a_chord_a_bar(variety);
            p.mode = mode;
            struct harmony h;
            harmony_plan(seed, &p, 0, &h);
            for (int k = 0; k < h.count; k++) {
                rich += h.shape[k].type != CHORD_TRIAD || h.shape[k].open;
                all++;
                if (k && h.degree[k] == h.degree[k - 1]) {
                    struct chord_shape other;
                    bool only = true;
                    for (int t = 1; t < CHORD_TYPES; t++)
                        only &= !theory_chord(p.key, mode, h.degree[k], t, &other);
                    assert_true(only || h.shape[k].type != h.shape[k - 1].type);
                }
            }
        }
    return rich / all;
}

static void variety_makes_chords_richer(void **state) {
    (void)state;
    double none = richness(0), some = richness(.5), much = richness(1);
    assert_true(none > .25 && none < .5);
    assert_true(some > none + .15 && much > some + .15);
    assert_true(much > .8);
}

static void voices_move_little_and_never_cross(void **state) {
    (void)state;
    struct random r = random_at(1, 2, 3, 4);
    double moved = 0, voices = 0, close = 0;
    for (int trial = 0; trial < 1500; trial++) {
        auralis_parameters p = a_chord_a_bar(random_unit(&r));
        p.key = (int)random_below(&r, 12);
        p.mode = (int)random_below(&r, 6);
        struct harmony h;
        harmony_plan(random_u64(&r), &p, 0, &h);
        int before[VOICES], now[VOICES],
            centre = CENTRE_LOW + (int)random_below(&r, CENTRE_HIGH - CENTRE_LOW + 1);
        for (int k = 0; k < h.count; k++) {
            voicing_lead(&h, 0, k, centre, now);
            unsigned mask = theory_shape_mask(&h.shape[k]), sung = 0;
            for (int v = 0; v < VOICES; v++) {
                assert_in_range(now[v], voicing_low(centre), voicing_high(centre));
                assert_true(mask >> now[v] % 12 & 1);
                sung |= 1u << now[v] % 12;
                if (v) assert_true(now[v] > now[v - 1]);
                if (v) close += now[v] - now[v - 1] < 2;
                if (k) moved += abs(now[v] - before[v]), voices++;
                before[v] = now[v];
            }
            assert_int_equal(sung, mask); /* no tone of the chord is missing */
            int bass = voicing_bass(&h.shape[k], centre);
            assert_int_equal(bass % 12, h.shape[k].root);
            int low = voicing_low(centre) - PAD_LOW + BASS_LOW;
            assert_in_range(bass, low, low + 11);
            assert_true(bass <= now[0]); /* the root is lowest */
        }
    }
    assert_true(moved / voices < 1.6);
    assert_true(close / voices < 1e-4); /* semitones between neighbours */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chain_follows_its_law),
        cmocka_unit_test(the_second_chord_before_matters),
        cmocka_unit_test(no_cadence_and_no_third_in_a_row),
        cmocka_unit_test(first_and_last_are_as_asked),
        cmocka_unit_test(chords_last_as_the_density_says),
        cmocka_unit_test(variety_makes_chords_richer),
        cmocka_unit_test(voices_move_little_and_never_cross),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
