#!/usr/bin/env python3
"""Prints HALF_BAND of src/kernels/effects.h: the taps by which the reverb's input is brought to half the rate and its sound back.

A half-band FIR is one tap of a half and, beside it, every other tap in pairs around it. The pairs alone pass [0, edge] with the
least ripple (Lawson's weighted least squares); the same ripple is what is left of the mirrored band. half_band.py [PAIRS [EDGE]]"""
import math
import sys

PAIRS = int(sys.argv[1]) if len(sys.argv) > 1 else 8
EDGE = float(sys.argv[2]) if len(sys.argv) > 2 else 1 / 6  # of the full rate
GRID, ROUNDS = 400, 4000


def solve(rows, right):
    """Gauss with pivots."""
    n = len(right)
    table = [row[:] + [value] for row, value in zip(rows, right)]
    for k in range(n):
        best = max(range(k, n), key=lambda r: abs(table[r][k]))
        table[k], table[best] = table[best], table[k]
        for r in range(k + 1, n):
            share = table[r][k] / table[k][k]
            for c in range(k, n + 1):
                table[r][c] -= share * table[k][c]
    x = [0.0] * n
    for k in range(n - 1, -1, -1):
        x[k] = (table[k][n] - sum(table[k][c] * x[c] for c in range(k + 1, n))) / table[k][k]
    return x


def basis(f):
    return [2 * math.cos(2 * math.pi * f * (2 * j + 1)) for j in range(PAIRS)]


def passed(taps, f):
    return sum(t * b for t, b in zip(taps, basis(f)))


points = [basis(EDGE * math.sin(math.pi / 2 * (i + 0.5) / GRID)) for i in range(GRID)]
weight, taps = [1.0 / GRID] * GRID, []
for _ in range(ROUNDS):
    rows = [[sum(w * p[a] * p[b] for w, p in zip(weight, points)) for b in range(PAIRS)] for a in range(PAIRS)]
    taps = solve(rows, [sum(w * p[a] for w, p in zip(weight, points)) for a in range(PAIRS)])
    error = [abs(sum(t * b for t, b in zip(taps, p)) - 1) for p in points]
    weight = [w * e for w, e in zip(weight, error)]
    total = sum(weight)
    weight = [w / total for w in weight]
    if max(error) < 1.0005 * sum(w * e for w, e in zip(weight, error)):
        break
print(", ".join(f"{t:.9f}f" for t in taps))
print(f"ripple {20 * math.log10(max(error) / 2):.1f} dB", file=sys.stderr)
for f in (6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18):
    print(f"{f} kHz of 48: {20 * math.log10(abs(0.5 + passed(taps, f / 48) / 2) + 1e-12):.1f} dB", file=sys.stderr)
