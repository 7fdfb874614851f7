/* live_worker.c — the thread that renders (see live.h).
 *
 * Its day: take what was asked (open, change), let go of what was closed, render one slice of every stream
 * that has room for one, shard by shard, then open newcomers in the time that is left and do one piece of
 * pre-roll for a stream that begins in the middle; again while anybody is short, else sleep until the next
 * tick. Opening composes some minutes of music, milliseconds a stream: a crowd at the door must not keep
 * those who play already waiting, so where rendering leaves no time for it, it gets a ninth. Who has gone
 * again before its turn costs nothing. Ticks lie on a fixed grid of ten milliseconds, so that the streams
 * which made room meanwhile are rendered as one batch; a reader in need kicks the worker awake. Opening and
 * closing allocate; rendering does not.
 *
 * A dozen streams are rendered one by one: together they would cost a tenth less, but each would be ready
 * only when all are.
 *
 * With many streams slices are long, and each shard has its turn on one tick in ten: all of its streams are
 * rendered together, whenever their readers take what was rendered before. So a shard's voices and the
 * engine's scratch are gone through ten times a second and not once for every reader, and the work is spread
 * evenly over the ticks. A ring holds two long slices; since a reader takes as much between two turns as a
 * turn brings, there is room at every turn. Who has room for both gets both, so that a turn may come late by
 * as much as lies between two.
 *
 * On a GPU there are no shards to keep in a cache, and a call costs as much for one stream as for hundreds:
 * there all streams are one row, with one turn. The threads that compose for it render here when it is lost,
 * a shard each. */
#include "stream/live_fault.h"

#include "base/monotonic_wait.h"
#include "stream/priority.h"
#include "stream/team.h"
#include "synth/engine.h"
#include "synth/pcm16.h"
#include "synth/rescue.h"
#include "synth/stream.h"

static const int64_t TICK = 10 * MONOTONIC_MS;
enum { OPENING_SHARE = 8, STATUS_SLICES = 5, PHRASE_BARS = 8, SECTION_PHRASES = 8 };
enum {
    RESCUE_SURE = 8
}; /* streams that play before their cost is believed: a few have shares to themselves */

void live_worker_kick(struct live_worker *w) {
    if (atomic_exchange(&w->kicked, true)) return;
    pthread_mutex_lock(&w->lock);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

/* Sleeps until `until`, or a kick. */
static void rest(struct live_worker *w, int64_t until) {
    pthread_mutex_lock(&w->lock);
    while (!atomic_load(&w->kicked) && monotonic_wait(&w->wake, &w->lock, until) == 0) {
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
    s->ready = s->spec.stream.start == 0;
    s->order = w->opened++;
}

/* Moves the stream at `from`, the first after the opened ones, to those of its shard. */
static void sort_in(struct live_worker *w, uint32_t from) {
    struct live_stream *s = w->streams[from];
    uint32_t at = from;
    for (; at > 0 && (uintptr_t)shard_of(w->streams[at - 1]) > (uintptr_t)shard_of(s); at--)
        w->streams[at] = w->streams[at - 1];
    w->streams[at] = s;
}

/* Whether there is time to open a stream in a round that began at `began` and rendered until `rendered`. */
static bool time_to_open(const struct live_worker *w, int64_t began, int64_t rendered, int64_t now) {
    if (now + w->opening <= began + TICK) return true;
    if (now == rendered && rendered - began < TICK / 2) return true; /* it takes long, but nobody waits */
    return now - w->opened_at >= OPENING_SHARE * w->opening;
}

/* Opens who waits, in the order they came, while there is time for it; true while there is and any is left.
 */
static bool open_some(struct live_worker *w, int64_t began) {
    int64_t rendered = monotonic_now(), now = rendered;
    while (w->unopened < w->count && time_to_open(w, began, rendered, now)) {
        struct live_stream *s = w->streams[w->unopened];
        if (!atomic_load(&s->closing) && !atomic_load(&s->failed)) open_stream(w, s);
        sort_in(w, w->unopened++);
        if (!s->stream) continue;
        int64_t took = monotonic_now() - now;
        w->opening = took > w->opening ? took : w->opening - (w->opening - took) / 8;
        w->opened_at = now += took;
    }
    return w->unopened < w->count && rendered - began < TICK / 2;
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
        live_decide(s, LIVE_SHED);
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
    if (s->current.applies_at <= auralis_stream_frame(s->stream)) s->settled = s->current.parameters;
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
    if (!s->stream || !s->ready || atomic_load(&s->fate) != LIVE_PLAYS) return false;
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

/* What is wrong fades out, what comes after it in. */
static void fade(const struct live_stream *s, float *audio, uint32_t frames) {
    if (s->faulty)
        fault_fade_out(s, audio, frames);
    else
        fault_fade_in(audio, frames);
}

static void fade16(const struct live_stream *s, int16_t *pcm, uint32_t frames) {
    float audio[2 * LIVE_LONG];
    pcm16_floats(audio, pcm, 2 * (size_t)frames);
    fade(s, audio, frames);
    pcm16_convert(pcm, audio, frames, pcm16_key(s->spec.stream.seed), live_head(s));
}

/* Where its next frames are rendered to, so that nobody copies them; NULL: others may be reading there, or
 * it is not in one piece. */
static void *place_of(const struct live_stream *s, uint32_t frames) {
    return s->spec.shared ? NULL : frame_ring_place(&s->ring, frame_ring_head(&s->ring), frames);
}

static void publish_slice(struct live_worker *w, struct live_stream *s, float *audio, int16_t *pcm,
                          uint32_t frames, bool rendered) {
    s->faulty = !rendered || (pcm ? s->stream->fault : pcm16_fault(audio, frames));
    w->faulty |= s->faulty;
    if (s->faulty || s->fades_in) {
        if (pcm)
            fade16(s, pcm, frames);
        else
            fade(s, audio, frames);
    }
    s->fades_in = false;
    if (place_of(s, frames) == (pcm ? (void *)pcm : audio))
        frame_ring_publish(&s->ring, frames);
    else
        frame_ring_write(&s->ring, pcm ? (void *)pcm : audio, frames);
    s->since_status += frames / LIVE_SLICE;
    if (s->since_status >= STATUS_SLICES) publish_status(w, s);
    if (atomic_exchange(&s->wanted, false)) notify(s);
}

/* What rendering costs: of late, and on the processor since the GPU failed. */
static void note_cost(struct live_worker *w, const struct live_stream *s, size_t count, uint32_t frames,
                      int64_t took) {
    int64_t played = (int64_t)count * monotonic_span(frames, s->rate);
    load_meter_note(&w->meter, took, played);
    if (!w->lost) return;
    w->spent += took;
    w->played += played;
}

/* A slice of so many frames of the first `count` streams that are due. */
static void render_batch(struct live_worker *w, size_t count, uint32_t frames) {
    for (size_t i = 0; i < count; i++) {
        apply_change(w->due[i]);
        w->rendered[i] = w->due[i]->stream;
        w->before[i] = auralis_stream_frame(w->rendered[i]);
        float *place = place_of(w->due[i], frames);
        w->out[i] = place ? place : w->scratch + i * 2 * frames;
        w->pcm[i] = w->due[i]->ring.narrow ? (int16_t *)(void *)w->out[i] : NULL;
    }
    int64_t begin = monotonic_now();
    int result =
        auralis_engine_render_pcm(w->engine, w->rendered, count, frames / AURALIS_BLOCK, w->out, w->pcm);
    for (size_t i = 0; i < count; i++) {
        bool moved = auralis_stream_frame(w->rendered[i]) != w->before[i];
        if (result == AURALIS_EDEVICE && !moved) continue; /* it waits for its rescue */
        publish_slice(w, w->due[i], w->out[i], w->pcm[i], frames,
                      result == AURALIS_OK || result == AURALIS_EDEVICE);
    }
    int64_t took = monotonic_now() - begin;
    note_cost(w, w->due[0], count, frames, took);
    atomic_fetch_add_explicit(&w->live->batches, 1, memory_order_relaxed);
    atomic_store_explicit(&w->live->last_latency, took, memory_order_relaxed);
    if (w->live->config.latency) histogram_add(w->live->config.latency, took, count);
    if (w->live->config.slices)
        atomic_fetch_add_explicit(w->live->config.slices, count * (frames / LIVE_SLICE),
                                  memory_order_relaxed);
}

/* How many streams one call renders. */
static size_t together(const struct live_worker *w) {
    return w->unopened > LIVE_ALONE || engine_shares(w->engine) ? w->batch : 1;
}

/* A slice of so many frames of those streams of the row that have room for it and whose turn it is, or who
 * are urgent. */
static void render_row(struct live_worker *w, uint32_t from, uint32_t to, uint32_t frames, bool turn,
                       int64_t now) {
    size_t count = 0, most = together(w);
    for (uint32_t i = from; i < to; i++) {
        struct live_stream *s = w->streams[i];
        if (!has_room(w, s, frames, now) || !(turn || is_urgent(s, now))) continue;
        w->due[count++] = s;
        if (count < most) continue;
        render_batch(w, count, frames);
        count = 0;
    }
    if (count) render_batch(w, count, frames);
}

/* Whether a tick since the last round was that of row number `row`. */
static bool turn_came(const struct live_worker *w, uint32_t row, int64_t tick) {
    return (tick + LIVE_TURNS - row % LIVE_TURNS) % LIVE_TURNS < tick - w->turn;
}

/* Where the row ends that begins at `from`: a shard, or as many as there are threads. */
static uint32_t row_end(const struct live_worker *w, uint32_t from) {
    if (engine_shares(w->engine)) return w->unopened;
    uint32_t to = from;
    for (uint32_t shards = w->team ? team_size(w->team) : 1; shards > 0 && to < w->unopened; shards--) {
        const void *shard = shard_of(w->streams[to]);
        while (to < w->unopened && shard_of(w->streams[to]) == shard) to++;
    }
    return to;
}

/* One slice of every stream that has room and whose turn it is; true while some stream is short of audio. */
static bool render_round(struct live_worker *w) {
    int64_t now = monotonic_now(), tick = now / TICK;
    w->many = w->unopened >= (w->many ? LIVE_FEW : LIVE_MANY);
    for (uint32_t from = 0, to, row = 0; from < w->unopened; from = to, row++) {
        to = row_end(w, from);
        bool turn = w->many && turn_came(w, row, tick);
        if (w->many) render_row(w, from, to, LIVE_LONG, turn, now);
        if (turn && monotonic_now() - now < TICK) render_row(w, from, to, LIVE_LONG, true, now);
        render_row(w, from, to, LIVE_SLICE, !w->many, now); /* of many, who is urgent and has little room */
    }
    w->turn = tick;
    for (uint32_t i = 0; i < w->unopened; i++)
        if (has_room(w, w->streams[i], LIVE_SLICE, now) && is_short(w, w->streams[i], now)) return true;
    return false;
}

/* Those whose rendering failed are first among those who wait to be opened. */
static void restart_faulty(struct live_worker *w) {
    if (!w->faulty) return;
    w->faulty = false;
    for (uint32_t i = w->unopened; i-- > 0;) {
        struct live_stream *s = w->streams[i];
        if (!s->faulty) continue;
        s->faulty = false;
        count_voices(w, s, 0);
        fault_begin_again(s);
        atomic_fetch_add_explicit(&w->live->restarted, 1, memory_order_relaxed);
        if (atomic_load(&s->failed)) notify(s);
        w->unopened--;
        memmove(w->streams + i, w->streams + i + 1, (w->unopened - i) * sizeof *w->streams);
        w->streams[w->unopened] = s;
    }
}

/* A piece of the pre-roll of the first stream that needs one; true while any does. */
static bool preroll_piece(struct live_worker *w) {
    for (uint32_t i = 0; i < w->count; i++) {
        struct live_stream *s = w->streams[i];
        if (s->ready || !s->stream || atomic_load(&s->closing) || atomic_load(&s->fate) != LIVE_PLAYS)
            continue;
        s->ready = auralis_stream_preroll(s->stream, LIVE_PREROLL_BLOCKS) == 0;
        return true;
    }
    return false;
}

/* The GPU has failed: who was on it waits. */
static void begin_rescue(struct live_worker *w) {
    w->lost = true;
    w->meter.busy = w->meter.played = 0; /* that was the GPU's */
    atomic_fetch_add(&w->live->faults, 1);
    live_publish_device(w);
    for (uint32_t i = 0; i < w->unopened; i++) {
        struct live_stream *s = w->streams[i];
        if (!s->stream || !rescue_waits(s->stream)) continue;
        atomic_fetch_add(&w->waiting, 1);
        atomic_store(&s->fate, LIVE_WAITS);
    }
}

/* Whose turn it is: what many listen to, then who has listened longest. */
static bool goes_before(const struct live_stream *a, const struct live_stream *b) {
    return a->spec.shared != b->spec.shared ? a->spec.shared : a->order < b->order;
}

static uint32_t next_waiting(const struct live_worker *w) {
    uint32_t best = w->unopened;
    for (uint32_t i = 0; i < w->unopened; i++) {
        const struct live_stream *s = w->streams[i];
        if (atomic_load(&s->fate) != LIVE_WAITS || atomic_load(&s->closing)) continue;
        if (best == w->unopened || goes_before(s, w->streams[best])) best = i;
    }
    return best;
}

/* Whether one more can be played here, by what those cost that play here already. */
static bool has_headroom(const struct live_worker *w) {
    if (w->saved < RESCUE_SURE || w->played <= 0) return true;
    return (double)(w->saved + 1) * (double)w->spent / (double)w->played <= LIVE_FULL;
}

static void shed(struct live_stream *s) {
    if (live_decide(s, LIVE_SHED)) notify(s);
}

/* The stream has moved to another shard, and goes to those of that one. */
static void sort_anew(struct live_worker *w, uint32_t at) {
    struct live_stream *s = w->streams[at];
    uint32_t last = w->unopened - 1;
    memmove(w->streams + at, w->streams + at + 1, (last - at) * sizeof *w->streams);
    w->streams[last] = s;
    sort_in(w, last);
}

static void save(struct live_worker *w, uint32_t at) {
    struct live_stream *s = w->streams[at];
    if (rescue(s->stream) < 0) {
        shed(s);
        return;
    }
    s->ready = true;
    w->saved += live_decide(s, LIVE_PLAYS);
    sort_anew(w, at);
}

/* Rescues the next of those that a lost GPU had, some tens of milliseconds, or sheds who finds no room; true
 * while any is left. */
static bool rescue_one(struct live_worker *w) {
    if (!engine_lost(w->engine)) return false;
    if (!w->lost) begin_rescue(w);
    if (!atomic_load(&w->waiting)) return false;
    uint32_t at = next_waiting(w);
    if (at == w->unopened) return false; /* those that are left are closing */
    if (w->streams[at]->spec.shared || has_headroom(w))
        save(w, at);
    else
        shed(w->streams[at]);
    return true;
}

/* Memory and time on a GPU. */
static void measure_gpu(struct live_worker *w, int64_t passed) {
    struct gpu_use use = engine_gpu_use(w->engine);
    atomic_store(&w->gpu_bytes, use.bytes);
    atomic_store(&w->gpu_busy, use.busy);
    atomic_store(&w->gpu_full, use.full);
    atomic_store(&w->gpu_use, (uint32_t)((use.busy - w->gpu_measured) * 1000 / passed));
    w->gpu_measured = use.busy;
}

/* Once a second. */
static void measure(struct live_worker *w) {
    int64_t passed = load_meter_measure(&w->meter, monotonic_now());
    if (passed) measure_gpu(w, passed);
}

void *live_worker_run(void *self) {
    struct live_worker *w = self;
    int64_t tick = monotonic_now();
    priority_raise(PRIORITY_RENDER);
    if (w->live->config.pin) atomic_store(&w->core, priority_pin((int)(w - w->live->worker)));
    w->meter.since = tick;
    while (!atomic_load(&w->live->stopping)) {
        atomic_store(&w->kicked, false);
        mark_closing(w);
        take_commands(w);
        close_streams(w);
        int64_t began = monotonic_now();
        bool busy = render_round(w);
        restart_faulty(w);
        busy |= rescue_one(w);
        busy |= open_some(w, began);
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
