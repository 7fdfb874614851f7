/* bench_machine.c — what the machine could do at best: fused multiply-adds in registers, and copying. The
 * figures put the others in proportion; nothing else here uses fused arithmetic. */
#include "measure/bench.h"
#include "measure/check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>

enum { CHAINS = 12, ROUNDS = 2000000 };

/* Independent chains enough to hide the latency. */
__attribute__((target("avx512f"))) static double fma_avx512(void) {
    __m512 x[CHAINS], a = _mm512_set1_ps(0.999f), c = _mm512_set1_ps(0.001f);
    for (int i = 0; i < CHAINS; i++) x[i] = _mm512_set1_ps((float)i);
    double begin = check_seconds();
    for (int n = 0; n < ROUNDS; n++)
        for (int i = 0; i < CHAINS; i++) x[i] = _mm512_fmadd_ps(x[i], a, c);
    double seconds = check_seconds() - begin;
    volatile float sink = 0;
    for (int i = 0; i < CHAINS; i++) sink += _mm512_reduce_add_ps(x[i]);
    (void)sink;
    return 2.0 * 16 * CHAINS * ROUNDS / seconds;
}

__attribute__((target("avx2,fma"))) static double fma_avx2(void) {
    __m256 x[CHAINS], a = _mm256_set1_ps(0.999f), c = _mm256_set1_ps(0.001f);
    for (int i = 0; i < CHAINS; i++) x[i] = _mm256_set1_ps((float)i);
    double begin = check_seconds();
    for (int n = 0; n < ROUNDS; n++)
        for (int i = 0; i < CHAINS; i++) x[i] = _mm256_fmadd_ps(x[i], a, c);
    double seconds = check_seconds() - begin;
    volatile float sink = 0;
    for (int i = 0; i < CHAINS; i++) sink += x[i][0];
    (void)sink;
    return 2.0 * 8 * CHAINS * ROUNDS / seconds;
}

static double fma_peak(void) {
    if (__builtin_cpu_supports("avx512f")) return fma_avx512();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return fma_avx2();
    return 0;
}
#else
static double fma_peak(void) {
    return 0;
}
#endif

static double copy_bandwidth(void) {
    enum { SIZE = 64 << 20, TIMES = 8 };
    char *a = malloc(SIZE), *b = malloc(SIZE);
    if (!a || !b) abort();
    memset(a, 1, SIZE);
    memset(b, 2, SIZE);
    double begin = check_seconds();
    for (int i = 0; i < TIMES; i++) memcpy(i & 1 ? a : b, i & 1 ? b : a, SIZE);
    double seconds = check_seconds() - begin;
    free(a);
    free(b);
    return 2.0 * SIZE * TIMES / seconds;
}

double bench_fma_peak(struct bench *b) {
    if (b->fma_peak > 0) return b->fma_peak;
    for (int i = 0; i < 5; i++) {
        double flops = fma_peak();
        if (flops > b->fma_peak) b->fma_peak = flops;
    }
    return b->fma_peak;
}

void bench_machine(struct bench *b) {
    if (!bench_wants(b, "machine")) return;
    double copy = 0;
    for (int i = 0; i < 5; i++) {
        double bytes = copy_bandwidth();
        if (bytes > copy) copy = bytes;
    }
    bench_add(b, "machine: fused multiply-add, one core", "GFLOP/s", false, bench_fma_peak(b) * 1e-9);
    bench_add(b, "machine: memory copy, read + write", "GB/s", false, copy * 1e-9);
}
