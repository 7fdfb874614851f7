/* alias_estimate.c — see alias_estimate.h.
 *
 * A frame under a Blackman-Harris window (F. J. Harris, 1978; side lobes below −92 dB, main lobe of 4 bins to
 * each side). The fundamental is the strongest peak or one of its first divisors, whichever series holds the
 * most power; it is refined from its highest clear harmonic, since an error grows with the harmonic's number.
 * An alias of harmonic n lies where n f folds at multiples of half the rate. */
#include "measure/alias_estimate.h"

#include <kiss_fft.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 32768, HALF = SIZE / 2, LOBE = 6, DIVISORS = 3, LOWEST = 64, STEPS = 2000 };
static const double TURN = 6.283185307179586, SERIES_SHARE = 0.9, OWN_SHARE = 0.995, AUDIBLE = 15000;

struct alias_estimate {
    kiss_fft_cfg fft;
    uint32_t rate, filled;
    uint64_t sounding;             /* frames with sound */
    uint64_t frames, count[STEPS]; /* judged; by level, −n / 10 dB */
    double power[HALF + 1];
    bool counted[HALF + 1]; /* bins of this frame, among the folded */
    float window[SIZE];
    kiss_fft_cpx in[SIZE], out[SIZE];
};

struct alias_estimate *alias_estimate_new(uint32_t sample_rate) {
    struct alias_estimate *a = calloc(1, sizeof *a);
    if (!a) return NULL;
    a->rate = sample_rate;
    a->fft = kiss_fft_alloc(SIZE, 0, NULL, NULL);
    if (!a->fft) {
        free(a);
        return NULL;
    }
    for (int i = 0; i < SIZE; i++) {
        double t = TURN * (i + 0.5) / SIZE;
        a->window[i] = (float)(0.35875 - 0.48829 * cos(t) + 0.14128 * cos(2 * t) - 0.01168 * cos(3 * t));
    }
    return a;
}

/* Where the peak at bin k really lies: a parabola through the logarithms of three bins. */
static double peak_at(const struct alias_estimate *a, int k) {
    if (k < 1 || k >= HALF) return k;
    double l = log(a->power[k - 1] + 1e-30), m = log(a->power[k] + 1e-30), r = log(a->power[k + 1] + 1e-30);
    double bend = l - 2 * m + r;
    return bend < 0 ? k + 0.5 * (l - r) / bend : k;
}

static int strongest(const struct alias_estimate *a, int from, int to) {
    int best = from;
    for (int k = from; k <= to; k++)
        if (a->power[k] > a->power[best]) best = k;
    return best;
}

/* Of the peak at bin k, wherever between bins it lies. */
static double lobe_power(const struct alias_estimate *a, int k) {
    double sum = 0;
    for (int i = k - 3; i <= k + 3; i++)
        if (i >= 0 && i <= HALF) sum += a->power[i];
    return sum;
}

/* Power within a main lobe of a multiple of f. */
static double series_power(const struct alias_estimate *a, double f) {
    double sum = 0;
    int done = LOBE;
    for (int n = 1; n * f < HALF - LOBE; n++) {
        int middle = (int)lround(n * f), from = middle - LOBE > done ? middle - LOBE : done + 1;
        for (int k = from; k <= middle + LOBE; k++) sum += a->power[k];
        done = middle + LOBE;
    }
    return sum;
}

/* A better f from each doubling of the harmonic's number, as long as it stands out. */
static double refine(const struct alias_estimate *a, double f, double floor) {
    for (int n = 1; n * f < HALF - 2 * LOBE; n *= 2) {
        int near = (int)lround(n * f), k = strongest(a, near - 3, near + 3);
        if (a->power[k] < floor) break;
        f = peak_at(a, k) / n;
    }
    return f;
}

static double folded(double bin) {
    double x = fmod(bin, SIZE);
    return x > HALF ? SIZE - x : x;
}

/* Power at the place that harmonic n folds to; 0 where it cannot be told from a harmonic or is not heard. */
static double alias_power(const struct alias_estimate *a, double f, int n) {
    double at = folded(n * f);
    int k = (int)lround(at);
    if (at > AUDIBLE / a->rate * SIZE || at < 2 * LOBE || fabs(at - f * round(at / f)) < 2 * LOBE) return 0;
    return lobe_power(a, strongest(a, k - 1, k + 1));
}

/* Power where harmonics fold to, away from the series itself. */
static double folded_power(struct alias_estimate *a, double f) {
    double sum = 0;
    memset(a->counted, 0, sizeof a->counted);
    for (int n = (int)(HALF / f) + 1; n * f < 8.0 * SIZE; n++) {
        double at = folded(n * f);
        int middle = (int)lround(at);
        if (fabs(at - f * round(at / f)) < 2 * LOBE) continue;
        for (int k = middle - LOBE + 1; k < middle + LOBE; k++) {
            if (k <= 0 || k > HALF || a->counted[k]) continue;
            a->counted[k] = true;
            sum += a->power[k];
        }
    }
    return sum;
}

/* What stands by chance where an alias would be stands alone: an alias has the next harmonic's beside it, or
 * in a wave without even harmonics the one after that. */
static double strongest_alias(const struct alias_estimate *a, double f) {
    double most = 0, now = 0, next = 0, after = 0;
    for (int n = (int)(HALF / f) + 1; n * f < 8.0 * SIZE; n++) {
        now = next, next = after, after = alias_power(a, f, n);
        most = fmax(most, fmin(now, fmax(next, after)));
    }
    return most;
}

static void judge(struct alias_estimate *a) {
    double all = 0, best_power = 0, f = 0;
    for (int k = LOBE + 1; k <= HALF; k++) all += a->power[k];
    int peak = strongest(a, LOBE + 1, HALF - LOBE);
    if (a->power[peak] < 1e-6) return;
    a->sounding++;
    if (peak < LOWEST) return; /* too low to tell */
    double at = peak_at(a, peak);
    for (int d = 1; d <= DIVISORS && at / d > LOWEST; d++) {
        double power = series_power(a, at / d);
        if (power > best_power * 1.01) best_power = power, f = at / d;
    }
    if (best_power < SERIES_SHARE * all) return;
    f = refine(a, f, a->power[peak] * 1e-6);
    if (best_power + folded_power(a, f) < OWN_SHARE * all) return;
    double level = 10 * log10(strongest_alias(a, f) / lobe_power(a, peak) + 1e-20);
    int step = (int)(-level * 10 + 0.5);
    a->count[step < 0 ? 0 : step < STEPS ? step : STEPS - 1]++;
    a->frames++;
}

static void transform(struct alias_estimate *a) {
    for (int i = 0; i < SIZE; i++) a->in[i].r *= a->window[i], a->in[i].i *= a->window[i];
    kiss_fft(a->fft, a->in, a->out);
    double scale = 1 / (0.35875 * SIZE);
    for (int k = 0; k <= HALF; k++) {
        kiss_fft_cpx p = a->out[k], q = a->out[(SIZE - k) % SIZE];
        a->power[k] =
            ((double)(p.r * p.r) + (double)(p.i * p.i) + (double)(q.r * q.r) + (double)(q.i * q.i)) * scale *
            scale;
    }
    judge(a);
    a->filled = 0;
}

void alias_estimate_add(struct alias_estimate *a, const float *audio, size_t frames) {
    for (size_t i = 0; i < frames; i++) {
        a->in[a->filled++] = (kiss_fft_cpx){audio[2 * i], audio[2 * i + 1]};
        if (a->filled == SIZE) transform(a);
    }
}

double alias_estimate_level(const struct alias_estimate *a) {
    uint64_t seen = 0;
    if (!a->frames || a->frames * 2 < a->sounding) return NAN;
    for (int i = 0; i < STEPS; i++)
        if ((seen += a->count[i]) * 2 > a->frames) return -i / 10.0;
    return NAN;
}

uint64_t alias_estimate_frames(const struct alias_estimate *a) {
    return a->frames;
}

void alias_estimate_free(struct alias_estimate *a) {
    if (!a) return;
    kiss_fft_free(a->fft);
    free(a);
}
