/* The loudness trim: the same in any number of steps, smooth over sections, blind to what it should not see.
 */
#include "cmocka_c.h"
#include "music_lab.h"

#include "music/form.h"
#include "synth/loudness.h"

#include <math.h>

static void steps_do_not_matter(void **state) {
    (void)state;
    struct random r = random_at(1, 0, 0, 0);
    for (int trial = 0; trial < 30; trial++) {
        auralis_parameters p = anything(&r);
        uint64_t seed = random_u64(&r), section = random_below(&r, 4);
        double whole = loudness_trim(seed, &p, section), next = loudness_trim(seed, &p, section + 1);
        struct loudness_scan scan;
        loudness_begin(&scan, seed, &p, section);
        while (!loudness_step(&scan, 1 + random_below(&r, 30))) continue;
        assert_true(loudness_gain(&scan) == whole);
        assert_true(loudness_step(&scan, 5) && loudness_gain(&scan) == whole);
        loudness_next(&scan);
        int steps = 1;
        while (!loudness_step(&scan, 1)) steps++;
        assert_true(loudness_gain(&scan) == next);
        assert_int_equal(steps, LOUDNESS_BARS); /* half the work */
    }
}

static void gains_are_sane_and_change_slowly(void **state) {
    (void)state;
    for (int preset = 0; preset < auralis_preset_count(); preset++)
        for (uint64_t seed = 0; seed < 4; seed++) {
            const auralis_parameters *p = &auralis_preset_at(preset)->parameters;
            double before = loudness_trim(seed, p, 0);
            for (uint64_t section = 1; section < 8; section++) {
                double gain = loudness_trim(seed, p, section);
                assert_true(gain > .1 && gain < 2);
                assert_true(fabs(20 * log10(gain / before)) < 3); /* dB in a minute and a half or more */
                before = gain;
            }
        }
}

/* LUFS of the first four stretches by the notes' own reckoning, the opening apart. */
static double reckoned(uint64_t seed, const auralis_parameters *p) {
    double energy = 0, seconds = 0, from = 0, to = loudness_trim(seed, p, 0);
    for (uint32_t b = 0; b < 4 * LOUDNESS_BARS; b++) {
        struct composer_bar bar;
        double of[AURALIS_INSTRUMENTS], part = (double)(b % LOUDNESS_BARS) / LOUDNESS_BARS;
        if (part == 0) from = to, to = loudness_trim(seed, p, b / LOUDNESS_BARS + 1);
        if (b < OPENING_BARS) continue;
        double gain = from + (to - from) * part;
        composer_bar(seed, p, b / SECTION_BARS, b % SECTION_BARS, &bar);
        loudness_bar(&bar, p, of);
        for (int i = 0; i < AURALIS_INSTRUMENTS; i++) energy += of[i] * gain * gain;
        seconds += bar.seconds;
    }
    return 10 * log10(energy / seconds) - 0.691;
}

/* A line of gains that is half a stretch ahead of its music brings one of these to −16.3 and one to −15.2. */
static void gains_stand_where_their_music_does(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 24; seed++) {
        double lufs = reckoned(seed, &auralis_preset_find("sleep")->parameters);
        if (!(fabs(lufs + 15.75) < 0.4)) fail_msg("seed %d: %.2f LUFS", (int)seed, lufs);
    }
}

static void switches_and_level_are_not_seen(void **state) {
    (void)state;
    static const char *const name[] = {"enable_pads", "enable_melody", "enable_kicks", "enable_swells"};
    auralis_parameters p = defaults();
    double gain = loudness_trim(3, &p, 2);
    for (int i = 0; i < 4; i++) {
        auralis_parameters q = p;
        auralis_parameters_set(&q, name[i], "off", NULL);
        assert_true(loudness_trim(3, &q, 2) == gain);
    }
    p.level = -20;
    assert_true(loudness_trim(3, &p, 2) == gain);
}

/* Brighter, more spacious and denser music adds power and is turned down. */
static void louder_scores_are_turned_down(void **state) {
    (void)state;
    auralis_parameters p = defaults(), q = p;
    q.brightness = 1;
    assert_true(loudness_trim(3, &q, 2) < loudness_trim(3, &p, 2));
    q = p, q.space = 1;
    assert_true(loudness_trim(3, &q, 2) < loudness_trim(3, &p, 2));
    p.intensity = 0, q = p, q.intensity = 1;
    assert_true(loudness_trim(3, &q, 2) < loudness_trim(3, &p, 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_do_not_matter),
        cmocka_unit_test(gains_are_sane_and_change_slowly),
        cmocka_unit_test(gains_stand_where_their_music_does),
        cmocka_unit_test(switches_and_level_are_not_seen),
        cmocka_unit_test(louder_scores_are_turned_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
