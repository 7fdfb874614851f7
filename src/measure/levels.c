/* levels.c — sums over all samples, in double.
 *
 * DC is the mean over ten seconds or more: a deep note that has not ended its cycle is no DC, and ten seconds
 * of it average out to −70 dB of its level or less. */
#include "measure/levels.h"

#include <math.h>
#include <string.h>

void levels_init(struct levels *l, uint32_t sample_rate) {
    memset(l, 0, sizeof *l);
    l->window = 10 * (uint64_t)sample_rate;
}

static void end_window(struct levels *l) {
    for (int c = 0; c < 2; c++) {
        l->window_dc = fmax(l->window_dc, fabs(l->window_sum[c]) / (double)l->window);
        l->window_sum[c] = 0;
    }
    l->window_frames = 0;
}

static double checked(struct levels *l, float x) {
    int class = fpclassify(x);
    if (class == FP_NORMAL || class == FP_ZERO) return (double)x;
    if (class == FP_SUBNORMAL)
        l->denormal++;
    else
        l->not_finite++;
    return 0;
}

void levels_add(struct levels *l, const float *audio, size_t frames) {
    for (size_t i = 0; i < frames; i++) {
        double a = checked(l, audio[2 * i]), b = checked(l, audio[2 * i + 1]);
        double most = fabs(a) > fabs(b) ? fabs(a) : fabs(b);
        if (most > l->peak) l->peak = most;
        l->sum[0] += a, l->sum[1] += b;
        l->square[0] += a * a, l->square[1] += b * b;
        l->product += a * b;
        l->difference += (a - b) * (a - b);
        l->window_sum[0] += a, l->window_sum[1] += b;
        if (++l->window_frames == l->window) end_window(l);
    }
    l->frames += frames;
}

double levels_dc(const struct levels *l) {
    if (!l->frames) return 0;
    return fmax(l->window_dc, fmax(fabs(l->sum[0]), fabs(l->sum[1])) / (double)l->frames);
}

double levels_correlation(const struct levels *l) {
    double both = sqrt(l->square[0] * l->square[1]);
    return both > 0 ? l->product / both : 0;
}

double levels_width(const struct levels *l) {
    double both = l->square[0] + l->square[1];
    return both > 0 ? l->difference / both : 0;
}

double levels_rms(const struct levels *l) {
    return l->frames ? sqrt((l->square[0] + l->square[1]) / (2.0 * (double)l->frames)) : 0;
}

double levels_db(double x) {
    return x > 1e-10 ? 20 * log10(x) : -200;
}
