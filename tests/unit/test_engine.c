/* The engine: a stream's samples depend on its seed, rate and parameters, and on nothing else. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <auralis/auralis.h>

#include "base/random.h"
#include "synth/pcm16.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 48000 };

static auralis_engine *new_engine(const char *isa) {
    auralis_engine *e;
    assert_int_equal(auralis_engine_create(&(auralis_engine_config){.isa = isa}, &e), 0);
    return e;
}

static auralis_stream *open_at(auralis_engine *e, uint64_t seed, const char *preset, uint64_t start) {
    auralis_stream *s;
    const auralis_preset *p = auralis_preset_find(preset);
    auralis_stream_config c = {.seed = seed, .parameters = p ? &p->parameters : NULL, .start = start};
    assert_int_equal(auralis_stream_open(e, &c, &s), 0);
    return s;
}

static float *buffer(size_t frames) {
    float *b = calloc(frames, 2 * sizeof *b);
    assert_non_null(b);
    return b;
}

/* Reads `frames` frames, at most `at_once` at a time. */
static void read_in(auralis_stream *s, float *out, size_t frames, size_t at_once) {
    for (size_t done = 0; done < frames;) {
        size_t n = frames - done < at_once ? frames - done : at_once;
        assert_int_equal(auralis_stream_read(s, out + 2 * done, n), 0);
        done += n;
    }
}

static float *expected(size_t frames) {
    auralis_engine *e = new_engine("scalar");
    float *b = buffer(frames);
    read_in(open_at(e, 7, "focus", 0), b, frames, 48000);
    auralis_engine_destroy(e);
    return b;
}

static void every_isa_and_block_size_gives_the_same_samples(void **state) {
    (void)state;
    enum { FRAMES = 12 * RATE };
    static const size_t sizes[] = {1, 64, 977, 48000};
    const char *isas[8];
    int count = auralis_isas(isas, 8);
    float *right = expected(FRAMES), *is = buffer(FRAMES);
    for (int i = 0; i < count; i++)
        for (size_t k = 0; k < 4; k++) {
            auralis_engine *e = new_engine(isas[i]);
            assert_string_equal(auralis_engine_isa(e), isas[i]);
            size_t frames = sizes[k] == 1 ? FRAMES / 4 : FRAMES;
            read_in(open_at(e, 7, "focus", 0), is, frames, sizes[k]);
            assert_memory_equal(is, right, frames * 2 * sizeof *is);
            auralis_engine_destroy(e);
        }
    free(right);
    free(is);
}

static void a_batch_changes_nothing(void **state) {
    (void)state;
    enum { STREAMS = 37, BLOCKS = 9000, STEP = 15 };
    auralis_engine *e = new_engine(NULL);
    auralis_stream *s[STREAMS];
    float *right = expected(BLOCKS * AURALIS_BLOCK), *others = buffer(STEP * AURALIS_BLOCK), *out[STREAMS],
          *is = buffer(BLOCKS * AURALIS_BLOCK);
    for (int i = 0; i < STREAMS; i++)
        s[i] = open_at(e, i == 20 ? 7 : (uint64_t)i, i == 20 ? "focus" : "bright", 0);
    for (int b = 0; b < BLOCKS; b += STEP) {
        for (int i = 0; i < STREAMS; i++) out[i] = i == 20 ? is + (size_t)b * 2 * AURALIS_BLOCK : others;
        /* The neighbours come and go, and read odd amounts. */
        int first = b / STEP % 3 == 0 ? 11 : 0, count = b / STEP % 5 == 0 ? 21 : STREAMS;
        assert_int_equal(auralis_engine_render(e, s + first, (size_t)(count - first), STEP, out + first), 0);
        if (b % 7 == 0) assert_int_equal(auralis_stream_read(s[3], others, 100), 0);
    }
    assert_memory_equal(is, right, (size_t)BLOCKS * AURALIS_BLOCK * 2 * sizeof *is);
    assert_true(auralis_stream_frame(s[20]) == (uint64_t)BLOCKS * AURALIS_BLOCK);
    auralis_engine_destroy(e);
    free(right), free(others), free(is);
}

static void set_pads(auralis_stream *s, bool on) {
    auralis_parameters p = auralis_stream_parameters(s);
    p.enable_pads = on;
    assert_int_equal(auralis_stream_set(s, &p, ~(auralis_parameter_set)0, NULL, NULL), 0);
}

/* What a change strikes anew does not sound before the stream is rendered, though a neighbour is. */
static void a_changed_stream_waits(void **state) {
    (void)state;
    enum { BLOCKS = 750, SAMPLES = BLOCKS * 2 * AURALIS_BLOCK };
    auralis_engine *alone = new_engine(NULL), *both = new_engine(NULL);
    auralis_stream *a = open_at(alone, 7, "focus", 60 * RATE), *b = open_at(both, 7, "focus", 60 * RATE),
                   *neighbour = open_at(both, 8, "focus", 0);
    float *right = buffer(SAMPLES / 2), *is = buffer(SAMPLES / 2);
    for (int on = 0; on < 2; on++) {
        set_pads(a, on);
        set_pads(b, on);
        assert_int_equal(auralis_engine_render(both, &neighbour, 1, BLOCKS, &is), 0);
        assert_int_equal(auralis_engine_render(both, &b, 1, BLOCKS, &is), 0);
        assert_int_equal(auralis_engine_render(alone, &a, 1, BLOCKS, &right), 0);
        assert_memory_equal(is, right, SAMPLES * sizeof *is);
    }
    auralis_engine_destroy(alone);
    auralis_engine_destroy(both);
    free(right), free(is);
}

/* Beside floats, and behind frames that reading left over. */
static void sixteen_bits_are_those_of_a_file(void **state) {
    (void)state;
    enum { BLOCKS = 1500, STEP = 15, ASKEW = 100, SAMPLES = STEP * 2 * AURALIS_BLOCK };
    auralis_engine *e = new_engine(NULL);
    auralis_stream *s[] = {open_at(e, 7, "focus", 0), open_at(e, 7, "focus", 0), open_at(e, 7, "focus", 0)};
    float *right = expected(BLOCKS * AURALIS_BLOCK + ASKEW), odd[2 * ASKEW], floats[SAMPLES],
          *out[] = {floats, NULL, NULL};
    int16_t narrow[2][SAMPLES], wanted[SAMPLES], *pcm[] = {NULL, narrow[0], narrow[1]};
    assert_int_equal(auralis_stream_read(s[0], odd, ASKEW), 0);
    assert_int_equal(auralis_stream_read(s[2], odd, ASKEW), 0);
    for (size_t frame = 0; frame < BLOCKS * AURALIS_BLOCK; frame += STEP * AURALIS_BLOCK) {
        assert_int_equal(auralis_engine_render_pcm(e, s, 3, STEP, out, pcm), 0);
        assert_memory_equal(floats, right + 2 * (frame + ASKEW), sizeof floats);
        for (size_t i = 0; i < 2; i++) {
            size_t from = frame + i * ASKEW;
            pcm16_convert(wanted, right + 2 * from, STEP * AURALIS_BLOCK, pcm16_key(7), from);
            assert_memory_equal(narrow[i], wanted, sizeof wanted);
        }
    }
    auralis_engine_destroy(e);
    free(right);
}

/* Places in a shard are used again; what a stream left behind does not sound in the next. */
static void a_place_is_clean_for_the_next_stream(void **state) {
    (void)state;
    enum { FRAMES = 4 * RATE };
    float *right = expected(FRAMES), *is = buffer(FRAMES);
    auralis_engine *e = new_engine(NULL);
    auralis_stream *s[40];
    for (int i = 0; i < 40; i++) read_in(s[i] = open_at(e, (uint64_t)i, "bright", 0), is, RATE / 10, 977);
    for (int i = 0; i < 40; i += 3) {
        auralis_stream_close(s[i]);
        s[i] = open_at(e, 7, "focus", 0);
        read_in(s[i], is, FRAMES, 4800);
        assert_memory_equal(is, right, FRAMES * 2 * sizeof *is);
    }
    auralis_engine_destroy(e);
    free(right), free(is);
}

static double difference_db(const float *a, const float *b, size_t samples) {
    double signal = 0, error = 0;
    for (size_t i = 0; i < samples; i++) {
        double d = (double)a[i] - (double)b[i];
        signal += (double)a[i] * (double)a[i];
        error += d * d;
    }
    return 10 * log10((error + 1e-30) / signal);
}

static void a_late_start_is_the_same_piece(void **state) {
    (void)state;
    enum { LATE = 400 * RATE + 1234, FRAMES = 20 * RATE };
    static const char *const presets[] = {"focus", "sleep", "bright"};
    float *whole = buffer(RATE), *from = buffer(FRAMES), *right = buffer(FRAMES);
    for (int p = 0; p < 3; p++) {
        auralis_engine *e = new_engine(NULL);
        auralis_stream *s = open_at(e, 11, presets[p], 0);
        for (int i = 0; i < 400; i++) read_in(s, whole, RATE, RATE);
        read_in(s, whole, 1234, 1234);
        read_in(s, right, FRAMES, 4800);
        auralis_stream *late = open_at(e, 11, presets[p], LATE);
        assert_true(auralis_stream_frame(late) == LATE);
        uint64_t left = auralis_stream_preroll(late, 100), before;
        for (before = left + 1; left; left = auralis_stream_preroll(late, 100)) {
            assert_true(left < before);
            before = left;
        }
        read_in(late, from, FRAMES, 4800);
        double db = difference_db(right, from, 2 * FRAMES);
        if (db > -100) fail_msg("%s: %.1f dB", presets[p], db);
        auralis_engine_destroy(e);
    }
    free(whole), free(from), free(right);
}

static void set(auralis_stream *s, const char *name, const char *value, uint64_t *stamp) {
    auralis_parameters p = auralis_stream_parameters(s);
    int index = auralis_parameters_set(&p, name, value, NULL);
    assert_true(index >= 0);
    assert_int_equal(auralis_stream_set(s, &p, 1u << index, stamp, NULL), 0);
}

static double power(const float *audio, size_t frames) {
    double sum = 0;
    for (size_t i = 0; i < 2 * frames; i++) sum += (double)audio[i] * (double)audio[i];
    return sum / (double)(2 * frames);
}

static void changes_are_stamped_and_coalesced(void **state) {
    (void)state;
    auralis_engine *e = new_engine(NULL);
    auralis_stream *s = open_at(e, 3, "focus", 0); /* 60 bpm: a beat is 48,000 frames */
    float *audio = buffer(RATE);
    uint64_t first, second, level;
    read_in(s, audio, RATE / 2, 480);
    set(s, "key", "F", &first);
    set(s, "bpm", "90", &second);
    set(s, "level", "-20", &level);
    assert_true(first % RATE == 0 && first >= RATE / 2 && first <= 2 * RATE);
    assert_true(second == first);
    assert_true(level >= RATE / 2 && level < RATE);
    auralis_parameters p = auralis_stream_parameters(s);
    assert_true(p.key == 5 && p.bpm == 90 && p.level == -20);
    auralis_message why;
    p.bpm = 900;
    assert_int_equal(auralis_stream_set(s, &p, ~0u >> (32 - auralis_parameter_count()), NULL, &why),
                     AURALIS_EINVAL);
    assert_string_equal(why.place, "bpm");
    assert_true(auralis_stream_parameters(s).bpm == 90);
    auralis_engine_destroy(e);
    free(audio);
}

static void level_and_switches_are_heard_at_once(void **state) {
    (void)state;
    auralis_engine *e = new_engine(NULL);
    auralis_stream *s = open_at(e, 5, "focus", 60 * RATE);
    float *audio = buffer(RATE);
    read_in(s, audio, RATE, RATE);
    double loud = power(audio, RATE);
    set(s, "level", "-60", NULL);
    read_in(s, audio, RATE / 2, RATE); /* the DC blocker forgets the last bass note */
    read_in(s, audio, RATE, RATE);
    assert_true(power(audio, RATE) < 1e-12);
    set(s, "level", "0", NULL);
    read_in(s, audio, RATE / 5, RATE);
    read_in(s, audio, RATE, RATE);
    assert_true(power(audio, RATE) > 0.2 * loud);
    auralis_stream_status before, after;
    auralis_stream_get_status(s, &before);
    set(s, "enable_pads", "off", NULL);
    set(s, "enable_melody", "off", NULL);
    set(s, "enable_kicks", "off", NULL);
    set(s, "enable_swells", "off", NULL);
    read_in(s, audio, RATE / 4, RATE);
    auralis_stream_get_status(s, &after);
    assert_true(before.voices > 2 && after.voices == 0);
    set(s, "enable_pads", "on", NULL);
    read_in(s, audio, RATE / 10, RATE);
    auralis_stream_get_status(s, &after);
    assert_true(after.voices >= 3);
    auralis_engine_destroy(e);
    free(audio);
}

/* Parameters thrown about for minutes: nothing is dropped, nothing leaves the range, no sample jumps. */
static void restless_controls_do_no_harm(void **state) {
    (void)state;
    auralis_engine *e = new_engine(NULL);
    auralis_stream *s = open_at(e, 9, "bright", 0);
    struct random r = random_at(1, 2, 3, 4);
    float *audio = buffer(4800);
    for (int i = 0; i < 1800; i++) {
        if (i % 3 == 0) {
            auralis_parameters p = auralis_stream_parameters(s);
            int index = (int)random_below(&r, (uint32_t)auralis_parameter_count());
            const auralis_parameter_info *info = auralis_parameter_at(index);
            double value =
                random_range(&r, info->minimum, info->maximum + (info->type == AURALIS_NUMBER ? 0 : 1));
            if (info->type != AURALIS_NUMBER) value = floor(value);
            assert_int_equal(auralis_parameters_put(&p, index, value, NULL), 0);
            assert_int_equal(auralis_stream_set(s, &p, 1u << index, NULL, NULL), 0);
        }
        read_in(s, audio, 4800, 4800);
        for (int k = 0; k < 9600; k++)
            if (!(fabsf(audio[k]) <= 4.0f)) fail_msg("sample %d of chunk %d is %f", k, i, (double)audio[k]);
    }
    auralis_stream_status status;
    auralis_stream_get_status(s, &status);
    assert_true(status.notes_dropped == 0);
    assert_true(status.notes_started > 100);
    auralis_engine_destroy(e);
    free(audio);
}

static void limits_and_bad_configurations_are_refused(void **state) {
    (void)state;
    auralis_engine *e;
    auralis_stream *s[3] = {0}, *none = NULL;
    assert_int_equal(auralis_engine_create(&(auralis_engine_config){.isa = "mmx"}, &e), AURALIS_ENOENT);
    assert_int_equal(auralis_engine_create(&(auralis_engine_config){.isa = "neon"}, &e),
                     AURALIS_EUNSUPPORTED);
    assert_int_equal(auralis_engine_create(&(auralis_engine_config){.max_streams = 1 << 20}, &e),
                     AURALIS_EINVAL);
    assert_int_equal(auralis_engine_create(&(auralis_engine_config){.max_streams = 2}, &e), 0);
    for (int i = 0; i < 2; i++) assert_int_equal(auralis_stream_open(e, NULL, &s[i]), 0);
    assert_int_equal(auralis_stream_open(e, NULL, &none), AURALIS_ELIMIT);
    assert_null(none);
    auralis_stream_close(s[0]);
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
    p.key = 12;
    assert_int_equal(auralis_stream_open(e, &(auralis_stream_config){.parameters = &p}, &none),
                     AURALIS_EINVAL);
    assert_int_equal(auralis_stream_open(e, &(auralis_stream_config){.sample_rate = 22050}, &none),
                     AURALIS_EUNSUPPORTED);
    assert_int_equal(auralis_stream_open(e, &(auralis_stream_config){.sample_rate = 96000}, &none), 0);
    auralis_engine *other = new_engine(NULL);
    float block[2 * AURALIS_BLOCK], *out = block;
    assert_int_equal(auralis_engine_render(other, &s[1], 1, 1, &out), AURALIS_EINVAL);
    auralis_engine_destroy(other);
    auralis_engine_destroy(e);
    auralis_engine_destroy(NULL);
    auralis_stream_close(NULL);
}

static void a_score_is_played_to_the_sample(void **state) {
    (void)state;
    auralis_score *score;
    assert_int_equal(auralis_score_create(RATE, &score), 0);
    auralis_note kick = {
        .onset = 1001, .duration = 4800, .velocity = 1, .instrument = AURALIS_KICK, .timbre = -1};
    assert_int_equal(auralis_score_add(score, &kick, NULL), 0);
    kick.onset = 20000;
    assert_int_equal(auralis_score_add(score, &kick, NULL), 0);
    auralis_engine *e = new_engine(NULL);
    auralis_stream *s;
    assert_int_equal(auralis_stream_open(e, &(auralis_stream_config){.score = score, .dry = true}, &s), 0);
    float *audio = buffer(48000);
    read_in(s, audio, 48000, 48000);
    for (int k = 0; k < 2; k++) { /* the sine's first sample is 0, like the attack's */
        int onset = k ? 20000 : 1001;
        for (int i = onset - 1000; i <= onset; i++)
            assert_true(audio[2 * i] == 0.0f && audio[2 * i + 1] == 0.0f);
        assert_true(audio[2 * onset + 2] != 0.0f);
    }
    auralis_engine_destroy(e);
    auralis_score_free(score);
    free(audio);
}

/* Streams with one instrument each, quiet enough for every limiter to rest. */
static void instruments_add_up_to_the_whole(void **state) {
    (void)state;
    enum { FRAMES = 24 * RATE };
    auralis_parameters p = auralis_preset_find("focus")->parameters;
    p.level = -12;
    auralis_engine *e = new_engine(NULL);
    float *whole = buffer(FRAMES), *part = buffer(FRAMES), *sum = buffer(FRAMES);
    for (int i = -1; i < AURALIS_INSTRUMENTS; i++) {
        auralis_stream *s;
        auralis_stream_config c = {
            .seed = 7, .parameters = &p, .start = 30 * RATE, .instruments = i < 0 ? 0 : 1u << i};
        assert_int_equal(auralis_stream_open(e, &c, &s), 0);
        read_in(s, i < 0 ? whole : part, FRAMES, 48000);
        auralis_stream_close(s);
        for (size_t k = 0; i >= 0 && k < 2 * FRAMES; k++) sum[k] += part[k];
    }
    double signal = 0, difference = 0;
    for (size_t k = 0; k < 2 * FRAMES; k++) {
        signal += (double)whole[k] * whole[k];
        difference += ((double)whole[k] - sum[k]) * ((double)whole[k] - sum[k]);
    }
    assert_true(signal > 0);
    assert_true(difference < 1e-6 * signal);
    auralis_stream_config c = {.instruments = 1u << AURALIS_INSTRUMENTS};
    auralis_stream *s;
    assert_int_equal(auralis_stream_open(e, &c, &s), AURALIS_EINVAL);
    auralis_engine_destroy(e);
    free(whole), free(part), free(sum);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_isa_and_block_size_gives_the_same_samples),
        cmocka_unit_test(a_batch_changes_nothing),
        cmocka_unit_test(sixteen_bits_are_those_of_a_file),
        cmocka_unit_test(a_changed_stream_waits),
        cmocka_unit_test(a_place_is_clean_for_the_next_stream),
        cmocka_unit_test(a_late_start_is_the_same_piece),
        cmocka_unit_test(changes_are_stamped_and_coalesced),
        cmocka_unit_test(level_and_switches_are_heard_at_once),
        cmocka_unit_test(restless_controls_do_no_harm),
        cmocka_unit_test(limits_and_bad_configurations_are_refused),
        cmocka_unit_test(instruments_add_up_to_the_whole),
        cmocka_unit_test(a_score_is_played_to_the_sample),
    };
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
