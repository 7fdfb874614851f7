/* polynomials.h — the mathematics of the kernels: sine, exp2, reciprocal, tanh.
 *
 * Float32, + − × and integer operations only. The coefficients interpolate the function at Chebyshev nodes
 * (within a few percent of the best possible polynomial); stated errors are those of the polynomial, to which
 * float32 rounding adds about 1e-7. Evaluation is Horner's rule in the order written, so every target rounds
 * alike. */
#ifndef AURALIS_KERNELS_POLYNOMIALS_H
#define AURALIS_KERNELS_POLYNOMIALS_H

#include "kernels/lanes.h"

/* sin(πx/2) for |x| ≤ 1, absolute error 7e-9, exactly odd (with rounding 2.7e-7 at the crest). */
KERNEL vf sin_quarter(vf x) {
    vf u = x * x;
    vf p = vf_set(1.5170136e-4f);
    p = p * u + -4.6741436e-3f;
    p = p * u + 7.9689920e-2f;
    p = p * u + -6.4596373e-1f;
    p = p * u + 1.5707964f;
    return p * x;
}

/* Sine of a phase: 2^32 is a turn. The second and third quarter fold onto the first and fourth in integers,
 * around the crest. */
KERNEL vf sin_phase(vu phase) {
    vi from_crest = vi_abs(vi_from_u(phase - 0x40000000u));
    return sin_quarter(vf_from_i(vi_sub(vi_set(0x40000000), from_crest)) * 0x1p-30f);
}

/* 2^x for −126 < x < 126. Relative error 3e-9. */
KERNEL vf exp2_near(vf x) {
    vi n = vi_from_f(x + 128.5f) - 128;
    vf f = x - vf_from_i(n);
    vf p = vf_set(1.5461545e-4f);
    p = p * f + 1.3400428e-3f;
    p = p * f + 9.6180567e-3f;
    p = p * f + 5.5503272e-2f;
    p = p * f + 2.4022651e-1f;
    p = p * f + 6.9314721e-1f;
    p = p * f + 1.0f;
    return p * vf_bits((n + 127) << 23);
}

/* The same for any x < 126; +0.0 below −64, so that no decay ends in denormals. */
KERNEL vf exp2_lanes(vf x) {
    return vf_mask(vf_lt(vf_set(-64.5f), x), exp2_near(vf_clamp(x, -100.0f, 126.0f)));
}

/* 1 / x for x > 0, normal and below 2^125. The bit trick is within 13 %, each Newton step squares the error.
 */
KERNEL vf reciprocal(vf x) {
    vf r = vf_bits(0x7ef311c7 - vi_bits(x));
    r = r * (2.0f - x * r);
    r = r * (2.0f - x * r);
    r = r * (2.0f - x * r);
    return r;
}

/* x[k] = tanh(x[k]): Lambert's continued fraction p/q at y = x/2, where it has converged, and tanh 2y = 2pq /
 * (q² + p²). Relative error 1e-6 and odd; ±1 within 1e-6 past |x| = 9. A long chain: so several go through it
 * side by side, step by step. */
KERNEL void tanh_lanes(vf *x, const int count) {
    vf q[8], r[8];
    UNROLLED for (int k = 0; k < count; k++) {
        vf y = vf_clamp(x[k] * 0.5f, -4.5f, 4.5f), u = y * y;
        x[k] = y * (((u + 378.0f) * u + 17325.0f) * u + 135135.0f);
        q[k] = ((u * 28.0f + 3150.0f) * u + 62370.0f) * u + 135135.0f;
    }
    UNROLLED for (int k = 0; k < count; k++) r[k] = reciprocal(q[k] * q[k] + x[k] * x[k]);
    UNROLLED for (int k = 0; k < count; k++) x[k] = (x[k] + x[k]) * q[k] * r[k];
}

#endif
