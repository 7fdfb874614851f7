/* Phrases as JSON: what becomes of each entry. What is refused, and where, is in tests/data/malformed/score.
 */
#include "cmocka_c.h"

#include <stdlib.h>
#include <string.h>

#include "music/timbre.h"
#include "stream/score_json.h"

static auralis_score *read_phrase(const char *text, uint32_t rate) {
    auralis_score *score = NULL;
    auralis_message why = {{0}, {0}};
    if (score_json_read(text, strlen(text), rate, &score, &why) < 0) fail_msg("%s: %s", why.place, why.text);
    return score;
}

/* The note number `k` of those of one instrument. */
static const auralis_note *find(auralis_score *score, int instrument, int k) {
    const auralis_note *note = auralis_score_notes(score);
    for (size_t i = 0; i < auralis_score_count(score); i++)
        if (note[i].instrument == instrument && k-- == 0) return &note[i];
    fail_msg("no such note");
    return NULL;
}

static void expect(const auralis_note *n, double pitch, double velocity, uint64_t onset, uint64_t duration) {
    double off = n->velocity - velocity;
    if (n->pitch != pitch || off > 1e-9 || off < -1e-9 || n->onset != onset || n->duration != duration)
        fail_msg("pitch %g velocity %g onset %llu duration %llu, not %g %g %llu %llu", n->pitch, n->velocity,
                 (unsigned long long)n->onset, (unsigned long long)n->duration, pitch, velocity,
                 (unsigned long long)onset, (unsigned long long)duration);
}

static void a_chord_is_its_bass_and_tones_until_the_next(void **state) {
    (void)state;
    auralis_score *score = read_phrase("{\"sample_rate\": 44100, \"duration_sec\": 4,"
                                       " \"chords\": [[0, 57, \"i\"], [88200, 57, \"iv\"]]}",
                                       48000);
    assert_int_equal(auralis_score_count(score), 8);
    assert_int_equal(auralis_score_length(score), 4 * 48000);
    expect(find(score, AURALIS_BASS, 0), 45, 0.4, 0, 96000);
    expect(find(score, AURALIS_PAD, 0), 57, 0.45, 0, 96000);
    expect(find(score, AURALIS_PAD, 1), 60, 0.50, 0, 96000);
    expect(find(score, AURALIS_PAD, 2), 64, 0.55, 0, 96000);
    expect(find(score, AURALIS_BASS, 1), 50, 0.4, 96000, 96000); /* the chord's own root, D */
    expect(find(score, AURALIS_PAD, 3), 62, 0.45, 96000, 96000);
    expect(find(score, AURALIS_PAD, 5), 57, 0.55, 96000, 96000);
    assert_int_equal(find(score, AURALIS_PAD, 0)->timbre, PAD_WARM);
    auralis_score_free(score);
}

static void onsets_are_scaled_and_the_end_cuts(void **state) {
    (void)state;
    auralis_score *score =
        read_phrase("{\"sample_rate\": 22050, \"duration_sec\": 1.5,"
                    " \"melody\": [[1, 60, 0.5, 0.25], [22050, 61.5, 0.7, 3], [33075, 62, 0.7, 1]],"
                    " \"kicks\": [[11025, 0.3], [40000, 0.9]],"
                    " \"swells\": [[22050, 0.25, 0.2], [0, 0, 0.1]]}",
                    96000);
    assert_int_equal(auralis_score_length(score), 144000);
    assert_int_equal(auralis_score_count(score), 5);
    expect(find(score, AURALIS_LEAD, 0), 60, 0.5, 4, 24000); /* 96000 ÷ 22050, rounded */
    expect(find(score, AURALIS_LEAD, 1), 61.5, 0.7, 96000,
           48000); /* cut; the one at the end itself is left out */
    expect(find(score, AURALIS_KICK, 0), 36, 0.3, 48000, 48000);
    expect(find(score, AURALIS_SWELL, 0), 60, 0.1, 0, 1);
    expect(find(score, AURALIS_SWELL, 1), 60, 0.2, 96000, 24000);
    auralis_score_free(score);
}

static void types_can_be_added_and_changed(void **state) {
    (void)state;
    auralis_score *score =
        read_phrase("{\"sample_rate\": 48000, \"duration_sec\": 2, \"meta\": {\"any\": [1, null]},"
                    " \"chord_intervals\": {\"sus4\": [0, 5, 7, 12], \"i\": [0, 7]}, \"name\": 7,"
                    " \"chords\": [[0, 60, \"sus4\"], [48000, 60, \"i\"]]}",
                    48000);
    assert_int_equal(auralis_score_count(score), 5 + 3);
    expect(find(score, AURALIS_PAD, 3), 72, 0.6, 0, 48000);
    expect(find(score, AURALIS_PAD, 5), 67, 0.5, 48000, 48000);
    auralis_score_free(score);
}

/* No note lasts longer than 96 s: a longer chord is struck again, without a gap. */
static void a_long_chord_is_struck_again(void **state) {
    (void)state;
    auralis_score *score =
        read_phrase("{\"sample_rate\": 48000, \"duration_sec\": 200, \"chords\": [[0, 57, \"i\"]]}", 48000);
    assert_int_equal(auralis_score_count(score), 12);
    for (int k = 0; k < 3; k++)
        expect(find(score, AURALIS_BASS, k), 45, 0.4, (uint64_t)k * 96 * 48000, (k < 2 ? 96 : 8) * 48000);
    auralis_score_free(score);
}

/* The controls of a phrase move its parts, each on a channel of its own, and come back out of a MIDI file. */
static void controls_come_back_out_of_a_midi_file(void **state) {
    (void)state;
    auralis_score *score = read_phrase(
                      "{\"sample_rate\": 24000, \"duration_sec\": 4,"
                      " \"chords\": [[0, 57, \"i\"]], \"melody\": [[0, 72, 0.5, 3]],"
                      " \"swells\": [[0, 3, 0.3]], \"kicks\": [[0, 0.5]],"
                      " \"controls\": [[12000, \"melody\", \"bend\", -7.5], [0, \"swells\", \"pan\", -1],"
                      " [12000, \"swells\", \"pan\", 1], [12000, \"chords\", \"volume\", 0],"
                      " [24000, \"chords\", \"modulation\", 1], [12000, \"kicks\", \"expression\", 0]]}",
                      48000),
                  *back = NULL;
    static const auralis_control right[] = {
        {24000, -7.5, AURALIS_BEND, 1}, {0, -1, AURALIS_PAN, 2},           {24000, 1, AURALIS_PAN, 2},
        {24000, 0, AURALIS_VOLUME, 0},  {48000, 1, AURALIS_MODULATION, 0}, {24000, 0, AURALIS_EXPRESSION, 9}};
    enum { COUNT = sizeof right / sizeof *right };
    size_t count, found = 0;
    void *bytes;
    const auralis_control *c = auralis_score_controls(score, &count);
    assert_int_equal(count, COUNT);
    for (size_t i = 0; i < COUNT; i++) assert_memory_equal(&c[i], &right[i], sizeof *c);
    assert_int_equal(find(score, AURALIS_PAD, 0)->channel, 0);
    assert_int_equal(find(score, AURALIS_BASS, 0)->channel, 0);
    assert_int_equal(find(score, AURALIS_LEAD, 0)->channel, 1);
    assert_int_equal(find(score, AURALIS_SWELL, 0)->channel, 2);
    assert_int_equal(find(score, AURALIS_KICK, 0)->channel, 9);
    assert_int_equal(auralis_score_write_midi(score, 125, &bytes, &count), 0); /* a tick is 24 frames */
    assert_int_equal(auralis_score_read_midi(bytes, count, 48000, &back, NULL), 0);
    free(bytes);
    c = auralis_score_controls(back, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < COUNT - 1; k++) /* the kick is over when its expression moves */
            found += c[i].frame == right[k].frame && c[i].kind == right[k].kind &&
                     c[i].channel == right[k].channel && c[i].value == right[k].value;
    assert_int_equal(found, COUNT - 1);
    auralis_score_free(score), auralis_score_free(back);
}

static void a_refusal_leaves_nothing(void **state) {
    (void)state;
    static const char text[] =
        "{\"sample_rate\": 48000, \"duration_sec\": 2, \"melody\": [[0, 60, 0.5, 1], [0, 128, 1, 1]]}";
    auralis_score *score = NULL;
    auralis_message why;
    assert_int_equal(score_json_read(text, strlen(text), 48000, &score, &why), AURALIS_EINVAL);
    assert_string_equal(why.place, "melody[1][1]");
    assert_null(score);
    assert_int_equal(score_json_read(text, strlen(text), 48000, &score, NULL), AURALIS_EINVAL);
    for (size_t size = 0; size < strlen(text); size++)
        assert_int_equal(score_json_read(text, size, 48000, &score, &why), AURALIS_EFORMAT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chord_is_its_bass_and_tones_until_the_next),
        cmocka_unit_test(onsets_are_scaled_and_the_end_cuts),
        cmocka_unit_test(types_can_be_added_and_changed),
        cmocka_unit_test(a_long_chord_is_struck_again),
        cmocka_unit_test(controls_come_back_out_of_a_midi_file),
        cmocka_unit_test(a_refusal_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
