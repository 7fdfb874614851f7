/* metal.h — the kernels' text as Metal Shading Language, which is C++14 (see target.h; Apple, "Metal Shading
 * Language Specification", whose names these are).
 *
 * Two things are asked for in other ways than anywhere else. A work item learns its number only as an
 * argument of its entry, so the functions that ask for it are members of a struct that holds it
 * (ITEMS_BEGIN). And a pointer must say so where it points to an item's own memory, which the text leaves
 * unsaid: tools/metal_text.py says it, and puts the inclusion of metal_stdlib in front, which the
 * preprocessor here would look for.
 *
 * Fast arithmetic is switched off where the text is compiled (device/metal/metal.m), which leaves products
 * and sums to be fused: that the pragma forbids, the one of Metal and, for its older compilers, clang's. */
#ifndef AURALIS_KERNELS_METAL_H
#define AURALIS_KERNELS_METAL_H

#pragma METAL fp contract(off)
#pragma clang fp contract(off)

/* Said again for the case that they are known in Metal's namespace only, which is not opened: it has names
 * that are ours. */
typedef __SIZE_TYPE__ size_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef short int16_t;
typedef long int64_t;
typedef unsigned long uint64_t;
#define INT32_MAX 2147483647
#define INT32_MIN (-2147483647 - 1)
#define half halfway /* a type there, a name here */
#define static       /* or members could not be of an item */

#define KERNEL_ITEMS 1
#define ENTRY [[max_total_threads_per_threadgroup(64)]] kernel
#define MEMORY device
#define GROUP threadgroup
#define GROUP_VARIABLE threadgroup
#define CONSTANT constant
#define ALIGNED __attribute__((aligned(64)))
#define KERNEL inline __attribute__((always_inline))

#define as_int(x) as_type<int32_t>(x)
#define as_float(x) as_type<float>(x)
#define COPY(to, from, count)                                                                                \
    do {                                                                                                     \
        for (int copy_ = 0; copy_ < (int)(count); copy_++) (to)[copy_] = (from)[copy_];                      \
    } while (0)

#define AT(n) [[buffer(n)]]
#define NUMBER constant uint32_t &
#define ITEM_ARGUMENTS                                                                                       \
    , uint32_t item_ [[thread_position_in_threadgroup]], uint32_t group_ [[threadgroup_position_in_grid]]
#define ITEM ((int)item_)
#define GROUP_NUMBER group_
#define ITEMS_BEGIN(name)                                                                                    \
    struct name {                                                                                            \
        uint32_t item_;
#define ITEMS_END                                                                                            \
    }                                                                                                        \
    ;
#define OF_ITEM(name) name{item_}.

#define TOGETHER metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup | metal::mem_flags::mem_device)
#define FRAME_FIRST ITEM
#define FRAME_GROUPS 1
#define FRAMES(i) for (int i = ITEM, once_ = 1; once_; once_ = 0) /* a group has an item for each frame */
#define SOME_FRAMES(i, count) for (int i = ITEM; i < (int)(count); i += BLOCK)
#define ITEMS(k, count) for (int k = ITEM; k < (count); k += BLOCK)
#define ONE_ITEM if (ITEM == 0)
#define LOWEST_BIT(bits) (31 - metal::clz((bits) & (0u - (bits))))

#endif
