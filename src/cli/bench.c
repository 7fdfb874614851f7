/* bench.c — auralis bench: how fast the shipped code is on this machine, as a table and as JSON. */
#include "cli/commands.h"
#include "cli/options.h"
#include "measure/bench.h"

#include <auralis/engine.h>

#include <stdlib.h>

static const char NAME[] = "bench";

enum { SHORT = 1, ONLY, JSON, COMPARE, TOLERANCE, PHRASES, DEVICE, THREADS, STREAMS, STEADY };

/* clang-format off */
static const struct option_info TABLE[] = {
    {0, 0, NULL, NULL, "What is measured"},
    {SHORT, 0, "short", NULL, "A fifth of the time a case; less steady."},
    {ONLY, 0, "only", "NAME", "Cases whose name begins so: machine, pad, sine, bell, two-point, operations (after those voices), memory, streams, cores, block, open, phrase, start; with --device NAME: \"NAME, pad voices\", \"NAME, kernel\", \"NAME, 100 streams\" and so on, \"NAME, plans\", \"NAME, steady\"."},
    {PHRASES, 0, "phrases", "DIR", "Where W1.json and W2.json lie. Default tests/data/phrases."},
    {DEVICE, 0, "device", "NAME", "Streams on a GPU instead (auralis devices lists them), or on cpu in the same way; wall time."},
    {THREADS, 0, "threads", "COUNT", "With --device: threads that render, an engine each, 1 to 256. Default one for each core, at most 16."},
    {STREAMS, 0, "streams", "COUNT", "With --device: no more than about so many together, 1 to 65536. Default 10000."},
    {STEADY, 0, "steady", "SECONDS", "With --device: at the end so many streams play as time goes, 20 ms after 20 ms, up to 3600 s; then, a tenth as long, as fast as they can."},
    {0, 0, NULL, NULL, "What comes of it"},
    {JSON, 0, "json", "FILE", "Writes the results as JSON too; - is standard output, without the table."},
    {COMPARE, 0, "compare", "FILE", "Prints ratios to an earlier --json; exit status 1 if one is worse than the tolerance."},
    {TOLERANCE, 0, "tolerance", "PERCENT", "How much worse is still fine. Default 5."},
};
/* clang-format on */
enum { COUNT = sizeof TABLE / sizeof *TABLE };

struct request {
    struct bench bench;
    const char *json, *compare, *device;
    double tolerance;
};

static void help(void) {
    printf(
        "usage: auralis bench [options]\n\n"
        "Times the shipped kernels, streams and phrases, in CPU time of the thread; phrases on all cores in\n"
        "wall time, and CPU time beside it. Numbers of different machines or days cannot be compared; "
        "ratios\n"
        "of one run can.\n\n");
    options_help(TABLE, COUNT, false, stdout);
}

static int read_count(const char *text, const char *option, long most, int *out) {
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end || value < 1 || value > most)
        return refuse(NAME, "%s \"%s\": must be a whole number from 1 to %ld", option, text, most);
    *out = (int)value;
    return EXIT_DONE;
}

static int read_option(struct request *r, const struct options *o, int id) {
    char *end;
    switch (id) {
    case SHORT:
        r->bench.seconds = 0.4;
        return EXIT_DONE;
    case ONLY:
        r->bench.only = o->value;
        return EXIT_DONE;
    case PHRASES:
        r->bench.phrases = o->value;
        return EXIT_DONE;
    case DEVICE:
        r->device = o->value;
        return EXIT_DONE;
    case THREADS:
        return read_count(o->value, "--threads", 256, &r->bench.threads);
    case STREAMS:
        return read_count(o->value, "--streams", 65536, &r->bench.streams);
    case STEADY:
        r->bench.steady = strtod(o->value, &end);
        if (end != o->value && !*end && r->bench.steady >= 0 && r->bench.steady <= 3600) return EXIT_DONE;
        return refuse(NAME, "--steady \"%s\": must be a number of seconds from 0 to 3600", o->value);
    case JSON:
        r->json = o->value;
        return EXIT_DONE;
    case COMPARE:
        r->compare = o->value;
        return EXIT_DONE;
    case TOLERANCE:
        r->tolerance = strtod(o->value, &end) / 100;
        if (end != o->value && !*end && r->tolerance >= 0 && r->tolerance <= 10) return EXIT_DONE;
        return refuse(NAME, "--tolerance \"%s\": must be a number from 0 to 1000", o->value);
    default:
        return refuse(NAME, "\"%s\" is too many", o->value);
    }
}

static int write_json(const struct request *r) {
    bool out = r->json[0] == '-' && !r->json[1];
    FILE *f = out ? stdout : fopen(r->json, "w");
    if (!f) return fail(NAME, "cannot write %s", r->json);
    bench_json(&r->bench, f);
    return (out ? fflush(f) : fclose(f)) ? fail(NAME, "cannot write %s", r->json) : EXIT_DONE;
}

static void measure_all(struct bench *b) {
    bench_streams(b);
    bench_open(b);
    bench_machine(b);
    bench_voices(b);
    bench_operations(b);
    bench_lean(b);
    bench_phrases(b);
    bench_start(b);
}

static int measure_device(struct request *r) {
    auralis_engine *engine;
    auralis_message why = {0};
    int result = auralis_engine_create(&(auralis_engine_config){.device = r->device, .why = &why}, &engine);
    if (result < 0) return refuse(NAME, "--device \"%s\": %s", r->device, why.text);
    auralis_engine_destroy(engine);
    bench_device(&r->bench, r->device);
    return EXIT_DONE;
}

int command_bench(int argc, char **argv) {
    struct options options = {.table = TABLE, .count = COUNT, .argc = argc, .argv = argv};
    struct request r = {.bench = {.seconds = 2,
                                  .phrases = "tests/data/phrases",
                                  .progress = stderr,
                                  .threads = bench_threads(),
                                  .streams = 10000},
                        .tolerance = 0.05};
    int status;
    for (int id; (id = options_next(&options)) != OPTION_END;) {
        if (id == OPTION_BAD) return EXIT_BAD_INPUT;
        if (id == OPTION_HELP) return help(), EXIT_DONE;
        if ((status = read_option(&r, &options, id))) return status;
    }
    if (r.device && (status = measure_device(&r))) return status;
    if (!r.device) measure_all(&r.bench);
    if (!r.json || r.json[0] != '-' || r.json[1]) bench_table(&r.bench, stdout);
    if (r.json && (status = write_json(&r))) return status;
    if (r.bench.failures) return fail(NAME, "%d timed runs differ from the reference", r.bench.failures);
    int worse = r.compare ? bench_compare(&r.bench, r.compare, r.tolerance, stdout) : 0;
    if (worse < 0) return EXIT_BAD_INPUT;
    return worse ? fail(NAME, "%d cases are worse than before", worse) : EXIT_DONE;
}
