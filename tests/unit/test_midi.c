/* MIDI files: reading, writing, and reading back what was written. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <auralis/score.h>

#include "base/random.h"
#include "music/gm.h"
#include "music/timbre.h"

/* Builds small files in memory. */
struct file {
    uint8_t data[4096];
    size_t size, track;
};

static void bytes(struct file *f, const void *data, size_t size) {
    assert_true(f->size + size <= sizeof f->data);
    memcpy(f->data + f->size, data, size);
    f->size += size;
}
#define BYTES(f, ...) bytes(f, (uint8_t[]){__VA_ARGS__}, sizeof(uint8_t[]){__VA_ARGS__})

static void header(struct file *f, uint8_t format, uint8_t tracks, uint16_t division) {
    f->size = 0;
    bytes(f, "MThd", 4);
    BYTES(f, 0, 0, 0, 6, 0, format, 0, tracks, (uint8_t)(division >> 8), (uint8_t)division);
}

static void begin(struct file *f) {
    bytes(f, "MTrk\0\0\0\0", 8);
    f->track = f->size;
}

static void finish(struct file *f) {
    BYTES(f, 0, 0xff, 0x2f, 0);
    size_t size = f->size - f->track;
    f->data[f->track - 2] = (uint8_t)(size >> 8);
    f->data[f->track - 1] = (uint8_t)size;
}

static auralis_score *read_score(const void *data, size_t size, uint32_t rate) {
    auralis_score *score = NULL;
    auralis_message why = {{0}, {0}};
    int result = auralis_score_read_midi(data, size, rate, &score, &why);
    if (result < 0) fail_msg("%s: %s", why.place, why.text);
    return score;
}

static void expect(auralis_score *score, size_t i, double pitch, uint64_t onset, uint64_t duration) {
    assert_true(i < auralis_score_count(score));
    const auralis_note *n = &auralis_score_notes(score)[i];
    if (n->pitch != pitch || n->onset != onset || n->duration != duration)
        fail_msg("note %zu: pitch %g onset %llu duration %llu, not %g %llu %llu", i, n->pitch,
                 (unsigned long long)n->onset, (unsigned long long)n->duration, pitch,
                 (unsigned long long)onset, (unsigned long long)duration);
}

static uint64_t distance(uint64_t a, uint64_t b) {
    return a > b ? a - b : b - a;
}

static void running_status_and_velocity_zero(void **state) {
    (void)state;
    struct file f;
    header(&f, 0, 1, 100); /* 500,000 µs a beat: a tick is 240 frames of 48 kHz */
    begin(&f);
    BYTES(&f, 0, 0x90, 60, 100, 10, 64, 100, 10, 60, 0, 0, 0xf0, 2, 1,
          0xf7); /* running status over a sysex too */
    BYTES(&f, 10, 64, 0, 0, 0xff, 1, 3, 'a', 'b', 'c', 0x81, 0x00, 67, 1, 5, 67, 0);
    finish(&f);
    auralis_score *score = read_score(f.data, f.size, 48000);
    assert_int_equal(auralis_score_count(score), 3);
    expect(score, 0, 60, 0, 20 * 240);
    expect(score, 1, 64, 10 * 240, 20 * 240);
    expect(score, 2, 67, (30 + 128) * 240, 5 * 240);
    assert_true(auralis_score_notes(score)[0].velocity == 100 / 127.0 * (100 / 127.0));
    assert_true(auralis_score_length(score) == 163 * 240);
    auralis_score_free(score);
}

/* The tempo track's changes hold for the notes of another, and rounding never adds up. */
static void tempo_map_across_tracks(void **state) {
    (void)state;
    struct file f;
    header(&f, 1, 2, 96);
    begin(&f);
    BYTES(&f, 0, 0xff, 0x51, 3, 0x07, 0xa1, 0x20);  /* 120 */
    BYTES(&f, 96, 0xff, 0x51, 3, 0x0f, 0x42, 0x40); /* 60 from beat 1 */
    BYTES(&f, 48, 0xff, 0x51, 3, 0x1e, 0x84, 0x80); /* 30 from beat 1½ */
    finish(&f);
    begin(&f);
    BYTES(&f, 0, 0xc0, 89, 48, 0x90, 50, 64, 96, 0x80, 50, 64, 0, 0x90, 52, 64, 96, 0x80, 52, 0);
    finish(&f);
    auralis_score *score = read_score(f.data, f.size, 44100);
    expect(score, 0, 50, 11025, 11025 + 22050); /* ½ beat at 120, ½ beat at 60 */
    expect(score, 1, 52, 11025 + 33075, 88200);
    assert_int_equal(auralis_score_notes(score)[0].instrument, AURALIS_PAD);
    assert_int_equal(auralis_score_notes(score)[0].timbre, PAD_WARM);
    auralis_score_free(score);
}

static void smpte_divisions(void **state) {
    (void)state;
    static const struct {
        uint16_t division;
        uint64_t onset;
    } cases[] = {{0xe728, 48000},
                 {0xe828, 50000},
                 {0xe228, 40000},
                 {0xe328, 40040}}; /* 25, 24, 30, 29.97 × 40 ticks */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct file f;
        header(&f, 0, 1, cases[i].division);
        begin(&f);
        BYTES(&f, 0, 0xff, 0x51, 3, 0x0f, 0x42, 0x40, 0x87, 0x68, 0x90, 60, 64, 0x87, 0x68, 60,
              0); /* 1,000 ticks */
        finish(&f);
        auralis_score *score = read_score(f.data, f.size, 48000);
        expect(score, 0, 60, cases[i].onset, cases[i].onset);
        auralis_score_free(score);
    }
}

static void overlapping_notes_end_oldest_first(void **state) {
    (void)state;
    struct file f;
    header(&f, 0, 1, 100);
    begin(&f);
    BYTES(&f, 0, 0x90, 60, 10, 10, 60, 20, 10, 60, 0, 10, 60, 0, 10, 60, 0); /* the last one ends nothing */
    finish(&f);
    auralis_score *score = read_score(f.data, f.size, 48000);
    assert_int_equal(auralis_score_count(score), 2);
    expect(score, 0, 60, 0, 20 * 240);
    expect(score, 1, 60, 10 * 240, 20 * 240);
    auralis_score_free(score);
}

static void sustain_pedal(void **state) {
    (void)state;
    struct file f;
    header(&f, 0, 1, 100);
    begin(&f);
    BYTES(&f, 0, 0xb0, 64, 64, 0, 0x90, 60, 64, 10, 60, 0);    /* kept by the pedal */
    BYTES(&f, 10, 0x90, 62, 64, 10, 62, 0, 10, 62, 64);        /* struck again at 40: the kept one ends */
    BYTES(&f, 10, 0xb0, 64, 100, 10, 64, 63, 20, 0x80, 62, 0); /* 50: still down; 60: up; 80: key up */
    BYTES(&f, 10, 0xb0, 64, 127, 0, 0x90, 64, 64, 10, 0x80, 64, 0, 90, 0xb0, 7,
          1); /* never lifted: to the end at 190 */
    finish(&f);
    auralis_score *score = read_score(f.data, f.size, 48000);
    assert_int_equal(auralis_score_count(score), 4);
    expect(score, 0, 60, 0, 60 * 240);
    expect(score, 1, 62, 20 * 240, 20 * 240);
    expect(score, 2, 62, 40 * 240, 40 * 240);
    expect(score, 3, 64, 90 * 240, 100 * 240);
    auralis_score_free(score);
}

static void controllers_at_note_on(void **state) {
    (void)state;
    struct file f;
    header(&f, 0, 1, 100);
    begin(&f);
    BYTES(&f, 0, 0xb1, 7, 127, 0, 10, 0, 0, 0x91, 60, 127, 10, 60, 0);
    BYTES(&f, 0, 0xb1, 10, 127, 0, 11, 64, 0, 0x91, 61, 127, 10, 61, 0);
    BYTES(&f, 0, 0xb1, 121, 0, 0, 10, 64, 0, 0x91, 62, 127, 10, 0xb1, 123, 0); /* all notes off */
    BYTES(&f, 10, 0xb1, 7, 0, 0, 0x91, 63, 127, 5, 63, 0);                     /* silent: left out */
    finish(&f);
    auralis_score *score = read_score(f.data, f.size, 48000);
    const auralis_note *n = auralis_score_notes(score);
    assert_int_equal(auralis_score_count(score), 3);
    for (size_t i = 0; i < 3; i++) expect(score, i, 60 + (double)i, i * 10 * 240, 10 * 240);
    assert_true(n[0].velocity == 1 && n[0].pan == -1);
    assert_true(n[1].velocity == 64 / 127.0 && n[1].pan == 1);
    assert_true(n[2].velocity == 1 && n[2].pan == 0);
    auralis_score_free(score);
}

/* One channel's messages while a note is held, and the controls that they become. */
static void messages_become_controls(void **state) {
    (void)state;
    static const struct {
        uint64_t tick;
        int kind;
        double value;
    } right[] = {{1, AURALIS_BEND, 2.0 * 4096 / 8192},
                 {2, AURALIS_BEND, 12.0 * 4096 / 8192},
                 {3, AURALIS_BEND, 12.5 * 4096 / 8192},
                 {5, AURALIS_BEND, -12.5},
                 {6, AURALIS_MODULATION, 64 / 127.0},
                 {7, AURALIS_MODULATION, 94 / 127.0},
                 {8, AURALIS_MODULATION, 1},
                 {9, AURALIS_EXPRESSION, 0.0},
                 {10, AURALIS_EXPRESSION, 1},
                 {10, AURALIS_MODULATION, 0},
                 {10, AURALIS_BEND, 0},
                 {12, AURALIS_BEND, -12.5}};
    struct file f;
    header(&f, 0, 1, 100);
    begin(&f);
    BYTES(&f, 0, 0x92, 60, 100, 1, 0xe2, 0, 0x60);                         /* half way up */
    BYTES(&f, 1, 0xb2, 101, 0, 0, 100, 0, 0, 6, 12, 1, 38, 50);            /* range: 12 semitones, 50 cents */
    BYTES(&f, 1, 99, 0, 0, 98, 0, 0, 6, 1, 0, 101, 0, 0, 100, 1, 0, 6, 1); /* other parameters: nothing */
    BYTES(&f, 1, 0xe2, 0, 0, 1, 0xb2, 1, 64, 1, 0xd2, 30, 1, 0xb2, 1, 120, 1, 11, 0);
    BYTES(&f, 1, 121, 0);       /* all but volume, pan and the range where they began */
    BYTES(&f, 1, 0xa2, 60, 90); /* pressure of one key: not heard */
    BYTES(&f, 1, 0xe2, 0, 0, 10, 0x82, 60, 0);
    finish(&f);
    auralis_score *score = read_score(f.data, f.size, 48000);
    size_t count;
    const auralis_control *c = auralis_score_controls(score, &count);
    assert_int_equal(count, sizeof right / sizeof *right);
    for (size_t i = 0; i < count; i++)
        if (c[i].frame != right[i].tick * 240 || c[i].kind != right[i].kind || c[i].channel != 2 ||
            distance((uint64_t)((c[i].value + 20) * 1e9), (uint64_t)((right[i].value + 20) * 1e9)) > 1)
            fail_msg("control %zu: frame %llu, kind %d, %g", i, (unsigned long long)c[i].frame, c[i].kind,
                     c[i].value);
    expect(score, 0, 60, 0, 22 * 240);
    assert_true(auralis_score_notes(score)[0].velocity == 100 / 127.0 * (100 / 127.0));
    auralis_score_free(score);
}

static void drums_and_long_notes(void **state) {
    (void)state;
    struct file f;
    header(&f, 0, 1, 1);
    begin(&f);
    BYTES(&f, 0, 0xff, 0x51, 3, 0x0f, 0x42, 0x40); /* a tick a second */
    BYTES(&f, 0, 0x99, 36, 127, 0, 36, 0, 0, 49, 127, 0, 49, 0, 0, 33, 127, 0, 0x90, 40, 127, 120, 40, 0);
    finish(&f);
    auralis_score *score = read_score(f.data, f.size, 8000);
    const auralis_note *n = auralis_score_notes(score);
    assert_int_equal(auralis_score_count(score), 3);
    assert_int_equal(n[0].instrument, AURALIS_KICK);
    expect(score, 0, 36, 0, 4000);
    assert_int_equal(n[1].instrument, AURALIS_SWELL);
    expect(score, 1, 49, 0, 4 * 8000);
    expect(score, 2, 40, 0, 96 * 8000);
    assert_true(auralis_score_length(score) == 120 * 8000);
    auralis_score_free(score);
}

static void every_program_is_playable_and_every_timbre_writable(void **state) {
    (void)state;
    const char *const *names;
    for (int p = 0; p < GM_PROGRAMS; p++) {
        struct gm_voice v = gm_program(p);
        assert_in_range(v.instrument, 0, AURALIS_INSTRUMENTS - 1);
        assert_in_range(v.timbre, 0, timbre_names(v.instrument, &names) - 1);
        assert_int_equal(v.percent, 100);
    }
    for (int key = 0; key < 128; key++) {
        struct gm_voice v = gm_drum(key);
        if (v.instrument >= 0) assert_in_range(v.timbre, 0, timbre_names(v.instrument, &names) - 1);
        assert_true(v.percent <= 100);
    }
    for (int i = 0; i < AURALIS_INSTRUMENTS; i++)
        for (int t = 0; t < timbre_names(i, &names); t++) {
            struct gm_voice v =
                i == AURALIS_KICK ? gm_drum(gm_program_of(i, t)) : gm_program(gm_program_of(i, t));
            assert_int_equal(v.instrument, i);
            assert_int_equal(v.timbre, t);
            assert_int_equal(v.percent, 100);
        }
}

static int by_onset_and_pitch(const void *a, const void *b) {
    const auralis_note *x = a, *y = b;
    if (x->instrument != y->instrument) return x->instrument - y->instrument;
    if (x->pitch != y->pitch) return x->pitch < y->pitch ? -1 : 1;
    if (x->onset != y->onset) return x->onset < y->onset ? -1 : 1;
    return x->duration < y->duration ? -1 : x->duration > y->duration;
}

static auralis_note *in_order(auralis_score *score) {
    size_t count = auralis_score_count(score);
    auralis_note *copy = malloc(count * sizeof *copy);
    memcpy(copy, auralis_score_notes(score), count * sizeof *copy);
    qsort(copy, count, sizeof *copy, by_onset_and_pitch);
    return copy;
}

/* Random notes of every instrument and timbre, at most three of one key at once: nested, touching,
 * overlapping. */
static void written_files_read_back(void **state) {
    (void)state;
    static const double tempos[] = {40, 70, 61.7, 120, 300};
    static const uint32_t rates[] = {44100, 48000, 96000};
    for (uint32_t seed = 0; seed < 30; seed++) {
        struct random r = random_at(seed, 0, 0, 9);
        uint32_t rate = rates[seed % 3];
        double bpm = tempos[seed % 5];
        auralis_score *score = NULL;
        auralis_score_create(rate, &score);
        for (int i = 0; i < 400; i++) {
            const char *const *names;
            auralis_note n = {.instrument = (int32_t)random_below(&r, AURALIS_INSTRUMENTS), .velocity = 1};
            n.timbre = (int32_t)random_below(&r, (uint32_t)timbre_names(n.instrument, &names));
            n.pitch = n.instrument == AURALIS_KICK ? gm_program_of(AURALIS_KICK, n.timbre) : i % 128;
            n.onset = (uint64_t)(i / 40) * rate * 20 + random_below(&r, rate * 3);
            n.duration = rate / 2 + 1 + random_below(&r, rate * 16);
            n.velocity = (1 + random_below(&r, 127)) / 127.0;
            n.pan = ((int)random_below(&r, 127) - 63) / 63.0;
            if (n.instrument == AURALIS_KICK) n.onset += (uint64_t)i * rate * 40, n.pan = 0;
            assert_int_equal(auralis_score_add(score, &n, NULL), 0);
        }
        void *data = NULL;
        size_t size = 0;
        assert_int_equal(auralis_score_write_midi(score, bpm, &data, &size), 0);
        auralis_score *back = read_score(data, size, rate);
        free(data);
        assert_int_equal(auralis_score_count(back), auralis_score_count(score));
        uint64_t tick = (uint64_t)(rate * 60 / bpm / 960) + 2;
        auralis_note *a = in_order(score), *b = in_order(back);
        for (size_t i = 0; i < auralis_score_count(score); i++) {
            assert_int_equal(a[i].instrument, b[i].instrument);
            assert_int_equal(a[i].timbre, b[i].timbre);
            assert_true(a[i].pitch == b[i].pitch);
            assert_true(distance(a[i].onset, b[i].onset) <= tick);
            assert_true(distance(a[i].duration, b[i].duration) <= tick);
            assert_true(distance((uint64_t)(a[i].velocity * 1e9), (uint64_t)(b[i].velocity * 1e9)) <= 1);
            assert_true(distance((uint64_t)(a[i].pan * 1e9 + 2e9), (uint64_t)(b[i].pan * 1e9 + 2e9)) <= 1);
        }
        assert_true(distance(auralis_score_length(score), auralis_score_length(back)) <= tick);
        free(a);
        free(b);
        auralis_score_free(score);
        auralis_score_free(back);
    }
}

static void writer_edges(void **state) {
    (void)state;
    auralis_score *score = NULL;
    auralis_score_create(48000, &score);
    void *data = NULL;
    size_t size = 0;
    assert_int_equal(auralis_score_write_midi(score, 3, &data, &size), AURALIS_EINVAL);
    assert_int_equal(auralis_score_write_midi(score, 70, &data, &size), 0);
    free(data);
    /* Ten hours in: the wait is longer than one variable-length number at 1,000 bpm. The length is kept. */
    auralis_note n = {.onset = 48000ull * 36000, .duration = 1, .pitch = 60, .velocity = 0.001};
    auralis_score_add(score, &n, NULL);
    auralis_score_set_length(score, 48000ull * 40000);
    assert_int_equal(auralis_score_write_midi(score, 1000, &data, &size), 0);
    auralis_score *back = read_score(data, size, 48000);
    assert_int_equal(auralis_score_count(back), 1);
    assert_true(auralis_score_notes(back)[0].onset == n.onset);
    assert_true(auralis_score_length(back) == 48000ull * 40000);
    free(data);
    auralis_score_free(score);
    auralis_score_free(back);
}

/* Every truncation and many corruptions of a good file: an answer, a place, no fault (sanitisers watch). */
static void no_bytes_do_harm(void **state) {
    (void)state;
    struct file f;
    header(&f, 1, 2, 96);
    begin(&f);
    BYTES(&f, 0, 0xff, 0x51, 3, 7, 0xa1, 0x20, 0, 0xf0, 3, 1, 2, 0xf7);
    finish(&f);
    begin(&f);
    BYTES(&f, 0, 0xb0, 64, 127, 5, 0x90, 60, 64, 0x81, 5, 60, 0, 10, 0xb0, 64, 0);
    finish(&f);
    for (size_t size = 0; size < f.size; size++) {
        auralis_score *score = NULL;
        auralis_message why = {{0}, {0}};
        assert_true(auralis_score_read_midi(f.data, size, 48000, &score, &why) < 0);
        assert_memory_equal(why.place, "byte ", 5);
        assert_true(strlen(why.text) > 10);
        assert_null(score);
    }
    struct random r = random_at(3, 1, 4, 1);
    for (int i = 0; i < 20000; i++) {
        struct file g = f;
        for (uint32_t k = random_below(&r, 4) + 1; k > 0; k--)
            g.data[random_below(&r, (uint32_t)g.size)] = (uint8_t)random_u64(&r);
        auralis_score *score = NULL;
        if (auralis_score_read_midi(g.data, g.size, 48000, &score, NULL) == 0) auralis_score_free(score);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(running_status_and_velocity_zero),
        cmocka_unit_test(tempo_map_across_tracks),
        cmocka_unit_test(smpte_divisions),
        cmocka_unit_test(overlapping_notes_end_oldest_first),
        cmocka_unit_test(sustain_pedal),
        cmocka_unit_test(controllers_at_note_on),
        cmocka_unit_test(messages_become_controls),
        cmocka_unit_test(drums_and_long_notes),
        cmocka_unit_test(every_program_is_playable_and_every_timbre_writable),
        cmocka_unit_test(written_files_read_back),
        cmocka_unit_test(writer_edges),
        cmocka_unit_test(no_bytes_do_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
