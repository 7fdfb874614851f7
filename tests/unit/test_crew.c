/* A known score rendered by several threads gives the samples of the live path, bit for bit: with and without
 * effects, for voices that remember (filters) and voices that do not, read at once and in any pieces, by more
 * threads than the machine has cores. */
#include "cmocka_c.h"

#include <auralis/auralis.h>

#include "base/random.h"
#include "stream/crew.h"
#include "synth/twin.h"

#include <stdlib.h>
#include <string.h>

enum { RATE = 48000 };

struct kind {
    const char *name;
    int notes;
    double seconds, longest;
    int controls;
    bool dry, seed;
};

static auralis_score *new_score(const struct kind *kind, uint64_t seed) {
    struct random r = random_at(seed, 0, 0, 7);
    auralis_score *score = NULL;
    assert_int_equal(auralis_score_create(RATE, &score), 0);
    for (int i = 0; i < kind->notes; i++) {
        auralis_note note = {.onset = (uint64_t)(random_unit(&r) * kind->seconds * RATE),
                             .duration = 1 + (uint64_t)(random_unit(&r) * kind->longest * RATE),
                             .pitch = (int)random_below(&r, 60) + 30,
                             .velocity = 0.1 + 0.3 * random_unit(&r),
                             .pan = 2 * random_unit(&r) - 1,
                             .channel = (int)random_below(&r, 4),
                             .timbre = kind->seed ? AURALIS_TIMBRE_SEED : 0,
                             .instrument = (int)random_below(&r, AURALIS_INSTRUMENTS)};
        if (kind->seed && note.instrument == AURALIS_BASS) note.instrument = AURALIS_PAD;
        assert_int_equal(auralis_score_add(score, &note, NULL), 0);
    }
    for (int i = 0; i < kind->controls; i++) {
        auralis_control control = {.frame = (uint64_t)(random_unit(&r) * kind->seconds * RATE),
                                   .channel = (int)random_below(&r, 4),
                                   .kind = (int)random_below(&r, AURALIS_CONTROL_KINDS),
                                   .value = random_unit(&r)};
        assert_int_equal(auralis_score_add_control(score, &control, NULL), 0);
    }
    return score;
}

static auralis_stream *open_stream(auralis_engine *engine, auralis_score *score, const struct kind *kind,
                                   uint32_t instruments) {
    auralis_stream *stream;
    auralis_stream_config config = {
        .sample_rate = RATE, .score = score, .dry = kind->dry, .instruments = instruments};
    assert_int_equal(auralis_stream_open(engine, &config, &stream), 0);
    return stream;
}

static float *room(size_t frames) {
    float *audio = malloc((frames + 1) * 2 * sizeof *audio);
    assert_non_null(audio);
    return audio;
}

/* Reads in pieces of random lengths up to `longest`. */
static void read_pieces(struct crew *crew, float *audio, size_t frames, size_t longest, uint64_t seed) {
    struct random r = random_at(seed, 1, 0, 7);
    for (size_t done = 0, piece; done < frames; done += piece) {
        piece = 1 + random_below(&r, random_below(&r, 4) ? (uint32_t)longest : 100);
        if (piece > frames - done) piece = frames - done;
        crew_read(crew, audio + 2 * done, piece);
    }
}

static void expect_same(const struct kind *kind, const float *one, const float *other, size_t frames,
                        int threads) {
    for (size_t i = 0; i < 2 * frames; i++)
        if (memcmp(&one[i], &other[i], sizeof *one))
            fail_msg("%s, %d threads: frame %zu is %.9g, was %.9g", kind->name, threads, i / 2,
                     (double)other[i], (double)one[i]);
}

static void compare(const struct kind *kind, const char *isa, uint64_t seed, uint32_t instruments) {
    auralis_score *score = new_score(kind, seed);
    size_t frames = (size_t)((kind->seconds + 1) * RATE) + (size_t)seed * 7 % 64;
    float *one = room(frames), *other = room(frames), loudest = 0;
    auralis_engine *engine;
    assert_int_equal(auralis_engine_create(&(auralis_engine_config){.isa = isa}, &engine), 0);
    auralis_stream *live = open_stream(engine, score, kind, instruments);
    assert_int_equal(auralis_stream_read(live, one, frames), 0);
    for (size_t i = 0; i < 2 * frames; i++)
        if (one[i] > loudest) loudest = one[i];
    assert_true(loudest > 0.001f);
    static const int THREADS[] = {2, 3, 5};
    for (size_t t = 0; t < sizeof THREADS / sizeof *THREADS; t++) {
        auralis_stream *stream = open_stream(engine, score, kind, instruments);
        struct crew *crew = crew_open(stream, frames, THREADS[t]);
        assert_non_null(crew);
        memset(other, 0xff, frames * 2 * sizeof *other);
        if (t == seed % 3)
            crew_read(crew, other, frames);
        else
            read_pieces(crew, other, frames, t ? 9000 : 90000, seed);
        assert_int_equal(auralis_stream_frame(stream), frames);
        expect_same(kind, one, other, frames, THREADS[t]);
        crew_close(crew);
        auralis_stream_close(stream);
    }
    auralis_engine_destroy(engine);
    auralis_score_free(score);
    free(one);
    free(other);
}

static const struct kind KINDS[] = {
    {"all instruments", 30, 8, 3, 0, false, false},
    {"dry", 30, 8, 2, 0, true, false},
    {"the original's, dry", 50, 9, 2, 0, true, true},
    {"the original's", 20, 5, 3, 0, false, true},
    {"short notes, far between", 8, 9, 0.3, 0, true, true},
    {"moved by controls", 20, 5, 3, 60, false, false},
    {"the original's, moved by controls, dry", 20, 5, 2, 60, true, true},
    {"many: of two threads the reader begins alone", 120, 8, 1, 60, false, false},
};

static void the_samples_of_the_live_path(void **state) {
    (void)state;
    const char *isas[8];
    size_t count = (size_t)auralis_isas(isas, 8);
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) compare(&KINDS[i], isas[i % count], i, 0);
}

static void stems_too(void **state) {
    (void)state;
    compare(&KINDS[0], NULL, 9, 1u << AURALIS_SWELL);
    compare(&KINDS[1], NULL, 9, 1u << AURALIS_PAD);
}

/* Given up while the members are at work, and before anything was read. */
static void it_can_be_closed_at_any_time(void **state) {
    (void)state;
    for (int dry = 0; dry < 2; dry++)
        for (int blocks = 0; blocks < 300; blocks += 100) {
            const struct kind *kind = &KINDS[dry];
            float audio[2 * 100 * AURALIS_BLOCK];
            auralis_score *score = new_score(kind, 3);
            auralis_engine *engine;
            assert_int_equal(auralis_engine_create(NULL, &engine), 0);
            struct crew *crew = crew_open(open_stream(engine, score, kind, 0), 20 * RATE, 3);
            assert_non_null(crew);
            for (int i = 0; i < blocks; i += 100) crew_read(crew, audio, 100 * AURALIS_BLOCK);
            crew_close(crew);
            auralis_engine_destroy(engine);
            auralis_score_free(score);
        }
}

/* What a crew is not for: the stream is untouched, and can be read. */
static void who_needs_none_gets_none(void **state) {
    (void)state;
    auralis_score *score = new_score(&KINDS[0], 1);
    auralis_engine *engine;
    auralis_stream *stream;
    auralis_stream_config later = {.sample_rate = RATE, .score = score, .start = 5 * RATE};
    assert_int_equal(auralis_engine_create(NULL, &engine), 0);
    assert_null(crew_open(open_stream(engine, score, &KINDS[0], 0), 20 * RATE, 1));
    assert_null(crew_open(open_stream(engine, score, &KINDS[0], 0), RATE, 4));
    assert_int_equal(auralis_stream_open(engine, &later, &stream), 0);
    assert_null(crew_open(stream, 20 * RATE, 4));
    assert_int_equal(auralis_stream_open(engine, &(auralis_stream_config){.seed = 1}, &stream), 0);
    assert_null(crew_open(stream, 20 * RATE, 4)); /* composed: nothing is known */
    auralis_engine_destroy(engine);
    auralis_score_free(score);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_samples_of_the_live_path),
        cmocka_unit_test(stems_too),
        cmocka_unit_test(it_can_be_closed_at_any_time),
        cmocka_unit_test(who_needs_none_gets_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
