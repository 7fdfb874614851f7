/* null_test.c — see null_test.h.
 *
 * The spectral distance tells what a difference in decibels cannot: whether two recordings sound alike
 * although no sample agrees. It is the mean over time of the RMS, over third-octave bands from 25 Hz to 16
 * kHz, of the difference between the two levels in dB; levels below −80 dB count as −80, for nobody hears by
 * how much a band is silent. Frames in which both are silent do not count. */
#include "measure/null_test.h"
#include "measure/levels.h"
#include "measure/spectrum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BANDS = 29, HOP = SPECTRUM_SIZE / 2 };
static const double LOWEST_HZ = 24.8, FLOOR = 1e-8;

struct null_test {
    uint32_t rate;
    uint64_t frames, differing, first;
    double peak, square, square_a;
    struct spectrum *spectrum[2];
    double band[2][BANDS], distance;
    uint64_t spectra;
};

static void bands_of(const struct null_test *n, const float *power, double *band) {
    double bins = (double)SPECTRUM_SIZE / n->rate;
    for (int b = 0; b < BANDS; b++) {
        double from = LOWEST_HZ * pow(2, (b - 0.5) / 3) * bins, to = from * pow(2, 1.0 / 3);
        band[b] = 0;
        for (int k = (int)ceil(from); k < to && k < SPECTRUM_BINS; k++) band[b] += (double)power[k];
    }
}

static void on_first(void *self, uint64_t first, const float *power) {
    struct null_test *n = self;
    (void)first;
    bands_of(n, power, n->band[0]);
}

static void on_second(void *self, uint64_t first, const float *power) {
    struct null_test *n = self;
    (void)first;
    double sum = 0, most = 0;
    bands_of(n, power, n->band[1]);
    for (int b = 0; b < BANDS; b++) {
        double x = fmax(n->band[0][b], FLOOR), y = fmax(n->band[1][b], FLOOR), d = 10 * log10(x / y);
        most = fmax(most, fmax(x, y));
        sum += d * d;
    }
    if (most <= FLOOR) return;
    n->distance += sqrt(sum / BANDS);
    n->spectra++;
}

struct null_test *null_test_new(uint32_t sample_rate) {
    struct null_test *n = calloc(1, sizeof *n);
    if (!n) return NULL;
    n->rate = sample_rate;
    n->first = UINT64_MAX;
    n->spectrum[0] = spectrum_new(HOP, on_first, n);
    n->spectrum[1] = spectrum_new(HOP, on_second, n);
    if (n->spectrum[0] && n->spectrum[1]) return n;
    null_test_free(n);
    return NULL;
}

void null_test_free(struct null_test *n) {
    if (!n) return;
    spectrum_free(n->spectrum[0]);
    spectrum_free(n->spectrum[1]);
    free(n);
}

/* Bits are compared, so that what is not a number differs from everything but itself. */
static void compare(struct null_test *n, const float *a, const float *b, size_t frames) {
    for (size_t i = 0; i < 2 * frames; i++) {
        double x = isfinite(a[i]) ? (double)a[i] : 0, y = isfinite(b[i]) ? (double)b[i] : 0, d = x - y;
        n->square_a += x * x;
        if (a[i] == b[i] || !memcmp(&a[i], &b[i], sizeof *a)) continue;
        n->differing++;
        if (n->first == UINT64_MAX) n->first = n->frames + i / 2;
        if (!isfinite(a[i]) || !isfinite(b[i])) d = INFINITY;
        n->peak = fmax(n->peak, fabs(d));
        n->square += d * d;
    }
}

void null_test_add(struct null_test *n, const float *a, const float *b, size_t frames) {
    compare(n, a, b, frames);
    n->frames += frames;
    for (size_t i = 0; i < frames; i++) { /* in step, so that the two spectra of a frame meet */
        spectrum_add(n->spectrum[0], a + 2 * i, 1);
        spectrum_add(n->spectrum[1], b + 2 * i, 1);
    }
}

static double decibels(double x) {
    return x > 0 ? 20 * log10(x) : -INFINITY;
}

void null_test_finish(struct null_test *n, struct null_reading *out) {
    spectrum_finish(n->spectrum[0]);
    spectrum_finish(n->spectrum[1]);
    double rms = n->frames ? sqrt(n->square / (2.0 * (double)n->frames)) : 0;
    *out = (struct null_reading){.frames = n->frames,
                                 .differing = n->differing,
                                 .first = n->first,
                                 .peak = decibels(n->peak),
                                 .rms = decibels(rms),
                                 .relative = n->square > 0 ? 10 * log10(n->square / n->square_a) : -INFINITY,
                                 .spectral = n->spectra ? n->distance / (double)n->spectra : 0};
}
