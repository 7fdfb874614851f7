/* The beat grid: exact, monotone, invertible, without drift. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "music/clock.h"

static void a_beat_at_sixty_is_a_second_for_ever(void **state) {
    (void)state;
    for (uint64_t b = 0; b < 1u << 30; b += 999983)
        assert_true(clock_beat_frame(17, b, 60, 48000) == 17 + b * 48000);
    assert_true(clock_beat_frame(0, 4, 70, 48000) == 164571); /* 164,571.43 */
    assert_true(clock_beat_frame(0, 3, 64, 1) == 3);          /* 2.8125 */
    assert_true(clock_beat_frame(0, 1, 120, 1) == 1);         /* ½ goes up */
}

static void beats_and_frames_are_inverse(void **state) {
    (void)state;
    struct random r = random_at(1, 2, 3, 4);
    static const uint32_t rates[] = {8000, 44100, 48000, 96000, 192000};
    for (int i = 0; i < 200000; i++) {
        uint32_t rate = rates[random_below(&r, 5)];
        double bpm = random_range(&r, 40, 120);
        uint64_t beat = random_u64(&r) >> (24 + random_below(&r, 40)), anchor = random_u64(&r) >> 20;
        uint64_t frame = clock_beat_frame(anchor, beat, bpm, rate),
                 next = clock_beat_frame(anchor, beat + 1, bpm, rate);
        assert_true(frame < next);
        assert_true(clock_beat_at(anchor, frame, bpm, rate) == beat);
        assert_true(clock_beat_at(anchor, next - 1, bpm, rate) == beat);
    }
}

static void onsets_and_lengths_round(void **state) {
    (void)state;
    assert_true(clock_onset_frames(0.5, 60, 48000) == 24000);
    assert_true(clock_onset_frames(0, 60, 48000) == 0);
    assert_true(clock_duration_frames(2.5, 44100) == 110250);
    assert_true(clock_duration_frames(0, 44100) == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_beat_at_sixty_is_a_second_for_ever),
        cmocka_unit_test(beats_and_frames_are_inverse),
        cmocka_unit_test(onsets_and_lengths_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
