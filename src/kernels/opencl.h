/* opencl.h — the kernels' text as OpenCL C 1.2 (see target.h), which is also how CUDA gets it: clang turns
 * the same text into PTX, only the names of the work items differ. */
#ifndef AURALIS_KERNELS_OPENCL_H
#define AURALIS_KERNELS_OPENCL_H

#pragma OPENCL FP_CONTRACT OFF

typedef int int32_t;
typedef uint uint32_t;
typedef short int16_t;
typedef long int64_t;
typedef ulong uint64_t;
#define INT32_MAX 2147483647
#define INT32_MIN (-2147483647 - 1)
#define half halfway /* a type there, a name here */

#define KERNEL_ITEMS 1
#define ENTRY __kernel __attribute__((reqd_work_group_size(64, 1, 1)))
#define MEMORY __global
#define GROUP __local
#ifndef GROUP_VARIABLE
#define GROUP_VARIABLE __local
#endif
#define CONSTANT __constant
#define ALIGNED __attribute__((aligned(64)))
#define KERNEL static inline __attribute__((always_inline))

#define COPY(to, from, count)                                                                                \
    do {                                                                                                     \
        for (int copy_ = 0; copy_ < (int)(count); copy_++) (to)[copy_] = (from)[copy_];                      \
    } while (0)

#ifdef KERNEL_CUDA
#define ITEM ((int)__nvvm_read_ptx_sreg_tid_x())
#define GROUP_NUMBER ((uint32_t)__nvvm_read_ptx_sreg_ctaid_x())
#define TOGETHER __nvvm_bar_sync(0)
#define LEADING_ZEROS(x) __builtin_clz(x)
#else
#define ITEM ((int)get_local_id(0))
#define GROUP_NUMBER ((uint32_t)get_group_id(0))
#define TOGETHER barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#define LEADING_ZEROS(x) clz(x)
#endif

#define AT(n)
#define NUMBER uint32_t
#define ITEM_ARGUMENTS
#define ITEMS_BEGIN(name)
#define ITEMS_END
#define OF_ITEM(name)

#define FRAME_FIRST ITEM
#define FRAME_GROUPS 1
#define FRAMES(i) for (int i = ITEM, once_ = 1; once_; once_ = 0) /* a group has an item for each frame */
#define SOME_FRAMES(i, count) for (int i = ITEM; i < (int)(count); i += BLOCK)
#define ITEMS(k, count) for (int k = ITEM; k < (count); k += BLOCK)
#define ONE_ITEM if (ITEM == 0)
#define LOWEST_BIT(bits) (31 - LEADING_ZEROS((bits) & (0u - (bits))))

#endif
