/* The loudness trim: the same in any number of steps, smooth over sections, blind to what it should not see.
 */
#include "cmocka_c.h"
#include "music_lab.h"

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
        assert_int_equal(steps, LOUDNESS_BARS); /* a third of the work */
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
                assert_true(fabs(20 * log10(gain / before)) < 2); /* dB from section to section */
                before = gain;
            }
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
        cmocka_unit_test(switches_and_level_are_not_seen),
        cmocka_unit_test(louder_scores_are_turned_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
