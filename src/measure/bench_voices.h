/* bench_voices.h — the voice that other engines are measured with, for every case that plays it. */
#ifndef AURALIS_MEASURE_BENCH_VOICES_H
#define AURALIS_MEASURE_BENCH_VOICES_H

#include "base/random.h"
#include "synth/instrument.h"

/* The n-th pad: pitch, phase and pan of its own, 90 s long. */
void bench_pad(uint64_t n, struct random *r, struct voice_start *out);

/* Sums, differences and products a sample of it, without the mix; 0: this build cannot count them. */
double bench_pad_operations(void);

#endif
