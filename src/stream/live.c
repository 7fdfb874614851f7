/* live.c — many streams, rendered just ahead of the clock: the side that event loops call (see live.h).
 *
 * Every function here returns at once: opening reserves memory and leaves a command, closing sets a flag,
 * reading looks at atomics. The worker does what is slow. */
#include "stream/live_internal.h"

#include "base/monotonic_wait.h"
#include "stream/priority.h"
#include "stream/team.h"
#include "synth/engine.h"
#include "synth/pcm16.h"

#include <stdio.h>

_Static_assert(sizeof(struct live_state) <= SNAPSHOT_BYTES && sizeof(auralis_stream_status) <= SNAPSHOT_BYTES,
               "a snapshot holds it");

/* Seconds that a GPU may be silent: less than what listeners have in hand. */
static const double GPU_PATIENCE = 0.3;

/* What one call renders: a shard on the processor, whose caches hold it; on a GPU as much as there is. */
static bool make_batch(struct live_worker *w, bool gpu) {
    uint32_t most = gpu && w->capacity > LIVE_BATCH ? w->capacity : LIVE_BATCH;
    w->batch = most < LIVE_TOGETHER ? most : LIVE_TOGETHER;
    size_t scratch = (size_t)w->batch * LIVE_LONG * 2 * sizeof *w->scratch;
    w->due = calloc(w->batch, sizeof *w->due);
    w->rendered = calloc(w->batch, sizeof *w->rendered);
    w->out = calloc(w->batch, sizeof *w->out);
    w->pcm = calloc(w->batch, sizeof *w->pcm);
    w->before = calloc(w->batch, sizeof *w->before);
    w->scratch = aligned_alloc(64, scratch);
    if (!w->due || !w->rendered || !w->out || !w->pcm || !w->before || !w->scratch) return false;
    memset(w->scratch, 0, scratch); /* rendering shall not be what maps it */
    return true;
}

/* A thread that composes for a GPU. */
static void begin_composing(void) {
    priority_raise(PRIORITY_RENDER);
}

/* Where it turns out that there is no GPU nobody is needed. */
static int make_engine(struct live *live, struct live_worker *w, uint32_t mates) {
    auralis_engine_config config = {.isa = live->config.isa,
                                    .max_streams = live->config.max_streams,
                                    .device = live->config.device,
                                    .why = live->config.why};
    if (mates > 1 && (w->team = team_open(mates, begin_composing))) {
        config.spread = team_spread;
        config.spread_self = w->team;
        config.spreads = team_size(w->team);
    }
    int result = auralis_engine_create(&config, &w->engine);
    if (result < 0 || engine_shares(w->engine)) return result;
    team_close(w->team);
    w->team = NULL;
    return result;
}

static int start_worker(struct live *live, struct live_worker *w, uint32_t mates) {
    w->live = live;
    w->capacity = live->config.max_streams;
    w->streams = calloc(w->capacity, sizeof *w->streams);
    if (!w->streams || !command_queue_init(&w->commands, LIVE_COMMANDS)) return AURALIS_ENOMEM;
    int result = make_engine(live, w, mates);
    if (result < 0) return result;
    if (!make_batch(w, engine_shares(w->engine))) return AURALIS_ENOMEM;
    live->gpu = engine_shares(w->engine);
    engine_rescue_later(w->engine);
    engine_be_patient(w->engine, GPU_PATIENCE);
    live_publish_device(w);
    pthread_mutex_init(&w->lock, NULL);
    monotonic_condition(&w->wake);
    w->started = !pthread_create(&w->thread, NULL, live_worker_run, w);
    return w->started ? 0 : AURALIS_ELIMIT;
}

int live_create(const struct live_config *config, struct live **out) {
    bool gpu = config->device && strcmp(config->device, "cpu");
    int cores = priority_cores(), threads = config->threads > 0 ? config->threads : cores;
    int mates = !gpu ? 1 : config->threads > 0 ? cores / config->threads : cores;
    struct live *live = calloc(1, sizeof *live + (size_t)threads * sizeof *live->worker);
    if (!live) return AURALIS_ENOMEM;
    live->config = *config;
    if (!live->config.max_streams) live->config.max_streams = 1024;
    while (live->threads < threads) {
        int result = start_worker(live, &live->worker[live->threads++], (uint32_t)mates);
        if (result < 0) {
            live_destroy(live);
            return result;
        }
        if (live->gpu && config->threads <= 0) break;
        if (!live->gpu) live->config.device = "cpu", mates = 1;
    }
    *out = live;
    return 0;
}

void live_stop(struct live *live) {
    atomic_store(&live->stopping, true);
    for (int i = 0; i < live->threads; i++) {
        struct live_worker *w = &live->worker[i];
        if (!w->started) continue;
        live_worker_kick(w);
        pthread_join(w->thread, NULL);
        w->started = false;
        w->stopped = true;
    }
}

static void free_worker(struct live_worker *w) {
    if (w->stopped) {
        live_worker_abandon(w);
        pthread_cond_destroy(&w->wake);
        pthread_mutex_destroy(&w->lock);
    }
    auralis_engine_destroy(w->engine);
    team_close(w->team);
    command_queue_release(&w->commands);
    free(w->streams);
    free(w->due);
    free(w->rendered);
    free(w->out);
    free(w->pcm);
    free(w->before);
    free(w->scratch);
}

void live_destroy(struct live *live) {
    if (!live) return;
    live_stop(live);
    for (int i = 0; i < live->threads; i++) free_worker(&live->worker[i]);
    free(live);
}

void live_stream_free(struct live_stream *s) {
    frame_ring_release(&s->ring);
    free(s);
}

static struct live_worker *least_loaded(struct live *live) {
    struct live_worker *best = &live->worker[0];
    for (int i = 1; i < live->threads; i++)
        if (atomic_load(&live->worker[i].load) < atomic_load(&best->load)) best = &live->worker[i];
    return best;
}

static uint32_t whole_slices(uint64_t frames) {
    return (uint32_t)((frames + LIVE_SLICE - 1) / LIVE_SLICE) * LIVE_SLICE;
}

/* A shared ring holds the history, what is ahead, and a second in which a slow reader may finish copying. */
static uint32_t ring_frames(struct live_spec *spec, uint32_t rate) {
    uint32_t depth = spec->depth ? spec->depth : LIVE_DEPTH;
    spec->depth = whole_slices(depth < LIVE_DEPTH_MAX ? depth : LIVE_DEPTH_MAX);
    if (spec->shared) return whole_slices((uint64_t)spec->history + spec->depth + rate);
    return spec->depth > 2 * LIVE_LONG ? spec->depth : 2 * LIVE_LONG;
}

static struct live_stream *make_stream(const struct live *live, const struct live_spec *spec) {
    struct live_stream *s = aligned_alloc(64, (sizeof *s + 63) / 64 * 64);
    if (!s) return NULL;
    memset(s, 0, sizeof *s);
    s->spec = *spec;
    s->parameters =
        spec->stream.parameters ? *spec->stream.parameters : (auralis_parameters)AURALIS_PARAMETERS_DEFAULT;
    s->spec.stream.parameters = &s->parameters;
    s->rate = spec->stream.sample_rate ? spec->stream.sample_rate : 48000;
    s->start = spec->stream.start;
    s->origin = monotonic_now() - monotonic_span(spec->history, s->rate);
    s->current.parameters = s->parameters;
    snapshot_publish(&s->state, &s->current, sizeof s->current);
    auralis_stream_status status = {.seed = spec->stream.seed,
                                    .frame = s->start,
                                    .sample_rate = s->rate,
                                    .beat_frame = spec->stream.beat_frame,
                                    .beat = spec->stream.beat};
    snapshot_publish(&s->status, &status, sizeof status);
    if (frame_ring_init(&s->ring, ring_frames(&s->spec, s->rate), spec->narrow && live->gpu)) return s;
    free(s);
    return NULL;
}

static int refuse_stream(struct live *live, struct live_stream *s) {
    atomic_fetch_sub(&s->worker->load, 1);
    atomic_fetch_add(&live->refused, 1);
    live_stream_free(s);
    return AURALIS_ELIMIT;
}

int live_open(struct live *live, const struct live_spec *spec, struct live_stream **out) {
    auralis_message why;
    if (spec->stream.score ||
        (spec->stream.parameters && auralis_parameters_check(spec->stream.parameters, &why) < 0))
        return AURALIS_EINVAL;
    struct live_stream *s = make_stream(live, spec);
    if (!s) return AURALIS_ENOMEM;
    s->worker = least_loaded(live);
    uint32_t threads = (uint32_t)live->threads, limit = (live->config.max_streams + threads - 1) / threads;
    if (atomic_fetch_add(&s->worker->load, 1) >= limit) return refuse_stream(live, s);
    struct command open = {.kind = COMMAND_OPEN, .stream = s};
    if (!command_queue_push(&s->worker->commands, &open)) return refuse_stream(live, s);
    live_worker_kick(s->worker);
    *out = s;
    return 0;
}

void live_close(struct live_stream *s) {
    if (!s) return;
    struct live_worker *worker = s->worker; /* the stream may be gone as soon as the flag is up */
    atomic_store(&s->closing, true);
    live_worker_kick(worker);
}

bool live_failed(const struct live_stream *s) {
    return atomic_load(&s->failed);
}

enum live_fate live_fate(const struct live_stream *s) {
    return (enum live_fate)atomic_load(&s->fate);
}

bool live_decide(struct live_stream *s, enum live_fate fate) {
    int waits = LIVE_WAITS;
    if (!atomic_compare_exchange_strong(&s->fate, &waits, fate)) return false;
    struct live *live = s->worker->live;
    atomic_fetch_sub(&s->worker->waiting, 1);
    atomic_fetch_add(fate == LIVE_SHED ? &live->shed : &live->rescued, 1);
    if (fate == LIVE_SHED) atomic_store(&s->failed, true);
    return true;
}

void live_give_up(struct live_stream *s) {
    live_decide(s, LIVE_SHED);
}

uint64_t live_filled(const struct live_stream *s) {
    return frame_ring_filled(&s->ring);
}

static uint64_t tail_of(const struct live_stream *s) {
    return atomic_load_explicit(&s->ring.tail, memory_order_relaxed);
}

bool live_copy(const struct live_stream *s, float *audio, uint32_t frames) {
    return frame_ring_copy(&s->ring, tail_of(s), audio, frames);
}

/* Frames of a private ring where they lie. */
static const float *look_at(const struct live_stream *s, uint64_t from, uint32_t frames) {
    if (s->spec.shared || s->ring.narrow || from + frames > frame_ring_head(&s->ring)) return NULL;
    return frame_ring_place(&s->ring, from, frames);
}

const float *live_look(const struct live_stream *s, uint32_t frames) {
    return look_at(s, tail_of(s), frames);
}

/* From the frame of the ring on. */
static bool copy16(const struct live_stream *s, uint64_t from, int16_t *pcm, uint32_t frames) {
    enum { PIECE = LIVE_SLICE };
    float audio[2 * PIECE];
    uint64_t key = pcm16_key(s->spec.stream.seed);
    if (s->ring.narrow) return frame_ring_copy(&s->ring, from, pcm, frames);
    for (uint32_t done = 0, count; done < frames; done += count) {
        count = frames - done < PIECE ? frames - done : PIECE;
        const float *there = look_at(s, from + done, count);
        if (!there && !frame_ring_copy(&s->ring, from + done, audio, count)) return false;
        pcm16_convert(pcm + 2 * done, there ? there : audio, count, key, s->start + from + done);
    }
    return true;
}

bool live_copy16(const struct live_stream *s, int16_t *pcm, uint32_t frames) {
    return copy16(s, tail_of(s), pcm, frames);
}

void live_skip(struct live_stream *s, uint64_t frames) {
    frame_ring_consume(&s->ring, frames);
}

uint64_t live_frame(const struct live_stream *s) {
    return s->start + atomic_load_explicit(&s->ring.tail, memory_order_relaxed);
}

void live_want(struct live_stream *s) {
    atomic_store(&s->wanted, true);
    live_worker_kick(s->worker);
}

uint64_t live_due(const struct live_stream *s, int64_t now) {
    return s->start + (now > s->origin ? monotonic_frames(now - s->origin, s->rate) : 0);
}

uint64_t live_head(const struct live_stream *s) {
    return s->start + frame_ring_head(&s->ring);
}

uint64_t live_oldest(const struct live_stream *s) {
    uint64_t head = frame_ring_head(&s->ring), kept = s->ring.capacity - s->rate / 2;
    return s->start + (head > kept ? head - kept : 0);
}

bool live_copy_at(const struct live_stream *s, uint64_t from, float *audio, uint32_t frames) {
    return from >= s->start && frame_ring_copy(&s->ring, from - s->start, audio, frames);
}

bool live_copy16_at(const struct live_stream *s, uint64_t from, int16_t *pcm, uint32_t frames) {
    return from >= s->start && copy16(s, from - s->start, pcm, frames);
}

uint32_t live_rate(const struct live_stream *s) {
    return s->rate;
}

uint64_t live_set(struct live_stream *s, const auralis_parameters *values, auralis_parameter_set which) {
    uint64_t ticket = atomic_fetch_add(&s->tickets, 1) + 1;
    struct command set = {
        .kind = COMMAND_SET, .stream = s, .values = *values, .which = which, .ticket = ticket};
    if (!command_queue_push(&s->worker->commands, &set)) {
        atomic_fetch_add(&s->worker->live->refused, 1);
        return 0;
    }
    live_worker_kick(s->worker);
    return ticket;
}

void live_read_state(const struct live_stream *s, struct live_state *out) {
    snapshot_read(&s->state, out, sizeof *out);
}

void live_read_status(const struct live_stream *s, auralis_stream_status *out) {
    snapshot_read(&s->status, out, sizeof *out);
}

void live_count(const struct live *live, struct live_counters *out) {
    *out = (struct live_counters){.refused = atomic_load(&live->refused),
                                  .restarted = atomic_load(&live->restarted),
                                  .batches = atomic_load(&live->batches),
                                  .last_latency = (double)atomic_load(&live->last_latency) * 1e-9,
                                  .faults = atomic_load(&live->faults),
                                  .rescued = atomic_load(&live->rescued),
                                  .shed = atomic_load(&live->shed)};
    for (int i = 0; i < live->threads; i++) {
        out->gpu_bytes += atomic_load(&live->worker[i].gpu_bytes);
        out->gpu_full += atomic_load(&live->worker[i].gpu_full);
        out->gpu_seconds += (double)atomic_load(&live->worker[i].gpu_busy) * 1e-9;
        double use = atomic_load(&live->worker[i].gpu_use) * 1e-3;
        if (use > out->gpu_use) out->gpu_use = use;
        out->waiting += atomic_load(&live->worker[i].waiting);
        out->streams += atomic_load(&live->worker[i].load);
        out->voices += atomic_load(&live->worker[i].voices);
    }
}

/* While streams wait for their rescue there is no room for others. */
static double load_of(const struct live_worker *w) {
    if (atomic_load(&w->waiting)) return 1;
    return load_meter_load(&w->meter, atomic_load(&w->load));
}

double live_load(const struct live *live) {
    double least = load_of(&live->worker[0]);
    for (int i = 1; i < live->threads; i++)
        if (load_of(&live->worker[i]) < least) least = load_of(&live->worker[i]);
    return least;
}

int live_threads(const struct live *live) {
    return live->threads;
}

int live_core(const struct live *live, int thread) {
    return atomic_load(&live->worker[thread].core);
}

void live_publish_device(struct live_worker *w) {
    char name[LIVE_DEVICE] = "";
    snprintf(name, sizeof name, "%s", auralis_engine_device(w->engine));
    snapshot_publish(&w->device, name, sizeof name);
}

void live_device(const struct live *live, char *out) {
    snapshot_read(&live->worker[0].device, out, LIVE_DEVICE);
}
