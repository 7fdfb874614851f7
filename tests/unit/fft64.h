/* fft64.h — a Fourier transform in double, for tests that judge float32: the judge has to be quieter than
 * what it hears. Radix 2 (J. W. Cooley and J. W. Tukey, 1965), in place, slow and plain. */
#ifndef AURALIS_TESTS_FFT64_H
#define AURALIS_TESTS_FFT64_H

#include <complex.h>
#include <math.h>
#include <stddef.h>

/* n is a power of two. */
static inline void fft64(double complex *x, size_t n) {
    for (size_t i = 1, j = 0; i < n; i++) {
        size_t bit = n >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j |= bit;
        if (i < j) {
            double complex t = x[i];
            x[i] = x[j];
            x[j] = t;
        }
    }
    for (size_t half = 1; half < n; half *= 2)
        for (size_t k = 0; k < half; k++) {
            double complex turn = cexp(-I * 3.14159265358979323846 * (double)k / (double)half);
            for (size_t i = k; i < n; i += 2 * half) {
                double complex a = x[i], b = turn * x[i + half];
                x[i] = a + b;
                x[i + half] = a - b;
            }
        }
}

/* Sample i of a Kaiser window of n samples: side lobes 20 (β = 20) are below −150 dB, its main lobe is 7 bins
 * to each side. */
static inline double kaiser64(size_t i, size_t n, double beta) {
    double x = 2 * ((double)i + 0.5) / (double)n - 1, sum[2];
    for (int k = 0; k < 2; k++) {
        double term = 1, at = k ? beta : beta * sqrt(1 - x * x);
        sum[k] = 1;
        for (int j = 1; term > 1e-17 * sum[k]; j++) sum[k] += term *= (at / 2 / j) * (at / 2 / j);
    }
    return sum[0] / sum[1];
}

#endif
