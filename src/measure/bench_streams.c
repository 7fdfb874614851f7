/* bench_streams.c — streams as listeners hear them: composed, synthesised, all effects, limited, dithered to
 * int16.
 *
 * Seeds and the four presets of the original in turn. The streams stand at different places of their pieces,
 * one after the other from the second minute on, 256 of them spread over an hour: pieces that have all just
 * begun have fewer voices than music has on average (those of the slow presets open for 80 seconds), and any
 * one place is met at the same beat by all pieces of a tempo. */
#include "measure/bench.h"
#include "measure/check.h"
#include "synth/pcm16.h"

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
    float **out;
    float *audio;
    int16_t *pcm;
    int count;
    double voices; /* mean, sounding */
};

static void gather(struct crowd *c, int count, uint64_t seed) {
    *c = (struct crowd){.count = count};
    size_t samples = CHUNK * AURALIS_BLOCK * AURALIS_CHANNELS;
    if (auralis_engine_create(&(auralis_engine_config){.max_streams = (uint32_t)count}, &c->engine) < 0)
        abort();
    c->stream = calloc((size_t)count, sizeof(auralis_stream *));
    c->out = calloc((size_t)count, sizeof(float *));
    c->audio = calloc((size_t)count * samples, sizeof *c->audio);
    c->pcm = calloc(samples, sizeof *c->pcm);
    if (!c->stream || !c->out || !c->audio || !c->pcm) abort();
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
    free(c->pcm);
}

static void render(struct crowd *c) {
    size_t frames = CHUNK * AURALIS_BLOCK;
    auralis_engine_render(c->engine, c->stream, (size_t)c->count, CHUNK, c->out);
    for (int i = 0; i < c->count; i++)
        pcm16_convert(c->pcm, c->out[i], frames, (uint64_t)i, auralis_stream_frame(c->stream[i]) - frames);
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
    return best / c->count / ((double)CHUNK * AURALIS_BLOCK / RATE);
}

static void measure_counts(struct bench *b) {
    static const int counts[] = {1, 16, 256, 1024};
    double each[4];
    if (!bench_wants(b, "streams")) return;
    for (int i = 0; i < 4; i++) {
        struct crowd c;
        char name[64];
        double sum = 0;
        int crowds = counts[i] == 1 ? 4 : 1; /* one of each preset */
        for (int k = 0; k < crowds; k++) {
            gather(&c, counts[i], 100);
            if (crowds > 1) { /* the stream of preset k */
                disperse(&c);
                gather(&c, k + 1, 100);
                memmove(c.stream, c.stream + k, sizeof *c.stream);
                c.count = 1;
            }
            sum += cost(&c, b->seconds / crowds) / crowds;
            if (counts[i] == 256) bench_add(b, "streams: mean sounding voices", "voices", false, c.voices);
            disperse(&c);
        }
        each[i] = sum;
        snprintf(name, sizeof name, "streams, %d together", counts[i]);
        bench_add(b, name, "streams a core", false, 1 / sum);
    }
    bench_add(b, "streams: cost at 16 over cost at 1", "ratio", true, each[1] / each[0]);
    bench_add(b, "streams: cost at 1,024 over cost at 16", "ratio", true, each[3] / each[1]);
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
