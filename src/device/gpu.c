/* gpu.c — see gpu.h. A buffer that turns out too small grows by half more than is needed, if there is so
 * much. */
#include "device/gpu.h"
#include "base/monotonic.h"

#include <stdlib.h>

const char *const GPU_ENTRY_NAMES[GPU_ENTRIES] = {"run_analog",  "run_bell",   "run_drum",
                                                  "run_noise",   "run_tone",   "run_mix",
                                                  "run_effects", "run_dither", "run_peak"};

/* Seconds; a driver that makes its code when a kernel is first launched takes its time. */
static const double PATIENCE_MAX = 10, FIRST_TIME = 900;

/* Room for batches however few streams there are, and blocks of each of many streams. */
enum { ROWS_LEAST = 1 << 16, SPANS_LEAST = 64 * 75, STREAM_BLOCKS = 15 };
/* Lists that go up, for a stream: words of voices that begin, changes, aims. */
enum { LIST_STARTS = 1024, LIST_CHANGES = 64, LIST_AIMS = 16, LISTS_LEAST = 64 };

static const uint32_t WORDS[VOICE_PROGRAMS] = {[PROGRAM_ANALOG] = ANALOG_WORDS,
                                               [PROGRAM_BELL] = BELL_WORDS,
                                               [PROGRAM_DRUM] = DRUM_WORDS,
                                               [PROGRAM_NOISE] = NOISE_WORDS,
                                               [PROGRAM_TONE] = TONE_WORDS};

struct buffer {
    gpu_memory memory;
    size_t bytes;
};

/* What a batch needs for itself. Parts of one call have their own, so that they can overlap. */
struct part {
    struct buffer voices, starts, changes, aims, streams, bright; /* go up */
    struct buffer rows, sheets, buses;                            /* stay */
    struct buffer pcm, out;                                       /* come down … */
    void *host;                                                   /* … to here, one behind the other */
    size_t host_bytes, pcm_bytes, out_at, out_bytes;
    uint32_t narrow; /* streams in 16 bits */
};

struct gpu {
    struct driver *driver;
    struct plans plans;
    struct buffer words[VOICE_PROGRAMS], tail[VOICE_PROGRAMS];
    uint32_t places[VOICE_PROGRAMS];
    struct buffer effects;
    struct part part[GPU_QUEUES_MAX];
    uint64_t bytes;
    double patience, longest; /* seconds: without any batch; of a wait lately */
};

static void release(struct gpu *g, struct buffer *b) {
    if (b->memory) g->driver->release(g->driver, b->memory);
    g->bytes -= b->bytes;
    *b = (struct buffer){0};
}

static void release_part(struct gpu *g, struct part *p) {
    struct buffer *all[] = {&p->voices, &p->starts, &p->changes, &p->aims, &p->streams, &p->bright,
                            &p->rows,   &p->sheets, &p->buses,   &p->pcm,  &p->out};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) release(g, all[i]);
    if (p->host) g->driver->host_release(g->driver, p->host);
    *p = (struct part){0};
}

/* When nothing is under way. */
static void release_all(struct gpu *g) {
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        release(g, &g->words[p]);
        release(g, &g->tail[p]);
        g->places[p] = 0;
    }
    release(g, &g->effects);
    for (int i = 0; i < GPU_QUEUES_MAX; i++) release_part(g, &g->part[i]);
}

void gpu_destroy(struct gpu *g) {
    if (!g) return;
    g->driver->finish(g->driver);
    release_all(g);
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

/* What it holds is lost. Where there is not so much, it stays as it is. */
static int at_least(struct gpu *g, struct buffer *b, size_t bytes) {
    struct buffer larger = {0};
    if (bytes <= b->bytes) return AURALIS_OK;
    int result = renew(g, &larger, b->bytes ? bytes + bytes / 2 + 256 : bytes);
    if (result == AURALIS_ENOMEM) result = renew(g, &larger, bytes);
    if (result < 0) return result;
    release(g, b);
    *b = larger;
    return AURALIS_OK;
}

static int at_least_host(struct gpu *g, void **host, size_t *size, size_t bytes) {
    if (bytes <= *size) return AURALIS_OK;
    if (*size) bytes += bytes / 2;
    void *larger = g->driver->host_memory(g->driver, bytes);
    if (!larger) return AURALIS_ENOMEM;
    if (*host) g->driver->host_release(g->driver, *host);
    *host = larger;
    *size = bytes;
    return AURALIS_OK;
}

/* Copies `rows` rows of `old` bytes each into a larger buffer whose rows are `wide` bytes. */
static int widen(struct gpu *g, struct buffer *larger, const struct buffer *b, size_t rows, size_t old,
                 size_t wide) {
    int result = renew(g, larger, rows * wide);
    for (size_t r = 0; r < rows && old && result == AURALIS_OK; r++)
        result = g->driver->copy(g->driver, larger->memory, r * wide, b->memory, r * old, old);
    return result;
}

/* Puts larger buffers in the places of what they were copied from, or, after an error, none of them. */
static int exchange(struct gpu *g, struct buffer *const *old, struct buffer *larger, int count, int result) {
    int waited = g->driver->finish(g->driver); /* copies of those that go may be under way */
    if (result == AURALIS_OK) result = waited;
    for (int i = 0; i < count; i++) {
        release(g, result < 0 ? &larger[i] : old[i]);
        if (result == AURALIS_OK) *old[i] = larger[i];
    }
    return result;
}

static uint32_t grown(uint32_t now, uint32_t wanted) {
    uint32_t more = now + now / 2;
    return ((more > wanted ? more : wanted) + 63) / 64 * 64;
}

int gpu_reserve_voices(struct gpu *g, enum voice_program p, uint32_t places) {
    if (places <= g->places[p]) return AURALIS_OK;
    uint32_t old = g->places[p], now = grown(old, places);
    struct buffer larger[2] = {0}, *const banks[2] = {&g->words[p], &g->tail[p]};
    int result = widen(g, &larger[0], banks[0], WORDS[p], old * sizeof(uint32_t), now * sizeof(uint32_t));
    if (result == AURALIS_OK)
        result = widen(g, &larger[1], banks[1], 1, (size_t)old * VOICE_TAIL * sizeof(float),
                       (size_t)now * VOICE_TAIL * sizeof(float));
    result = exchange(g, banks, larger, 2, result);
    if (result == AURALIS_OK) g->places[p] = now;
    return result;
}

int gpu_reserve_effects(struct gpu *g, size_t floats) {
    size_t bytes = floats * sizeof(float), old = g->effects.bytes;
    if (bytes <= old) return AURALIS_OK;
    struct buffer larger = {0}, *const effects = &g->effects;
    int result = widen(g, &larger, effects, 1, old, old + old / 2 > bytes ? old + old / 2 : bytes);
    return exchange(g, &effects, &larger, 1, result);
}

int gpu_write_effects(struct gpu *g, size_t at, const float *from, size_t count) {
    int result =
        g->driver->write(g->driver, g->effects.memory, at * sizeof(float), from, count * sizeof(float));
    return result < 0 ? result : g->driver->finish(g->driver);
}

/* Sends up what a batch brings. An empty list still has a buffer, since kernels are given one. */
static int send(struct gpu *g, struct buffer *b, const void *from, size_t bytes, bool again) {
    int result = at_least(g, b, gpu_rounded(bytes));
    if (result == AURALIS_OK && (bytes || again))
        result = g->driver->write(g->driver, b->memory, 0, from, bytes);
    return result;
}

static int send_batch(struct gpu *g, struct part *p, const struct gpu_batch *b) {
    const struct {
        struct buffer *to;
        const void *from;
        size_t bytes;
    } lists[] = {{&p->voices, b->voices, b->first[VOICE_PROGRAMS] * sizeof *b->voices},
                 {&p->starts, b->starts, b->start_words * sizeof *b->starts},
                 {&p->changes, b->changes, b->change_count * sizeof *b->changes},
                 {&p->aims, b->aims, b->aim_count * sizeof *b->aims},
                 {&p->streams, b->streams, b->stream_count * sizeof *b->streams},
                 {&p->bright, b->bright, (size_t)b->stream_count * b->blocks * sizeof *b->bright},
                 {&p->pcm, b->dither, b->narrow * sizeof *b->dither}};
    int result = AURALIS_OK;
    for (size_t i = 0; i < sizeof lists / sizeof *lists && result == AURALIS_OK; i++)
        result = send(g, lists[i].to, lists[i].from, lists[i].bytes, b->again);
    return result;
}

static int make_room(struct gpu *g, struct part *p, const struct gpu_batch *b) {
    size_t total = b->first[VOICE_PROGRAMS] + 1, streams = b->stream_count, blocks = b->blocks;
    int result = at_least(g, &p->rows, total * blocks * BLOCK * sizeof(float));
    if (result == AURALIS_OK) result = at_least(g, &p->sheets, total * blocks * SHEET_WORDS * sizeof(float));
    if (result == AURALIS_OK)
        result = at_least(g, &p->buses, streams * blocks * STREAM_BUSES * 2 * BLOCK * sizeof(float));
    size_t samples = blocks * 2 * BLOCK;
    p->narrow = b->narrow;
    p->pcm_bytes = b->narrow * (sizeof *b->dither + samples * sizeof(int16_t));
    p->out_at = b->narrow * samples * sizeof(float);
    p->out_bytes = streams * samples * sizeof(float) - p->out_at;
    if (result == AURALIS_OK) result = at_least(g, &p->out, streams * samples * sizeof(float));
    if (result == AURALIS_OK) result = at_least(g, &p->pcm, p->pcm_bytes);
    if (result == AURALIS_OK)
        result = at_least_host(g, &p->host, &p->host_bytes, p->pcm_bytes + p->out_bytes);
    return result;
}

static size_t most(size_t a, size_t b) {
    return a > b ? a : b;
}

/* For the larger of the parts that `n` + 1 make. */
static int reserve_part(struct gpu *g, const struct gpu_room *room, uint32_t n) {
    enum { FIRST_UP = 5 };
    struct part *p = &g->part[n];
    size_t streams = (room->streams + n) / (n + 1), all = room->streams + LISTS_LEAST,
           rows = most(gpu_padded((room->voices + n) / (n + 1)), ROWS_LEAST / (n + 1)),
           spans = most(streams * STREAM_BLOCKS, SPANS_LEAST / (n + 1));
    const struct {
        struct buffer *buffer;
        size_t bytes;
    } wanted[] = {/* stay, or come down */
                  {&p->rows, rows * BLOCK * sizeof(float)},
                  {&p->sheets, rows * SHEET_WORDS * sizeof(float)},
                  {&p->buses, spans * STREAM_BUSES * 2 * BLOCK * sizeof(float)},
                  {&p->out, spans * 2 * BLOCK * sizeof(float)},
                  {&p->pcm, spans * 2 * BLOCK * sizeof(int16_t) + all * 2 * sizeof(struct batch_dither)},
                  /* go up, from here on */
                  {&p->voices, gpu_rounded(gpu_padded(room->voices) * sizeof(struct batch_voice))},
                  {&p->streams, gpu_rounded(all * sizeof(struct batch_stream))},
                  {&p->bright, gpu_rounded(spans * sizeof(float))},
                  {&p->starts, all * LIST_STARTS * sizeof(uint32_t)},
                  {&p->changes, all * LIST_CHANGES * sizeof(struct batch_change)},
                  {&p->aims, all * LIST_AIMS * sizeof(struct batch_aim)}};
    int result = at_least_host(g, &p->host, &p->host_bytes,
                               spans * 2 * BLOCK * sizeof(float) + all * sizeof(struct batch_dither));
    size_t up = sizeof wanted / sizeof *wanted * 256; /* each is rounded */
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted && result == AURALIS_OK; i++) {
        result = at_least(g, wanted[i].buffer, wanted[i].bytes);
        if (i >= FIRST_UP) up += wanted[i].bytes;
    }
    up += up / 8 + gpu_rounded(all * sizeof(struct batch_dither)); /* as gpu_rounded has it */
    return result == AURALIS_OK && g->driver->expect ? g->driver->expect(g->driver, (int)n, up) : result;
}

int gpu_reserve_batches(struct gpu *g, const struct gpu_room *room) {
    uint32_t parts = 1;
    int result = AURALIS_OK;
    for (int i = 0; i < g->plans.count; i++)
        if (g->plans.plan[i].parts > parts) parts = g->plans.plan[i].parts;
    for (uint32_t n = 0; n < parts && result == AURALIS_OK; n++) result = reserve_part(g, room, n);
    return result;
}

static int reserve_all(struct gpu *g, const struct gpu_capacity *c) {
    int result = gpu_reserve_effects(g, c->effects);
    for (int p = 0; p < VOICE_PROGRAMS && result == AURALIS_OK; p++)
        result = gpu_reserve_voices(g, (enum voice_program)p, c->places[p]);
    return result < 0 ? result : gpu_reserve_batches(g, &c->room);
}

/* What kernels are given when there is no stream. */
static int reserve_least(struct gpu *g) {
    struct gpu_capacity least = {.effects = 16};
    for (int p = 0; p < VOICE_PROGRAMS; p++) least.places[p] = 1;
    return reserve_all(g, &least);
}

/* What is there goes first: nothing grows, so nothing is larger than it must be. */
int gpu_reserve(struct gpu *g, const struct gpu_capacity *c) {
    int result = g->driver->finish(g->driver);
    if (result < 0) return result;
    release_all(g);
    result = reserve_all(g, c);
    if (result != AURALIS_ENOMEM) return result;
    release_all(g);
    int least = reserve_least(g);
    return least < 0 ? least : result;
}

size_t gpu_rows(const struct gpu *g, uint32_t part) {
    return g->part[part].sheets.bytes / (SHEET_WORDS * sizeof(float));
}

size_t gpu_spans(const struct gpu *g, uint32_t part) {
    return g->part[part].out.bytes / (2 * BLOCK * sizeof(float));
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

static int launch_program(struct gpu *g, const struct part *p, const struct gpu_batch *b, uint32_t program,
                          uint32_t groups) {
    return LAUNCH(g, (enum gpu_entry)(ENTRY_ANALOG + program), groups, memory(&g->words[program]),
                  memory(&g->tail[program]), memory(&p->voices), memory(&p->starts), memory(&p->changes),
                  memory(&p->bright), memory(&p->rows), memory(&p->sheets), number(g->places[program]),
                  number(b->first[program]), number(b->first[program + 1]), number(b->first[VOICE_PROGRAMS]),
                  number(b->stream_count));
}

static int launch_voices(struct gpu *g, const struct part *p, const struct gpu_batch *b) {
    int result = AURALIS_OK;
    for (uint32_t i = 0; i < VOICE_PROGRAMS && result == AURALIS_OK; i++) {
        uint32_t voices = b->first[i + 1] - b->first[i];
        if (voices) result = launch_program(g, p, b, i, (voices + GPU_GROUP - 1) / GPU_GROUP);
    }
    return result;
}

/* Mixer and effects, and 16 bits. */
static int launch_streams(struct gpu *g, const struct part *p, const struct gpu_batch *b) {
    uint32_t count = b->stream_count, samples = b->blocks * 2 * BLOCK;
    int result =
        LAUNCH(g, ENTRY_MIX, count * b->blocks, memory(&p->voices), memory(&p->streams), memory(&p->rows),
               memory(&p->sheets), memory(&p->buses), number(count), number(b->first[VOICE_PROGRAMS]));
    if (result == AURALIS_OK)
        result = LAUNCH(g, ENTRY_EFFECTS, count, memory(&g->effects), memory(&p->streams), memory(&p->aims),
                        memory(&p->buses), memory(&p->out), number(count), number(b->blocks));
    if (result == AURALIS_OK && b->narrow)
        result = LAUNCH(g, ENTRY_DITHER, b->narrow * (samples / GPU_GROUP), memory(&p->out), memory(&p->pcm),
                        number(samples), number(b->narrow));
    return result;
}

static int gather(struct gpu *g, uint32_t part, bool again, int after) {
    if (!g->driver->queues) return AURALIS_OK;
    int result = g->driver->gather(g->driver, (int)part, again);
    return result < 0 || after < 0 ? result : g->driver->follow(g->driver, after);
}

void gpu_be_patient(struct gpu *g, double seconds) {
    g->patience = seconds;
    g->driver->patience = seconds + 2 * g->longest;
}

double gpu_patience(const struct gpu *g) {
    return g->driver->patience;
}

/* What a batch is waited for now says how long the next one may take. */
static void note_wait(struct gpu *g, int64_t begin) {
    double took = (double)(monotonic_now() - begin) * 1e-9;
    g->longest = took > g->longest * 0.99 ? took : g->longest * 0.99;
    if (g->longest > PATIENCE_MAX) g->longest = PATIENCE_MAX;
    gpu_be_patient(g, g->patience);
}

/* Lets the samples come down. Where a GPU has one queue this waits for them. */
static int fetch(struct gpu *g, const struct part *p) {
    int64_t begin = monotonic_now();
    int result = AURALIS_OK;
    if (p->pcm_bytes) result = g->driver->read(g->driver, p->host, p->pcm.memory, 0, p->pcm_bytes);
    if (p->out_bytes && result == AURALIS_OK)
        result = g->driver->read(g->driver, (char *)p->host + p->pcm_bytes, p->out.memory, p->out_at,
                                 p->out_bytes);
    if (!g->driver->queues) note_wait(g, begin);
    return result;
}

int gpu_begin(struct gpu *g, uint32_t number, const struct gpu_batch *b, int after) {
    struct part *p = &g->part[number];
    int result = make_room(g, p, b);
    if (result == AURALIS_OK) result = gather(g, number, b->again, after);
    if (result == AURALIS_OK) result = send_batch(g, p, b);
    if (result == AURALIS_OK) result = launch_voices(g, p, b);
    if (result == AURALIS_OK && b->stream_count && b->blocks) {
        result = launch_streams(g, p, b);
        if (result == AURALIS_OK) result = fetch(g, p);
    }
    return result < 0 || !g->driver->queues ? result : g->driver->submit(g->driver);
}

int gpu_wait(struct gpu *g, uint32_t part, struct gpu_samples *out) {
    const struct part *p = &g->part[part];
    int64_t begin = monotonic_now();
    int result = g->driver->queues ? g->driver->wait(g->driver, (int)part) : g->driver->finish(g->driver);
    if (g->driver->queues) note_wait(g, begin);
    const struct batch_dither *dither = p->host;
    *out = (struct gpu_samples){.dither = dither,
                                .pcm = (const int16_t *)(dither + p->narrow),
                                .floats = (const float *)((const char *)p->host + p->pcm_bytes)};
    return result;
}

uint32_t gpu_parts(const struct gpu *g) {
    return g->driver->queues ? (uint32_t)g->driver->queues : 1;
}

struct plans *gpu_plans(struct gpu *g) {
    return &g->plans;
}

void gpu_take_plans(struct gpu *g, const struct plans *measured) {
    g->plans = *measured;
    plans_keep(measured, g->driver->notes);
}

/* Every kernel once, on a stream without voices and blocks: what a driver does at a kernel's first launch
 * (most compile or load it only then) is done before the first sound is waited for. */
static int warm_up(struct gpu *g) {
    static const struct batch_dither dither;
    static const struct batch_stream stream = {.dry = 1};
    static const float bright[1];
    struct gpu_samples samples;
    struct gpu_batch nothing = {
        .streams = &stream, .stream_count = 1, .bright = bright, .blocks = 1, .narrow = 1, .dither = &dither};
    double begin = (double)monotonic_now() * 1e-9;
    int result = reserve_least(g);
    if (result == AURALIS_OK) result = gpu_begin(g, 0, &nothing, -1);
    if (result == AURALIS_OK) result = gpu_wait(g, 0, &samples);
    for (uint32_t p = 0; p < VOICE_PROGRAMS && result == AURALIS_OK; p++)
        result = launch_program(g, &g->part[0], &nothing, p, 1);
    if (result == AURALIS_OK) result = g->driver->finish(g->driver);
    g->driver->info.warm_up += (double)monotonic_now() * 1e-9 - begin;
    return result;
}

int gpu_create(struct driver *driver, const struct plan_wish *wish, struct gpu **out) {
    struct gpu *g = calloc(1, sizeof *g);
    if (!g) {
        driver->close(driver);
        return AURALIS_ENOMEM;
    }
    g->driver = driver;
    gpu_be_patient(g, FIRST_TIME);
    plans_begin(&g->plans, wish, gpu_parts(g), driver->notes);
    int result = warm_up(g);
    if (result < 0) {
        gpu_destroy(g);
        return result;
    }
    g->longest = 0;
    gpu_be_patient(g, PATIENCE_MAX);
    *out = g;
    return AURALIS_OK;
}
