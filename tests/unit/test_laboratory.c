/* The laboratory: planted faults are found, clean material is clean, readings are right. */
#include "cmocka_c.h"

#include "base/random.h"
#include "measure/clicks.h"
#include "measure/levels.h"
#include "measure/loudness_meter.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 48000, FRAMES = 3 * RATE };
static const double TAU = 6.283185307179586;
static float audio[2 * FRAMES];

/* Materials of three seconds, with soft edges, about −20 dB. */
enum material {
    SILENCE,
    SINE_100,
    SINE_1000,
    SINE_5000,
    SINE_12000,
    PAD,
    SAW_BASS,
    NOISE,
    BURSTS,
    BELLS,
    MATERIALS
};

static double sine(double hz, double t) {
    return sin(TAU * hz * t);
}

/* Sawtooth of 12 harmonics or up to 16 kHz, whichever is less: as a filtered oscillator gives it. */
static double saw(double hz, double t, int harmonics) {
    double sum = 0;
    for (int k = 1; k <= harmonics && k * hz < 16000; k++) sum += sine(k * hz, t) / k;
    return sum;
}

static double sample(enum material m, int channel, double t, double noise) {
    double shift = channel ? .3 : 0, burst = fmod(t, .5);
    switch (m) {
    case SINE_100:
        return .1 * sine(100, t + shift);
    case SINE_1000:
        return .1 * sine(1000.3, t + shift);
    case SINE_5000:
        return .1 * sine(5011.7, t + shift);
    case SINE_12000:
        return .1 * sine(12007, t + shift);
    case PAD:
        return .02 * (saw(220 + channel, t, 12) + saw(261.6, t, 12) + saw(329.6, t, 12)) *
               (1 + .2 * sine(.5, t));
    case SAW_BASS:
        return .05 * saw(55 + channel, t, 300);
    case NOISE:
        return .1 * noise * (.5 + .5 * sine(.4, t));
    case BURSTS:
        return burst < .2 ? .1 * noise * (.5 - .5 * cos(TAU * burst / .2)) : 0; /* Hann */
    case BELLS: {
        double rise = burst < .002 ? .5 - .5 * cos(TAU / 2 * burst / .002) : 1;
        return .1 * rise * exp(-6 * burst) *
               (sine(880, burst) + .5 * sine(2430, burst) + .3 * sine(4766, burst) * exp(-20 * burst));
    }
    default:
        return 0;
    }
}

/* Into audio[]. What has no noise in it is worked out once. */
static void make(enum material m, uint64_t seed) {
    static float made[MATERIALS][2 * FRAMES];
    static bool is_made[MATERIALS];
    struct random r = random_at(seed, 0, 0, 0);
    for (int i = 0; i < FRAMES && !is_made[m]; i++)
        for (int c = 0; c < 2; c++) {
            double t = (double)i / RATE, edge = fmin(fmin(t, 3 - (double)(i + 1) / RATE) / .2, 1);
            double noise = random_range(&r, -1, 1) + random_range(&r, -1, 1) + random_range(&r, -1, 1);
            made[m][2 * i + c] = (float)(sample(m, c, t, noise) * (.5 - .5 * cos(TAU / 2 * edge)));
        }
    is_made[m] = m != NOISE && m != BURSTS;
    memcpy(audio, made[m], sizeof audio);
}

static struct clicks search(void) {
    struct clicks clicks;
    struct random r = random_at(9, 0, 0, 0);
    clicks_init(&clicks, RATE);
    for (uint32_t i = 0; i < FRAMES;) {
        uint32_t n = random_below(&r, 3000);
        if (n > FRAMES - i) n = FRAMES - i;
        clicks_add(&clicks, audio + 2 * i, n);
        i += n;
    }
    clicks_finish(&clicks);
    return clicks;
}

static void clean_material_has_no_clicks(void **state) {
    (void)state;
    for (enum material m = SILENCE; m < MATERIALS; m++)
        for (uint64_t seed = 0; seed < 3; seed++) {
            make(m, seed);
            assert_int_equal(search().count, 0);
        }
}

/* One sample that is −50 dB off, and a step of −50 dB that dies away in 20 ms, in everything that does not
 * hide them: hiss, a loud high sine and the edges of a bass saw are louder there than such a click. */
static void clicks_of_minus_fifty_decibels_are_found(void **state) {
    (void)state;
    static const enum material quiet[] = {SILENCE, SINE_100, SINE_1000, PAD};
    double height = pow(10, -50.0 / 20);
    struct random r = random_at(7, 0, 0, 0);
    for (size_t i = 0; i < sizeof quiet / sizeof *quiet; i++)
        for (int trial = 0; trial < 24; trial++) {
            int channel = (int)random_below(&r, 2),
                at = RATE / 10 + (int)random_below(&r, 2 * RATE + RATE / 2);
            make(quiet[i], (uint64_t)trial);
            if (trial % 2)
                audio[2 * at + channel] += (float)height;
            else
                for (int k = at; k < FRAMES; k++)
                    audio[2 * k + channel] -= (float)(height * exp(-(k - at) / (.02 * RATE)));
            struct clicks found = search();
            assert_int_equal(found.count, 1);
            assert_int_equal(found.click[0].channel, channel);
            assert_true(llabs((long long)found.click[0].frame - at) < 5);
            if (trial % 2) assert_true(fabs(found.click[0].height / height - 1) < .35);
        }
}

/* Louder ones in anything; two close together; a hole; a beginning and an end without edges. */
static void other_clicks_are_found(void **state) {
    (void)state;
    for (enum material m = SILENCE; m < MATERIALS; m++) {
        make(m, 1);
        audio[2 * 70000] += .8f;
        assert_int_equal(search().count, 1);
    }
    make(PAD, 1);
    audio[2 * 70000] += .01f, audio[2 * 70500] += .01f;
    assert_int_equal(search().count, 2);
    make(SINE_100, 1);
    for (int i = 70000; i < 80000; i++) audio[2 * i] = audio[2 * i + 1] = 0;
    assert_true(search().count >= 2);
    for (int i = 0; i < FRAMES; i++) audio[2 * i] = audio[2 * i + 1] = .1f;
    struct clicks ends = search();
    assert_int_equal(ends.count, 4);
    assert_true(ends.click[0].frame < 5 && ends.click[3].frame >= FRAMES - 5);
}

static struct levels measure(void) {
    struct levels l;
    levels_init(&l, RATE);
    levels_add(&l, audio, 1000);
    levels_add(&l, audio + 2000, FRAMES - 1000);
    return l;
}

static void levels_are_what_was_put_in(void **state) {
    (void)state;
    for (int i = 0; i < FRAMES; i++) {
        audio[2 * i] = (float)(.5 * sine(1000, (double)i / RATE) + .002);
        audio[2 * i + 1] = (float)(-.25 * sine(1000, (double)i / RATE));
    }
    struct levels l = measure();
    assert_true(fabs(l.peak - .502) < 1e-6);
    assert_true(fabs(levels_dc(&l) - .002) < 1e-6);
    assert_true(levels_correlation(&l) < -.999);
    assert_true(fabs(levels_rms(&l) - sqrt((.125 + .03125) / 2)) < 1e-4);
    assert_true(levels_width(&l) > 1.7);
    assert_int_equal(l.not_finite + l.denormal, 0);
    for (int i = 0; i < FRAMES; i++) audio[2 * i + 1] = audio[2 * i];
    audio[100] = NAN, audio[201] = INFINITY, audio[301] = 1e-40f;
    l = measure();
    assert_int_equal(l.not_finite, 2);
    assert_int_equal(l.denormal, 1);
    assert_true(levels_width(&l) < 1e-3 && levels_correlation(&l) > .999);
}

/* DC that comes and goes again is found too: minus in one ten seconds, plus in the next. */
static void dc_of_ten_seconds_counts(void **state) {
    (void)state;
    struct levels l;
    levels_init(&l, RATE);
    for (int part = 0; part < 20; part++) {
        for (int i = 0; i < 2 * FRAMES; i++) audio[i] = part < 10 ? .01f : -.01f;
        levels_add(&l, audio, FRAMES);
    }
    assert_true(fabs(l.sum[0]) < 1e-3 && fabs(levels_dc(&l) - .01) < 1e-6);
}

/* EBU Tech 3341, case 1: a stereo sine of 1 kHz at −23 dBFS reads −23.0 ±0.1 LUFS. And a sine at a quarter of
 * the rate whose samples all miss its crest peaks 3 dB above them. */
static void loudness_and_true_peak_read_right(void **state) {
    (void)state;
    double a = pow(10, -23.0 / 20);
    for (int i = 0; i < FRAMES; i++)
        audio[2 * i] = audio[2 * i + 1] = (float)(a * sine(1000, (double)i / RATE));
    struct loudness_meter *meter = loudness_meter_new(RATE);
    for (int i = 0; i < 4; i++) loudness_meter_add(meter, audio, FRAMES);
    assert_true(fabs(loudness_meter_integrated(meter) + 23) < .1);
    assert_true(fabs(loudness_meter_true_peak(meter) + 23) < .2);
    assert_true(loudness_meter_range(meter) < .1);
    loudness_meter_free(meter);
    meter = loudness_meter_new(RATE);
    for (int i = 0; i < FRAMES; i++) audio[2 * i] = audio[2 * i + 1] = (float)(.5 * sin(TAU * (i + .5) / 4));
    loudness_meter_add(meter, audio, FRAMES);
    assert_true(fabs(loudness_meter_true_peak(meter) + 6.02) < .3);
    loudness_meter_free(meter);
    loudness_meter_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_material_has_no_clicks),
        cmocka_unit_test(clicks_of_minus_fifty_decibels_are_found),
        cmocka_unit_test(other_clicks_are_found),
        cmocka_unit_test(levels_are_what_was_put_in),
        cmocka_unit_test(dc_of_ten_seconds_counts),
        cmocka_unit_test(loudness_and_true_peak_read_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
