/* cpu.h — chooses the kernels for this machine. */
#ifndef AURALIS_DEVICE_CPU_H
#define AURALIS_DEVICE_CPU_H

#include "kernels/kernels.h"

/* The table for ISA `name`, or for NULL: $AURALIS_ISA if set, else the best this CPU runs. 0, AURALIS_ENOENT
 * for an unknown name, AURALIS_EUNSUPPORTED if this CPU (or build) lacks it. Tables are static and immutable.
 */
int cpu_kernels(const char *name, const struct kernels **out);

/* All ISA names this CPU runs, best first ("avx512", "avx2", "sse2", "scalar"; on 64-bit
 * ARM "neon", "scalar"); writes up to max, returns how
 * many. */
int cpu_isas(const char **out, int max);

#endif
