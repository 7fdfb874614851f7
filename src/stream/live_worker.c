/* live_worker.c — the thread that renders (see live.h).
 *
 * Its day: take what was asked (open, change), let go of what was closed, render one slice of every stream
 * that has room for one, shard by shard, then open newcomers for a few milliseconds and do one piece of
 * pre-roll for a stream that begins in the middle; again while anybody is short, else sleep until the next
 * tick. Opening composes some minutes of music, milliseconds a stream: a crowd at the door must not keep
 * those who play already waiting, and who has gone again before its turn costs nothing. Ticks lie on a fixed
 * grid of ten milliseconds, so that the streams which made room meanwhile are rendered as one batch; a reader
 * in need kicks the worker awake. Opening and closing allocate; rendering does not.
 *
 * With many streams slices are long, and each shard has its turn on one tick in ten: all of its streams are
 * rendered together, whenever their readers take what was rendered before. So a shard's voices and the
 * engine's scratch are gone through ten times a second and not once for every reader, and the work is spread
 * evenly over the ticks. A ring holds two long slices; since a reader takes as much between two turns as a
 * turn brings, there is room at every turn. */
#include "stream/live_internal.h"

#include "base/monotonic.h"
#include "stream/priority.h"
#include "synth/stream.h"

static const int64_t TICK = 10 * MONOTONIC_MS, OPENING = 5 * MONOTONIC_MS;
enum { STATUS_SLICES = 5, PHRASE_BARS = 8, SECTION_PHRASES = 8 };

void live_worker_kick(struct live_worker *w) {
    if (atomic_exchange(&w->kicked, true)) return;
    pthread_mutex_lock(&w->lock);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

/* Sleeps until `until`, or a kick. */
static void rest(struct live_worker *w, int64_t until) {
    struct timespec t = {.tv_sec = until / MONOTONIC_SECOND, .tv_nsec = until % MONOTONIC_SECOND};
    pthread_mutex_lock(&w->lock);
    while (!atomic_load(&w->kicked) && pthread_cond_timedwait(&w->wake, &w->lock, &t) == 0) {
    }
    pthread_mutex_unlock(&w->lock);
}

static void notify(const struct live_stream *s) {
    if (s->spec.notify) s->spec.notify(s->spec.self);
}

static const void *shard_of(const struct live_stream *s) {
    return s->stream ? s->stream->shard : NULL;
}

static void open_stream(struct live_worker *w, struct live_stream *s) {
    if (auralis_stream_open(w->engine, &s->spec.stream, &s->stream) < 0) {
        atomic_store(&s->failed, true);
        notify(s);
    }
    s->ready = s->start == 0;
}

/* Moves the stream at `from`, the first after the opened ones, to those of its shard. */
static void sort_in(struct live_worker *w, uint32_t from) {
    struct live_stream *s = w->streams[from];
    uint32_t at = from;
    for (; at > 0 && (uintptr_t)shard_of(w->streams[at - 1]) > (uintptr_t)shard_of(s); at--)
        w->streams[at] = w->streams[at - 1];
    w->streams[at] = s;
}

/* Opens who waits, in the order they came, until the time for that is up; true while any is left. */
static bool open_some(struct live_worker *w) {
    int64_t until = monotonic_now() + OPENING;
    while (w->unopened < w->count) {
        struct live_stream *s = w->streams[w->unopened];
        if (!atomic_load(&s->closing)) open_stream(w, s);
        sort_in(w, w->unopened++);
        if (s->stream && monotonic_now() >= until) break;
    }
    return w->unopened < w->count;
}

/* Changes that arrive before the next slice are one change. */
static void merge_change(struct live_stream *s, const struct command *c) {
    for (int i = 0; i < auralis_parameter_count(); i++)
        if (c->which >> i & 1)
            auralis_parameters_put(&s->pending, i, auralis_parameters_get(&c->values, i), NULL);
    s->pending_set |= c->which;
    if (c->ticket > s->current.ticket) s->current.ticket = c->ticket;
}

static void take_commands(struct live_worker *w) {
    struct command c;
    while (command_queue_pop(&w->commands, &c)) {
        if (c.kind == COMMAND_OPEN)
            w->streams[w->count++] = c.stream;
        else
            merge_change(c.stream, &c);
    }
}

static void count_voices(struct live_worker *w, struct live_stream *s, uint64_t voices) {
    atomic_fetch_add_explicit(&w->voices, voices - s->voices, memory_order_relaxed);
    s->voices = voices;
}

/* Which streams end in this round: looked at before the commands are taken, so that none of them is about a
 * stream that is gone. */
static void mark_closing(struct live_worker *w) {
    for (uint32_t i = 0; i < w->count; i++) w->streams[i]->doomed = atomic_load(&w->streams[i]->closing);
}

static void close_streams(struct live_worker *w) {
    uint32_t kept = 0, unopened = w->unopened;
    w->unopened = 0;
    for (uint32_t i = 0; i < w->count; i++) {
        struct live_stream *s = w->streams[i];
        if (!s->doomed) {
            w->unopened += i < unopened;
            w->streams[kept++] = s;
            continue;
        }
        count_voices(w, s, 0);
        auralis_stream_close(s->stream);
        live_stream_free(s);
        atomic_fetch_sub(&w->load, 1);
    }
    w->count = kept;
}

static void count_phrase(struct live_worker *w, struct live_stream *s, const auralis_stream_status *status) {
    uint64_t phrase = 1 + status->section * SECTION_PHRASES + status->bar / PHRASE_BARS;
    if (phrase == s->phrase) return;
    s->phrase = phrase;
    if (w->live->config.phrases) atomic_fetch_add_explicit(w->live->config.phrases, 1, memory_order_relaxed);
}

static void publish_status(struct live_worker *w, struct live_stream *s) {
    auralis_stream_status status;
    auralis_stream_get_status(s->stream, &status);
    count_voices(w, s, status.voices);
    count_phrase(w, s, &status);
    snapshot_publish(&s->status, &status, sizeof status);
    s->since_status = 0;
}

static void apply_change(struct live_stream *s) {
    if (!s->pending_set) return;
    if (auralis_stream_set(s->stream, &s->pending, s->pending_set, &s->current.applies_at, NULL) < 0)
        s->current.applies_at = auralis_stream_frame(s->stream);
    s->current.parameters = auralis_stream_parameters(s->stream);
    s->pending_set = 0;
    snapshot_publish(&s->state, &s->current, sizeof s->current);
    notify(s);
}

/* Whether `frames` more may be rendered now: a shared stream follows the clock, a private one fills its ring.
 */
static bool has_room(const struct live_worker *w, const struct live_stream *s, uint32_t frames, int64_t now) {
    if (!s->stream || !s->ready) return false;
    if (s->spec.shared) return live_head(s) < live_due(s, now) + s->spec.depth;
    return frame_ring_filled(&s->ring) + frames <= (w->many ? s->ring.capacity : s->spec.depth);
}

/* Cannot wait for its shard's turn: its reader waits, or needs more than one long slice at a time. */
static bool is_urgent(const struct live_stream *s, int64_t now) {
    if (s->spec.shared) return live_head(s) < live_due(s, now) + s->spec.depth / 2;
    return atomic_load(&s->wanted) || frame_ring_filled(&s->ring) + LIVE_LONG < s->spec.depth;
}

static bool is_short(const struct live_worker *w, const struct live_stream *s, int64_t now) {
    if (w->many || s->spec.shared) return is_urgent(s, now);
    return frame_ring_filled(&s->ring) < s->spec.depth / 2 || atomic_load(&s->wanted);
}

static void publish_slice(struct live_worker *w, struct live_stream *s, const float *audio, uint32_t frames) {
    frame_ring_write(&s->ring, audio, frames);
    s->since_status += frames / LIVE_SLICE;
    if (s->since_status >= STATUS_SLICES) publish_status(w, s);
    if (atomic_exchange(&s->wanted, false)) notify(s);
}

static void render_batch(struct live_worker *w, struct live_stream **batch, size_t count, uint32_t frames) {
    auralis_stream *streams[LIVE_BATCH];
    float *out[LIVE_BATCH];
    for (size_t i = 0; i < count; i++) {
        apply_change(batch[i]);
        streams[i] = batch[i]->stream;
        out[i] = w->scratch + i * 2 * frames;
    }
    int64_t begin = monotonic_now();
    auralis_engine_render(w->engine, streams, count, frames / AURALIS_BLOCK, out);
    for (size_t i = 0; i < count; i++) publish_slice(w, batch[i], out[i], frames);
    int64_t took = monotonic_now() - begin;
    w->busy += took;
    atomic_store_explicit(&w->live->last_latency, took, memory_order_relaxed);
    if (w->live->config.latency) histogram_add(w->live->config.latency, took, count);
    if (w->live->config.slices)
        atomic_fetch_add_explicit(w->live->config.slices, count * (frames / LIVE_SLICE),
                                  memory_order_relaxed);
}

/* A slice of so many frames of those streams of the row that have room for it and whose turn it is, or who
 * are urgent. */
static void render_row(struct live_worker *w, uint32_t from, uint32_t to, uint32_t frames, bool turn,
                       int64_t now) {
    struct live_stream *batch[LIVE_BATCH];
    size_t count = 0;
    for (uint32_t i = from; i < to; i++) {
        struct live_stream *s = w->streams[i];
        if (!has_room(w, s, frames, now) || !(turn || is_urgent(s, now))) continue;
        batch[count++] = s;
        if (count < LIVE_BATCH) continue;
        render_batch(w, batch, count, frames);
        count = 0;
    }
    if (count) render_batch(w, batch, count, frames);
}

/* Whether a tick since the last round was that of row number `row`. */
static bool turn_came(const struct live_worker *w, uint32_t row, int64_t tick) {
    return (tick + LIVE_TURNS - row % LIVE_TURNS) % LIVE_TURNS < tick - w->turn;
}

/* One slice of every stream that has room and whose turn it is; true while some stream is short of audio. */
static bool render_round(struct live_worker *w) {
    int64_t now = monotonic_now(), tick = now / TICK;
    w->many = w->unopened >= (w->many ? LIVE_FEW : LIVE_MANY);
    for (uint32_t from = 0, to, row = 0; from < w->unopened; from = to, row++) {
        for (to = from + 1; to < w->unopened && shard_of(w->streams[to]) == shard_of(w->streams[from]);) to++;
        if (w->many) render_row(w, from, to, LIVE_LONG, turn_came(w, row, tick), now);
        render_row(w, from, to, LIVE_SLICE, !w->many, now); /* of many, who is urgent and has little room */
    }
    w->turn = tick;
    for (uint32_t i = 0; i < w->unopened; i++)
        if (has_room(w, w->streams[i], LIVE_SLICE, now) && is_short(w, w->streams[i], now)) return true;
    return false;
}

/* A piece of the pre-roll of the first stream that needs one; true while any does. */
static bool preroll_piece(struct live_worker *w) {
    for (uint32_t i = 0; i < w->count; i++) {
        struct live_stream *s = w->streams[i];
        if (s->ready || !s->stream || atomic_load(&s->closing)) continue;
        s->ready = auralis_stream_preroll(s->stream, LIVE_PREROLL_BLOCKS) == 0;
        return true;
    }
    return false;
}

/* Once a second: which part of its time the worker rendered, and for how many. */
static void measure(struct live_worker *w) {
    int64_t now = monotonic_now(), passed = now - w->measured_at;
    if (passed < MONOTONIC_SECOND) return;
    atomic_store(&w->use, (uint32_t)(w->busy * 1000 / passed));
    atomic_store(&w->used_by, w->unopened);
    w->busy = 0;
    w->measured_at = now;
}

void *live_worker_run(void *self) {
    struct live_worker *w = self;
    int64_t tick = monotonic_now();
    priority_raise(PRIORITY_RENDER);
    w->measured_at = tick;
    while (!atomic_load(&w->live->stopping)) {
        atomic_store(&w->kicked, false);
        mark_closing(w);
        take_commands(w);
        close_streams(w);
        bool busy = render_round(w);
        busy |= open_some(w);
        busy |= preroll_piece(w);
        measure(w);
        if (busy) continue;
        int64_t now = monotonic_now();
        while (tick <= now) tick += (now - tick) / TICK * TICK + TICK;
        rest(w, w->count ? tick : now + MONOTONIC_SECOND);
    }
    return NULL;
}

void live_worker_abandon(struct live_worker *w) {
    take_commands(w);
    for (uint32_t i = 0; i < w->count; i++) w->streams[i]->doomed = true;
    close_streams(w);
}
