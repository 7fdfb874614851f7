/* check.c — what the checks share. */
#include "measure/check.h"
#include "device/cpu/cpu.h"

#include <string.h>
#include <time.h>

#ifdef __SSE2__
#include <xmmintrin.h>
#endif

void check_with_flags(int set, void (*run)(void *), void *self) {
#ifdef __SSE2__
    unsigned before = _mm_getcsr(), flags = 0x8040; /* FTZ and DAZ */
    _mm_setcsr(set ? before | flags : before & ~flags);
    run(self);
    _mm_setcsr(before);
#elif defined(__aarch64__)
    uint64_t before, flag = UINT64_C(1) << 24; /* FZ, which is both */
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" ::"r"(set ? before | flag : before & ~flag) : "memory");
    run(self);
    __asm__ volatile("msr fpcr, %0" ::"r"(before) : "memory");
#else
    (void)set;
    run(self);
#endif
}

int check_tables(const struct kernels *tables[8]) {
    const char *names[8];
    int count = cpu_isas(names, 8), n = 1;
    cpu_kernels("scalar", &tables[0]);
    for (int i = count - 1; i >= 0; i--)
        if (strcmp(names[i], "scalar")) cpu_kernels(names[i], &tables[n++]);
    return n;
}

void check_print(FILE *out, const char *kernel, const char *isa, bool same) {
    fprintf(out, "%-8s %-8s %-9s", kernel, isa, same ? "bit-equal" : "DIFFERS");
}

double check_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
