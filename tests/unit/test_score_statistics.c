/* Scores whose harmony, shares, range and repetition are known; and the composer, whose plan is. */
#include "cmocka_c.h"

#include "base/random.h"
#include "measure/repetition.h"
#include "measure/score_statistics.h"
#include "music/composer.h"

#include <auralis/presets.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 48000 };
static struct score_statistics s;

static void near(double value, double wanted, double tolerance) {
    if (!(fabs(value - wanted) <= tolerance))
        fail_msg("%.6f is not %.6f within %g", value, wanted, tolerance);
}

static auralis_score *score;

static void begin(void) {
    assert_int_equal(auralis_score_create(RATE, &score), 0);
}

static void add(int instrument, double at, double seconds, double pitch) {
    auralis_note n = {.onset = (uint64_t)(at * RATE + 0.5),
                      .duration = (uint64_t)(seconds * RATE + 0.5),
                      .pitch = pitch,
                      .velocity = 0.5,
                      .instrument = instrument};
    assert_int_equal(auralis_score_add(score, &n, NULL), 0);
}

static void chord(double at, double seconds, int bass, int a, int b, int c) {
    add(AURALIS_BASS, at, seconds, bass);
    add(AURALIS_PAD, at + 0.2, seconds, a), add(AURALIS_PAD, at + 0.4, seconds, b),
        add(AURALIS_PAD, at + 0.1, seconds, c);
}

static void measure(int key, int mode, double bpm) {
    assert_int_equal(score_statistics(score, (struct score_key){key, mode}, bpm, &s), 0);
    auralis_score_free(score);
}

static struct repetition longest(const char *text) {
    uint64_t token[256];
    struct repetition r;
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) token[i] = (uint64_t)text[i];
    assert_int_equal(repetition_longest(token, n, &r), 0);
    return r;
}

static void longest_repetition_is_found(void **state) {
    (void)state;
    struct repetition r = longest("xxabcdefyyabcdefzz");
    assert_int_equal(r.length, 6);
    assert_int_equal(r.first, 2);
    assert_int_equal(r.second, 10);
    assert_int_equal(longest("aaaaaaa").length, 3); /* not over itself */
    assert_int_equal(longest("abababab").length, 4);
    assert_int_equal(longest("abcdefg").length, 0);
    assert_int_equal(longest("").length, 0);
    assert_int_equal(longest("a").length, 0);
    assert_int_equal(longest("aa").length, 1);
}

/* Beside a search that tries everything. */
static void repetition_agrees_with_brute_force(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct random rnd = random_at(seed, 0, 0, 0);
        uint64_t token[60];
        size_t n = 2 + random_below(&rnd, 58), best = 0;
        uint32_t kinds = 1 + random_below(&rnd, 4);
        for (size_t i = 0; i < n; i++) token[i] = random_below(&rnd, kinds);
        for (size_t i = 0; i < n; i++)
            for (size_t j = i + 1; j < n; j++) {
                size_t k = 0;
                while (j + k < n && i + k < j && token[i + k] == token[j + k]) k++;
                if (k > best) best = k;
            }
        struct repetition r;
        assert_int_equal(repetition_longest(token, n, &r), 0);
        assert_int_equal(r.length, best);
        assert_true(r.first + r.length <= r.second || !best);
        assert_memory_equal(token + r.first, token + r.second, r.length * sizeof *token);
    }
}

static void chords_cadences_and_shares(void **state) {
    (void)state;
    begin();
    chord(0, 34, 45, 57, 60, 64);  /* Am */
    add(AURALIS_PAD, 15, 22, 60);  /* one voice anew: no change */
    add(AURALIS_PAD, 29.6, 4, 57); /* an old voice just before the next chord */
    chord(30, 24, 40, 56, 59, 64); /* E, V with its leading tone */
    chord(50, 24, 45, 57, 60, 64); /* Am: a cadence */
    chord(70, 24, 45, 57, 60, 64); /* the same again: no change */
    chord(90, 20, 41, 57, 60, 65); /* F */
    add(AURALIS_LEAD, 5, 1, 69);   /* A over Am: chord */
    add(AURALIS_LEAD, 35, 1, 68);  /* G# over E: chord */
    add(AURALIS_BELL, 55, 1, 71);  /* B over Am: scale */
    add(AURALIS_LEAD, 95, 1, 70);  /* Bb: chromatic */
    add(AURALIS_KICK, 96, 1, 0);   /* has no pitch */
    measure(9, AURALIS_AEOLIAN, 60);
    assert_int_equal(s.chords, 4);
    near(s.change_mean, 30, 0.3);
    near(s.change_min, 20.4, 0.5);
    near(s.change_max, 40, 0.5);
    assert_int_equal(s.cadences, 1);
    assert_int_equal(s.melody_notes, 4);
    near(s.chord_share, 0.5, 1e-9);
    near(s.scale_share, 0.25, 1e-9);
    near(s.chromatic_share, 0.25, 1e-9);
    near(s.inside_share, 1 - 1.0 / 26, 1e-9);
    near(s.melody_low, 68, 0), near(s.melody_high, 71, 0), near(s.melody_mean, 69.5, 1e-9);
    near(s.harmony_low, 40, 0), near(s.harmony_high, 65, 0);
    assert_int_equal(s.minutes, 1);
}

static void key_is_found(void **state) {
    (void)state;
    begin();
    chord(0, 20, 38, 57, 62, 65);  /* Dm */
    chord(20, 20, 43, 59, 62, 67); /* G, major: dorian */
    chord(40, 20, 36, 55, 60, 64), chord(60, 20, 38, 57, 62, 65);
    measure(-1, 0, 60);
    assert_int_equal(s.key.key, 2);
    assert_int_equal(s.key.mode, AURALIS_DORIAN);
}

static void density_is_counted_by_the_minute(void **state) {
    (void)state;
    begin();
    for (int m = 0; m < 10; m++)
        for (int i = 0; i < 2 + m; i++) add(AURALIS_LEAD, m * 60 + i * 3.1, 1, 60 + (m * 7 + i * 5) % 12);
    auralis_score_set_length(score, (uint64_t)600 * RATE);
    measure(0, AURALIS_IONIAN, 60);
    assert_int_equal(s.minutes, 10);
    near(s.density_mean, 6.5, 1e-9), near(s.density_min, 2, 0), near(s.density_max, 11, 0);
    assert_int_equal(s.per_minute[4], 6);
    assert_int_equal(s.chords, 0);
}

static void repeated_melodies_are_found_through_human_timing(void **state) {
    (void)state;
    static const int tune[] = {0, 4, 7, 5, 4, 9, 7}, later[] = {2, 2, 4, 1, 3, 4, 4};
    struct random r = random_at(1, 2, 3, 4);
    double sixteenth = 15 / 70.0, at = 0;
    begin();
    for (int part = 0; part < 5; part++) {
        for (int i = 0; i < 40; i++, at += sixteenth * (1 + random_below(&r, 8)))
            add(AURALIS_LEAD, at, 0.5, 48 + (double)random_below(&r, 36));
        int shift = part == 1 || part == 3 ? 60 : part == 4 ? 63 : -1;
        for (int i = 0; shift >= 0 && i < 7; at += sixteenth * later[i++])
            add(AURALIS_BELL, at + random_range(&r, 0, 0.02), 0.5, shift + tune[i]);
    }
    measure(0, AURALIS_IONIAN, 70);
    assert_true(s.repeated.notes >= 7 && s.repeated.notes <= 8);
    near(s.repeated.seconds, sixteenth * 16, 0.6);
    assert_true(s.repeated.second > s.repeated.first);
    assert_true(s.transposed.notes >= 7 && s.transposed.notes <= 9);
}

static void nothing_written_has_no_readings(void **state) {
    (void)state;
    begin();
    measure(-1, 0, 70);
    assert_true(s.notes == 0 && s.chords == 0 && s.repeated.notes == 0 && s.minutes == 0);
}

/* The notes tell what the composer planned. */
static void composed_harmony_is_seen_as_planned(void **state) {
    (void)state;
    for (int preset = 0; preset < auralis_preset_count(); preset++) {
        const auralis_parameters *p = &auralis_preset_at(preset)->parameters;
        if (!p->enable_pads) continue;
        static struct composer_bar bar;
        double seconds = 240 / p->bpm;
        int bars = (int)(4 * 3600 / seconds), changes = 0, degree = -2;
        char name[16] = "";
        for (int b = 0; b < bars; b++) {
            composer_bar(5, p, (uint64_t)b / SECTION_BARS, (uint32_t)b % SECTION_BARS, &bar);
            changes += strcmp(name, bar.chord.name) != 0;
            degree = bar.chord.degree;
            memcpy(name, bar.chord.name, sizeof name);
        }
        assert_true(degree >= 0);
        assert_int_equal(auralis_score_compose(5, p, RATE, 0, (uint64_t)(bars * seconds * RATE), &score), 0);
        measure(p->key, p->mode, p->bpm);
        near((double)s.chords, changes, 0.03 * changes + 1);
        assert_true(s.inside_share >= 0.95);
        assert_int_equal(s.key.key, p->key);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_repetition_is_found),
        cmocka_unit_test(repetition_agrees_with_brute_force),
        cmocka_unit_test(chords_cadences_and_shares),
        cmocka_unit_test(key_is_found),
        cmocka_unit_test(density_is_counted_by_the_minute),
        cmocka_unit_test(repeated_melodies_are_found_through_human_timing),
        cmocka_unit_test(nothing_written_has_no_readings),
        cmocka_unit_test(composed_harmony_is_seen_as_planned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
