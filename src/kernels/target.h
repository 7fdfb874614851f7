/* target.h — what a device is besides its lanes: memory, work items, and who waits for whom.
 *
 * The text of this folder runs on processors and on GPUs. On a processor one call does a voice run or a
 * stream's block alone, in vectors (lanes.h). On a GPU
 *
 *   - a voice is a work item: VOICE_RUN_MAX and LANES are 1, and every loop over voices runs once;
 *   - a stream's effects are a group of 64 work items, one for each frame of the block. FRAMES and ITEMS
 *     share a loop among them; what one item wrote another may read only after TOGETHER, and what changes
 *     once for the whole stream stands under ONE_ITEM.
 *
 * Where a pointer points is part of its type there: MEMORY is the device's memory (banks, rings, buses),
 * GROUP that of a group of items; what has neither is an item's own. On a processor all these say nothing,
 * so they are checked where the text is compiled for a GPU. A GPU's language has its preamble here
 * (opencl.h, metal.h); kernels that keep to these words need nothing else to run there.
 *
 * Functions that use FRAMES and its like stand between ITEMS_BEGIN(name) and ITEMS_END, and are called from
 * outside as OF_ITEM(name) function(…): where a work item is told its number only once, that hands it on. */
#ifndef AURALIS_KERNELS_TARGET_H
#define AURALIS_KERNELS_TARGET_H

#if defined(KERNEL_OPENCL)
#include "kernels/opencl.h"
#elif defined(KERNEL_METAL)
#include "kernels/metal.h"
#else

#include <stddef.h>
#include <stdint.h>

#define KERNEL_ITEMS 0 /* 1: work items instead of vectors */
#define MEMORY
#define GROUP
#define CONSTANT static const
#define ALIGNED __attribute__((aligned(64)))

#define KERNEL static inline __attribute__((always_inline, unused))

/* The same bits as another type, and copies of `count` values between any two memories. */
KERNEL int32_t as_int(float x) {
    int32_t i;
    __builtin_memcpy(&i, &x, sizeof i);
    return i;
}
KERNEL float as_float(uint32_t i) {
    float x;
    __builtin_memcpy(&x, &i, sizeof x);
    return x;
}
#define COPY(to, from, count) __builtin_memcpy(to, from, (count) * sizeof *(to))

/* The frames of a block by lane groups, of which this item does FRAME_GROUPS; single things shared among the
 * items. */
#define ITEMS_BEGIN(name)
#define ITEMS_END
#define OF_ITEM(name)
#define FRAME_FIRST 0
#define FRAME_GROUPS (BLOCK / LANES)
#define FRAMES(i) for (int i = 0; i < BLOCK; i += LANES)
#define SOME_FRAMES(i, count) for (int i = 0; i < (int)(count); i += LANES)
#define ITEMS(k, count) for (int k = 0; k < (count); k++)
#define TOGETHER ((void)0)
#define ONE_ITEM
#define LOWEST_BIT(bits) ((uint32_t)__builtin_ctz(bits))

#endif
#endif
