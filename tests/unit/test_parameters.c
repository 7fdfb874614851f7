/* The parameter table: text, ranges, names. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <auralis/parameters.h>
#include <auralis/presets.h>

static void every_field_survives_its_text(void **state) {
    (void)state;
    for (int i = 0; i < auralis_parameter_count(); i++) {
        const auralis_parameter_info *info = auralis_parameter_at(i);
        auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
        assert_true(auralis_parameters_get(&p, i) == info->initial);
        double value =
            info->type == AURALIS_NUMBER ? (info->minimum + info->maximum) / 2 + 0.125 : info->maximum;
        assert_int_equal(auralis_parameters_put(&p, i, value, NULL), 0);
        char text[32];
        auralis_parameters_text(&p, i, text, sizeof text);
        auralis_parameters q = AURALIS_PARAMETERS_DEFAULT;
        assert_int_equal(auralis_parameters_set(&q, info->name, text, NULL), i);
        assert_true(auralis_parameters_get(&q, i) == value);
        assert_int_equal(auralis_parameter_find(info->name), i);
    }
}

static void refusals_say_what_is_allowed(void **state) {
    (void)state;
    static const char *const bad[][3] = {
        {"bpm", "39.9", "40 to 120"},    {"bpm", "1e9", "40 to 120"},
        {"bpm", "", "40 to 120"},        {"bpm", "7x", "40 to 120"},
        {"mode", "locrian", "phrygian"}, {"enable_pads", "2", "on or off"},
        {"level", "nan", "-60 to 0"},    {"key", "H", "F#"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        auralis_parameters p = AURALIS_PARAMETERS_DEFAULT, before = p;
        auralis_message why;
        assert_true(auralis_parameters_set(&p, bad[i][0], bad[i][1], &why) < 0);
        assert_string_equal(why.place, bad[i][0]);
        assert_non_null(strstr(why.text, bad[i][2]));
        assert_memory_equal(&p, &before, sizeof p);
    }
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
    assert_int_equal(auralis_parameters_set(&p, "tempo", "60", NULL), AURALIS_ENOENT);
}

static void names_people_type(void **state) {
    (void)state;
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
    assert_true(auralis_parameters_set(&p, "key", "Eb", NULL) >= 0);
    assert_int_equal(p.key, 3);
    assert_true(auralis_parameters_set(&p, "mode", "Lydian", NULL) >= 0);
    assert_int_equal(p.mode, AURALIS_LYDIAN);
    assert_true(auralis_parameters_set(&p, "last_chord", "VI", NULL) >= 0);
    assert_int_equal(p.last_chord, AURALIS_CHORD_VI);
    assert_true(auralis_parameters_set(&p, "intensity", ".25", NULL) >= 0);
    assert_true(p.intensity == 0.25);
}

static void presets_are_in_range(void **state) {
    (void)state;
    for (int i = 0; i < auralis_preset_count(); i++)
        assert_int_equal(auralis_parameters_check(&auralis_preset_at(i)->parameters, NULL), 0);
    assert_ptr_equal(auralis_preset_find("Focus"), auralis_preset_at(0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_survives_its_text),
        cmocka_unit_test(refusals_say_what_is_allowed),
        cmocka_unit_test(names_people_type),
        cmocka_unit_test(presets_are_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
