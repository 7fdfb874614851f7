/* A whole score at once: lengths, tails, the original's voices, and the same samples as a stream's. */
#include "cmocka_c.h"

#include <stdlib.h>
#include <string.h>

#include <auralis/render.h>

#include "synth/render.h"

enum { RATE = 48000 };

static auralis_score *new_score(uint32_t rate, uint64_t length) {
    auralis_score *score = NULL;
    assert_int_equal(auralis_score_create(rate, &score), 0);
    for (int i = 0; i < AURALIS_INSTRUMENTS; i++) {
        auralis_note note = {.onset = rate / 10 * (uint32_t)i,
                             .duration = rate / 2,
                             .pitch = 48 + 4 * i,
                             .velocity = 0.5,
                             .pan = i % 2 ? 0.5 : -0.5,
                             .instrument = i};
        assert_int_equal(auralis_score_add(score, &note, NULL), 0);
    }
    if (length) auralis_score_set_length(score, length);
    return score;
}

static float *render(auralis_score *score, const auralis_render_config *config, uint64_t *frames) {
    *frames = auralis_render_frames(score, config);
    float *audio = calloc(*frames * 2 + 1, sizeof *audio);
    assert_non_null(audio);
    assert_int_equal(auralis_render_score(score, config, audio, *frames), 0);
    return audio;
}

static double loudest(const float *audio, uint64_t from, uint64_t to) {
    double most = 0;
    for (uint64_t i = 2 * from; i < 2 * to; i++) {
        double magnitude = audio[i] < 0 ? -(double)audio[i] : (double)audio[i];
        assert_true(magnitude <= 1.5); /* false for NaN too */
        if (magnitude > most) most = magnitude;
    }
    return most;
}

static void exactly_the_length_of_the_score(void **state) {
    (void)state;
    static const uint32_t rates[] = {44100, 48000, 96000};
    for (int i = 0; i < 3; i++) {
        auralis_score *score = new_score(rates[i], rates[i] + 17);
        uint64_t frames;
        float *audio = render(score, NULL, &frames);
        assert_int_equal(frames, rates[i] + 17);
        assert_true(loudest(audio, 0, frames) > 0.01);
        free(audio);
        auralis_score_free(score);
    }
}

/* A tail begins with what would be there without it, sounds on, and ends in silence. */
static void a_tail_dies_away(void **state) {
    (void)state;
    for (int dry = 0; dry < 2; dry++) {
        auralis_score *score = new_score(RATE, RATE);
        uint64_t frames, shorter;
        float *whole = render(score, &(auralis_render_config){.dry = dry, .tail = true}, &frames);
        float *cut = render(score, &(auralis_render_config){.dry = dry}, &shorter);
        assert_true(frames > shorter + RATE / 2);
        assert_memory_equal(whole, cut, shorter * 2 * sizeof *cut);
        double most = loudest(whole, 0, frames);
        assert_true(loudest(whole, RATE, 2 * RATE) > most * 0.003);
        assert_true(loudest(whole, frames - 64, frames) < most * 0.0003); /* −70 dB */
        free(whole);
        free(cut);
        auralis_score_free(score);
    }
}

static void the_same_samples_as_a_stream(void **state) {
    (void)state;
    auralis_score *score = new_score(RATE, RATE);
    uint64_t frames, done = 0;
    float *once = render(score, NULL, &frames), *pieces = calloc(frames * 2, sizeof *pieces);
    auralis_engine *engine;
    auralis_stream *stream;
    assert_int_equal(auralis_engine_create(NULL, &engine), 0);
    auralis_stream_config config = {.sample_rate = RATE, .score = score};
    assert_int_equal(auralis_stream_open(engine, &config, &stream), 0);
    for (size_t piece = 1; done < frames; piece = piece * 3 % 977 + 1) {
        size_t count = piece < frames - done ? piece : (size_t)(frames - done);
        assert_int_equal(auralis_stream_read(stream, pieces + 2 * done, count), 0);
        done += count;
    }
    assert_memory_equal(once, pieces, frames * 2 * sizeof *once);
    auralis_engine_destroy(engine);
    free(once);
    free(pieces);
    auralis_score_free(score);
}

static void the_original_has_no_bell_and_no_bass(void **state) {
    (void)state;
    auralis_score *score = new_score(RATE, 0);
    render_seed_voices(score);
    const auralis_note *note = auralis_score_notes(score);
    static const int32_t expected[AURALIS_INSTRUMENTS] = {AURALIS_PAD,  AURALIS_LEAD, AURALIS_PAD,
                                                          AURALIS_LEAD, AURALIS_KICK, AURALIS_SWELL};
    for (int i = 0; i < AURALIS_INSTRUMENTS; i++) {
        assert_int_equal(note[i].instrument, expected[i]);
        assert_int_equal(note[i].timbre, AURALIS_TIMBRE_SEED);
    }
    uint64_t frames;
    float *audio = render(score, &(auralis_render_config){.dry = true}, &frames);
    assert_true(loudest(audio, 0, frames) > 0.01);
    free(audio);
    auralis_score_free(score);
}

static void refusals(void **state) {
    (void)state;
    auralis_score *score = new_score(22050, 22050), *empty = NULL;
    float audio[2 * 64];
    assert_int_equal(auralis_render_score(score, NULL, audio, 22050), AURALIS_EUNSUPPORTED);
    assert_int_equal(auralis_render_score(score, NULL, audio, 64), AURALIS_EINVAL);
    assert_int_equal(auralis_render_score(score, &(auralis_render_config){.isa = "mmx"}, audio, 22050),
                     AURALIS_ENOENT);
    auralis_score_free(score);
    assert_int_equal(auralis_score_create(RATE, &empty), 0);
    assert_int_equal(auralis_render_frames(empty, &(auralis_render_config){.tail = true}), 0);
    assert_int_equal(auralis_render_score(empty, NULL, audio, 0), 0);
    auralis_score_free(empty);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_the_length_of_the_score),
        cmocka_unit_test(a_tail_dies_away),
        cmocka_unit_test(the_same_samples_as_a_stream),
        cmocka_unit_test(the_original_has_no_bell_and_no_bass),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
