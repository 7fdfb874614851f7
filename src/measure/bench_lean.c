/* bench_lean.c — the pad with a two-point BLEP and one common bus (lean.h): the voices of real time at 48
 * kHz, and the share of the machine's peak that they reach. What the timed runs put on the bus is compared
 * with the same text in scalar C, for which nothing is summed in another order than across lanes. */
#include "measure/bench.h"
#include "measure/bench_voices.h"
#include "measure/check.h"
#include "measure/counting.h"
#include "measure/lean_kernels.h"
#include "synth/bank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VOICES = 768, RATE = 48000, RUNS = 5, AT_ONCE = 16 };

extern const struct lean_kernels lean_scalar;
#ifdef __x86_64__
extern const struct lean_kernels lean_sse2, lean_avx2, lean_avx512;
static const struct lean_kernels *const LEAN[] = {&lean_avx512, &lean_avx2, &lean_sse2};
#elif defined(__aarch64__)
extern const struct lean_kernels lean_neon;
static const struct lean_kernels *const LEAN[] = {&lean_neon};
#endif

struct lean_bank {
    struct bank bank;
    float sum[2 * BLOCK * 16] __attribute__((aligned(64)));
};

static struct lean_bank *prepare(void) {
    struct lean_bank *s = aligned_alloc(64, (sizeof *s + 63) / 64 * 64);
    struct random r = random_at(1, 2, 3, 4);
    if (!s) abort();
    memset(s, 0, sizeof *s);
    bank_init(&s->bank, PROGRAM_ANALOG);
    if (bank_reserve(&s->bank, VOICES) < 0) abort();
    for (uint32_t v = 0; v < VOICES; v++) {
        struct voice_start start;
        bench_pad(v, &r, &start);
        bank_add(&s->bank, 0, &start, 0, 0);
    }
    return s;
}

static void release(struct lean_bank *s) {
    bank_free(&s->bank);
    free(s);
}

static void block(struct lean_bank *s, const struct lean_kernels *k, float bus[2 * BLOCK]) {
    for (uint32_t v = 0; v < VOICES; v += VOICE_RUN_MAX) {
        struct voice_run run = {
            .words = s->bank.word, .tail = s->bank.tail, .first = v, .count = VOICE_RUN_MAX};
        k->voices(&run, s->sum);
    }
    k->bus(s->sum, bus);
}

struct agreement {
    double signal, error;
};

/* The seconds of `times` × AT_ONCE blocks; `right` follows outside the clock. */
static double run(struct lean_bank *s, const struct lean_kernels *k, struct lean_bank *right,
                  struct agreement *a, int times) {
    float bus[AT_ONCE][2 * BLOCK], expected[2 * BLOCK];
    double seconds = 0;
    for (int t = 0; t < times; t++) {
        double begin = check_seconds();
        for (int b = 0; b < AT_ONCE; b++) block(s, k, bus[b]);
        seconds += check_seconds() - begin;
        for (int b = 0; b < AT_ONCE; b++) {
            block(right, &lean_scalar, expected);
            for (int i = 0; i < 2 * BLOCK; i++) {
                double error = (double)bus[b][i] - (double)expected[i];
                a->signal += (double)expected[i] * (double)expected[i];
                a->error += error * error;
            }
        }
    }
    return seconds;
}

static void measure(struct bench *b, const struct lean_kernels *k, const char *name) {
    struct lean_bank *s = prepare(), *right = prepare();
    struct agreement a = {0};
    double best = INFINITY;
    int times = (int)(b->seconds / RUNS / (run(s, k, right, &a, 4) / 4)) + 1;
    for (int i = 0; i < RUNS; i++) {
        double seconds = run(s, k, right, &a, times) / (times * AT_ONCE);
        if (seconds < best) best = seconds;
    }
    if (!(10 * log10(a.signal / (a.error + 1e-300)) >= 100)) b->failures++;
    bench_add(b, name, "voices", false, VOICES * BLOCK / best / RATE);
    release(s);
    release(right);
}

static bool runs_here(const char *isa) {
    const struct kernels *tables[8];
    int count = check_tables(tables);
    for (int i = 0; i < count; i++)
        if (!strcmp(tables[i]->isa, isa)) return true;
    return false;
}

#ifdef AURALIS_WITH_COUNTING
/* Sums, differences and products a voice and sample. */
static double operations(void) {
    enum { TIMES = 8 };
    struct lean_bank *s = prepare(), *right = prepare();
    struct agreement a = {0};
    uint64_t begin = counted_operations;
    run(s, &lean_counting, right, &a, TIMES);
    uint64_t counted = counted_operations - begin;
    if (a.error > 0) abort();
    release(s);
    release(right);
    return (double)counted / ((double)TIMES * AT_ONCE * VOICES * BLOCK);
}

static void add_operations(struct bench *b) {
    if (!bench_wants(b, "operations")) return;
    double each = operations();
    bench_add(b, "operations: two-point pad", "FLOP a sample", true, each);
    for (size_t i = 0; i < sizeof LEAN / sizeof *LEAN; i++) {
        char name[64];
        snprintf(name, sizeof name, "two-point pad, %s", LEAN[i]->isa);
        const struct bench_case *c = bench_find(b, name);
        if (!c || !(bench_fma_peak(b) > 0)) continue;
        snprintf(name, sizeof name, "operations: two-point pad, %s, of the peak", LEAN[i]->isa);
        bench_add(b, name, "share", false, c->value * RATE * each / bench_fma_peak(b));
    }
}
#else
static void add_operations(struct bench *b) {
    (void)b;
}
#endif

void bench_lean(struct bench *b) {
    for (size_t i = 0; i < sizeof LEAN / sizeof *LEAN; i++) {
        char name[64];
        snprintf(name, sizeof name, "two-point pad, %s", LEAN[i]->isa);
        if (runs_here(LEAN[i]->isa) && bench_wants(b, name)) measure(b, LEAN[i], name);
    }
    add_operations(b);
}
