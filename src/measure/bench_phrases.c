/* bench_phrases.c — known phrases from score to samples, each time on a fresh engine; and the first sound of
 * a fresh process. */
#include "measure/bench.h"
#include "measure/check.h"
#include "stream/crew.h"
#include "stream/score_json.h"
#include "synth/render.h"

#include <auralis/auralis.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static auralis_score *load(const struct bench *b, const char *file) {
    char path[512], *text = malloc(1 << 20);
    auralis_score *score = NULL;
    auralis_message why;
    snprintf(path, sizeof path, "%s/%s", b->phrases, file);
    FILE *f = fopen(path, "rb");
    if (f && text) {
        size_t size = fread(text, 1, 1 << 20, f);
        if (score_json_read(text, size, 44100, &score, &why) < 0) score = NULL;
    }
    if (!score && b->progress) fprintf(b->progress, "%s: left out, it cannot be read\n", path);
    if (f) fclose(f);
    free(text);
    return score;
}

static double seconds_of(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int cores(void) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > 64 ? 64 : (int)count;
}

/* With one thread its processor time counts; with several the time on the wall, which needs an idle machine,
 * and what all of them spent is told beside it. */
static void measure_with(struct bench *b, auralis_score *score, const char *full, bool dry, int threads) {
    enum { TIMES = 400 };
    double times[TIMES], used = 0;
    if (!bench_wants(b, full)) return;
    auralis_render_config config = {.dry = dry};
    uint64_t frames = auralis_render_frames(score, &config);
    float *out = calloc(frames, 2 * sizeof *out);
    if (!out) abort();
    clockid_t clock = threads > 1 ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
    int count = 0;
    for (double spent = 0; count < TIMES && (count < 50 || spent < 2 * b->seconds); count++) {
        double begin = seconds_of(clock), used_before = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        if (crew_render_score(score, &config, threads, out, frames) < 0) abort();
        times[count] = seconds_of(clock) - begin;
        used += seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used_before;
        spent += times[count];
        times[count] *= 1e3;
    }
    free(out);
    bench_add_times(b, full, "ms", times, count);
    if (threads < 2) return;
    char name[80];
    snprintf(name, sizeof name, "%s: CPU", full);
    bench_add(b, name, "ms, mean", true, 1e3 * used / count);
}

static void measure(struct bench *b, auralis_score *score, const char *name, bool dry) {
    char full[64];
    const char *how = dry ? "dry" : "with effects";
    snprintf(full, sizeof full, "phrase %s, %s", name, how);
    measure_with(b, score, full, dry, 1);
    snprintf(full, sizeof full, "phrase %s, %s, all cores", name, how);
    measure_with(b, score, full, dry, cores());
}

/* A minute of half a melody: thirty notes of a second, one or two voices at a time. */
static auralis_score *melody(void) {
    auralis_score *score;
    if (auralis_score_create(44100, &score) < 0) abort();
    for (int i = 0; i < 30; i++) {
        auralis_note note = {.onset = (uint64_t)i * 88200 + (uint64_t)(i * 7919 % 11 * 4410),
                             .duration = 44100,
                             .pitch = 50 + i * 7 % 30,
                             .velocity = 0.4,
                             .instrument = AURALIS_LEAD};
        if (auralis_score_add(score, &note, NULL) < 0) abort();
    }
    return score;
}

static double read_live(auralis_score *score, float *out, uint64_t frames) {
    auralis_engine *engine;
    auralis_stream *stream;
    auralis_stream_config config = {.sample_rate = 44100, .score = score, .dry = true};
    double begin = check_seconds();
    if (auralis_engine_create(&(auralis_engine_config){.max_streams = 1}, &engine) < 0) abort();
    if (auralis_stream_open(engine, &config, &stream) < 0) abort();
    auralis_stream_read(stream, out, frames);
    auralis_engine_destroy(engine);
    return check_seconds() - begin;
}

/* Notes side by side (synth/known.h) against the live path; the same samples. */
static void measure_melody(struct bench *b) {
    enum { TIMES = 7 };
    if (!bench_wants(b, "phrase melody: known over live, dry")) return;
    auralis_render_config config = {.dry = true};
    auralis_score *score = melody();
    uint64_t frames = auralis_render_frames(score, &config);
    float *out = calloc(frames, 2 * sizeof *out), *other = calloc(frames, 2 * sizeof *other);
    if (!out || !other) abort();
    double live = 1e30, known = 1e30;
    for (int i = 0; i < TIMES; i++) {
        double begin = check_seconds();
        if (auralis_render_score(score, &config, out, frames) < 0) abort();
        double took = check_seconds() - begin, other_took = read_live(score, other, frames);
        if (took < known) known = took;
        if (other_took < live) live = other_took;
    }
    b->failures += memcmp(out, other, frames * 2 * sizeof *out) != 0;
    bench_add(b, "phrase melody: known over live, dry", "ratio", true, known / live);
    free(out);
    free(other);
    auralis_score_free(score);
}

void bench_phrases(struct bench *b) {
    static const char *const names[] = {"W1", "W2"};
    for (int i = 0; i < 2; i++) {
        char file[16];
        snprintf(file, sizeof file, "%s.json", names[i]);
        auralis_score *score = load(b, file);
        if (!score) continue;
        measure(b, score, names[i], false);
        render_seed_voices(score); /* dry is the original's own voices */
        measure(b, score, names[i], true);
        auralis_score_free(score);
    }
    measure_melody(b);
}

/* Milliseconds from starting the program to its first sample in a pipe. */
static double first_sound(void) {
    int fd[2];
    struct timespec a, z;
    char bytes[64 + 8 * 64];
    if (pipe(fd) < 0) abort();
    clock_gettime(CLOCK_MONOTONIC, &a);
    pid_t pid = fork();
    if (!pid) {
        int nothing = open("/dev/null", O_WRONLY);
        dup2(fd[1], STDOUT_FILENO);
        dup2(nothing, STDERR_FILENO);
        close(fd[0]);
        execl("/proc/self/exe", "auralis", "render", "-q", "-o", "-", "--duration", "1s", (char *)NULL);
        _exit(1);
    }
    close(fd[1]);
    size_t got = 0;
    for (ssize_t n; got < sizeof bytes && (n = read(fd[0], bytes + got, sizeof bytes - got)) > 0;)
        got += (size_t)n;
    clock_gettime(CLOCK_MONOTONIC, &z);
    close(fd[0]);
    waitpid(pid, NULL, 0);
    if (got < sizeof bytes) abort();
    return (double)(z.tv_sec - a.tv_sec) * 1e3 + (double)(z.tv_nsec - a.tv_nsec) * 1e-6;
}

void bench_start(struct bench *b) {
    enum { TIMES = 40 };
    double times[TIMES];
    if (!bench_wants(b, "start")) return;
    for (int i = 0; i < TIMES; i++) times[i] = first_sound();
    bench_add_times(b, "start: process to first sound", "ms", times, TIMES);
}
