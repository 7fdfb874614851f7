/* check_device.c — whole streams on a GPU against the same streams on the processor: every sample must agree.
 *
 * Six streams at three rates, of different moods, one from the middle of its piece. Between chunks of
 * different length listeners change what can be changed, and some streams wait while others play. Three come
 * in 16 bits, made by the device in the same batches as the floats of the others; the processor's are made
 * from its floats. */
#include "base/monotonic.h"
#include "measure/check.h"
#include "synth/pcm16.h"

#include <auralis/auralis.h>

#include <stdlib.h>
#include <string.h>

enum { STREAMS = 6, CHUNK = 40, CHUNKS = 24, WAITING = 3, SAMPLES = CHUNK * 2 * AURALIS_BLOCK };

/* The fifth begins inside a block, and its noise has another key (pcm16.c) a moment later. */
static const uint64_t MIDDLE = (1 << 23) - 20000 + 17;
static const bool NARROW[STREAMS] = {false, true, false, false, true, true};

struct crowd {
    auralis_engine *engine;
    auralis_stream *stream[STREAMS];
    float *out[STREAMS];
    int16_t *pcm[STREAMS]; /* NULL: floats */
};

static int gather(struct crowd *c, const char *device, auralis_message *why) {
    static const uint32_t rates[STREAMS] = {48000, 44100, 48000, 96000, 48000, 48000};
    auralis_engine_config config = {.device = device, .max_streams = STREAMS, .why = why};
    memset(c, 0, sizeof *c);
    int result = auralis_engine_create(&config, &c->engine);
    for (int i = 0; i < STREAMS && result == AURALIS_OK; i++) {
        auralis_stream_config stream = {.seed = (uint64_t)(70 + i),
                                        .sample_rate = rates[i],
                                        .parameters = &auralis_preset_at(i)->parameters,
                                        .start = i == 4 ? MIDDLE : 0};
        result = auralis_stream_open(c->engine, &stream, &c->stream[i]);
        c->out[i] = calloc(SAMPLES, sizeof *c->out[i]);
        if (NARROW[i]) c->pcm[i] = calloc(SAMPLES, sizeof *c->pcm[i]);
        if (!c->out[i] || (NARROW[i] && !c->pcm[i])) abort();
    }
    return result;
}

static void disperse(struct crowd *c) {
    auralis_engine_destroy(c->engine);
    for (int i = 0; i < STREAMS; i++) free(c->out[i]), free(c->pcm[i]);
}

static void set(auralis_stream *s, const auralis_parameters *p) {
    auralis_stream_set(s, p, ~(auralis_parameter_set)0, NULL, NULL);
}

static void meddle(struct crowd *c, int chunk) {
    auralis_parameters p = auralis_stream_parameters(c->stream[1]);
    p.brightness = chunk == 6 ? 0.9 : 0.2;
    p.space = 0.9;
    p.level = -6;
    if (chunk == 6 || chunk == 7) set(c->stream[1], &p);
    p = auralis_stream_parameters(c->stream[2]);
    p.enable_pads = chunk == 14;
    p.bpm = chunk == 9 ? 97 : 61;
    if (chunk == 9 || chunk == 14) set(c->stream[2], &p);
}

struct tally {
    uint64_t samples, differ;
    double energy, seconds[2];
};

static size_t first_of(int chunk) {
    return chunk % 3 == 1 ? WAITING : 0;
}

static uint32_t blocks_of(int chunk) {
    return chunk % 2 ? CHUNK : CHUNK - 13;
}

static int render(struct crowd *c, int chunk, bool narrow, double *seconds) {
    size_t first = first_of(chunk);
    double begin = (double)monotonic_now() * 1e-9;
    meddle(c, chunk);
    int result = auralis_engine_render_pcm(c->engine, c->stream + first, STREAMS - first, blocks_of(chunk),
                                           c->out + first, narrow ? c->pcm + first : NULL);
    *seconds += (double)monotonic_now() * 1e-9 - begin;
    return result;
}

/* The processor's floats to what the device should have made of them. */
static void make_narrow(const struct crowd *c, int chunk) {
    size_t frames = (size_t)blocks_of(chunk) * AURALIS_BLOCK;
    for (size_t i = first_of(chunk); i < STREAMS; i++)
        if (c->pcm[i])
            pcm16_convert(c->pcm[i], c->out[i], frames, pcm16_key(70 + i),
                          auralis_stream_frame(c->stream[i]) - frames);
}

static void compare(FILE *out, const struct crowd *a, const struct crowd *b, int chunk, struct tally *t) {
    size_t samples = (size_t)blocks_of(chunk) * 2 * AURALIS_BLOCK;
    for (int i = (int)first_of(chunk); i < STREAMS; i++)
        for (size_t n = 0; n < samples; n++) {
            float x = NARROW[i] ? pcm16_float(a->pcm[i][n]) : a->out[i][n];
            float y = NARROW[i] ? pcm16_float(b->pcm[i][n]) : b->out[i][n];
            t->energy += (double)x * x;
            t->samples++;
            if (memcmp(&x, &y, sizeof x) && t->differ++ < 5)
                fprintf(out, "stream %d, chunk %d, sample %zu: %.9g is not %.9g\n", i, chunk, n, (double)y,
                        (double)x);
        }
}

int check_device(FILE *out, const char *device, auralis_message *why) {
    struct crowd cpu, gpu;
    struct tally t = {0};
    int result = gather(&gpu, device, why);
    if (result == AURALIS_OK) {
        fprintf(out, "%s\n", auralis_engine_device(gpu.engine));
        result = gather(&cpu, "cpu", why);
        for (int chunk = 0; chunk < CHUNKS && result == AURALIS_OK; chunk++) {
            result = render(&cpu, chunk, false, &t.seconds[0]);
            if (result == AURALIS_OK) result = render(&gpu, chunk, true, &t.seconds[1]);
            if (result == AURALIS_OK) make_narrow(&cpu, chunk);
            if (result == AURALIS_OK) compare(out, &cpu, &gpu, chunk, &t);
        }
        disperse(&cpu);
    }
    disperse(&gpu);
    if (result < 0) return result;
    fprintf(out,
            "%llu samples of %d streams, of half of them in 16 bits, %llu differ; processor %.2f s, device "
            "%.2f s\n",
            (unsigned long long)t.samples, STREAMS, (unsigned long long)t.differ, t.seconds[0], t.seconds[1]);
    return t.differ || !(t.energy > 1); /* silence would agree with anything */
}
