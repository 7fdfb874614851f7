/* live_worker.c — the thread that renders (see live.h).
 *
 * Its day: take what was asked (open, change), let go of what was closed, render one slice of every stream
 * that has room for one, all together, then open newcomers for a few milliseconds and do one piece of
 * pre-roll for a stream that begins in the middle; again while anybody is short, else sleep until the next
 * tick. Opening composes some minutes of music, milliseconds a stream: a crowd at the door must not keep
 * those who play already waiting, and who has gone again before its turn costs nothing. Ticks lie on a fixed
 * grid of ten milliseconds, so that the streams which made room meanwhile are rendered as one batch; a reader
 * in need kicks the worker awake. Opening and closing allocate; rendering does not. */
#include "stream/live_internal.h"

#include "base/monotonic.h"

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

static void open_stream(struct live_worker *w, struct live_stream *s) {
    if (auralis_stream_open(w->engine, &s->spec.stream, &s->stream) < 0) {
        atomic_store(&s->failed, true);
        notify(s);
    }
    s->ready = s->start == 0;
}

/* Opens who waits, in the order they came, until the time for that is up; true while any is left. */
static bool open_some(struct live_worker *w) {
    int64_t until = monotonic_now() + OPENING;
    for (uint32_t i = w->unopened; i < w->count; i++, w->unopened = i) {
        struct live_stream *s = w->streams[i];
        if (atomic_load(&s->closing)) continue;
        open_stream(w, s);
        if (monotonic_now() >= until) {
            w->unopened = i + 1;
            break;
        }
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

/* Frames that the stream may be ahead by now: a shared one follows the clock, a private one fills its ring.
 */
static bool has_room(const struct live_stream *s, int64_t now) {
    if (!s->stream || !s->ready) return false;
    if (!s->spec.shared) return s->ring.capacity - frame_ring_filled(&s->ring) >= LIVE_SLICE;
    return live_head(s) < live_due(s, now) + s->spec.depth;
}

static bool is_short(const struct live_stream *s, int64_t now) {
    if (!s->spec.shared) return frame_ring_filled(&s->ring) < s->ring.capacity / 2 || atomic_load(&s->wanted);
    return live_head(s) < live_due(s, now) + s->spec.depth / 2;
}

static void publish_slice(struct live_worker *w, struct live_stream *s, const float *audio) {
    frame_ring_write(&s->ring, audio, LIVE_SLICE);
    if (++s->since_status >= STATUS_SLICES) publish_status(w, s);
    if (atomic_exchange(&s->wanted, false)) notify(s);
}

static void render_batch(struct live_worker *w, struct live_stream **batch, size_t count) {
    auralis_stream *streams[LIVE_BATCH];
    float *out[LIVE_BATCH];
    for (size_t i = 0; i < count; i++) {
        apply_change(batch[i]);
        streams[i] = batch[i]->stream;
        out[i] = w->scratch + i * 2 * LIVE_SLICE;
    }
    int64_t begin = monotonic_now();
    auralis_engine_render(w->engine, streams, count, LIVE_SLICE / AURALIS_BLOCK, out);
    for (size_t i = 0; i < count; i++) publish_slice(w, batch[i], out[i]);
    int64_t took = monotonic_now() - begin;
    atomic_store_explicit(&w->live->last_latency, took, memory_order_relaxed);
    if (w->live->config.latency) histogram_add(w->live->config.latency, took, count);
    if (w->live->config.slices)
        atomic_fetch_add_explicit(w->live->config.slices, count, memory_order_relaxed);
}

/* One slice of every stream that has room; true while some stream is short of audio. */
static bool render_round(struct live_worker *w) {
    struct live_stream *batch[LIVE_BATCH];
    int64_t now = monotonic_now();
    size_t count = 0;
    bool again = false;
    for (uint32_t i = 0; i < w->count; i++) {
        if (!has_room(w->streams[i], now)) continue;
        batch[count++] = w->streams[i];
        if (count == LIVE_BATCH) {
            render_batch(w, batch, count);
            count = 0;
        }
    }
    if (count) render_batch(w, batch, count);
    for (uint32_t i = 0; i < w->count && !again; i++)
        again = has_room(w->streams[i], now) && is_short(w->streams[i], now);
    return again;
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

void *live_worker_run(void *self) {
    struct live_worker *w = self;
    int64_t tick = monotonic_now();
    while (!atomic_load(&w->live->stopping)) {
        atomic_store(&w->kicked, false);
        mark_closing(w);
        take_commands(w);
        close_streams(w);
        bool busy = render_round(w);
        busy |= open_some(w);
        busy |= preroll_piece(w);
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
