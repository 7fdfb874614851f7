/* Every parameter changes the music, and a partial update changes that parameter only.
 *
 * Parameters that the composer reads must change the score; the others (how loud, how bright, how far) must
 * not and are heard in the audio, which tests/quality listens to. */
#include "cmocka_c.h"
#include "music_lab.h"

#include <stdbool.h>

static bool read_by_the_composer(const char *name) {
    return strcmp(name, "level") != 0 && strcmp(name, "brightness") != 0 && strcmp(name, "space") != 0;
}

/* Another value, far from the first. */
static double other_value(const auralis_parameter_info *info, double value) {
    if (info->type == AURALIS_NUMBER)
        return value - info->minimum > info->maximum - value ? info->minimum : info->maximum;
    return value < info->maximum ? value + 1 : info->minimum;
}

/* Notes of five minutes that are in one score and not in the other. */
static int difference(uint64_t seed, const auralis_parameters *p, const auralis_parameters *q) {
    auralis_score *a = NULL, *b = NULL;
    assert_int_equal(auralis_score_compose(seed, p, 48000, 0, 300 * 48000, &a), 0);
    assert_int_equal(auralis_score_compose(seed, q, 48000, 0, 300 * 48000, &b), 0);
    const auralis_note *x = auralis_score_notes(a), *y = auralis_score_notes(b);
    size_t nx = auralis_score_count(a), ny = auralis_score_count(b), i = 0, k = 0;
    int differ = 0;
    while (i < nx || k < ny) {
        bool same = i < nx && k < ny && x[i].onset == y[k].onset && x[i].duration == y[k].duration &&
                    x[i].pitch == y[k].pitch && x[i].velocity == y[k].velocity &&
                    x[i].instrument == y[k].instrument && x[i].timbre == y[k].timbre;
        differ += !same;
        if (same)
            i++, k++;
        else if (k == ny || (i < nx && x[i].onset <= y[k].onset))
            i++;
        else
            k++;
    }
    auralis_score_free(a);
    auralis_score_free(b);
    return differ;
}

static void every_parameter_changes_the_score_or_leaves_it(void **state) {
    (void)state;
    for (int preset = -1; preset < auralis_preset_count(); preset++)
        for (int i = 0; i < auralis_parameter_count(); i++) {
            const auralis_parameter_info *info = auralis_parameter_at(i);
            int differ = 0;
            for (uint64_t seed = 0; seed < 4; seed++) {
                auralis_parameters p = preset < 0 ? defaults() : auralis_preset_at(preset)->parameters, q;
                if (p.intensity < .5 && (strstr(info->name, "kick") || strstr(info->name, "swell")))
                    p.intensity = .5;
                q = p;
                auralis_parameters_put(&q, i, other_value(info, auralis_parameters_get(&p, i)), NULL);
                differ += difference(seed, &p, &q);
            }
            if (read_by_the_composer(info->name))
                assert_true(differ >= 4);
            else
                assert_int_equal(differ, 0);
        }
}

/* A small turn is enough: a tenth of the range, somewhere in twenty pieces. */
static void small_turns_count(void **state) {
    (void)state;
    for (int i = 0; i < auralis_parameter_count(); i++) {
        const auralis_parameter_info *info = auralis_parameter_at(i);
        if (info->type != AURALIS_NUMBER || !read_by_the_composer(info->name)) continue;
        int differ = 0;
        for (uint64_t seed = 0; seed < 20; seed++) {
            auralis_parameters p = defaults(), q = p;
            q.melody_complexity = p.melody_complexity = .7;
            double value = auralis_parameters_get(&p, i) + .1 * (info->maximum - info->minimum);
            assert_int_equal(auralis_parameters_put(&q, i, value, NULL), 0);
            differ += difference(seed, &p, &q);
        }
        assert_true(differ > 20);
    }
}

static void a_partial_update_leaves_the_rest(void **state) {
    (void)state;
    struct random r = random_at(1, 1, 1, 1);
    for (int trial = 0; trial < 200; trial++) {
        auralis_parameters before = anything(&r), p = before;
        int i = (int)random_below(&r, (uint32_t)auralis_parameter_count());
        const auralis_parameter_info *info = auralis_parameter_at(i);
        double value = other_value(info, auralis_parameters_get(&p, i));
        assert_int_equal(auralis_parameters_put(&p, i, value, NULL), 0);
        for (int k = 0; k < auralis_parameter_count(); k++)
            assert_true(auralis_parameters_get(&p, k) ==
                        (k == i ? value : auralis_parameters_get(&before, k)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_parameter_changes_the_score_or_leaves_it),
        cmocka_unit_test(small_turns_count),
        cmocka_unit_test(a_partial_update_leaves_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
