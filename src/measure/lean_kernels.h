/* lean_kernels.h — the pad of lean.h for each instruction set. */
#ifndef AURALIS_MEASURE_LEAN_KERNELS_H
#define AURALIS_MEASURE_LEAN_KERNELS_H

#include "kernels/kernels.h"

/* Adds a block of the voices of `run`, whose pitch is steady and whose count is a multiple of 32, to
 * sum[side][frame][lane]: 2 × 64 × LANES floats, 64-byte aligned. Rows and tail are not used. */
typedef void lean_voices_kernel(const struct voice_run *run, float *sum);

/* The common bus from `sum`: bus[side][frame]. Empties `sum`. */
typedef void lean_bus_kernel(float *sum, float *bus);

struct lean_kernels {
    const char *isa;
    lean_voices_kernel *voices;
    lean_bus_kernel *bus;
};

#endif
