/* cpu.c — which kernels this machine runs. */
#include "device/cpu/cpu.h"

#include <auralis/error.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

extern const struct kernels kernels_scalar;
#ifdef __x86_64__
extern const struct kernels kernels_sse2, kernels_avx2, kernels_avx512;
#elif defined(__aarch64__)
extern const struct kernels kernels_neon; /* every such processor has it */
#endif

static const struct kernels *const TABLES[] = {/* best first */
#ifdef __x86_64__
                                               &kernels_avx512, &kernels_avx2, &kernels_sse2,
#elif defined(__aarch64__)
                                               &kernels_neon,
#endif
                                               &kernels_scalar};
enum { COUNT = sizeof TABLES / sizeof *TABLES };

static bool runs_here(const struct kernels *k) {
#ifdef __x86_64__
    if (k == &kernels_avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
    if (k == &kernels_avx2) return __builtin_cpu_supports("avx2");
#endif
    (void)k;
    return true;
}

int cpu_kernels(const char *name, const struct kernels **out) {
    if (!name) name = getenv("AURALIS_ISA");
    if (name && !*name) name = NULL;
    for (int i = 0; i < COUNT; i++) {
        if (name && strcmp(TABLES[i]->isa, name)) continue;
        if (runs_here(TABLES[i])) {
            *out = TABLES[i];
            return AURALIS_OK;
        }
        if (name) return AURALIS_EUNSUPPORTED;
    }
    static const char *const elsewhere[] = {"sse2", "avx2", "avx512",
                                            "neon"}; /* known names of other builds */
    for (size_t i = 0; name && i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (!strcmp(elsewhere[i], name)) return AURALIS_EUNSUPPORTED;
    return AURALIS_ENOENT;
}

int cpu_isas(const char **out, int max) {
    int count = 0;
    for (int i = 0; i < COUNT; i++) {
        if (!runs_here(TABLES[i])) continue;
        if (count < max) out[count] = TABLES[i]->isa;
        count++;
    }
    return count;
}
