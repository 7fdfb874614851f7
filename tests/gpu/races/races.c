/* races.c — finds barriers that the kernels' text lacks. The shim is compiled with the calls that a thread
 * sanitizer puts before each access to memory; here they remember who touched what since the last barrier.
 * Two items of a group that touch the same four bytes, one of them writing, with no barrier between them, end
 * the process, whether or not anybody could hear it in the order in which the fibers happen to run. */
#include "../shim.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 1 << 22, NOBODY = 255, MANY = 254 };

static struct slot {
    uintptr_t at; /* address / 4; 0: free */
    uint32_t epoch;
    uint8_t writer, reader;
} * slot;
static uint32_t used;

static struct slot *find(uintptr_t at) {
    if (!slot && !(slot = calloc(SLOTS, sizeof *slot))) abort();
    if (used > SLOTS / 2) {
        memset(slot, 0, SLOTS * sizeof *slot);
        used = 0;
    }
    uint32_t i = (uint32_t)(at * UINT64_C(0x9e3779b97f4a7c15) >> 42);
    while (slot[i].at && slot[i].at != at) i = (i + 1) % SLOTS;
    used += !slot[i].at;
    slot[i].at = at;
    if (slot[i].epoch != fiber_epoch)
        slot[i] = (struct slot){.at = at, .epoch = fiber_epoch, .writer = NOBODY, .reader = NOBODY};
    return &slot[i];
}

static int other(uint8_t who) {
    return who != NOBODY && who != fiber_item;
}

static void touch(const void *memory, size_t bytes, int write) {
    uintptr_t from = (uintptr_t)memory / 4, to = ((uintptr_t)memory + bytes - 1) / 4;
    if (!shim_together) return;
    for (uintptr_t at = from; at <= to; at++) {
        struct slot *s = find(at);
        if (other(s->writer) || (write && other(s->reader))) {
            fprintf(stderr, "races: item %u %s what item %d %s, with no barrier between them\n", fiber_item,
                    write ? "writes" : "reads", other(s->writer) ? s->writer : s->reader,
                    other(s->writer) ? "wrote" : "read");
            abort();
        }
        if (write)
            s->writer = (uint8_t)fiber_item;
        else
            s->reader = other(s->reader) ? MANY : (uint8_t)fiber_item;
    }
}

/* The interface of GCC's and clang's -fsanitize=thread. */
#define ACCESS(bytes)                                                                                        \
    void __tsan_read##bytes(void *at);                                                                       \
    void __tsan_write##bytes(void *at);                                                                      \
    void __tsan_unaligned_read##bytes(void *at);                                                             \
    void __tsan_unaligned_write##bytes(void *at);                                                            \
    void __tsan_read##bytes(void *at) {                                                                      \
        touch(at, bytes, 0);                                                                                 \
    }                                                                                                        \
    void __tsan_write##bytes(void *at) {                                                                     \
        touch(at, bytes, 1);                                                                                 \
    }                                                                                                        \
    void __tsan_unaligned_read##bytes(void *at) {                                                            \
        touch(at, bytes, 0);                                                                                 \
    }                                                                                                        \
    void __tsan_unaligned_write##bytes(void *at) {                                                           \
        touch(at, bytes, 1);                                                                                 \
    }
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)

void __tsan_init(void);
void __tsan_func_entry(void *from);
void __tsan_func_exit(void);
void __tsan_read_range(void *at, size_t bytes);
void __tsan_write_range(void *at, size_t bytes);
void *__tsan_memcpy(void *to, const void *from, size_t bytes);
void *__tsan_memset(void *to, int value, size_t bytes);
void __tsan_init(void) {}
void __tsan_func_entry(void *from) {
    (void)from;
}
void __tsan_func_exit(void) {}
void __tsan_read_range(void *at, size_t bytes) {
    touch(at, bytes, 0);
}
void __tsan_write_range(void *at, size_t bytes) {
    touch(at, bytes, 1);
}
void *__tsan_memcpy(void *to, const void *from, size_t bytes) {
    touch(from, bytes, 0);
    touch(to, bytes, 1);
    return memcpy(to, from, bytes);
}
void *__tsan_memset(void *to, int value, size_t bytes) {
    touch(to, bytes, 1);
    return memset(to, value, bytes);
}
