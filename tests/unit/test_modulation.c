/* Pitch that stays where it should, and movement that is not heard as a buzz.
 *
 * Pitch: after a day of stream time a note is within 0.001 cent of what was asked for, measured by the phase
 * it has gone through. Movement: filters, vibrato, tremolo, level, brightness and space move once a block of
 * 64 frames, and what moves in steps has sidebands at multiples of 750 Hz: they must be 80 dB down. */
#include "cmocka_c.h"
#include "tones.h"

#include <auralis/auralis.h>

#include "device/cpu/cpu.h"
#include "music/timbre.h"
#include "synth/bank.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { RATE = 48000, SECONDS = 7, FRAMES = RATE * SECONDS };
static const double TAU = 6.28318530717958647693, DAY = 24 * 3600;

static auralis_score *note_at(uint32_t rate, double begin, double seconds, int instrument, int timbre,
                              double pitch) {
    auralis_score *score;
    auralis_note n = {.onset = (uint64_t)(begin * rate),
                      .duration = (uint64_t)(seconds * rate),
                      .pitch = pitch,
                      .velocity = 0.05,
                      .instrument = instrument,
                      .timbre = timbre};
    assert_int_equal(auralis_score_create(rate, &score), 0);
    assert_int_equal(auralis_score_add(score, &n, NULL), 0);
    return score;
}

static double hz_of(double pitch) {
    return 440 * exp2((pitch - 69) / 12);
}

/* The phase, in turns, of the component of frequency `hz` in a second of sound around its frame `at`, and how
 * strong the window says it is. */
static double phase_at(const float *sound, size_t at, double hz, double rate) {
    double complex sum = 0;
    size_t n = (size_t)rate;
    for (size_t i = 0; i < n; i++) {
        double t = (double)i - (double)n / 2;
        sum += sound[2 * (at - n / 2 + i)] * kaiser64(i, n, 14) * cexp(-I * TAU * hz * t / rate);
    }
    return carg(sum) / TAU;
}

/* Cents between what sounds and `hz`: the phase gained in `seconds`. Right as long as it is below half a
 * turn, 0.5 Hz a second. */
static double cents_off(const float *sound, double from, double seconds, double hz, double rate) {
    size_t a = (size_t)(from * rate), b = a + (size_t)(seconds * rate);
    double turns = phase_at(sound, b, hz, rate) - phase_at(sound, a, hz, rate) - hz * (double)(b - a) / rate;
    turns -= round(turns);
    return 1200 / log(2) * turns * rate / (double)(b - a) / hz;
}

/* A note of the engine that begins a day into the stream, sounding for a minute and a half. */
static void pitch_is_exact_after_a_day(void **state) {
    (void)state;
    static const uint32_t rates[] = {44100, 48000, 96000};
    static const double pitches[] = {21, 57.31, 108};
    double worst = 0;
    for (int r = 0; r < 3; r++)
        for (int p = 0; p < 3; p++) {
            uint32_t rate = rates[r];
            auralis_engine *engine;
            auralis_stream *stream;
            auralis_score *score = note_at(rate, DAY, 92, AURALIS_LEAD, AURALIS_TIMBRE_SEED, pitches[p]);
            auralis_stream_config c = {
                .sample_rate = rate, .score = score, .dry = true, .start = (uint64_t)(DAY * rate)};
            float *sound = malloc((size_t)rate * 92 * 2 * sizeof *sound);
            assert_non_null(sound);
            assert_int_equal(auralis_engine_create(&(auralis_engine_config){.max_streams = 1}, &engine), 0);
            assert_int_equal(auralis_stream_open(engine, &c, &stream), 0);
            assert_int_equal(auralis_stream_read(stream, sound, (size_t)rate * 92), 0);
            double cents = cents_off(sound, 2, 2, hz_of(pitches[p]), rate);
            if (!(fabs(cents) < 0.05))
                fail_msg("pitch %g at %u Hz: off by %g cents", pitches[p], rate, cents);
            cents = cents_off(sound, 2, 88, hz_of(pitches[p]), rate);
            if (!(fabs(cents) < 0.001))
                fail_msg("pitch %g at %u Hz: off by %g cents", pitches[p], rate, cents);
            if (fabs(cents) > worst) worst = fabs(cents);
            free(sound);
            auralis_engine_destroy(engine);
            auralis_score_free(score);
        }
    printf("after a day: within %.6f cent\n", worst);
}

/* Phase words of every program that has pitch, after as long as a note may live: what was asked for, with
 * vibrato in the mean of whole swings. */
static void phases_do_not_drift(void **state) {
    (void)state;
    static const struct {
        int instrument, timbre, phase;
    } voices[] = {{AURALIS_PAD, AURALIS_TIMBRE_SEED, TONE_WAVE + WAVE_PHASE3},
                  {AURALIS_LEAD, LEAD_REED, ANALOG_WAVE + WAVE_PHASE3},
                  {AURALIS_LEAD, LEAD_FLUTE, ANALOG_WAVE + WAVE_PHASE3},
                  {AURALIS_BELL, BELL_CRYSTAL, BELL_PHASE}};
    const struct kernels *table;
    static float rows[VOICE_RUN_MAX * VOICE_ROW] __attribute__((aligned(64)));
    assert_int_equal(cpu_kernels(NULL, &table), 0);
    for (size_t v = 0; v < sizeof voices / sizeof *voices; v++)
        for (int pitch = 33; pitch < 108; pitch += 25) {
            struct voice_start start;
            struct bank bank;
            auralis_note n = {.duration = 96 * RATE, .pitch = pitch + 0.2, .velocity = 1};
            n.instrument = voices[v].instrument, n.timbre = voices[v].timbre;
            instrument_start(&n, RATE, 0, 0, 0, &start);
            start.word[VOICE_RUN] = UINT32_MAX;
            bank_init(&bank, start.program);
            assert_int_equal(bank_reserve(&bank, 1), 0);
            bank_add(&bank, 0, &start, n.instrument, 0);
            uint32_t from = 10 * RATE / BLOCK, blocks = 80 * RATE / BLOCK,
                     phase = 0; /* whole swings of 5.1 Hz */
            for (uint32_t b = 0; b < from + blocks; b++) {
                struct voice_run run = {bank.word, bank.tail, 0, 1, rows};
                if (b == from) phase = bank.word[voices[v].phase][0];
                table->voice[start.program](&run);
            }
            double turns = hz_of(n.pitch) / RATE * BLOCK * blocks,
                   off = (bank.word[voices[v].phase][0] - phase) * 0x1p-32 - turns;
            double cents = 1200 / log(2) * (off - round(off)) / turns;
            if (!(fabs(cents) < 0.001))
                fail_msg("instrument %d timbre %d at %g drifts by %g cents", n.instrument, n.timbre, n.pitch,
                         cents);
            bank_free(&bank);
        }
}

/* What happens to the stream while it plays. */
typedef void disturbance(auralis_parameters *p, int step);

static void nothing(auralis_parameters *p, int step) {
    (void)p, (void)step;
}
static void move_level(auralis_parameters *p, int step) {
    p->level = step % 2 ? -3 : -12;
}
static void move_brightness(auralis_parameters *p, int step) {
    p->brightness = step % 2 ? 0.3 : 0.9;
}
static void move_space(auralis_parameters *p, int step) {
    p->space = step % 2 ? 0.2 : 0.8;
}

/* One note, through all effects or none, while a parameter moves five times a second. */
static float *play(const auralis_score *note, bool dry, disturbance *disturb) {
    enum { STEP = RATE / 5 };
    auralis_engine *engine;
    auralis_stream *stream;
    auralis_stream_config c = {.score = (auralis_score *)(uintptr_t)note, .dry = dry};
    float *sound = malloc(2 * FRAMES * sizeof *sound);
    assert_non_null(sound);
    assert_int_equal(auralis_engine_create(&(auralis_engine_config){.max_streams = 1}, &engine), 0);
    assert_int_equal(auralis_stream_open(engine, &c, &stream), 0);
    for (int i = 0; i < FRAMES / STEP; i++) {
        auralis_parameters p = auralis_stream_parameters(stream);
        disturb(&p, i);
        assert_int_equal(auralis_stream_set(stream, &p, ~(auralis_parameter_set)0, NULL, NULL), 0);
        assert_int_equal(auralis_stream_read(stream, sound + (size_t)i * 2 * STEP, STEP), 0);
    }
    auralis_engine_destroy(engine);
    return sound;
}

/* The strongest sideband at hz ± k × 750 Hz, in dB below the strongest of all. */
static double buzz(const float *sound, double hz) {
    double *level = tone_spectrum(sound + 4 * RATE), most = -999;
    for (int k = -2; k <= 4; k++) {
        double at = hz + 750.0 * k, db = tone_beside(level, at - 60, at + 60, RATE);
        if (k && at > 200 && db > most) most = db;
    }
    free(level);
    return most;
}

static void nothing_buzzes_at_the_rate_of_blocks(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int instrument, timbre;
        double pitch;
        bool dry;
        disturbance *disturb;
    } cases[] = {
        {"vibrato of a high flute", AURALIS_LEAD, LEAD_FLUTE, 106.82, true, nothing},
        {"vibrato of a flute", AURALIS_LEAD, LEAD_FLUTE, 94.3242, true, nothing},
        {"vibrato of strings", AURALIS_PAD, PAD_STRINGS, 94.3242, true, nothing},
        {"tremolo and filter of glass", AURALIS_PAD, PAD_GLASS, 94.3242, true, nothing},
        {"tremolo of the original's pad", AURALIS_LEAD, AURALIS_TIMBRE_SEED, 94.3242, true, nothing},
        {"level", AURALIS_LEAD, AURALIS_TIMBRE_SEED, 94.3242, false, move_level},
        {"brightness", AURALIS_PAD, PAD_GLASS, 94.3242, true, move_brightness},
        {"brightness of a bell", AURALIS_BELL, BELL_CRYSTAL, 94.3242, true, move_brightness},
        {"space", AURALIS_LEAD, AURALIS_TIMBRE_SEED, 94.3242, false, move_space},
    };
    int failures = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        auralis_score *score =
            note_at(RATE, 0, SECONDS, cases[i].instrument, cases[i].timbre, cases[i].pitch);
        float *sound = play(score, cases[i].dry, cases[i].disturb);
        double db = buzz(sound, hz_of(cases[i].pitch));
        printf("%-32s %7.1f dB\n", cases[i].name, db);
        failures += !(db < -80);
        free(sound);
        auralis_score_free(score);
    }
    assert_int_equal(failures, 0);
}

/* Chorus, echo, reverb, DC blocker and limiter give a tone back with its own neighbourhood, and nothing else:
 * −80 dB from 60 Hz on, −70 dB below, where nobody hears it. */
static void effects_add_nothing_to_a_tone(void **state) {
    (void)state;
    double worst = -999, worst_low = -999;
    for (double pitch = 35; pitch < 120; pitch += 4.3) {
        double hz = hz_of(pitch), around = 20 + 0.1 * hz;
        auralis_score *score = note_at(RATE, 0, SECONDS, AURALIS_LEAD, AURALIS_TIMBRE_SEED, pitch);
        float *sound = play(score, false, nothing);
        double *level = tone_spectrum(sound + 4 * RATE), low = tone_beside(level, 60, hz - around, RATE),
               high = tone_beside(level, hz + around, RATE / 2, RATE),
               bottom = tone_beside(level, 20, hz - around < 60 ? hz - around : 60, RATE);
        if (!(low < -80 && high < -80 && bottom < -70))
            fail_msg("%.0f Hz: %.1f dB below it, %.1f above, %.1f at the bottom", hz, low, high, bottom);
        worst = fmax(worst, fmax(low, high));
        worst_low = fmax(worst_low, bottom);
        free(level), free(sound);
        auralis_score_free(score);
    }
    printf("beside a tone %.1f dB, below 60 Hz %.1f dB\n", worst, worst_low);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pitch_is_exact_after_a_day),
        cmocka_unit_test(phases_do_not_drift),
        cmocka_unit_test(nothing_buzzes_at_the_rate_of_blocks),
        cmocka_unit_test(effects_add_nothing_to_a_tone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
