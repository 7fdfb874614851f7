/* bench_crowd.c — see bench_crowd.h. A thread opens its own streams, for opening takes longer than anything
 * else here, and then waits for turns: each is one call of its engine. */
#include "measure/bench_crowd.h"
#include "base/monotonic.h"
#include "synth/engine.h"

#include <auralis/auralis.h>

#include <pthread.h>
#include <stdlib.h>

enum { THREADS_MAX = 256, STREAMS_A_THREAD = 64, BATCH = 75 };

struct member {
    struct crowd *crowd;
    pthread_t thread;
    auralis_engine *engine;
    auralis_stream **stream;
    int16_t **out, *audio;
    int first, count, result;
};

struct crowd {
    const char *device;
    auralis_score *score;
    struct member member[THREADS_MAX];
    int members;
    pthread_mutex_t lock;
    pthread_cond_t begin, done;
    uint64_t turn;   /* that members are to do or have done */
    int busy;        /* members that have not done it */
    uint32_t blocks; /* of a turn; 0: go */
};

static double now(void) {
    return (double)monotonic_now() * 1e-9;
}

static int gather(struct member *m) {
    size_t samples = (size_t)BATCH * AURALIS_BLOCK * AURALIS_CHANNELS;
    auralis_engine_config config = {.device = m->crowd->device, .max_streams = (uint32_t)m->count};
    m->stream = calloc((size_t)m->count, sizeof *m->stream);
    m->out = calloc((size_t)m->count, sizeof *m->out);
    m->audio = malloc((size_t)m->count * samples * sizeof *m->audio);
    if (!m->stream || !m->out || !m->audio) return AURALIS_ENOMEM;
    int result = auralis_engine_create(&config, &m->engine);
    for (int i = 0; i < m->count && result == AURALIS_OK; i++) {
        int seed = m->first + i;
        auralis_stream_config stream = {
            .seed = (uint64_t)seed, .score = m->crowd->score, .dry = m->crowd->score != NULL};
        if (!stream.score) stream.parameters = &auralis_preset_at(seed % 4)->parameters;
        result = auralis_stream_open(m->engine, &stream, &m->stream[i]);
        m->out[i] = m->audio + (size_t)i * samples;
    }
    return result;
}

/* Done with what it was told; returns the next number of blocks. */
static uint32_t next_turn(struct member *m, uint64_t *turn, int result) {
    struct crowd *c = m->crowd;
    pthread_mutex_lock(&c->lock);
    if (result < 0) m->result = result;
    if (--c->busy == 0) pthread_cond_signal(&c->done);
    while (c->turn == *turn) pthread_cond_wait(&c->begin, &c->lock);
    *turn = c->turn;
    uint32_t blocks = c->blocks;
    pthread_mutex_unlock(&c->lock);
    return blocks;
}

static void *play(void *self) {
    struct member *m = self;
    uint64_t turn = 0;
    int result = gather(m);
    for (uint32_t blocks; (blocks = next_turn(m, &turn, result));)
        result = m->result < 0 ? m->result
                               : auralis_engine_render_pcm(m->engine, m->stream, (size_t)m->count, blocks,
                                                           NULL, m->out);
    auralis_engine_destroy(m->engine);
    free(m->stream);
    free(m->out);
    free(m->audio);
    return NULL;
}

/* Waits for the turn under way; the worst of the members' results. */
static int settle(struct crowd *c) {
    int result = AURALIS_OK;
    pthread_mutex_lock(&c->lock);
    while (c->busy) pthread_cond_wait(&c->done, &c->lock);
    for (int i = 0; i < c->members; i++)
        if (c->member[i].result < result) result = c->member[i].result;
    pthread_mutex_unlock(&c->lock);
    return result;
}

static void begin_turn(struct crowd *c, uint32_t blocks) {
    pthread_mutex_lock(&c->lock);
    c->turn++;
    c->blocks = blocks;
    c->busy = c->members;
    pthread_cond_broadcast(&c->begin);
    pthread_mutex_unlock(&c->lock);
}

int crowd_open(const char *device, int count, int threads, auralis_score *score, struct crowd **out) {
    struct crowd *c = calloc(1, sizeof *c);
    if (!c) return AURALIS_ENOMEM;
    int wanted = (count + STREAMS_A_THREAD - 1) / STREAMS_A_THREAD;
    if (wanted > threads) wanted = threads;
    if (wanted > THREADS_MAX) wanted = THREADS_MAX;
    c->device = device;
    c->score = score;
    c->busy = c->members = wanted;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->begin, NULL);
    pthread_cond_init(&c->done, NULL);
    for (int i = 0; i < wanted; i++) {
        struct member *m = &c->member[i];
        m->crowd = c;
        m->first = (int)((int64_t)count * i / wanted);
        m->count = (int)((int64_t)count * (i + 1) / wanted) - m->first;
        if (pthread_create(&m->thread, NULL, play, m)) abort();
    }
    int result = settle(c);
    if (result < 0)
        crowd_close(c);
    else
        *out = c;
    return result;
}

void crowd_close(struct crowd *c) {
    begin_turn(c, 0);
    for (int i = 0; i < c->members; i++) pthread_join(c->member[i].thread, NULL);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->begin);
    pthread_cond_destroy(&c->done);
    free(c);
}

int crowd_render(struct crowd *c, double *seconds) {
    double begin = now();
    begin_turn(c, CROWD_CHUNK);
    int result = settle(c);
    *seconds = now() - begin;
    return result;
}

int crowd_warm_up(struct crowd *c, double heard, double limit) {
    double begin = now(), batch = (double)BATCH * AURALIS_BLOCK / CROWD_RATE;
    int result = AURALIS_OK;
    for (double t = 0; t < heard && result == AURALIS_OK && now() - begin < limit; t += batch) {
        begin_turn(c, BATCH);
        result = settle(c);
    }
    return result;
}

void crowd_plan(struct crowd *c, const struct plan_wish *wish) {
    for (int i = 0; i < c->members; i++) engine_plan(c->member[i].engine, wish);
}

double crowd_voices(const struct crowd *c) {
    double sum = 0;
    for (int i = 0; i < c->members; i++)
        for (int s = 0; s < c->member[i].count; s++) {
            auralis_stream_status status;
            auralis_stream_get_status(c->member[i].stream[s], &status);
            sum += status.voices;
        }
    return sum;
}

uint64_t crowd_gpu_bytes(const struct crowd *c) {
    uint64_t sum = 0;
    for (int i = 0; i < c->members; i++) sum += engine_gpu_use(c->member[i].engine).bytes;
    return sum;
}

const char *crowd_device(const struct crowd *c) {
    return auralis_engine_device(c->member[0].engine);
}
