/* choose.c — the device "auto": the first GPU that proves itself, else the processor.
 *
 * GPUs are tried in device_list's order (CUDA, OpenCL). One is believed when two streams of a few
 * seconds come out of it with the samples that the processor gives. Processors behind a GPU's interface are
 * passed over: the processor itself is quicker. */
#include "device/device.h"
#include "synth/engine.h"

#include <auralis/stream.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAMS = 2, BLOCKS = 300, GPUS_MAX = 16 };

/* [stream][BLOCKS × 64][2] of two pieces a minute in, one after the other: an engine may have room for one.
 */
static int sample(auralis_engine *e, float *to) {
    int result = AURALIS_OK;
    for (int i = 0; i < STREAMS && result == AURALIS_OK; i++) {
        auralis_stream *stream = NULL;
        float *out = to + (size_t)i * BLOCKS * 2 * BLOCK;
        result = auralis_stream_open(e, &(auralis_stream_config){.seed = (uint64_t)i, .start = 60 * 48000},
                                     &stream);
        if (result == AURALIS_OK) result = auralis_engine_render(e, &stream, 1, BLOCKS, &out);
        auralis_stream_close(stream);
    }
    return result;
}

/* One that fails meanwhile is rescued, and has the right samples without having rendered them. */
static bool proves_itself(auralis_engine *gpu, const float *right, float *room, size_t bytes) {
    return sample(gpu, room) == AURALIS_OK && !engine_lost(gpu) && !memcmp(room, right, bytes);
}

/* Tries the GPUs; true if one is now *out. `why` collects what was wrong with the others. */
static bool try_gpus(const auralis_engine_config *config, const float *right, float *room, size_t bytes,
                     auralis_engine **out, auralis_message *why) {
    struct device_info info[GPUS_MAX];
    int count = device_list(info, GPUS_MAX);
    snprintf(why->text, sizeof why->text, "no GPU was found");
    for (int i = 0; i < count && i < GPUS_MAX; i++) {
        auralis_engine_config c = *config;
        c.device = info[i].name;
        c.why = why;
        if (!info[i].gpu.is_gpu || auralis_engine_create(&c, out) < 0) continue;
        if (proves_itself(*out, right, room, bytes)) {
            char ready[sizeof why->text];
            memcpy(ready, why->text, sizeof ready);
            snprintf(why->text, sizeof why->text, "%.31s gives the processor's samples, %.100s", info[i].name,
                     ready);
            return true;
        }
        auralis_engine_destroy(*out);
        snprintf(why->text, sizeof why->text, "%.31s does not give the processor's samples", info[i].name);
    }
    return false;
}

int engine_choose(const auralis_engine_config *config, auralis_engine **out) {
    size_t bytes = (size_t)STREAMS * BLOCKS * 2 * BLOCK * sizeof(float);
    auralis_engine_config cpu = *config;
    auralis_message why = {0};
    cpu.device = NULL;
    float *right = calloc(2, bytes);
    auralis_engine *engine;
    int result = right ? auralis_engine_create(&cpu, &engine) : AURALIS_ENOMEM;
    if (result == AURALIS_OK) {
        *out = engine;
        result = sample(engine, right);
        if (result == AURALIS_OK && try_gpus(config, right, right + bytes / sizeof *right, bytes, out, &why))
            auralis_engine_destroy(engine);
        else
            *out = engine;
    }
    free(right);
    if (config->why) *config->why = why;
    return result;
}
