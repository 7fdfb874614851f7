/* bench.h — how fast it is: cases, each a set of timings of the shipped code, as a table, as JSON and
 * compared with an earlier run.
 *
 * Times are CPU time of the thread, so that a busy machine disturbs little; still, absolute numbers of
 * different machines or days say nothing about the code. Compare ratios of one run. */
#ifndef AURALIS_MEASURE_BENCH_H
#define AURALIS_MEASURE_BENCH_H

#include <auralis/engine.h>

#include <stdbool.h>
#include <stdio.h>

enum { BENCH_CASES_MAX = 96 };

struct bench_case {
    char name[64];
    char unit[24];
    double value; /* the figure: of the best run, or the median where percentiles are given */
    double p50, p95, p99,
        max;    /* of the single timings, in the same unit; 0 where there is but one kind of figure */
    bool lower; /* lower is better */
};

struct bench {
    struct bench_case cases[BENCH_CASES_MAX];
    int count;
    double seconds;      /* CPU seconds a case takes at least */
    const char *phrases; /* folder of W1.json and W2.json */
    const char *only;    /* cases whose name begins so; NULL: all */
    FILE *progress;      /* told what runs; NULL: nobody */
    int threads;         /* that render on a GPU, an engine each */
    int streams;         /* on a GPU, at most about; 10,000 */
    double steady;       /* seconds that they play as time goes; 0: not at all */
    int failures;        /* timed runs that were not what the reference says */
    double fma_peak;     /* operations a second that bench_fma_peak measured; 0: not yet */
};

/* Whether the case is asked for; says so to `progress`. */
bool bench_wants(const struct bench *b, const char *name);

void bench_add(struct bench *b, const char *name, const char *unit, bool lower, double value);

/* A case from `count` single timings, which are sorted. */
void bench_add_times(struct bench *b, const char *name, const char *unit, double *times, int count);

/* A case that was measured, or NULL. */
const struct bench_case *bench_find(const struct bench *b, const char *name);

/* How many pad voices a device plays in real time by so many threads, measured in about so many seconds
 * (bench_pads.c). An auralis result. */
int bench_pads(const char *device, int threads, double seconds, double *voices);

/* Threads for a GPU unless told otherwise: one for each core, at most 16. */
int bench_threads(void);

/* The groups of cases. */
void bench_device(struct bench *b, const char *device); /* streams on a GPU, wall time */
void bench_kernel(struct bench *b, const char *device); /* the pad's kernel alone, and the GPU's peak */
void bench_machine(struct bench *b);                    /* FMA peak and copy bandwidth */
double bench_fma_peak(struct bench *b); /* operations a second of one core, best of five; measured once */
void bench_voices(struct bench *b);
void bench_operations(
    struct bench *b); /* what a voice computes, and the shares of the peak that bench_voices reached */
void bench_lean(struct bench *b); /* a pad that is not shipped, and its share of the peak */
void bench_streams(struct bench *b);
void bench_phrases(struct bench *b);
void bench_open(struct bench *b);  /* what it costs that somebody comes */
void bench_start(struct bench *b); /* first sound of a fresh process */

void bench_table(const struct bench *b, FILE *out);
void bench_json(const struct bench *b, FILE *out);

/* Prints the ratios to the run in `path` (JSON of an earlier one); the number of cases worse by more than
 * `tolerance` (0.05: five percent), or −1 if the file cannot be read, with a message on stderr. */
int bench_compare(const struct bench *b, const char *path, double tolerance, FILE *out);

#endif
