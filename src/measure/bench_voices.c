/* bench_voices.c — the voice kernels with their mixing, in voices that one core could play in real time at 48
 * kHz.
 *
 * 768 voices, 12 a stream, as the engine runs them: runs of 64 and the mix to each stream's stereo bus. The
 * pad is the one that other engines are measured with: two band-limited sawtooths ±5 cents and a sine, a
 * resonant low-pass swept by an LFO, ADSR, pan. One voice of each timed run is followed by the float64
 * reference. */
#include "measure/bench_voices.h"
#include "device/cpu/cpu.h"
#include "measure/bench.h"
#include "measure/check.h"
#include "measure/counting.h"
#include "music/timbre.h"
#include "synth/bank.h"
#include "synth/reference/voices.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VOICES = 768, PER_STREAM = 12, STREAMS = VOICES / PER_STREAM, RATE = 48000, RUNS = 5, AT_ONCE = 16 };

enum kind { PAD, SINE, BELL, KINDS };

static void start_voice(enum kind kind, uint64_t n, struct random *r, struct voice_start *out) {
    auralis_note note = {.onset = n,
                         .duration = 90 * RATE,
                         .pitch = random_range(r, 45, 76),
                         .velocity = 0.5,
                         .pan = random_range(r, -1, 1),
                         .instrument = kind == BELL   ? AURALIS_BELL
                                       : kind == SINE ? AURALIS_LEAD
                                                      : AURALIS_PAD,
                         .timbre = kind == SINE   ? AURALIS_TIMBRE_SEED
                                   : kind == BELL ? BELL_BRONZE
                                                  : PAD_WARM};
    instrument_start(&note, RATE, 0, 0, 0, out);
    out->word[VOICE_RUN] = UINT32_MAX;
    out->word[VOICE_BUS] = 0; /* the only one */
    if (kind == PAD) {        /* resonant, ±5 cents, a wide sweep */
        float damping = 0.5f, depth = 1.0f;
        memcpy(&out->word[FILTER_DAMPING], &damping, sizeof damping);
        memcpy(&out->word[FILTER_LFO_DEPTH], &depth, sizeof depth);
    }
}

void bench_pad(uint64_t n, struct random *r, struct voice_start *out) {
    start_voice(PAD, n, r, out);
}

struct setup {
    struct bank bank;
    enum voice_program program;
    struct reference_voice reference;
    double error, signal;
    bool unmixed;
    float rows[VOICE_RUN_MAX * VOICE_ROW] __attribute__((aligned(64)));
    float bus[STREAMS][2 * BLOCK] __attribute__((aligned(64)));
};

static struct setup *prepare(enum kind kind) {
    struct setup *s = aligned_alloc(64, (sizeof *s + 63) / 64 * 64);
    struct random r = random_at(1, 2, 3, 4);
    if (!s) abort();
    memset(s, 0, sizeof *s);
    s->program = kind == BELL ? PROGRAM_BELL : kind == SINE ? PROGRAM_TONE : PROGRAM_ANALOG;
    bank_init(&s->bank, s->program);
    if (bank_reserve(&s->bank, VOICES) < 0) abort();
    for (uint32_t v = 0; v < VOICES; v++) {
        struct voice_start start;
        start_voice(kind, v, &r, &start);
        if (v == 0) reference_start(&s->reference, &start);
        bank_add(&s->bank, 0, &start, 0, 0);
    }
    return s;
}

static void mix(struct setup *s, const struct kernels *k, uint32_t first, uint32_t count) {
    for (uint32_t v = first; v < first + count;) {
        uint32_t end = (v / PER_STREAM + 1) * PER_STREAM;
        if (end > first + count) end = first + count;
        k->mix(s->bus[v / PER_STREAM], v % PER_STREAM != 0, s->rows + (size_t)(v - first) * VOICE_ROW,
               (const int32_t *)(const void *)s->bank.word[VOICE_BUS] + v,
               (const float *)(const void *)s->bank.word[VOICE_GAIN_L] + v,
               (const float *)(const void *)s->bank.word[VOICE_GAIN_R] + v, end - v);
        v = end;
    }
}

static void block(struct setup *s, const struct kernels *k, float first[BLOCK]) {
    for (uint32_t v = 0; v < VOICES; v += VOICE_RUN_MAX) {
        struct voice_run run = {s->bank.word, s->bank.tail, v, VOICE_RUN_MAX, s->rows};
        k->voice[s->program](&run);
        if (v == 0) memcpy(first, s->rows, BLOCK * sizeof *first);
        if (!s->unmixed) mix(s, k, v, VOICE_RUN_MAX);
    }
}

/* The seconds of `times` × AT_ONCE blocks; the reference follows voice 0 outside the clock, whose own call
 * takes as long as thirty voices. */
static double run(struct setup *s, const struct kernels *k, int times) {
    float first[AT_ONCE][BLOCK];
    double seconds = 0;
    for (int t = 0; t < times; t++) {
        double begin = check_seconds();
        for (int b = 0; b < AT_ONCE; b++) block(s, k, first[b]);
        seconds += check_seconds() - begin;
        for (int b = 0; b < AT_ONCE; b++) {
            double right[BLOCK];
            reference_block(&s->reference, right);
            for (int i = 0; i < BLOCK; i++) {
                s->signal += right[i] * right[i];
                s->error += (first[b][i] - right[i]) * (first[b][i] - right[i]);
            }
        }
    }
    return seconds;
}

static void measure(struct bench *b, enum kind kind, const struct kernels *k, const char *name) {
    double best = INFINITY;
    if (!bench_wants(b, name)) return;
    struct setup *s = prepare(kind);
    int times = (int)(b->seconds / RUNS / (run(s, k, 4) / 4)) + 1;
    for (int i = 0; i < RUNS; i++) {
        double seconds = run(s, k, times) / (times * AT_ONCE);
        if (seconds < best) best = seconds;
    }
    if (10 * log10(s->signal / (s->error + 1e-300)) < 100) b->failures++;
    bench_add(b, name, "voices", false, VOICES * BLOCK / best / RATE);
    bank_free(&s->bank);
    free(s);
}

static const char *const NAMES[KINDS] = {"pad voice", "sine voice", "bell voice"};

static void case_name(char out[64], const char *before, int kind, const char *isa, const char *after) {
    snprintf(out, 64, "%s%s, %s%s", before, NAMES[kind], isa, after);
}

void bench_voices(struct bench *b) {
    const struct kernels *tables[8];
    int count = check_tables(tables);
    for (int kind = 0; kind < KINDS; kind++)
        for (int i = count - 1; i >= 0; i--) {
            char name[64];
            case_name(name, "", kind, tables[i]->isa, "");
            measure(b, (enum kind)kind, tables[i], name);
        }
}

#ifdef AURALIS_WITH_COUNTING
/* Sums, differences and products a voice and sample, with the mix or without. */
static double operations(enum kind kind, bool mixed) {
    enum { TIMES = 8 };
    struct kernels counting;
    struct setup *s = prepare(kind);
    counting_kernels(&counting);
    s->unmixed = !mixed;
    uint64_t begin = counted_operations;
    run(s, &counting, TIMES);
    uint64_t counted = counted_operations - begin;
    if (10 * log10(s->signal / (s->error + 1e-300)) < 100) abort();
    bank_free(&s->bank);
    free(s);
    return (double)counted / ((double)TIMES * AT_ONCE * VOICES * BLOCK);
}

double bench_pad_operations(void) {
    return operations(PAD, false);
}

void bench_operations(struct bench *b) {
    const struct kernels *tables[8];
    int count = check_tables(tables);
    if (!bench_wants(b, "operations")) return;
    for (int kind = 0; kind < KINDS; kind++) {
        char name[64];
        double each = operations((enum kind)kind, true);
        snprintf(name, sizeof name, "operations: %s", NAMES[kind]);
        bench_add(b, name, "FLOP a sample", true, each);
        for (int i = count - 1; i >= 0; i--) {
            case_name(name, "", kind, tables[i]->isa, "");
            const struct bench_case *c = bench_find(b, name);
            if (!c || !(bench_fma_peak(b) > 0)) continue;
            case_name(name, "operations: ", kind, tables[i]->isa, ", of the peak");
            bench_add(b, name, "share", false, c->value * RATE * each / bench_fma_peak(b));
        }
    }
}
#else
double bench_pad_operations(void) {
    return 0;
}

void bench_operations(struct bench *b) {
    if (b->progress) fprintf(b->progress, "operations: left out, this build has no C++ to count them\n");
}
#endif
