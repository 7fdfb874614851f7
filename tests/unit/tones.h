/* tones.h — what tests hear in the left channel of a rendered tone: its spectrum, its pitch, its neighbours.
 */
#ifndef AURALIS_TESTS_TONES_H
#define AURALIS_TESTS_TONES_H

#include "fft64.h"

#include <stdlib.h>

enum { TONE_SPAN = 131072, TONE_BINS = TONE_SPAN / 2 };

/* Levels of `sound` (interleaved stereo) from its beginning, TONE_SPAN frames of it; the caller frees them.
 */
static inline double *tone_spectrum(const float *sound) {
    double complex *x = malloc(TONE_SPAN * sizeof *x);
    double *level = malloc(TONE_BINS * sizeof *level);
    if (!x || !level) abort();
    for (size_t i = 0; i < TONE_SPAN; i++) x[i] = (double)sound[2 * i] * kaiser64(i, TONE_SPAN, 20);
    fft64(x, TONE_SPAN);
    for (size_t i = 0; i < TONE_BINS; i++) level[i] = cabs(x[i]) + 1e-300;
    free(x);
    return level;
}

/* Frequency of the strongest component within a semitone of `near`: a parabola through the logarithms of the
 * three highest bins, which is what the window's main lobe nearly is. */
static inline double tone_pitch(const float *sound, double near, double rate) {
    double *level = tone_spectrum(sound), bin = near * TONE_SPAN / rate;
    size_t top = (size_t)(bin * 0.944);
    for (size_t i = top; i < (size_t)(bin * 1.06); i++)
        if (level[i] > level[top]) top = i;
    double a = log(level[top - 1]), b = log(level[top]), c = log(level[top + 1]);
    free(level);
    return ((double)top + (a - c) / (2 * (a - 2 * b + c))) * rate / TONE_SPAN;
}

/* The loudest bin of [low, high) Hz against the loudest of all, in dB. */
static inline double tone_beside(const double *level, double low, double high, double rate) {
    double most = 0, here = 0;
    for (size_t i = 0; i < TONE_BINS; i++) {
        double hz = (double)i * rate / TONE_SPAN;
        if (level[i] > most) most = level[i];
        if (hz >= low && hz < high && level[i] > here) here = level[i];
    }
    return 20 * log10(here / most);
}

#endif
