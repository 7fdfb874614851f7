/* shim.h — the kernels' text for a GPU, as C: every work item of a group is a fiber. What the compiler is
 * told about the kinds of memory means nothing here; that the text is right about them the GPUs' own
 * compilers see. */
#ifndef AURALIS_TESTS_SHIM_H
#define AURALIS_TESTS_SHIM_H

#include "fibers.h"

#include <stddef.h>
#include <string.h>

typedef unsigned int uint;
typedef unsigned long ulong;

#define __global
#define __constant static const
#define __local
#define GROUP_VARIABLE static /* one group runs at a time */
#define __kernel
#define reqd_work_group_size(x, y, z) /* said of kernels only, and here they are functions */

static inline int as_int(float x) {
    int i;
    memcpy(&i, &x, sizeof i);
    return i;
}
static inline float as_float(uint i) {
    float x;
    memcpy(&x, &i, sizeof x);
    return x;
}

#define __nvvm_read_ptx_sreg_tid_x() fiber_item
#define __nvvm_read_ptx_sreg_ctaid_x() fiber_group
#define __nvvm_bar_sync(n) fiber_barrier()

/* An entry runs whose items wait for each other. */
extern int shim_together;

/* Runs an entry of the program (device/driver.h has the names), whose arguments are pointed to as the CUDA
 * driver has it. Returns 0, or −1 where no entry is called that or its items do not all come to the same
 * barriers. */
int shim_run(const char *entry, uint groups, void **arguments);

#endif
