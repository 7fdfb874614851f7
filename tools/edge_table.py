#!/usr/bin/env python3
"""Writes src/kernels/edge_table.h: what a band-limited unit step differs by from the naive one.

The step is the integral of a sinc under a Kaiser window of 16 samples; row r holds the 16 samples around a step that lies r/128
of a sample before sample 8. Committed, not built: libm's last bit differs between systems and the samples must not."""
import math

TAPS, ROWS, BETA, FINE = 16, 128, 8.2, 64  # FINE: integration steps between two rows


def bessel(x):
    total, term, k = 1.0, 1.0, 1
    while term > 1e-17 * total:
        term *= (x / 2 / k) ** 2
        total += term
        k += 1
    return total


def kernel(x):
    half = TAPS / 2
    if abs(x) >= half:
        return 0.0
    window = bessel(BETA * math.sqrt(1 - (x / half) ** 2)) / bessel(BETA)
    return window * (math.sin(math.pi * x) / (math.pi * x) if x else 1.0)


# Running Simpson integral on a grid of ROWS points a sample.
step = 1.0 / ROWS
points = TAPS * ROWS
integral = [0.0]
for i in range(points):
    a = -TAPS / 2 + i * step
    integral.append(integral[-1] + step / 6 * (kernel(a) + 4 * kernel(a + step / 2) + kernel(a + step)))
total = integral[-1]

print("""/* edge_table.h — the band-limited step, written by tools/edge_table.py.
 *
 * EDGE[r][j] = s(j − 8 + r/128) − (j ≥ 8): s is the integral of a sinc under a Kaiser window (β = 8.2) of 16 samples, the step's
 * value at sample j when the edge lies r/128 of a sample before sample 8. */
#ifndef AURALIS_KERNELS_EDGE_TABLE_H
#define AURALIS_KERNELS_EDGE_TABLE_H

#include "kernels/target.h"

enum { EDGE_TAPS = 16, EDGE_ROWS = 128 };

/* clang-format off */
CONSTANT float EDGE[EDGE_ROWS + 1][EDGE_TAPS] __attribute__((aligned(64))) = {""")
for r in range(ROWS + 1):
    row = []
    for j in range(TAPS):
        row.append(integral[j * ROWS + r] / total - (1.0 if j >= TAPS // 2 else 0.0))
    print("    {" + ", ".join(f"{value:.9g}f" if "." in f"{value:.9g}" or "e" in f"{value:.9g}" else f"{value:.9g}.0f" for value in row) + "},")
print("""};
/* clang-format on */

#endif""")
