/* Scores: order, length, refusals. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include <auralis/score.h>

#include "base/random.h"

static auralis_score *new_score(void) {
    auralis_score *score = NULL;
    assert_int_equal(auralis_score_create(48000, &score), 0);
    return score;
}

static auralis_note note_at(uint64_t onset) {
    return (auralis_note){.onset = onset, .duration = 4800, .pitch = 60, .velocity = 0.5};
}

/* Pitch numbers the notes in order of adding; after the sort equal onsets must still ascend. */
static void order_is_by_onset_and_stable(void **state) {
    (void)state;
    for (uint32_t spread = 1; spread < 3000; spread = spread * 3 + 1)
        for (int kind = 0; kind < 3; kind++) {
            auralis_score *score = new_score();
            struct random r = random_at(spread, (uint64_t)kind, 0, 0);
            enum { COUNT = 1500 };
            for (uint32_t i = 0; i < COUNT; i++) {
                uint64_t onset = kind == 0 ? random_below(&r, spread) : kind == 1 ? COUNT - i : i % spread;
                auralis_note n = note_at(onset);
                n.pitch = i / 32.0;
                assert_int_equal(auralis_score_add(score, &n, NULL), 0);
            }
            const auralis_note *sorted = auralis_score_notes(score);
            uint8_t seen[COUNT] = {0};
            for (size_t i = 0; i < COUNT; i++) {
                seen[(size_t)(sorted[i].pitch * 32)]++;
                if (i == 0) continue;
                assert_true(sorted[i - 1].onset <= sorted[i].onset);
                if (sorted[i - 1].onset == sorted[i].onset)
                    assert_true(sorted[i - 1].pitch < sorted[i].pitch);
            }
            for (size_t i = 0; i < COUNT; i++) assert_int_equal(seen[i], 1);
            auralis_score_free(score);
        }
}

static void many_notes_in_the_worst_order_take_no_time(void **state) {
    (void)state;
    auralis_score *score = new_score();
    struct random r = random_at(5, 0, 0, 0);
    enum { COUNT = 200000 };
    for (uint32_t i = 0; i < COUNT; i++) {
        auralis_note n = note_at(random_below(&r, 1u << 30));
        assert_int_equal(auralis_score_add(score, &n, NULL), 0);
    }
    const auralis_note *sorted = auralis_score_notes(score);
    for (size_t i = 1; i < COUNT; i++) assert_true(sorted[i - 1].onset <= sorted[i].onset);
    auralis_score_free(score);
}

static void length_is_the_last_end_unless_set(void **state) {
    (void)state;
    auralis_score *score = new_score();
    assert_true(auralis_score_length(score) == 0);
    auralis_note late = note_at(1000), early = note_at(0);
    early.duration = 10000;
    auralis_score_add(score, &late, NULL);
    auralis_score_add(score, &early, NULL);
    assert_true(auralis_score_length(score) == 10000);
    assert_true(auralis_score_notes(score)[0].onset == 0);
    auralis_score_set_length(score, 77);
    assert_true(auralis_score_length(score) == 77);
    assert_int_equal(auralis_score_count(score), 2);
    assert_int_equal(auralis_score_rate(score), 48000);
    auralis_score_free(score);
    auralis_score_free(NULL);
}

static void refusals_name_the_field(void **state) {
    (void)state;
    auralis_score *score = new_score();
    auralis_note good = note_at(0);
    struct {
        const char *place, *allowed;
        auralis_note note;
    } bad[12];
    for (int i = 0; i < 12; i++) bad[i].note = good;
#define BAD(i, p, a, field, value) bad[i].place = p, bad[i].allowed = a, bad[i].note.field = value
    BAD(0, "onset", "2^48", onset, UINT64_MAX);
    BAD(1, "duration", "96 seconds", duration, 0);
    BAD(2, "duration", "96 seconds", duration, 96 * 48000 + 1);
    BAD(3, "pitch", "0 to 127", pitch, -0.5);
    BAD(4, "pitch", "0 to 127", pitch, (double)NAN);
    BAD(5, "velocity", "0 to 1", velocity, 1.01);
    BAD(6, "velocity", "0 to 1", velocity, (double)NAN);
    BAD(7, "pan", "-1 to 1", pan, -2);
    BAD(8, "instrument", "swell", instrument, AURALIS_INSTRUMENTS);
    BAD(9, "instrument", "swell", instrument, -1);
    BAD(10, "timbre", "-1 to 5", timbre, 6);
    BAD(11, "timbre", "-1 to 5", timbre, -2);
    for (int i = 0; i < 12; i++) {
        auralis_message why = {{0}, {0}};
        assert_int_equal(auralis_score_add(score, &bad[i].note, &why), AURALIS_EINVAL);
        assert_string_equal(why.place, bad[i].place);
        assert_non_null(strstr(why.text, bad[i].allowed));
        assert_int_equal(auralis_score_add(score, &bad[i].note, NULL), AURALIS_EINVAL);
    }
    assert_int_equal(auralis_score_count(score), 0);
    good.duration = 96 * 48000;
    good.timbre = AURALIS_TIMBRE_SEED;
    assert_int_equal(auralis_score_add(score, &good, NULL), 0);
    auralis_score *other = score;
    assert_int_equal(auralis_score_create(7999, &other), AURALIS_EINVAL);
    assert_int_equal(auralis_score_create(192001, &other), AURALIS_EINVAL);
    assert_ptr_equal(other, score);
    auralis_score_free(score);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_by_onset_and_stable),
        cmocka_unit_test(many_notes_in_the_worst_order_take_no_time),
        cmocka_unit_test(length_is_the_last_end_unless_set),
        cmocka_unit_test(refusals_name_the_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
