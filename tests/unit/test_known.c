/* A known score, whose notes are rendered side by side whenever they sound, gives the samples of the live
 * path: random scores with overlaps, stolen voices and controls, on every instruction set, read in any
 * pieces.
 */
#include "cmocka_c.h"

#include <auralis/auralis.h>

#include "base/random.h"
#include "synth/known.h"

#include <stdlib.h>
#include <string.h>

enum { RATE = 48000 };

struct kind {
    const char *name;
    int notes, instruments; /* the first so many; 0: only leads */
    double seconds, longest;
    int controls;
    bool dry, seed;
    uint64_t start; /* frame */
};

static auralis_score *new_score(const struct kind *kind, uint64_t seed) {
    struct random r = random_at(seed, 0, 0, 7);
    auralis_score *score = NULL;
    assert_int_equal(auralis_score_create(RATE, &score), 0);
    for (int i = 0; i < kind->notes; i++) {
        auralis_note note = {.onset = (uint64_t)(random_unit(&r) * kind->seconds * RATE),
                             .duration = 1 + (uint64_t)(random_unit(&r) * kind->longest * RATE),
                             .pitch = (int)random_below(&r, 60) + 30,
                             .velocity = 0.1 + 0.4 * random_unit(&r),
                             .pan = 2 * random_unit(&r) - 1,
                             .channel = (int)random_below(&r, 4),
                             .timbre = kind->seed ? AURALIS_TIMBRE_SEED : 0,
                             .instrument = kind->instruments
                                               ? (int)random_below(&r, (uint32_t)kind->instruments)
                                               : AURALIS_LEAD};
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
    auralis_stream_config config = {.sample_rate = RATE,
                                    .score = score,
                                    .dry = kind->dry,
                                    .start = kind->start,
                                    .instruments = instruments};
    assert_int_equal(auralis_stream_open(engine, &config, &stream), 0);
    return stream;
}

/* Reads through one of the two, in pieces of random lengths. */
static float *read_stream(auralis_stream *stream, struct known *known, size_t frames, uint64_t seed) {
    struct random r = random_at(seed, 1, 0, 7);
    float *audio = malloc((frames + 1) * 2 * sizeof *audio);
    assert_non_null(audio);
    for (size_t done = 0, piece; done < frames; done += piece) {
        piece = 1 + random_below(&r, random_below(&r, 3) ? 100 : 20000);
        if (piece > frames - done) piece = frames - done;
        assert_int_equal(known ? known_read(known, audio + 2 * done, piece)
                               : auralis_stream_read(stream, audio + 2 * done, piece),
                         0);
    }
    return audio;
}

static void compare(const struct kind *kind, const char *isa, uint64_t seed, uint32_t instruments) {
    auralis_score *score = new_score(kind, seed);
    size_t frames = (size_t)((kind->seconds + 2) * RATE) + random_below(&(struct random){seed, 0}, 64);
    auralis_engine *engine;
    auralis_engine_config config = {.isa = isa};
    assert_int_equal(auralis_engine_create(&config, &engine), 0);
    auralis_stream *live = open_stream(engine, score, kind, instruments);
    float *one = read_stream(live, NULL, frames, seed);
    auralis_stream_status status;
    auralis_stream_get_status(live, &status);
    if (kind->notes > 900) assert_true(status.notes_stolen > 0 || status.notes_dropped > 0);
    auralis_stream_close(live);
    auralis_stream *stream = open_stream(engine, score, kind, instruments);
    struct known *known = known_open(stream, frames);
    assert_non_null(known);
    float *other = read_stream(stream, known, frames, seed + 1);
    assert_int_equal(auralis_stream_frame(stream), kind->start + frames);
    float loudest = 0;
    for (size_t i = 0; i < 2 * frames; i++) {
        if (one[i] > loudest) loudest = one[i];
        if (memcmp(&one[i], &other[i], sizeof *one))
            fail_msg("%s, %s, seed %d: frame %zu is %.9g, was %.9g", kind->name, isa, (int)seed, i / 2,
                     (double)other[i], (double)one[i]);
    }
    assert_true(loudest > 0.001f);
    known_close(known);
    auralis_engine_destroy(engine);
    auralis_score_free(score);
    free(one);
    free(other);
}

static const struct kind KINDS[] = {
    {"a melody", 60, 0, 30, 1.5, 0, false, false, 0},
    {"all instruments, dry", 40, AURALIS_INSTRUMENTS, 12, 6, 0, true, false, 0},
    {"a crowd of voices", 400, AURALIS_INSTRUMENTS, 4, 3, 0, true, false, 0},
    {"the original's", 30, 2, 10, 3, 0, true, true, 0},
    {"moved by controls", 30, AURALIS_INSTRUMENTS, 6, 3, 120, false, false, 0},
    {"from the middle on", 40, AURALIS_INSTRUMENTS, 10, 4, 20, false, false, 64 * 3000},
};

static void the_samples_of_the_live_path(void **state) {
    (void)state;
    const char *isas[8];
    int count = auralis_isas(isas, 8);
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        for (uint64_t seed = 0; seed < 4; seed++) compare(&KINDS[i], isas[seed % (uint64_t)count], seed, 0);
}

static void stems_too(void **state) {
    (void)state;
    const char *isas[1];
    auralis_isas(isas, 1);
    for (uint32_t i = 0; i < AURALIS_INSTRUMENTS; i++) compare(&KINDS[1], isas[0], 9, 1u << i);
}

/* More notes at once than a stream may have: voices are stolen, notes dropped, all at the same frames. */
static void voices_are_stolen_alike(void **state) {
    (void)state;
    static const struct kind crowd = {"too many", 3000, 0, 1.5, 4, 0, true, false, 0};
    const char *isas[1];
    auralis_isas(isas, 1);
    compare(&crowd, isas[0], 1, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_samples_of_the_live_path),
        cmocka_unit_test(stems_too),
        cmocka_unit_test(voices_are_stolen_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
