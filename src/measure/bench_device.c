/* bench_device.c — streams on a GPU, in wall time and with everything that the host does for them, by all of
 * the host's threads: how many play in real time, how soon one is heard, whether the load is borne as time
 * goes, and which way of sending calls there is quickest. */
#include "base/monotonic.h"
#include "measure/bench.h"
#include "measure/bench_crowd.h"
#include "measure/nvml.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 2000, LEAST = 4, LOADED = 50 /* chunks at full load between two questions */ };
static const double CHUNK_MS = 1e3 * CROWD_CHUNK * AURALIS_BLOCK / CROWD_RATE;
static const double HEARD = 20; /* seconds into the pieces, from where as many voices sound as later */

static double now(void) {
    return (double)monotonic_now() * 1e-9;
}

int bench_threads(void) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > 16 ? 16 : (int)cores;
}

static int open_crowd(const struct bench *b, const char *device, int count, struct crowd **out) {
    int result = crowd_open(device, count, b->threads, NULL, out);
    if (result < 0) return result;
    double ignored;
    result = crowd_warm_up(*out, HEARD, 10 * b->seconds);
    for (int i = 0; i < LEAST && result == AURALIS_OK; i++) result = crowd_render(*out, &ignored);
    if (result < 0) crowd_close(*out);
    return result;
}

/* The times (ms) of chunks within about `limit` seconds; how many, or an auralis error. */
static int time_chunks(struct crowd *crowd, double limit, double times[MOST]) {
    double begin = now();
    int n = 0;
    for (; n < MOST && (n < LEAST || now() - begin < limit); n++) {
        int result = crowd_render(crowd, &times[n]);
        if (result < 0) return result;
        times[n] *= 1e3;
    }
    return n;
}

/* How many streams play in real time, if so many are rendered together. */
static int measure_streams(struct bench *b, const char *device, int count) {
    static double times[MOST];
    struct crowd *crowd;
    char name[64];
    int n = open_crowd(b, device, count, &crowd);
    if (n < 0) return n;
    n = time_chunks(crowd, b->seconds, times);
    double sum = 0, voices = crowd_voices(crowd);
    for (int i = 0; i < n; i++) sum += times[i] / n;
    crowd_close(crowd);
    if (n < 0) return n;
    snprintf(name, sizeof name, "%s: streams, %d together", device, count);
    bench_add(b, name, "streams", false, count * CHUNK_MS / sum);
    snprintf(name, sizeof name, "%s: voices, %d streams", device, count);
    bench_add(b, name, "voices", false, voices * CHUNK_MS / sum);
    snprintf(name, sizeof name, "%s: chunk of 20 ms, %d streams", device, count);
    bench_add_times(b, name, "ms", times, n);
    return AURALIS_OK;
}

static void measure_pads(struct bench *b, const char *device) {
    char name[64];
    double voices;
    snprintf(name, sizeof name, "%s, pad voices", device);
    if (!bench_wants(b, name)) return;
    int result = bench_pads(device, b->threads, b->seconds * 4, &voices);
    b->failures += result < 0;
    if (result == AURALIS_OK) bench_add(b, name, "voices", false, voices);
}

/* More and more streams, until they are more than play in real time. */
static void measure_counts(struct bench *b, const char *device) {
    static const int counts[] = {1, 10, 100, 1000, 10000, 30000};
    for (int i = 0; i < 6; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s, %d streams", device, counts[i]);
        if (counts[i] > 3 * b->streams || !bench_wants(b, name)) continue;
        if (measure_streams(b, device, counts[i]) < 0) {
            b->failures++;
            break;
        }
        if (b->cases[b->count - 1].value > CHUNK_MS) break;
    }
}

/* ---- Ways to send calls ---- */

static int measure_plan(struct bench *b, const char *device, struct crowd *crowd, int count,
                        const struct plan_wish *wish) {
    static double times[MOST];
    char name[64];
    double ignored;
    int result = AURALIS_OK;
    crowd_plan(crowd, wish);
    for (int i = 0; i < LEAST && result == AURALIS_OK; i++) result = crowd_render(crowd, &ignored);
    if (result < 0) return result;
    int n = time_chunks(crowd, b->seconds / 4, times);
    if (n < 0) return n;
    snprintf(name, sizeof name, "%s: parts=%u,graphs=%s, %d streams", device, wish->parts,
             wish->graphs == GRAPHS_ON ? "on" : "off", count);
    bench_add_times(b, name, "ms", times, n);
    return AURALIS_OK;
}

/* Overlapping parts and graphs against plain launches. */
static void measure_plans(struct bench *b, const char *device) {
    static const uint32_t parts[] = {1, 2, 4};
    char name[64];
    snprintf(name, sizeof name, "%s, plans", device);
    if (strncmp(device, "cuda", 4) || !bench_wants(b, name)) return;
    for (int count = 10; count <= 10000 && count <= b->streams; count *= 10) {
        struct crowd *crowd;
        int result = open_crowd(b, device, count, &crowd);
        if (result < 0) {
            b->failures++;
            return;
        }
        for (int i = 0; i < 6 && result == AURALIS_OK; i++) {
            struct plan_wish wish = {parts[i / 2], 75, i % 2 ? GRAPHS_ON : GRAPHS_OFF};
            result = measure_plan(b, device, crowd, count, &wish);
        }
        b->failures += result < 0;
        crowd_close(crowd);
    }
}

/* ---- As time goes ---- */

struct steady {
    struct crowd *crowd;
    struct nvml *nvml;
    double *times; /* ms */
    int count, late;
    uint64_t first_bytes, last_bytes, first_used, last_used;
    double busy; /* mean percent at full load; negative: not told */
};

static void sleep_until(double when) {
    double left = when - now();
    if (left <= 0) return;
    struct timespec t = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
    nanosleep(&t, NULL);
}

static void read_memory(const struct steady *s, uint64_t *bytes, uint64_t *used) {
    unsigned ignored;
    *bytes = crowd_gpu_bytes(s->crowd);
    if (!nvml_read(s->nvml, &ignored, used)) *used = 0;
}

/* A chunk every 20 ms. */
static int play_steadily(struct steady *s, double seconds) {
    int result = AURALIS_OK, most = (int)(seconds * 1e3 / CHUNK_MS);
    s->times = calloc((size_t)most + 1, sizeof *s->times);
    if (!s->times) abort();
    read_memory(s, &s->first_bytes, &s->first_used);
    double begin = now();
    while (s->count < most && result == AURALIS_OK && now() - begin < seconds + 10) {
        double due = begin + s->count * CHUNK_MS * 1e-3;
        sleep_until(due);
        result = crowd_render(s->crowd, &s->times[s->count]);
        s->times[s->count++] *= 1e3;
        s->late += now() > due + CHUNK_MS * 1e-3;
    }
    read_memory(s, &s->last_bytes, &s->last_used);
    return result;
}

/* One chunk after the other: how busy the GPU is then. */
static int play_loaded(struct steady *s, double seconds) {
    int result = AURALIS_OK, asked = 0;
    double begin = now(), sum = 0, ignored;
    while (result == AURALIS_OK && now() - begin < seconds) {
        for (int i = 0; i < LOADED && result == AURALIS_OK && now() - begin < seconds; i++)
            result = crowd_render(s->crowd, &ignored);
        unsigned percent;
        uint64_t bytes;
        if (now() - begin < 1 || !nvml_read(s->nvml, &percent, &bytes)) continue; /* of before */
        sum += percent;
        asked++;
    }
    s->busy = asked ? sum / asked : -1;
    return result;
}

static void add_steady(struct bench *b, const char *device, struct steady *s) {
    char name[64];
    snprintf(name, sizeof name, "%s: steady chunk, %d streams", device, b->streams);
    bench_add_times(b, name, "ms", s->times, s->count);
    snprintf(name, sizeof name, "%s: steady, later than 20 ms", device);
    bench_add(b, name, "chunks", true, s->late);
    snprintf(name, sizeof name, "%s: steady, growth of GPU memory", device);
    bench_add(b, name, "bytes", true, (double)s->last_bytes - (double)s->first_bytes);
    if (s->last_used) {
        snprintf(name, sizeof name, "%s: steady, growth as NVML has it", device);
        bench_add(b, name, "bytes", true, (double)s->last_used - (double)s->first_used);
    }
    if (s->busy >= 0) {
        snprintf(name, sizeof name, "%s: utilisation at full load", device);
        bench_add(b, name, "%", false, s->busy);
    }
}

static void measure_steady(struct bench *b, const char *device) {
    struct steady s = {.busy = -1};
    char name[64];
    snprintf(name, sizeof name, "%s, steady", device);
    if (!(b->steady > 0) || !bench_wants(b, name)) return;
    int result = open_crowd(b, device, b->streams, &s.crowd);
    if (result == AURALIS_OK) {
        const char *colon = strchr(device, ':');
        s.nvml =
            strncmp(device, "cuda", 4) ? NULL : nvml_open(crowd_device(s.crowd), colon ? atoi(colon + 1) : 0);
        result = play_steadily(&s, b->steady);
        if (result == AURALIS_OK) result = play_loaded(&s, b->steady / 10 + 1);
        nvml_close(s.nvml);
        crowd_close(s.crowd);
    }
    b->failures += result < 0;
    if (result == AURALIS_OK) add_steady(b, device, &s);
    free(s.times);
}

void bench_device(struct bench *b, const char *device) {
    measure_pads(b, device);
    bench_kernel(b, device);
    measure_counts(b, device);
    measure_plans(b, device);
    measure_steady(b, device);
}
