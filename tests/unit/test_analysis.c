/* The measurements of auralis analyze on signals whose answer is known. */
#include "cmocka_c.h"

#include "base/random.h"
#include "measure/alias_estimate.h"
#include "measure/analysis.h"
#include "measure/correlation.h"
#include "measure/gaps.h"
#include "measure/levels.h"
#include "measure/loudness_meter.h"
#include "measure/noise_floor.h"
#include "measure/null_test.h"
#include "measure/picture.h"
#include "measure/plot.h"
#include "measure/report.h"
#include "measure/spectrum.h"

#include <math.h>
#include <png.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 48000, SECONDS = 60, FRAMES = SECONDS * RATE };
static const double TAU = 6.283185307179586;
static float audio[2 * FRAMES], other[2 * FRAMES];

static void near(double value, double wanted, double tolerance) {
    if (!(fabs(value - wanted) <= tolerance))
        fail_msg("%.6f is not %.6f within %g", value, wanted, tolerance);
}

/* A sine in both channels of frames [from, to). */
static void sine(double hz, double amplitude, int from, int to) {
    for (int i = from; i < to; i++)
        audio[2 * i] = audio[2 * i + 1] = (float)(amplitude * sin(TAU * hz * (i - from) / RATE));
}

static void noise(float *out, double amplitude, int frames, uint64_t seed) {
    struct random r = random_at(seed, 0, 0, 0);
    for (int i = 0; i < 2 * frames; i++) out[i] = (float)(amplitude * random_range(&r, -1, 1));
}

static void silence(int from, int to) {
    memset(audio + 2 * from, 0, sizeof *audio * 2 * (size_t)(to - from));
}

/* In pieces of odd lengths, which must not matter. */
#define FEED(add, it, frames)                                                                                \
    for (int at_ = 0, n_ = 1; at_ < (frames); at_ += n_, n_ = n_ * 7 % 4093 + 1) {                           \
        if (n_ > (frames)-at_) n_ = (frames)-at_;                                                            \
        add(it, audio + 2 * at_, (size_t)n_);                                                                \
    }

static double figure_of(const struct analysis *a, const char *name) {
    struct figure figure[FIGURES_MAX];
    int count = analysis_figures(a, figure);
    for (int i = 0; i < count; i++)
        if (!strcmp(figure[i].name, name)) return figure[i].value;
    fail_msg("there is no figure %s", name);
    return 0;
}

static struct analysis *analyse(int channels, int frames) {
    struct analysis *a = analysis_new(RATE, channels, (uint64_t)frames);
    assert_non_null(a);
    FEED(analysis_add, a, frames);
    analysis_finish(a);
    return a;
}

static void gaps_are_silence_inside_sound(void **state) {
    (void)state;
    struct gaps g;
    noise(audio, 0.1, FRAMES, 1);
    silence(0, 5000); /* before the sound: no gap */
    silence(10000, 10480);
    silence(20000, 20024); /* half a millisecond: no gap */
    silence(30000, 30048);
    silence(FRAMES - 5000, FRAMES); /* after it: none either */
    audio[2 * 10200] = 0, audio[2 * 10200 + 1] = 0;
    gaps_init(&g, RATE);
    FEED(gaps_add, &g, FRAMES);
    assert_int_equal(g.count, 2);
    assert_int_equal(g.gap[0].frame, 10000);
    assert_int_equal(g.gap[0].length, 480);
    assert_int_equal(g.gap[1].frame, 30000);
    assert_int_equal(g.frames, 528);
}

static void noise_floor_is_the_quietest_peak_of_50_ms(void **state) {
    (void)state;
    static struct noise_floor n;
    noise(audio, 0.5, FRAMES, 2);
    for (int i = 50000; i < 52399; i++) audio[2 * i] = audio[2 * i + 1] = i % 2 ? 0.001f : -0.001f;
    noise_floor_init(&n, RATE);
    FEED(noise_floor_add, &n, FRAMES);
    assert_true(noise_floor_level(&n) > 0.1); /* a frame short of 50 ms */
    for (int i = 50000; i < 52400; i++) audio[2 * i] = audio[2 * i + 1] = i % 2 ? 0.001f : -0.001f;
    noise_floor_init(&n, RATE);
    FEED(noise_floor_add, &n, FRAMES);
    near(noise_floor_level(&n), 0.001, 1e-9);
    audio[2 * 51000 + 1] = 0.002f; /* the louder channel counts */
    noise_floor_init(&n, RATE);
    FEED(noise_floor_add, &n, FRAMES);
    near(noise_floor_level(&n), 0.002, 1e-9);
}

static void correlation_is_followed_by_the_second(void **state) {
    (void)state;
    struct correlation c;
    sine(440, 0.3, 0, FRAMES);
    for (int i = 10 * RATE; i < 17 * RATE; i++) audio[2 * i] = -audio[2 * i];
    silence(20 * RATE, 30 * RATE);
    correlation_init(&c, RATE);
    FEED(correlation_add, &c, FRAMES);
    near(c.lowest, -1, 1e-9);
    assert_int_equal(c.longest, 7);
    assert_int_equal(c.seconds, 50);
    assert_int_equal(c.below, 0);
}

static int spectra;
static double most_power, all_power;
static uint64_t last_first;

static void take(void *self, uint64_t first, const float *power) {
    int bin = *(int *)self;
    spectra++;
    last_first = first;
    most_power = (double)power[bin];
    all_power = 0;
    for (int k = 0; k < SPECTRUM_BINS; k++) all_power += (double)power[k];
}

static void spectrum_of_a_sine_is_its_power(void **state) {
    (void)state;
    int bin = 1000;
    struct spectrum *s = spectrum_new(2048, take, &bin);
    assert_non_null(s);
    sine(bin * (double)RATE / SPECTRUM_SIZE, 0.5, 0, 8192 + 3 * 2048 + 1);
    spectra = 0;
    FEED(spectrum_add, s, 8192 + 3 * 2048);
    assert_int_equal(spectra, 4);
    assert_int_equal(last_first, 3 * 2048);
    near(most_power, 0.25, 1e-6);
    near(all_power, 0.25 * 1.5, 1e-6); /* a Hann window spreads it over three bins */
    spectrum_finish(s);
    assert_int_equal(spectra, 4); /* nothing was left */
    spectrum_free(s);
    s = spectrum_new(8192, take, &bin);
    for (int i = 0; i < 8192; i++) audio[2 * i + 1] = 0; /* half the power where one channel is silent */
    FEED(spectrum_add, s, 8000);
    spectra = 0;
    spectrum_finish(s);
    assert_int_equal(spectra, 1);
    near(most_power, 0.125, 0.01);
    spectrum_free(s);
}

/* A sawtooth as no synthesiser should make it: its phase, sample by sample. */
static void naive_sawtooth(double hz, int frames) {
    for (int i = 0; i < frames; i++) audio[2 * i] = audio[2 * i + 1] = (float)(fmod(hz * i / RATE, 1) - 0.5);
}

static double alias_of(int frames) {
    struct alias_estimate *a = alias_estimate_new(RATE);
    assert_non_null(a);
    FEED(alias_estimate_add, a, frames);
    double level = alias_estimate_level(a);
    alias_estimate_free(a);
    return level;
}

static void alias_estimate_sees_folded_harmonics(void **state) {
    (void)state;
    naive_sawtooth(997.3,
                   10 * RATE); /* harmonic 34 is the first to fold below 15 kHz, to 14,092 Hz; 35 beside it */
    near(alias_of(10 * RATE), -20 * log10(35), 0.5);
    naive_sawtooth(2003.7, 10 * RATE); /* 17 and 18 */
    near(alias_of(10 * RATE), -20 * log10(18), 0.5);
    memset(audio, 0, sizeof audio);
    for (int n = 1; n < 20; n++) /* the same without aliases */
        for (int i = 0; i < 10 * RATE; i++) {
            audio[2 * i] += (float)(0.2 * sin(TAU * 997.3 * n * i / RATE) / n);
            audio[2 * i + 1] = audio[2 * i];
        }
    assert_true(alias_of(10 * RATE) < -100);
    noise(audio, 0.3, 10 * RATE, 3);
    assert_true(isnan(alias_of(10 * RATE)));
    silence(0, 10 * RATE);
    assert_true(isnan(alias_of(10 * RATE)));
    for (int i = 0; i < 10 * RATE; i++) /* a chord says nothing */
        audio[2 * i] = audio[2 * i + 1] =
            (float)(0.1 * (sin(TAU * 440 * i / RATE) + sin(TAU * 523.25 * i / RATE) +
                           sin(TAU * 659.26 * i / RATE)));
    assert_true(isnan(alias_of(10 * RATE)));
}

static double reading(struct loudness_meter *m, int frames, double (*read)(const struct loudness_meter *)) {
    assert_non_null(m);
    FEED(loudness_meter_add, m, frames);
    double value = read(m);
    loudness_meter_free(m);
    return value;
}

/* EBU Tech 3341 and 3342 state these signals and their readings. */
static void loudness_is_as_the_standard_says(void **state) {
    (void)state;
    sine(1000, pow(10, -23 / 20.0), 0, FRAMES);
    near(reading(loudness_meter_new(RATE), 20 * RATE, loudness_meter_integrated), -23, 0.1);
    near(reading(loudness_meter_new(RATE), 20 * RATE, loudness_meter_short_term), -23, 0.1);
    near(reading(loudness_meter_new(RATE), 20 * RATE, loudness_meter_momentary), -23, 0.1);
    near(reading(loudness_meter_new(RATE), 20 * RATE, loudness_meter_now), -23, 0.1);
    near(reading(loudness_meter_new_mono(RATE), 20 * RATE, loudness_meter_integrated), -26.01, 0.1);
    near(reading(loudness_meter_new(RATE), 20 * RATE, loudness_meter_range), 0, 0.01);
    assert_true(isinf(reading(loudness_meter_new(RATE), 2 * RATE, loudness_meter_short_term)));
    silence(0, FRAMES);
    sine(1000, pow(10, -20 / 20.0), RATE,
         RATE + RATE / 2); /* half a second: 400 ms are full, 3 s hold a sixth */
    near(reading(loudness_meter_new(RATE), 20 * RATE, loudness_meter_momentary), -20, 0.1);
    near(reading(loudness_meter_new(RATE), 20 * RATE, loudness_meter_short_term), -20 - 7.78, 0.1);
    sine(1000, pow(10, -20 / 20.0), 0, 20 * RATE);
    sine(1000, pow(10, -30 / 20.0), 20 * RATE, 40 * RATE);
    near(reading(loudness_meter_new(RATE), 40 * RATE, loudness_meter_range), 10, 0.1);
    sine(1000, pow(10, -15 / 20.0), 20 * RATE, 40 * RATE);
    near(reading(loudness_meter_new(RATE), 40 * RATE, loudness_meter_range), 5, 0.1);
}

static struct null_reading compare(int frames) {
    struct null_test *n = null_test_new(RATE);
    struct null_reading out;
    assert_non_null(n);
    for (int at = 0; at < frames; at += 1000)
        null_test_add(n, audio + 2 * at, other + 2 * at, (size_t)(frames - at < 1000 ? frames - at : 1000));
    null_test_finish(n, &out);
    null_test_free(n);
    return out;
}

static void null_test_tells_what_is_left(void **state) {
    (void)state;
    int frames = 10 * RATE;
    noise(audio, 0.5, frames, 4);
    memcpy(other, audio, sizeof other);
    struct null_reading r = compare(frames);
    assert_int_equal(r.differing, 0);
    assert_true(r.first == UINT64_MAX && isinf(r.peak) && isinf(r.rms) && isinf(r.relative));
    near(r.spectral, 0, 0);
    other[2 * 12345 + 1] += 0.25f;
    r = compare(frames);
    assert_int_equal(r.differing, 1);
    assert_int_equal(r.first, 12345);
    near(r.peak, -12.04, 0.01);
    near(r.rms, 20 * log10(0.25 / sqrt(2.0 * frames)), 0.01);
    for (int i = 0; i < 2 * frames; i++) other[i] = 0.5f * audio[i];
    r = compare(frames);
    near(r.relative, -6.02, 0.01);
    near(r.spectral, 6.02, 0.01);
    other[0] = NAN;
    r = compare(frames);
    assert_true(r.first == 0 && isinf(r.peak) && r.peak > 0);
}

static void analysis_finds_what_was_planted(void **state) {
    (void)state;
    sine(3000, 0.25, 0, FRAMES);
    for (int i = 0; i < FRAMES; i++) { /* soft ends */
        double edge = fmin(i, FRAMES - 1 - i) / 4800.0, gain = edge < 1 ? 0.5 - 0.5 * cos(TAU / 2 * edge) : 1;
        audio[2 * i] = (float)(gain * (double)audio[2 * i] + 0.01);
        audio[2 * i + 1] = (float)(0.5 * gain * (double)audio[2 * i + 1] - 0.001);
    }
    struct analysis *a = analyse(2, FRAMES);
    near(figure_of(a, "spectral_centroid"), 3000, 30);
    near(figure_of(a, "dc_offset"), 0.01, 1e-6);
    near(figure_of(a, "dc"), -40, 0.01);
    near(figure_of(a, "sample_peak"), 20 * log10(0.26), 0.02);
    near(figure_of(a, "clicks"), 0, 0);
    near(figure_of(a, "gaps"), 0, 0);
    analysis_free(a);

    sine(220, 0.1, 0, FRAMES);
    audio[2 * 1000000 + 1] += (float)pow(10, -50 / 20.0);
    audio[2 * 2000000] = NAN;
    audio[2 * 2000001] = INFINITY;
    audio[2 * 2100000] = 1e-40f;
    a = analyse(2, FRAMES);
    near(figure_of(a, "not_finite"), 2, 0);
    near(figure_of(a, "denormal"), 1, 0);
    assert_true(isfinite(figure_of(a, "integrated_loudness")));
    const struct clicks *clicks = analysis_clicks(a);
    assert_true(clicks->count >= 1 && clicks->click[0].channel == 1);
    assert_true(llabs((long long)clicks->click[0].frame - 1000000) <= 4);
    near(levels_db(clicks->click[0].height), -50, 1);
    analysis_free(a);
}

/* Music that is cut out begins and ends at once; that is no click, and a click beside it is one. */
static void ends_are_no_clicks(void **state) {
    (void)state;
    for (int i = 0; i < 5 * RATE; i++)
        audio[2 * i] = audio[2 * i + 1] = (float)(0.3 * cos(TAU * 100 * i / RATE));
    struct analysis *a = analyse(2, 5 * RATE);
    near(figure_of(a, "clicks"), 0, 0);
    assert_true(figure_of(a, "abrupt_begin") > -20 && figure_of(a, "abrupt_end") > -20);
    analysis_free(a);
    audio[2 * (5 * RATE - 200)] += 0.5f;
    a = analyse(2, 5 * RATE);
    near(figure_of(a, "clicks"), 1, 0);
    analysis_free(a);
}

/* Silence, one frame, and nothing at all. */
static void little_is_enough(void **state) {
    (void)state;
    silence(0, FRAMES);
    int lengths[] = {0, 1, 100, 5 * RATE};
    for (int i = 0; i < 4; i++) {
        struct analysis *a = analyse(2, lengths[i]);
        struct picture p;
        near(figure_of(a, "clicks"), 0, 0);
        assert_true(isinf(figure_of(a, "true_peak")) && isnan(figure_of(a, "correlation")));
        assert_int_equal(plot_analysis(a, "silence", &p), 0);
        picture_free(&p);
        analysis_free(a);
    }
}

static void picture_is_a_png_of_what_was_drawn(void **state) {
    (void)state;
    struct picture p;
    void *bytes;
    size_t size;
    assert_int_equal(picture_init(&p, 40, 30), 0);
    picture_box(&p, -5, -5, 10, 10, COLOUR_BRIGHTEST); /* cut at the edges */
    picture_box(&p, 35, 25, 10, 10, COLOUR_DARKEST);
    picture_text(&p, 10, 10, "1", COLOUR_INK);
    assert_int_equal(p.pixel[10 * 40 + 12], COLOUR_INK); /* the tip of the 1 */
    assert_int_equal(picture_text_width("100"), 3 * LETTER_WIDTH - 2);
    assert_int_equal(picture_png(&p, &bytes, &size), 0);
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_memory(&image, bytes, size));
    image.format = PNG_FORMAT_RGB;
    uint8_t rgb[30][40][3];
    assert_true(image.width == 40 && image.height == 30);
    assert_true(png_image_finish_read(&image, NULL, rgb, 0, NULL));
    assert_true(rgb[0][0][0] > 240 && rgb[4][4][0] > 240 && rgb[5][5][0] == 250); /* bright, bright, paper */
    assert_true(rgb[29][39][0] < 10 && rgb[10][12][0] == 40);
    free(bytes);
    picture_free(&p);
}

static void column_shows_what_sounds_then(void **state) {
    (void)state;
    silence(0, FRAMES);
    sine(1000, 0.5, FRAMES / 2, FRAMES);
    struct analysis *a = analyse(2, FRAMES);
    const struct analysis_column *quiet = analysis_column(a, ANALYSIS_COLUMNS / 4),
                                 *loud = analysis_column(a, ANALYSIS_COLUMNS * 3 / 4);
    int row = (int)lround(analysis_hz_row(a, 1000));
    near(analysis_row_hz(a, analysis_hz_row(a, 1000)), 1000, 1e-6);
    near((double)quiet->peak, 0, 0);
    near((double)loud->peak, 0.5, 1e-3);
    near((double)loud->rms, 0.5 / sqrt(2), 1e-3);
    assert_true(loud->power[row] > 0.2f && loud->power[row - 20] < 1e-4f && quiet->power[row] < 1e-12f);
    analysis_free(a);
}

static void reports_can_be_read(void **state) {
    (void)state;
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    report_json_text(to, "a\"\\\x01\xff\xc3\xa9");
    report_json_number(to, -INFINITY, 2);
    report_json_number(to, 1.255, 2);
    fclose(to);
    assert_string_equal(text, "\"a\\\"\\\\\\u0001\\ufffd\xc3\xa9\"null1.25");
    free(text);
    char time[32];
    report_time(time, 48000 * 3723ull + 24, 48000);
    assert_string_equal(time, "1:02:03.001");
    sine(1000, 0.5, 0, RATE);
    struct analysis *a = analyse(1, RATE);
    to = open_memstream(&text, &size);
    report_html(to, "<b>", a, "abcd", 4);
    fclose(to);
    assert_non_null(strstr(text, "data:image/png;base64,YWJjZA==\""));
    assert_non_null(strstr(text, "&lt;b>"));
    assert_null(strstr(text, "http"));
    free(text);
    analysis_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_are_silence_inside_sound),
        cmocka_unit_test(noise_floor_is_the_quietest_peak_of_50_ms),
        cmocka_unit_test(correlation_is_followed_by_the_second),
        cmocka_unit_test(spectrum_of_a_sine_is_its_power),
        cmocka_unit_test(alias_estimate_sees_folded_harmonics),
        cmocka_unit_test(loudness_is_as_the_standard_says),
        cmocka_unit_test(null_test_tells_what_is_left),
        cmocka_unit_test(analysis_finds_what_was_planted),
        cmocka_unit_test(ends_are_no_clicks),
        cmocka_unit_test(little_is_enough),
        cmocka_unit_test(picture_is_a_png_of_what_was_drawn),
        cmocka_unit_test(column_shows_what_sounds_then),
        cmocka_unit_test(reports_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
