/* trials.c — see trials.h.
 *
 * Ways are tried in turns, so that what else goes on in the machine meets all of them, and the least time
 * counts. A size is begun only if its trials will end in time, as far as its first calls tell; other sizes
 * take the nearest one's choice. The last choice of the process is remembered for its next engines, whether
 * there is a file for it or not. */
#include "synth/trials.h"
#include "base/monotonic.h"
#include "synth/engine.h"

#include <auralis/auralis.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 256, BLOCKS = 75, WARM_CALLS = 20, ROUNDS = 5 /* a graph is replayed from the third on */ };
static const double LIMIT = 2, OPENING = 1, WARMING = 0.2; /* seconds: all, streams, first calls of a size */

struct trial {
    auralis_engine *engine;
    auralis_stream *stream[MOST];
    int16_t *out[MOST], *audio;
    uint32_t opened;
    double begin;
};

static double now(void) {
    return (double)monotonic_now() * 1e-9;
}

/* False: the GPU is full or lost, or time is up. */
static bool open_streams(struct trial *t, uint32_t count) {
    for (; t->opened < count; t->opened++) {
        auralis_stream_config config = {.seed = t->opened,
                                        .parameters = &auralis_preset_at((int)t->opened % 4)->parameters};
        if (now() - t->begin > OPENING || engine_gpu_use(t->engine).full || engine_lost(t->engine) ||
            auralis_stream_open(t->engine, &config, &t->stream[t->opened]) < 0)
            return false;
        t->out[t->opened] = t->audio + (size_t)t->opened * BLOCKS * 2 * BLOCK;
    }
    return !engine_gpu_use(t->engine).full && !engine_lost(t->engine);
}

static bool call(struct trial *t, uint32_t count, double *seconds) {
    double begin = now();
    int result = auralis_engine_render_pcm(t->engine, t->stream, count, BLOCKS, NULL, t->out);
    *seconds = now() - begin;
    return result == AURALIS_OK && !engine_lost(t->engine);
}

/* Each way once; the least times stay. */
static bool round_of(struct trial *t, const struct plans *plans, uint32_t count, double *least) {
    for (int i = 0; i < plans->count; i++) {
        const struct plan *p = &plans->plan[i];
        double seconds;
        engine_plan(t->engine, &(struct plan_wish){.parts = p->parts,
                                                   .blocks = p->blocks,
                                                   .graphs = p->graphs ? GRAPHS_ON : GRAPHS_OFF});
        if (now() - t->begin > LIMIT || !call(t, count, &seconds)) return false;
        if (seconds < least[i]) least[i] = seconds;
    }
    return true;
}

/* False: larger sizes need not be tried. */
static bool try_size(struct trial *t, struct plans *plans, uint32_t count) {
    double least[PLANS], seconds = 0, begin = now();
    if (!open_streams(t, count)) return false;
    for (int i = 0; i < WARM_CALLS && (!i || now() - begin < WARMING); i++)
        if (!call(t, count, &seconds)) return false;
    if (now() - t->begin + seconds * plans->count * ROUNDS > LIMIT) return false;
    for (int i = 0; i < plans->count; i++) least[i] = LIMIT;
    for (int i = 0; i < ROUNDS; i++)
        if (!round_of(t, plans, count, least)) return false;
    plans_measured(plans, count, least);
    return true;
}

static void try_sizes(struct trial *t, struct plans *plans) {
    engine_rescue_later(t->engine); /* never: who is lost here is not missed */
    engine_be_patient(t->engine, LIMIT / 2);
    for (uint32_t count = 1; count <= MOST && try_size(t, plans, count); count *= 16) continue;
}

/* A name's engine with room for all trials. */
static void run(const char *device, struct plans *plans) {
    struct trial t = {.begin = now()};
    char name[160];
    snprintf(name, sizeof name, "%s,trials=off", device);
    t.audio = calloc((size_t)MOST * BLOCKS * 2 * BLOCK, sizeof *t.audio);
    const auralis_engine_config config = {.device = name, .max_streams = MOST};
    if (t.audio && auralis_engine_create(&config, &t.engine) == AURALIS_OK) {
        try_sizes(&t, plans);
        auralis_engine_destroy(t.engine); /* with its streams */
    }
    free(t.audio);
}

double trials_run(const char *device, struct gpu *gpu) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct plans last;
    static char of[160];
    static double took;
    struct plans plans = *gpu_plans(gpu);
    if (!plans_open(&plans)) return 0;
    pthread_mutex_lock(&lock);
    if (!strcmp(of, device)) {
        plans = last;
    } else {
        double begin = now();
        run(device, &plans);
        took = now() - begin;
        last = plans;
        snprintf(of, sizeof of, "%s", device);
    }
    double seconds = took;
    pthread_mutex_unlock(&lock);
    gpu_take_plans(gpu, &plans);
    return seconds;
}
