/* bench_streams.c — streams as listeners hear them: composed, synthesised, all effects, limited, dithered to
 * int16.
 *
 * Seeds and the four presets of the original in turn. The streams stand at different places of their pieces,
 * one after the other from the second minute on, 256 of them spread over an hour: pieces that have all just
 * begun have fewer voices than music has on average (those of the slow presets open for 80 seconds), and any
 * one place is met at the same beat by all pieces of a tempo. */
#include "measure/bench.h"
#include "measure/check.h"

#include <auralis/auralis.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RATE = 48000, CHUNK = 75, RUNS = 5 };
enum { FIRST = 60 * RATE, APART = 137 * RATE / 10 }; /* no multiple of any preset's bar */

struct crowd {
    auralis_engine *engine;
    auralis_stream **stream;
    int16_t **out, *audio;
    int count;
    double voices; /* mean, sounding */
};

static void gather(struct crowd *c, int count, uint64_t seed) {
    *c = (struct crowd){.count = count};
    size_t samples = CHUNK * AURALIS_BLOCK * AURALIS_CHANNELS;
    if (auralis_engine_create(&(auralis_engine_config){.max_streams = (uint32_t)count}, &c->engine) < 0)
        abort();
    c->stream = calloc((size_t)count, sizeof(auralis_stream *));
    c->out = calloc((size_t)count, sizeof *c->out);
    c->audio = calloc((size_t)count * samples, sizeof *c->audio);
    if (!c->stream || !c->out || !c->audio) abort();
    for (int i = 0; i < count; i++) {
        auralis_stream_config config = {.seed = seed + (uint64_t)i,
                                        .parameters = &auralis_preset_at(i % 4)->parameters,
                                        .start = FIRST + APART * (uint64_t)i};
        if (auralis_stream_open(c->engine, &config, &c->stream[i]) < 0) abort();
        auralis_stream_preroll(c->stream[i], UINT64_MAX);
        c->out[i] = c->audio + (size_t)i * samples;
    }
}

static void disperse(struct crowd *c) {
    auralis_engine_destroy(c->engine);
    free(c->stream);
    free(c->out);
    free(c->audio);
}

/* As a server does (stream/live_worker.c): some of its streams, straight to 16 bits. */
static void render_some(struct crowd *c, int from, int count) {
    auralis_engine_render_pcm(c->engine, c->stream + from, (size_t)count, CHUNK, NULL, c->out + from);
}

static void render(struct crowd *c) {
    render_some(c, 0, c->count);
}

static double mean_voices(const struct crowd *c) {
    double sum = 0;
    for (int i = 0; i < c->count; i++) {
        auralis_stream_status status;
        auralis_stream_get_status(c->stream[i], &status);
        sum += status.voices;
    }
    return sum / c->count;
}

static double each(const struct crowd *c, double spent) {
    return spent / c->count / ((double)CHUNK * AURALIS_BLOCK / RATE);
}

/* CPU seconds a stream and second of its sound; best of five. */
static double cost(struct crowd *c, double seconds) {
    double begin = check_seconds(), best = 1e30, voices = 0;
    render(c);
    int chunks = (int)(seconds / RUNS / (check_seconds() - begin)) + 1;
    for (int r = 0; r < RUNS; r++) {
        begin = check_seconds();
        for (int i = 0; i < chunks; i++) render(c);
        double spent = (check_seconds() - begin) / chunks;
        if (spent < best) best = spent;
        voices += mean_voices(c) / RUNS;
    }
    c->voices = voices;
    return each(c, best);
}

/* One call for every sixteen of its streams, each after one that is not timed, which brings them into the
 * caches. Returns CPU seconds. */
static double render_by_sixteen(struct crowd *c) {
    double spent = 0;
    for (int i = 0; i < c->count; i += 16) {
        render_some(c, i, 16);
        double begin = check_seconds();
        render_some(c, i, 16);
        spent += check_seconds() - begin;
    }
    return spent;
}

/* The same streams all together and by sixteen, in turn: what they play is the same then. Best of the turns
 * each. */
static void compare_counts(struct crowd *c, double seconds, double *sixteen, double *all) {
    double begin = check_seconds(), best[2] = {1e30, 1e30};
    for (int turn = 0; turn < RUNS || check_seconds() - begin < seconds; turn++) {
        double some = render_by_sixteen(c), start = check_seconds();
        render(c);
        double whole = check_seconds() - start;
        if (some < best[0]) best[0] = some;
        if (whole < best[1]) best[1] = whole;
    }
    *sixteen = each(c, best[0]);
    *all = each(c, best[1]);
}

/* One stream of each preset, alone. */
static double cost_alone(struct bench *b) {
    double sum = 0;
    for (int k = 0; k < 4; k++) {
        struct crowd c;
        gather(&c, k + 1, 100);
        memmove(c.stream, c.stream + k, sizeof *c.stream);
        c.count = 1;
        sum += cost(&c, b->seconds / 4) / 4;
        disperse(&c);
    }
    return sum;
}

static void measure_counts(struct bench *b) {
    static const char *const names[] = {"streams, 1 together", "streams, 16 together",
                                        "streams, 256 together", "streams, 1024 together"};
    double costs[4];
    struct crowd c;
    if (!bench_wants(b, "streams")) return;
    costs[0] = cost_alone(b);
    gather(&c, 256, 100);
    costs[2] = cost(&c, b->seconds);
    bench_add(b, "streams: mean sounding voices", "voices", false, c.voices);
    disperse(&c);
    gather(&c, 1024, 100);
    compare_counts(&c, b->seconds, &costs[1], &costs[3]);
    disperse(&c);
    for (int i = 0; i < 4; i++) bench_add(b, names[i], "streams a core", false, 1 / costs[i]);
    bench_add(b, "streams: cost at 16 over cost at 1", "ratio", true, costs[1] / costs[0]);
    bench_add(b, "streams: cost at 1,024 over cost at 16", "ratio", true, costs[3] / costs[1]);
}

/* One thread's share of the comparison of one core with two. */
struct worker {
    atomic_int *start; /* how many are not ready yet */
    uint64_t seed;
    double seconds; /* of wall time for the work */
};

static double wall(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum { WORKER_STREAMS = 64, WORKER_CHUNKS = 30 };

static void *work(void *self) {
    struct worker *w = self;
    struct crowd c;
    gather(&c, WORKER_STREAMS, w->seed);
    render(&c);
    atomic_fetch_sub(w->start, 1);
    while (atomic_load(w->start) > 0) sched_yield();
    double begin = wall();
    for (int i = 0; i < WORKER_CHUNKS; i++) render(&c);
    w->seconds = wall() - begin;
    disperse(&c);
    return NULL;
}

/* Streams a second of wall time by `threads` threads. */
static double throughput(int threads) {
    atomic_int start = threads;
    pthread_t thread[2];
    struct worker w[2];
    double slowest = 0;
    for (int i = 0; i < threads; i++) {
        w[i] = (struct worker){&start, (uint64_t)(i * 1000), 0};
        if (pthread_create(&thread[i], NULL, work, &w[i])) abort();
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
        if (w[i].seconds > slowest) slowest = w[i].seconds;
    }
    return threads * WORKER_STREAMS / slowest;
}

static void measure_cores(struct bench *b) {
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || !bench_wants(b, "cores")) return;
    double one = 0, two = 0;
    for (int r = 0; r < RUNS; r++) {
        double t1 = throughput(1), t2 = throughput(2);
        if (t1 > one) one = t1;
        if (t2 > two) two = t2;
    }
    bench_add(b, "cores: two over one", "ratio", false, two / one);
}

static void measure_block(struct bench *b) {
    enum { BLOCKS = 60000 };
    static double times[BLOCKS];
    static float audio[2 * AURALIS_BLOCK];
    struct crowd c;
    float *out = audio;
    if (!bench_wants(b, "block")) return;
    gather(&c, 1, 3);
    for (int i = 0; i < BLOCKS; i++) {
        double begin = check_seconds();
        auralis_engine_render(c.engine, c.stream, 1, 1, &out);
        times[i] = (check_seconds() - begin) * 1e6;
    }
    disperse(&c);
    bench_add_times(b, "block: 64 frames of one stream, live", "µs", times, BLOCKS);
    bench_add(b, "block: p99.9", "µs", true, times[(int)(0.999 * BLOCKS)]);
}

static double resident(void) {
    long pages = 0, all;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%ld %ld", &all, &pages) != 2) pages = 0;
    if (f) fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void measure_memory(struct bench *b) {
    enum { MORE = 256 };
    auralis_engine *e;
    if (!bench_wants(b, "memory")) return;
    double begin = resident();
    if (auralis_engine_create(NULL, &e) < 0) abort();
    double first = 0;
    for (int i = 0; i <= MORE; i++) {
        auralis_stream *s;
        float block[2 * AURALIS_BLOCK];
        auralis_stream_config config = {.seed = (uint64_t)i,
                                        .parameters = &auralis_preset_at(i % 4)->parameters};
        if (auralis_stream_open(e, &config, &s) < 0) abort();
        for (int n = 0; n < 750; n++) auralis_stream_read(s, block, AURALIS_BLOCK);
        if (i == 0) first = resident();
    }
    bench_add(b, "memory: process with one stream", "MB", true, first * 1e-6);
    bench_add(b, "memory: each further stream", "KB", true,
              (resident() - (first > begin ? first : begin)) * 1e-3 / MORE);
    auralis_engine_destroy(e);
}

void bench_streams(struct bench *b) {
    measure_memory(b); /* before others have grown the heap */
    measure_counts(b);
    measure_cores(b);
    measure_block(b);
}
