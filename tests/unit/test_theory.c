/* Keys, modes and chords: the tones they are made of. */
#include "cmocka_c.h"

#include "music/theory.h"

#include <string.h>

static const int SCALE[6][7] = {{0, 2, 3, 5, 7, 8, 10}, {0, 2, 3, 5, 7, 9, 10}, {0, 1, 3, 5, 7, 8, 10},
                                {0, 2, 4, 6, 7, 9, 11}, {0, 2, 4, 5, 7, 9, 11}, {0, 2, 4, 5, 7, 9, 10}};

static unsigned mask_of(int key, const int *interval, int count) {
    unsigned mask = 0;
    for (int i = 0; i < count; i++) mask |= 1u << (key + interval[i]) % 12;
    return mask;
}

static void scales_are_what_their_names_say(void **state) {
    (void)state;
    for (int key = 0; key < 12; key++) {
        for (int mode = 0; mode < 6; mode++)
            assert_int_equal(theory_scale_mask(key, mode), mask_of(key, SCALE[mode], 7));
        assert_int_equal(theory_tonic(key) % 12, key);
        assert_in_range(theory_tonic(key), 52, 63);
    }
    assert_int_equal(theory_tonic(9), 57);
}

static void the_minor_vocabulary_is_the_originals(void **state) {
    (void)state;
    static const int tones[5][3] = {{0, 3, 7}, {5, 8, 0}, {7, 11, 2}, {8, 0, 3}, {3, 7, 10}};
    for (int key = 0; key < 12; key++)
        for (int degree = 0; degree < 5; degree++) {
            struct chord_shape s;
            assert_true(theory_chord(key, AURALIS_AEOLIAN, degree, CHORD_TRIAD, &s));
            assert_int_equal(theory_shape_mask(&s), mask_of(key, tones[degree], 3));
            assert_int_equal(s.root, (key + tones[degree][0]) % 12);
            assert_int_equal(s.tone[0], s.root);
        }
}

/* Semitones above the root that a type consists of, major and minor third; an open chord is root, third,
 * seventh. */
static unsigned expected(const struct chord_shape *s) {
    static const unsigned bits[2][CHORD_TYPES] = {
        {0x91, 0x85, 0xa1, 0x95, 0x891, 0},  /* 0 4 7 · 0 2 7 · 0 5 7 · 0 2 4 7 · 0 4 7 11 */
        {0x89, 0x85, 0xa1, 0x8d, 0, 0x489}}; /* 0 3 7 · 0 2 7 · 0 5 7 · 0 2 3 7 · 0 3 7 10 */
    return s->open ? 0x409 : bits[s->minor][s->type];
}

static void chords_stand_on_their_degree_and_in_the_scale(void **state) {
    (void)state;
    static const int tone_of[5] = {0, 3, 4, 5, 2};
    int rich = 0;
    for (int key = 0; key < 12; key++)
        for (int mode = 0; mode < 6; mode++)
            for (int degree = 0; degree < 5; degree++)
                for (int type = 0; type < CHORD_TYPES; type++) {
                    struct chord_shape s;
                    bool there = theory_chord(key, mode, degree, type, &s);
                    assert_true(there || type != CHORD_TRIAD);
                    if (!there) continue;
                    rich += type != CHORD_TRIAD;
                    assert_int_equal(s.root, (key + SCALE[mode][tone_of[degree]]) % 12);
                    unsigned mask = theory_shape_mask(&s),
                             turned = (mask >> s.root | mask << (12 - s.root)) & 0xfff;
                    assert_int_equal(turned, expected(&s));
                    for (int t = 0; t < 12; t++) /* no tritone in any chord */
                        assert_false((mask >> t & 1) && (mask >> (t + 6) % 12 & 1));
                    unsigned outside = mask & ~theory_scale_mask(key, mode);
                    bool leading =
                        mode == AURALIS_AEOLIAN && degree == AURALIS_CHORD_V && type == CHORD_TRIAD;
                    assert_int_equal(outside, leading ? 1u << (key + 11) % 12 : 0u);
                }
    assert_true(rich > 12 * 6 * 5); /* a degree has more than one richer type on average */
}

static void names_are_spelled_as_in_their_key(void **state) {
    (void)state;
    static const struct {
        int key, mode, degree, type;
        const char *name;
    } chord[] = {
        {9, AURALIS_AEOLIAN, AURALIS_CHORD_I, CHORD_TRIAD, "Am"},
        {9, AURALIS_AEOLIAN, AURALIS_CHORD_V, CHORD_TRIAD, "E"},
        {5, AURALIS_IONIAN, AURALIS_CHORD_IV, CHORD_MAJ7, "Bbmaj7"},
        {2, AURALIS_DORIAN, AURALIS_CHORD_VI, CHORD_TRIAD, "Bm7(no5)"},
        {2, AURALIS_IONIAN, AURALIS_CHORD_III, CHORD_M7, "F#m7"},
        {0, AURALIS_AEOLIAN, AURALIS_CHORD_III, CHORD_ADD9, "Ebadd9"},
        {9, AURALIS_AEOLIAN, AURALIS_CHORD_IV, CHORD_SUS2, "Dsus2"},
    };
    for (size_t i = 0; i < sizeof chord / sizeof *chord; i++) {
        struct chord_shape s;
        char name[16];
        assert_true(theory_chord(chord[i].key, chord[i].mode, chord[i].degree, chord[i].type, &s));
        theory_chord_name(chord[i].key, chord[i].mode, &s, name, sizeof name);
        assert_string_equal(name, chord[i].name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales_are_what_their_names_say),
        cmocka_unit_test(the_minor_vocabulary_is_the_originals),
        cmocka_unit_test(chords_stand_on_their_degree_and_in_the_scale),
        cmocka_unit_test(names_are_spelled_as_in_their_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
