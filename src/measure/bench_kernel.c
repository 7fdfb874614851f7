/* bench_kernel.c — the pad's kernel alone on a GPU, against what the GPU can do at best.
 *
 * The voices lie on the GPU and one launch after the other moves all of them on: nothing goes up or down,
 * nothing is mixed. The peak is that of products and sums that are not fused (run_peak of
 * kernels/program.h), each one instruction, measured on the same card. Of the kernel only products, sums and
 * differences are counted, so its share of the peak is a lower bound: all its instructions together have
 * more.
 */
#include "base/monotonic.h"
#include "device/device.h"
#include "kernels/batch.h"
#include "measure/bench.h"
#include "measure/bench_voices.h"

#include <stdlib.h>
#include <string.h>

enum { RATE = 48000, BLOCKS = 4, VOICES_MOST = 1 << 18, LAUNCHES = 16 };
static const double LONG_ENOUGH = 0.02; /* seconds of a launch: what starting it takes is lost in that */

struct pads {
    struct driver *driver;
    uint32_t count;
    enum { WORDS, TAIL, LIST, NONE, BRIGHT, ROWS, SHEETS, MEMORIES } unused;
    gpu_memory memory[MEMORIES];
};

static double now(void) {
    return (double)monotonic_now() * 1e-9;
}

static int send(struct pads *p, int which, const void *from, size_t bytes) {
    return p->driver->write(p->driver, p->memory[which], 0, from, bytes);
}

/* The voices' words as a bank has them: word by word. */
static uint32_t *pad_words(uint32_t count) {
    struct random r = random_at(1, 2, 3, 4);
    uint32_t *words = malloc((size_t)ANALOG_WORDS * count * sizeof *words);
    for (uint32_t v = 0; v < count && words; v++) {
        struct voice_start start;
        bench_pad(v, &r, &start);
        for (uint32_t w = 0; w < ANALOG_WORDS; w++) words[w * count + v] = start.word[w];
    }
    return words;
}

/* They begin without what a voice keeps of the block before, and all sound in all blocks. */
static int fill(struct pads *p) {
    uint32_t *words = pad_words(p->count);
    float *tail = calloc(p->count, VOICE_TAIL * sizeof *tail);
    struct batch_voice *list = calloc(p->count, sizeof *list);
    const float bright[BLOCKS] = {0};
    int result = words && tail && list ? AURALIS_OK : AURALIS_ENOMEM;
    for (uint32_t v = 0; v < p->count && list; v++) list[v] = (struct batch_voice){.place = v, .to = BLOCKS};
    if (result == AURALIS_OK) result = send(p, WORDS, words, ANALOG_WORDS * sizeof *words * p->count);
    if (result == AURALIS_OK) result = send(p, TAIL, tail, VOICE_TAIL * sizeof *tail * p->count);
    if (result == AURALIS_OK) result = send(p, LIST, list, sizeof *list * p->count);
    if (result == AURALIS_OK) result = send(p, BRIGHT, bright, sizeof bright);
    if (result == AURALIS_OK) result = p->driver->finish(p->driver);
    free(words);
    free(tail);
    free(list);
    return result;
}

static int open_pads(struct driver *driver, uint32_t count, struct pads *p) {
    const size_t bytes[MEMORIES] = {[WORDS] = ANALOG_WORDS * sizeof(uint32_t) * count,
                                    [TAIL] = VOICE_TAIL * sizeof(float) * count,
                                    [LIST] = sizeof(struct batch_voice) * count,
                                    [NONE] = 256,
                                    [BRIGHT] = 256,
                                    [ROWS] = (size_t)BLOCKS * BLOCK * sizeof(float) * count,
                                    [SHEETS] = (size_t)BLOCKS * SHEET_WORDS * sizeof(float) * count};
    int result = AURALIS_OK;
    *p = (struct pads){.driver = driver, .count = count};
    for (int i = 0; i < MEMORIES && result == AURALIS_OK; i++)
        result = driver->reserve(driver, bytes[i], &p->memory[i]);
    return result < 0 ? result : fill(p);
}

static void close_pads(struct pads *p) {
    for (int i = 0; i < MEMORIES; i++)
        if (p->memory[i]) p->driver->release(p->driver, p->memory[i]);
}

static struct gpu_argument memory(gpu_memory m) {
    return (struct gpu_argument){.is_memory = true, .memory = m};
}
static struct gpu_argument number(uint32_t n) {
    return (struct gpu_argument){.number = n};
}

static int launch_pads(struct pads *p) {
    const gpu_memory *m = p->memory;
    const struct gpu_argument arguments[] = {
        memory(m[WORDS]),  memory(m[TAIL]),  memory(m[LIST]),   memory(m[NONE]),  memory(m[NONE]),
        memory(m[BRIGHT]), memory(m[ROWS]),  memory(m[SHEETS]), number(p->count), number(0),
        number(p->count),  number(p->count), number(1)};
    return p->driver->launch(p->driver, ENTRY_ANALOG, (p->count + GPU_GROUP - 1) / GPU_GROUP, arguments,
                             sizeof arguments / sizeof *arguments);
}

/* Seconds a launch takes among `times` of them. */
static int time_pads(struct pads *p, int times, double *each) {
    double begin = now();
    int result = AURALIS_OK;
    for (int i = 0; i < times && result == AURALIS_OK; i++) result = launch_pads(p);
    if (result == AURALIS_OK) result = p->driver->finish(p->driver);
    *each = (now() - begin) / times;
    return result;
}

/* More and more voices until a launch takes long enough, then the best of five. */
static int measure_pads(struct driver *driver, double *voices) {
    int result = AURALIS_OK;
    double each = 0;
    for (uint32_t count = 256; result == AURALIS_OK; count *= 4) {
        struct pads p;
        result = open_pads(driver, count, &p);
        if (result == AURALIS_OK) result = time_pads(&p, 1, &each);
        bool enough = each >= LONG_ENOUGH || count == VOICES_MOST;
        for (int i = 0; i < 5 && enough && result == AURALIS_OK; i++) {
            result = time_pads(&p, each > 0.2 ? 1 : LAUNCHES, &each);
            double now = count * (BLOCKS * BLOCK / (double)RATE) / each;
            if (now > *voices) *voices = now;
        }
        close_pads(&p);
        if (enough) break;
    }
    return result;
}

/* Operations a second of run_peak, best of five; more rounds until a launch takes long enough. */
static int measure_peak(struct driver *driver, double *peak) {
    const uint32_t groups = (driver->info.units ? driver->info.units : 1) * 32;
    const float factor[2] = {0.999f, 0.001f};
    gpu_memory memory_of_all;
    int result = driver->reserve(driver, (2 + (size_t)groups * GPU_GROUP) * sizeof(float), &memory_of_all);
    if (result < 0) return result;
    result = driver->write(driver, memory_of_all, 0, factor, sizeof factor);
    double seconds = 0;
    uint32_t rounds = 1;
    for (int i = 0; i < 5 && result == AURALIS_OK;) {
        const struct gpu_argument arguments[] = {memory(memory_of_all), number(rounds)};
        double begin = now();
        result = driver->launch(driver, ENTRY_PEAK, groups, arguments, 2);
        if (result == AURALIS_OK) result = driver->finish(driver);
        seconds = now() - begin;
        if (seconds < LONG_ENOUGH && rounds < 1 << 24) {
            rounds *= 2;
            continue;
        }
        double reached = (double)groups * GPU_GROUP * rounds * PEAK_OPERATIONS / seconds;
        if (reached > *peak) *peak = reached;
        i++;
    }
    driver->release(driver, memory_of_all);
    return result;
}

void bench_kernel(struct bench *b, const char *device) {
    struct driver *driver;
    char name[64];
    double voices = 0, peak = 0;
    if (!strcmp(device, "cpu")) return;
    snprintf(name, sizeof name, "%s, kernel", device);
    if (!bench_wants(b, name) || device_driver(device, &driver, NULL) < 0) return;
    driver->patience = 60;
    int result = measure_pads(driver, &voices);
    if (result == AURALIS_OK) result = measure_peak(driver, &peak);
    driver->close(driver);
    b->failures += result < 0;
    if (result < 0) return;
    snprintf(name, sizeof name, "%s: kernel of a pad alone", device);
    bench_add(b, name, "voices", false, voices);
    snprintf(name, sizeof name, "%s: peak of products and sums", device);
    bench_add(b, name, "Gop/s", false, peak * 1e-9);
    double operations = bench_pad_operations();
    if (!(operations > 0)) return;
    snprintf(name, sizeof name, "%s: kernel of a pad, of the peak", device);
    bench_add(b, name, "share", false, voices * RATE * operations / peak);
}
