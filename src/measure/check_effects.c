/* check_effects.c — a stream's effects: chorus, echo, reverb, limiter.
 *
 * One run drives them with all that could tell two machines apart: noise, a square wave at full scale, bursts
 * 20 dB too loud, silence, denormals and worse on the buses, and controls that move all the time. */
#include "base/random.h"
#include "device/cpu/cpu.h"
#include "measure/check.h"
#include "synth/effects.h"
#include "synth/reference/effects_reference.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 3000, EXACT_BLOCKS = 600, LONG_SECONDS = 60, TIMED = 4000, LINE = 2 * BLOCK };

/* One run of the effects: what goes in depends on (seed, block) alone. */
struct trial {
    const struct kernels *table;
    uint32_t rate;
    bool wild; /* with input that the reference is not asked about */
    void *memory;
    float *out;
    struct effects_reference *reference; /* or NULL */
    int blocks;
    double signal, error;
};

/* Squares of 30–3,000 Hz, noise, bursts and pauses, each for 50 blocks. */
static float material(struct random *r, int kind, int frame) {
    float noise = (float)random_range(r, -1, 1);
    switch (kind) {
    case 0:
        return 0.4f * noise;
    case 1:
        return frame / 37 % 2 ? 0.7f : -0.7f;
    case 2:
        return 10 * noise;
    case 3:
        return frame % 2 ? 0.9f : -0.9f;
    case 4:
        return 0;
    default:
        return noise * 1e-9f;
    }
}

static void make_block(const struct trial *t, int b, float *direct, float *wash) {
    struct random r = random_at(7, t->rate, (uint64_t)b, 0);
    int kind = b / 50 % (t->wild ? 6 : 3);
    for (int i = 0; i < LINE; i++) {
        direct[i] = 0.5f * material(&r, kind, b * BLOCK + i % BLOCK);
        wash[i] = material(&r, kind, b * BLOCK + i % BLOCK + (i / BLOCK) * 11);
    }
    if (!t->wild || b % 251) return;
    static const uint32_t words[] = {0x7fc00000, 0x7f800000, 0xff800000, 0x00000001, 0x807fffff, 0x7f7fffff};
    for (int i = 0; i < 6; i++) memcpy((i & 1 ? direct : wash) + 9 * i, &words[i], sizeof words[i]);
}

static struct effects_control control_at(int b) {
    static const float levels[] = {0.5f, 0.05f, 1, 0.3f}, spaces[] = {0.5f, 1, 0, 0.7f},
                       beats[] = {0.857f, 0.5f, 1.5f};
    return (struct effects_control){.level = levels[b / 170 % 4],
                                    .space = b % 900 < 100 ? (float)(b % 900) * 0.01f : spaces[b / 230 % 4],
                                    .beat = beats[b / 410 % 3]};
}

static void measure(struct trial *t, const struct effects *fx, const float *direct, const float *wash,
                    double *exact) {
    effects_reference_block(t->reference, fx, direct, wash, exact);
}

static void run(void *self) {
    struct trial *t = self;
    struct effects_control c = control_at(0);
    struct effects *fx = effects_init(t->memory, t->rate, 64000000, &c);
    if (t->reference) effects_reference_close(t->reference), t->reference = effects_reference_open(fx);
    for (int b = 0; b < t->blocks; b++) {
        float direct[LINE], wash[LINE], *out = t->out + (t->reference ? 0 : b * LINE);
        double exact[LINE];
        make_block(t, b, direct, wash);
        c = control_at(b);
        effects_set(fx, &c);
        if (t->reference) measure(t, fx, direct, wash, exact);
        t->table->effects(fx, direct, wash, out);
        for (int i = 0; t->reference && i < LINE; i++) {
            t->signal += exact[i] * exact[i];
            t->error += (out[i] - exact[i]) * (out[i] - exact[i]);
        }
    }
}

static bool same(const struct trial *a, const struct trial *b) {
    return !memcmp(a->out, b->out, sizeof(float) * BLOCKS * LINE) &&
           !memcmp(a->memory, b->memory, effects_size(a->rate));
}

static double nanoseconds(const struct trial *t) {
    struct effects_control c = {.level = 0.5f, .space = 0.5f, .beat = 0.857f};
    struct effects *fx = effects_init(t->memory, t->rate, 0, &c);
    float direct[LINE], wash[LINE], out[LINE];
    make_block(t, 0, direct, wash);
    double best = 1;
    for (int tries = 0; tries < 3; tries++) {
        double begin = check_seconds();
        for (int n = 0; n < TIMED; n++) t->table->effects(fx, direct, wash, out);
        double took = (check_seconds() - begin) / ((double)TIMED * BLOCK);
        if (took < best) best = took;
    }
    return best * 1e9;
}

static void *memory_for(uint32_t rate) {
    return aligned_alloc(64, (effects_size(rate) + 63) / 64 * 64);
}

/* Signal to error over some blocks, in the memory of a trial that has run. */
static double exact_snr(const struct trial *t, int blocks) {
    struct trial exact = {
        .table = t->table, .rate = t->rate, .memory = t->memory, .out = t->out, .blocks = blocks};
    exact.reference = effects_reference_open(NULL);
    run(&exact);
    effects_reference_close(exact.reference);
    return 10 * log10(exact.signal / (exact.error + 1e-300));
}

/* Error and time of one table. */
static bool check_error(FILE *out, const struct trial *t) {
    double snr = exact_snr(t, EXACT_BLOCKS), ns = nanoseconds(t);
    fprintf(out, " %7.1f dB %9.3f ns/frame, %.0f x real time%s", snr, ns, 1e9 / (ns * t->rate),
            snr >= 100 ? "" : "  FAR");
    return snr >= 100;
}

static int check_rate(FILE *out, uint32_t rate, bool bits) {
    const struct kernels *tables[8];
    int count = check_tables(tables), failures = 0;
    struct trial first = {.table = tables[0], .rate = rate, .wild = true, .blocks = BLOCKS}, other = first;
    first.memory = memory_for(rate), other.memory = memory_for(rate);
    first.out = calloc(BLOCKS * LINE, sizeof(float)), other.out = calloc(BLOCKS * LINE, sizeof(float));
    if (!first.memory || !other.memory || !first.out || !other.out) return fprintf(out, "no memory\n"), 1;
    check_with_flags(0, run, &first);
    for (int i = 0; i < count; i++) {
        bool equal = true;
        other.table = tables[i];
        for (int flags = 0; flags < 2; flags++) {
            check_with_flags(flags, run, &other);
            equal &= same(&first, &other);
        }
        char name[32];
        snprintf(name, sizeof name, "fx %u", rate);
        check_print(out, name, tables[i]->isa, equal);
        failures += !equal;
        if (!bits) failures += !check_error(out, &other) && equal;
        fputc('\n', out);
        fflush(out);
    }
    free(first.memory), free(other.memory), free(first.out), free(other.out);
    return failures;
}

int check_effects_long(FILE *out) {
    static const uint32_t rates[] = {44100, 48000, 96000};
    const struct kernels *table;
    int failures = 0;
    if (cpu_kernels(NULL, &table) < 0) return 1;
    for (int i = 0; i < 3; i++) {
        float line[LINE];
        struct trial t = {.table = table, .rate = rates[i], .memory = memory_for(rates[i]), .out = line};
        if (!t.memory) return fprintf(out, "no memory\n"), 1;
        double snr = exact_snr(&t, (int)(rates[i] / BLOCK) * LONG_SECONDS);
        fprintf(out, "fx %5u extreme            %7.1f dB%s\n", rates[i], snr, snr >= 100 ? "" : "  FAR");
        fflush(out);
        failures += !(snr >= 100);
        free(t.memory);
    }
    return failures;
}

int check_effects(FILE *out, bool bits) {
    return check_rate(out, 48000, bits) + check_rate(out, 44100, bits) + check_rate(out, 96000, bits);
}
