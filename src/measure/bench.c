/* bench.c — collecting the cases and printing them (see bench.h). */
#include "measure/bench.h"

#include <auralis/auralis.h>

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#ifdef AURALIS_WITH_JANSSON
#include <jansson.h>
#endif

bool bench_wants(const struct bench *b, const char *name) {
    if (b->only && strncmp(name, b->only, strlen(b->only))) return false;
    if (b->progress) fprintf(b->progress, "%s …\n", name);
    return true;
}

static struct bench_case *add(struct bench *b, const char *name, const char *unit, bool lower) {
    if (b->count == BENCH_CASES_MAX) abort();
    struct bench_case *c = &b->cases[b->count++];
    *c = (struct bench_case){.lower = lower};
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(c->unit, sizeof c->unit, "%s", unit);
    return c;
}

void bench_add(struct bench *b, const char *name, const char *unit, bool lower, double value) {
    add(b, name, unit, lower)->value = value;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double percentile(const double *sorted, int count, double p) {
    int i = (int)(p * count);
    return sorted[i < count ? i : count - 1];
}

void bench_add_times(struct bench *b, const char *name, const char *unit, double *times, int count) {
    qsort(times, (size_t)count, sizeof *times, ascending);
    struct bench_case *c = add(b, name, unit, true);
    c->value = c->p50 = percentile(times, count, 0.5);
    c->p95 = percentile(times, count, 0.95);
    c->p99 = percentile(times, count, 0.99);
    c->max = times[count - 1];
}

/* What is to be reached, on the machine class that the figures of docs and README are of. */
enum figure { VALUE, P99, P99_OVER_P50 };
static const struct bar {
    const char *name;
    enum figure figure;
    double bar;
} BARS[] = {
    {"operations: two-point pad, avx512, of the peak", VALUE, 0.5},
    {"streams, 256 together", VALUE, 1000},
    {"streams: mean sounding voices", VALUE, 10},
    {"streams: cost at 16 over cost at 1", VALUE, 0.5},
    {"streams: cost at 1,024 over cost at 16", VALUE, 1.1},
    {"cores: two over one", VALUE, 1.9},
    {"phrase W2, dry, all cores", VALUE, 5},
    {"phrase W2, with effects, all cores", VALUE, 20},
    {"phrase W2, dry, all cores", P99_OVER_P50, 1.5},
    {"phrase W2, with effects, all cores", P99_OVER_P50, 1.5},
    {"phrase W1, dry", VALUE, 1},
    {"phrase W1, with effects", P99, 3},
    {"block: p99.9", VALUE, 100},
    {"memory: process with one stream", VALUE, 20},
    {"memory: each further stream", VALUE, 400},
    {"start: process to first sound", VALUE, 50},
};
static const char *const FIGURES[] = {"", " p99", " p99 over p50"};

const struct bench_case *bench_find(const struct bench *b, const char *name) {
    for (int i = 0; name && i < b->count; i++)
        if (!strcmp(b->cases[i].name, name)) return &b->cases[i];
    return NULL;
}

static double figure_of(const struct bench_case *c, enum figure figure) {
    return figure == P99 ? c->p99 : figure == P99_OVER_P50 ? c->p99 / c->p50 : c->value;
}

/* Calls `one` for each bar whose case was measured. */
static void each_bar(const struct bench *b, FILE *out,
                     void (*one)(FILE *, int n, const char *name, const char *figure, const char *unit,
                                 double value, bool lower, double bar, bool met)) {
    int n = 0;
    for (size_t i = 0; i < sizeof BARS / sizeof *BARS; i++) {
        const struct bench_case *c = bench_find(b, BARS[i].name);
        if (!c) continue;
        double value = figure_of(c, BARS[i].figure), bar = BARS[i].bar;
        const char *unit = BARS[i].figure == P99_OVER_P50 ? "ratio" : c->unit;
        one(out, n++, c->name, FIGURES[BARS[i].figure], unit, value, c->lower, bar,
            c->lower ? value <= bar : value >= bar);
    }
}

static void print_bar(FILE *out, int n, const char *name, const char *figure, const char *unit, double value,
                      bool lower, double bar, bool met) {
    (void)n;
    fprintf(out, "%-7s %s%s: %.4g %s, at %s %g\n", met ? "met" : "missed", name, figure, value, unit,
            lower ? "most" : "least", bar);
}

static void write_bar(FILE *out, int n, const char *name, const char *figure, const char *unit, double value,
                      bool lower, double bar, bool met) {
    fprintf(out, "%s\n    {\"name\": \"%s%s\", \"unit\": \"%s\", \"value\": %.6g, \"%s\": %g, \"met\": %s}",
            n ? "," : "", name, figure, unit, value, lower ? "at_most" : "at_least", bar,
            met ? "true" : "false");
}

void bench_table(const struct bench *b, FILE *out) {
    fprintf(out, "%-44s %12s %-16s %10s %10s %10s\n", "case", "value", "unit", "p95", "p99", "max");
    for (int i = 0; i < b->count; i++) {
        const struct bench_case *c = &b->cases[i];
        fprintf(out, "%-44s %12.4g %-16s", c->name, c->value, c->unit);
        if (c->max > 0) fprintf(out, " %10.4g %10.4g %10.4g", c->p95, c->p99, c->max);
        fputc('\n', out);
    }
    fputc('\n', out);
    each_bar(b, out, print_bar);
}

/* The processor's name, as the kernel tells it. */
static void processor(char *out, size_t size) {
    char line[256];
    snprintf(out, size, "unknown");
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (!colon || strncmp(line, "model name", 10)) continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(out, size, "%s", colon + 2);
        break;
    }
    if (f) fclose(f);
}

void bench_json(const struct bench *b, FILE *out) {
    struct utsname system;
    const char *isas[8] = {"?"};
    char cpu[256];
    uname(&system);
    auralis_isas(isas, 8);
    processor(cpu, sizeof cpu);
    for (char *c = cpu; *c; c++)
        if (*c == '"' || *c == '\\') *c = ' ';
    fprintf(
        out,
        "{\n  \"version\": \"%s\",\n  \"commit\": \"%s\",\n  \"machine\": \"%s %s\",\n  \"cpu\": \"%s\",\n",
        auralis_version(), AURALIS_COMMIT, system.sysname, system.machine, cpu);
    fprintf(out, "  \"compiler\": \"%s\",\n  \"isa\": \"%s\",\n  \"cases\": [\n", AURALIS_COMPILER, isas[0]);
    for (int i = 0; i < b->count; i++) {
        const struct bench_case *c = &b->cases[i];
        fprintf(out,
                "    {\"name\": \"%s\", \"unit\": \"%s\", \"better\": \"%s\", \"value\": %.6g, \"p50\": "
                "%.6g, \"p95\": "
                "%.6g, \"p99\": %.6g, \"max\": %.6g}%s\n",
                c->name, c->unit, c->lower ? "lower" : "higher", c->value, c->p50, c->p95, c->p99, c->max,
                i + 1 < b->count ? "," : "");
    }
    fprintf(out, "  ],\n  \"bars\": [");
    each_bar(b, out, write_bar);
    fprintf(out, "\n  ]\n}\n");
}

#ifdef AURALIS_WITH_JANSSON
int bench_compare(const struct bench *b, const char *path, double tolerance, FILE *out) {
    json_error_t error;
    json_t *file = json_load_file(path, 0, &error), *cases = json_object_get(file, "cases"), *one;
    size_t i;
    int worse = 0;
    if (!json_is_array(cases)) {
        fprintf(stderr, "auralis bench: %s: %s\n", path, file ? "no \"cases\" in it" : error.text);
        json_decref(file);
        return -1;
    }
    fprintf(out, "%-44s %12s %12s %8s\n", "case", "then", "now", "ratio");
    json_array_foreach(cases, i, one) {
        const struct bench_case *c = bench_find(b, json_string_value(json_object_get(one, "name")));
        double then = json_number_value(json_object_get(one, "value"));
        if (!c || !(then > 0)) continue;
        double ratio = c->value / then;
        bool bad = c->lower ? ratio > 1 + tolerance : ratio < 1 - tolerance;
        fprintf(out, "%-44s %12.4g %12.4g %8.3f%s\n", c->name, then, c->value, ratio, bad ? "  WORSE" : "");
        worse += bad;
    }
    json_decref(file);
    return worse;
}
#else
int bench_compare(const struct bench *b, const char *path, double tolerance, FILE *out) {
    (void)b, (void)tolerance, (void)out;
    fprintf(stderr, "auralis bench: %s: this build cannot read JSON\n", path);
    return -1;
}
#endif
