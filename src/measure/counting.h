/* counting.h — how many floating-point operations the kernels' text asks for: sums, differences and products,
 * each one operation whatever instruction makes it; minima, conversions and integer work count nothing. */
#ifndef AURALIS_MEASURE_COUNTING_H
#define AURALIS_MEASURE_COUNTING_H

#include "kernels/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Operations since the start of the program; not for several threads. */
extern uint64_t counted_operations;

/* The kernels, counting: ANALOG, BELL, TONE and the mix, nothing else. */
void counting_kernels(struct kernels *out);

struct lean_kernels;
extern const struct lean_kernels lean_counting; /* measure/lean.h, counting */

#ifdef __cplusplus
}
#endif

#endif
