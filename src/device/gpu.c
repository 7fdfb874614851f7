/* gpu.c — see gpu.h. A buffer that a batch needs larger than it is grows by half more than that, which ends
 * after the first few batches. */
#include "device/gpu.h"
#include "base/monotonic.h"

#include <stdlib.h>

const char *const GPU_ENTRY_NAMES[GPU_ENTRIES] = {"run_analog", "run_bell", "run_drum",    "run_noise",
                                                  "run_tone",   "run_mix",  "run_effects", "run_dither"};

static const uint32_t WORDS[VOICE_PROGRAMS] = {[PROGRAM_ANALOG] = ANALOG_WORDS,
                                               [PROGRAM_BELL] = BELL_WORDS,
                                               [PROGRAM_DRUM] = DRUM_WORDS,
                                               [PROGRAM_NOISE] = NOISE_WORDS,
                                               [PROGRAM_TONE] = TONE_WORDS};

struct buffer {
    gpu_memory memory;
    size_t bytes;
};

struct gpu {
    struct driver *driver;
    struct buffer words[VOICE_PROGRAMS], tail[VOICE_PROGRAMS];
    uint32_t places[VOICE_PROGRAMS];
    struct buffer effects;
    struct buffer voices, starts, changes, aims, streams, bright, keys; /* go up */
    struct buffer rows, sheets, buses;                                  /* stay */
    struct buffer out, pcm;                                             /* come down … */
    void *host_out, *host_pcm;                                          /* … to here */
    size_t host_out_bytes, host_pcm_bytes;
    uint32_t rendered_streams, rendered_blocks;
    uint64_t bytes;
};

static void release(struct gpu *g, struct buffer *b) {
    if (b->memory) g->driver->release(g->driver, b->memory);
    g->bytes -= b->bytes;
    *b = (struct buffer){0};
}

void gpu_destroy(struct gpu *g) {
    if (!g) return;
    g->driver->finish(g->driver);
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        release(g, &g->words[p]);
        release(g, &g->tail[p]);
    }
    struct buffer *rest[] = {&g->effects, &g->voices, &g->starts, &g->changes, &g->aims,
                             &g->streams, &g->bright, &g->keys,   &g->rows,    &g->sheets,
                             &g->buses,   &g->out,    &g->pcm};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) release(g, rest[i]);
    if (g->host_out) g->driver->host_release(g->driver, g->host_out);
    if (g->host_pcm) g->driver->host_release(g->driver, g->host_pcm);
    g->driver->close(g->driver);
    free(g);
}

const struct gpu_info *gpu_information(const struct gpu *g) {
    return &g->driver->info;
}

uint64_t gpu_bytes(const struct gpu *g) {
    return g->bytes;
}

/* A new buffer in place of an old one, whose contents are lost. */
static int renew(struct gpu *g, struct buffer *b, size_t bytes) {
    release(g, b);
    int result = g->driver->reserve(g->driver, bytes, &b->memory);
    if (result < 0) return result;
    b->bytes = bytes;
    g->bytes += bytes;
    return AURALIS_OK;
}

static int at_least(struct gpu *g, struct buffer *b, size_t bytes) {
    return bytes <= b->bytes ? AURALIS_OK : renew(g, b, bytes + bytes / 2 + 256);
}

static int at_least_host(struct gpu *g, void **host, size_t *size, size_t bytes) {
    if (bytes <= *size) return AURALIS_OK;
    if (*host) g->driver->host_release(g->driver, *host);
    *size = 0;
    *host = g->driver->host_memory(g->driver, bytes + bytes / 2);
    if (!*host) return AURALIS_ENOMEM;
    *size = bytes + bytes / 2;
    return AURALIS_OK;
}

/* Moves `rows` rows of `old` bytes each into a larger buffer whose rows are `wide` bytes. */
static int widen(struct gpu *g, struct buffer *b, size_t rows, size_t old, size_t wide) {
    struct buffer larger = {0};
    int result = renew(g, &larger, rows * wide);
    for (size_t r = 0; r < rows && old && result == AURALIS_OK; r++)
        result = g->driver->copy(g->driver, larger.memory, r * wide, b->memory, r * old, old);
    if (result == AURALIS_OK) result = g->driver->finish(g->driver);
    if (result < 0) {
        release(g, &larger);
        return result;
    }
    release(g, b);
    *b = larger;
    return AURALIS_OK;
}

static uint32_t grown(uint32_t now, uint32_t wanted) {
    uint32_t more = now + now / 2;
    return ((more > wanted ? more : wanted) + 63) / 64 * 64;
}

int gpu_reserve_voices(struct gpu *g, enum voice_program p, uint32_t places) {
    if (places <= g->places[p]) return AURALIS_OK;
    uint32_t old = g->places[p], now = grown(old, places);
    int result = widen(g, &g->words[p], WORDS[p], old * sizeof(uint32_t), now * sizeof(uint32_t));
    if (result == AURALIS_OK)
        result = widen(g, &g->tail[p], 1, (size_t)old * VOICE_TAIL * sizeof(float),
                       (size_t)now * VOICE_TAIL * sizeof(float));
    if (result == AURALIS_OK) g->places[p] = now;
    return result;
}

int gpu_reserve_effects(struct gpu *g, size_t floats) {
    size_t bytes = floats * sizeof(float), old = g->effects.bytes;
    if (bytes <= old) return AURALIS_OK;
    return widen(g, &g->effects, 1, old, old + old / 2 > bytes ? old + old / 2 : bytes);
}

int gpu_write_effects(struct gpu *g, size_t at, const float *from, size_t count) {
    int result =
        g->driver->write(g->driver, g->effects.memory, at * sizeof(float), from, count * sizeof(float));
    return result < 0 ? result : g->driver->finish(g->driver);
}

/* Sends up what a batch brings. An empty list still has a buffer, since kernels are given one. */
static int send(struct gpu *g, struct buffer *b, const void *from, size_t bytes) {
    int result = at_least(g, b, bytes + 64);
    if (result == AURALIS_OK && bytes) result = g->driver->write(g->driver, b->memory, 0, from, bytes);
    return result;
}

static int send_batch(struct gpu *g, const struct gpu_batch *b) {
    const struct {
        struct buffer *to;
        const void *from;
        size_t bytes;
    } parts[] = {{&g->voices, b->voices, b->first[VOICE_PROGRAMS] * sizeof *b->voices},
                 {&g->starts, b->starts, b->start_words * sizeof *b->starts},
                 {&g->changes, b->changes, b->change_count * sizeof *b->changes},
                 {&g->aims, b->aims, b->aim_count * sizeof *b->aims},
                 {&g->streams, b->streams, b->stream_count * sizeof *b->streams},
                 {&g->bright, b->bright, (size_t)b->stream_count * b->blocks * sizeof *b->bright}};
    int result = AURALIS_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && result == AURALIS_OK; i++)
        result = send(g, parts[i].to, parts[i].from, parts[i].bytes);
    return result;
}

static int make_room(struct gpu *g, const struct gpu_batch *b) {
    size_t total = b->first[VOICE_PROGRAMS] + 1, streams = b->stream_count, blocks = b->blocks;
    int result = at_least(g, &g->rows, total * blocks * BLOCK * sizeof(float));
    if (result == AURALIS_OK) result = at_least(g, &g->sheets, total * blocks * SHEET_WORDS * sizeof(float));
    if (result == AURALIS_OK)
        result = at_least(g, &g->buses, streams * blocks * STREAM_BUSES * 2 * BLOCK * sizeof(float));
    size_t bytes = streams * blocks * 2 * BLOCK * sizeof(float);
    if (result == AURALIS_OK) result = at_least(g, &g->out, bytes);
    if (result == AURALIS_OK) result = at_least_host(g, &g->host_out, &g->host_out_bytes, bytes);
    return result;
}

static struct gpu_argument memory(const struct buffer *b) {
    return (struct gpu_argument){.is_memory = true, .memory = b->memory};
}
static struct gpu_argument number(uint32_t n) {
    return (struct gpu_argument){.number = n};
}
#define LAUNCH(g, entry, groups, ...)                                                                        \
    (g)->driver->launch((g)->driver, entry, groups, (const struct gpu_argument[]){__VA_ARGS__},              \
                        sizeof((const struct gpu_argument[]){__VA_ARGS__}) / sizeof(struct gpu_argument))

static int launch_program(struct gpu *g, const struct gpu_batch *b, uint32_t p, uint32_t groups) {
    return LAUNCH(g, (enum gpu_entry)(ENTRY_ANALOG + p), groups, memory(&g->words[p]), memory(&g->tail[p]),
                  memory(&g->voices), memory(&g->starts), memory(&g->changes), memory(&g->bright),
                  memory(&g->rows), memory(&g->sheets), number(g->places[p]), number(b->first[p]),
                  number(b->first[p + 1]), number(b->first[VOICE_PROGRAMS]), number(b->stream_count));
}

static int launch_voices(struct gpu *g, const struct gpu_batch *b) {
    int result = AURALIS_OK;
    for (uint32_t p = 0; p < VOICE_PROGRAMS && result == AURALIS_OK; p++) {
        uint32_t voices = b->first[p + 1] - b->first[p];
        if (voices) result = launch_program(g, b, p, (voices + GPU_GROUP - 1) / GPU_GROUP);
    }
    return result;
}

int gpu_render(struct gpu *g, const struct gpu_batch *b, const float **out) {
    uint32_t count = b->stream_count;
    int result = make_room(g, b);
    if (result == AURALIS_OK) result = send_batch(g, b);
    if (result == AURALIS_OK) result = launch_voices(g, b);
    if (result == AURALIS_OK && count && b->blocks)
        result =
            LAUNCH(g, ENTRY_MIX, count * b->blocks, memory(&g->voices), memory(&g->streams), memory(&g->rows),
                   memory(&g->sheets), memory(&g->buses), number(count), number(b->first[VOICE_PROGRAMS]));
    if (result == AURALIS_OK && count && b->blocks)
        result = LAUNCH(g, ENTRY_EFFECTS, count, memory(&g->effects), memory(&g->streams), memory(&g->aims),
                        memory(&g->buses), memory(&g->out), number(count), number(b->blocks));
    size_t bytes = (size_t)count * b->blocks * 2 * BLOCK * sizeof(float);
    if (result == AURALIS_OK && bytes)
        result = g->driver->read(g->driver, g->host_out, g->out.memory, 0, bytes);
    if (result == AURALIS_OK) result = g->driver->finish(g->driver);
    if (result < 0) return result;
    g->rendered_streams = count;
    g->rendered_blocks = b->blocks;
    *out = g->host_out;
    return AURALIS_OK;
}

int gpu_dither(struct gpu *g, const uint32_t *keys, const int16_t **out) {
    uint32_t samples = g->rendered_blocks * 2 * BLOCK;
    size_t bytes = (size_t)g->rendered_streams * samples * sizeof(int16_t);
    int result = send(g, &g->keys, keys, g->rendered_streams * 2 * sizeof *keys);
    if (result == AURALIS_OK) result = at_least(g, &g->pcm, bytes);
    if (result == AURALIS_OK) result = at_least_host(g, &g->host_pcm, &g->host_pcm_bytes, bytes);
    if (result == AURALIS_OK && bytes)
        result = LAUNCH(g, ENTRY_DITHER, g->rendered_streams * (samples / GPU_GROUP), memory(&g->out),
                        memory(&g->pcm), memory(&g->keys), number(samples));
    if (result == AURALIS_OK && bytes)
        result = g->driver->read(g->driver, g->host_pcm, g->pcm.memory, 0, bytes);
    if (result == AURALIS_OK) result = g->driver->finish(g->driver);
    if (result == AURALIS_OK) *out = g->host_pcm;
    return result;
}

/* Every kernel once, on a stream without voices and blocks: what a driver does at a kernel's first launch
 * (most compile or load it only then) is done before the first sound is waited for. */
static int warm_up(struct gpu *g) {
    static const uint32_t keys[2];
    static const struct batch_stream stream = {.dry = 1};
    static const float bright[1];
    const int16_t *pcm;
    const float *samples;
    struct gpu_batch nothing = {.streams = &stream, .stream_count = 1, .bright = bright, .blocks = 1};
    double begin = (double)monotonic_now() * 1e-9;
    int result = gpu_reserve_effects(g, 16);
    for (int p = 0; p < VOICE_PROGRAMS && result == AURALIS_OK; p++)
        result = gpu_reserve_voices(g, (enum voice_program)p, 1);
    if (result == AURALIS_OK) result = make_room(g, &nothing);
    if (result == AURALIS_OK) result = send_batch(g, &nothing);
    for (uint32_t p = 0; p < VOICE_PROGRAMS && result == AURALIS_OK; p++)
        result = launch_program(g, &nothing, p, 1);
    if (result == AURALIS_OK) result = gpu_render(g, &nothing, &samples);
    if (result == AURALIS_OK) result = gpu_dither(g, keys, &pcm);
    g->driver->info.warm_up += (double)monotonic_now() * 1e-9 - begin;
    return result;
}

int gpu_create(struct driver *driver, struct gpu **out) {
    struct gpu *g = calloc(1, sizeof *g);
    if (!g) {
        driver->close(driver);
        return AURALIS_ENOMEM;
    }
    g->driver = driver;
    int result = warm_up(g);
    if (result < 0) {
        gpu_destroy(g);
        return result;
    }
    *out = g;
    return AURALIS_OK;
}
