/* crew.c — several threads for one known score (see crew.h).
 *
 * Each member of the crew has a twin of the stream (synth/twin.h) and a thread. What they do depends on what
 * waits for what:
 *
 * Without effects nothing does. The frames asked for are cut into one stretch for each thread, of equal load,
 * and each renders its stretch where it belongs.
 *
 * With effects, a block's come after those of the block before, so one thread has them all: the reader's. The
 * members work ahead on the buses, one piece of the score after the other by turns, and hand them over in
 * spans that stay in a cache. They render the first programs; the reader, who has less to do than they, adds
 * the rest, which is also the order in which a bus is summed. One member needs no pieces; more of them begin
 * theirs some seconds early, so that the filters are where they would be, which is why pieces are long. Where
 * the members still have more to do, the reader renders the beginning alone, as long as it takes for both to
 * be done together, and the members begin behind it.
 *
 * Who waits, sleeps, and is woken when there are several spans to be had at once. */
#include "stream/crew.h"
#include "base/pool.h"
#include "music/score.h"
#include "synth/engine.h"
#include "synth/render.h"
#include "synth/stream.h"
#include "synth/twin.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    SPAN = 64,          /* blocks that are handed over at once */
    SPANS = 16,         /* that one member is ahead; several: a piece */
    FEW = 4,            /* spans that are worth waking somebody */
    PIECE = 128 * SPAN, /* blocks of a piece at most */
    SHORT = 32 * SPAN,
    LEAD = 96, /* spans at most that one member may be further ahead, for the reader's beginning alone */
    MEMBERS_MAX = 15,
    AHEAD_MAX = 4 /* members in front of the effects, which they are quicker than */
};

/* What a block costs, in ns on the machine that the figures of the docs are of; only ratios matter. */
static const double VOICE_COST[VOICE_PROGRAMS] = {[PROGRAM_ANALOG] = 95,
                                                  [PROGRAM_BELL] = 80,
                                                  [PROGRAM_DRUM] = 60,
                                                  [PROGRAM_NOISE] = 340,
                                                  [PROGRAM_TONE] = 24};
static const double DRY_COST = 75, EFFECTS_COST = 640;

struct span {
    _Alignas(64) float bus[SPAN + STRETCH_BLOCKS][BUS_FLOATS]; /* room for tone_stretch behind the last */
};

/* Where a span of the score begins: what all before it costs, what of that the voices with a memory do, and
 * the span in which the oldest of them began that sounds here. */
struct load {
    double before, memory;
    uint64_t oldest;
};

struct member {
    struct crew *crew;
    auralis_stream *twin;
    pthread_t thread;
    uint64_t number;
    struct span **span; /* [crew->spans], with effects */
    uint64_t made, used;
    uint64_t from, to; /* blocks, without */
};

struct crew {
    struct auralis_stream *stream;
    uint64_t blocks, at; /* of the whole; the one the reader comes to next */
    uint64_t delivered;  /* frames */
    uint64_t silent;     /* blocks to be dropped, which the limiter asks for */
    uint32_t carry;      /* frames left of `block` */
    uint32_t count;
    struct member member[MEMBERS_MAX];
    pthread_mutex_t lock; /* made, used, busy, call, stop */
    pthread_cond_t work, ready;
    bool stop;

    /* With effects. */
    uint32_t programs; /* of the members */
    uint64_t alone;    /* blocks at the beginning that the reader renders alone, … */
    uint64_t piece;    /* … and of a piece of the rest */
    uint32_t spans;
    struct pool pool;
    float (*bus)[BUS_FLOATS]; /* the span that the reader is at, … */
    uint32_t next, end;       /* … and where */

    struct load *load; /* [spans of the score + 1]: of the members' programs, without effects of all */

    /* Without. */
    uint64_t call, base; /* of the call: its number, its first block, … */
    uint64_t cut;        /* … and the end of its last one, if not all of that was asked for */
    uint32_t busy;
    float *out;

    _Alignas(64) float block[2 * BLOCK];
};

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* ---- With effects: members ---- */

/* Where the member's next span goes; NULL: nowhere, it is over. */
static struct span *wait_for_room(struct member *m) {
    struct crew *c = m->crew;
    pthread_mutex_lock(&c->lock);
    if (m->made - m->used == c->spans)
        while (!c->stop && m->made - m->used > c->spans / 2) pthread_cond_wait(&c->work, &c->lock);
    bool stop = c->stop;
    pthread_mutex_unlock(&c->lock);
    return stop ? NULL : m->span[m->made % c->spans];
}

static void hand_over(struct member *m, bool last) {
    struct crew *c = m->crew;
    pthread_mutex_lock(&c->lock);
    m->made++;
    if (last || m->made - m->used >= FEW) pthread_cond_signal(&c->ready);
    pthread_mutex_unlock(&c->lock);
}

static void *work_ahead(void *self) {
    struct member *m = self;
    struct crew *c = m->crew;
    uint64_t at = 0;
    for (uint64_t from = c->alone + m->number * c->piece; from < c->blocks; from += c->count * c->piece) {
        twin_skip(m->twin, from - at, c->programs);
        uint64_t end = least(from + c->piece, c->blocks);
        for (at = from; at < end;) {
            struct span *span = wait_for_room(m);
            if (!span) return NULL;
            uint32_t blocks = (uint32_t)least(end - at, SPAN);
            twin_send(m->twin, c->programs, blocks, span->bus);
            at += blocks;
            hand_over(m, at == end);
        }
    }
    return NULL;
}

/* ---- With effects: the reader ---- */

static struct member *member_at(struct crew *c) {
    return &c->member[(c->at - c->alone) / c->piece % c->count];
}

static void wait_for_spans(struct crew *c, const struct member *m, uint64_t left) {
    pthread_mutex_lock(&c->lock);
    if (m->made == m->used)
        while (m->made - m->used < least((left + SPAN - 1) / SPAN, FEW))
            pthread_cond_wait(&c->ready, &c->lock);
    pthread_mutex_unlock(&c->lock);
}

static void next_span(struct crew *c) {
    bool alone = c->at < c->alone;
    uint64_t left =
        alone ? c->alone - c->at : least(c->piece - (c->at - c->alone) % c->piece, c->blocks - c->at);
    c->next = 0;
    c->end = (uint32_t)least(left, SPAN);
    if (alone) {
        c->bus = engine_scratch(c->stream->engine)->bus[c->stream->place];
        twin_voices(c->stream, UINT32_MAX, c->end, c->bus, 0);
        return;
    }
    struct member *m = member_at(c);
    wait_for_spans(c, m, left);
    c->bus = m->span[m->used % c->spans]->bus;
    twin_voices(c->stream, ~c->programs, c->end, c->bus, ALL_BUSES);
}

static void give_span_back(struct crew *c) {
    struct member *m = member_at(c);
    pthread_mutex_lock(&c->lock);
    m->used++;
    if (m->made - m->used == c->spans / 2) pthread_cond_broadcast(&c->work);
    pthread_mutex_unlock(&c->lock);
}

static void end_span(struct crew *c) {
    if (c->at >= c->alone) give_span_back(c);
    c->at += c->end;
    c->next = c->end = 0;
}

/* What another core wrote, on its way while this block's effects run. */
static void fetch(const float *bus) {
    enum { LINE = 64 / sizeof(float) };
    for (int i = 0; i < BUS_FLOATS; i += LINE) __builtin_prefetch(bus + i);
}

static void next_block(struct crew *c, float *out) {
    if (c->next == c->end) next_span(c);
    fetch(c->bus[c->next + 2]); /* there is room behind the last */
    stream_finish(c->stream, engine_kernels(c->stream->engine), c->bus[c->next], ALL_BUSES, c->next, out);
    if (++c->next == c->end) end_span(c);
}

static size_t take_carry(struct crew *c, float *out, size_t frames) {
    size_t count = frames < c->carry ? frames : c->carry;
    memcpy(out, c->block + (BLOCK - c->carry) * AURALIS_CHANNELS, count * AURALIS_CHANNELS * sizeof *out);
    c->carry -= (uint32_t)count;
    return count;
}

static void read_with_effects(struct crew *c, float *out, size_t frames) {
    for (; c->silent; c->silent--) next_block(c, c->block);
    for (; frames >= BLOCK; frames -= BLOCK, out += 2 * BLOCK) next_block(c, out);
    if (!frames) return;
    next_block(c, c->block);
    c->carry = BLOCK;
    take_carry(c, out, frames);
}

/* ---- Without effects ---- */

/* Blocks [from, to), the last of which may be one of which not all was asked for. */
static void render_stretch(struct crew *c, auralis_stream *stream, uint64_t from, uint64_t to) {
    if (from == to) return;
    bool cut = to == c->cut;
    twin_skip(stream, from - stream->frame / BLOCK, UINT32_MAX);
    auralis_stream_read(stream, c->out + (from - c->base) * 2 * BLOCK, (size_t)(to - from - cut) * BLOCK);
    if (cut) auralis_stream_read(stream, c->block, BLOCK);
}

static void *work_along(void *self) {
    struct member *m = self;
    struct crew *c = m->crew;
    uint64_t done = 0;
    pthread_mutex_lock(&c->lock);
    for (;;) {
        while (!c->stop && c->call == done) pthread_cond_wait(&c->work, &c->lock);
        if (c->stop) break;
        done = c->call;
        pthread_mutex_unlock(&c->lock);
        render_stretch(c, m->twin, m->from, m->to);
        pthread_mutex_lock(&c->lock);
        if (!--c->busy) pthread_cond_signal(&c->ready);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* What it costs to begin at a block: voices with a memory from the oldest one's onset on. */
static double again(const struct crew *c, uint64_t block) {
    const struct load *load = c->load + block / SPAN;
    return load->memory - c->load[load->oldest].memory;
}

/* The end of the longest stretch from `from` on that costs no more than `most`, at least a span. */
static uint64_t stretch_end(const struct crew *c, uint64_t from, uint64_t to, double most) {
    const struct load *load = c->load + from / SPAN;
    double paid = load->before - again(c, from);
    uint64_t low = 1, high = (to - 1) / SPAN - from / SPAN + 1; /* spans */
    while (low < high) {
        uint64_t half = low + (high - low + 1) / 2;
        if (load[half].before - paid <= most)
            low = half;
        else
            high = half - 1;
    }
    return least((from / SPAN + low) * SPAN, to);
}

/* Cuts [from, to) into a stretch for the reader and one for each member, so that the dearest is as cheap as
 * may be. */
static void cut(struct crew *c, uint64_t from, uint64_t to, uint64_t end[MEMBERS_MAX + 1]) {
    double low = 0, high = c->load[(to - 1) / SPAN + 1].before - c->load[from / SPAN].before + again(c, from);
    for (int round = 0; round < 12; round++) {
        double most = round < 11 ? (low + high) / 2 : high;
        uint64_t at = from;
        for (uint32_t i = 0; i <= c->count; i++) end[i] = at = at < to ? stretch_end(c, at, to, most) : to;
        *(at < to ? &low : &high) = most;
    }
}

/* Sends the members to their stretches; returns where the reader's ends. */
static uint64_t send_out(struct crew *c, uint64_t to) {
    uint64_t end[MEMBERS_MAX + 1];
    cut(c, c->at, to, end);
    pthread_mutex_lock(&c->lock);
    for (uint32_t i = 0; i < c->count; i++) {
        c->member[i].from = end[i];
        c->member[i].to = end[i + 1];
    }
    c->call++;
    c->busy = c->count;
    pthread_cond_broadcast(&c->work);
    pthread_mutex_unlock(&c->lock);
    return end[0];
}

static void read_dry(struct crew *c, float *out, size_t frames) {
    uint64_t blocks = (frames + BLOCK - 1) / BLOCK, end = c->at + blocks;
    if (!blocks) return;
    c->out = out;
    c->base = c->at;
    c->cut = frames % BLOCK ? end : 0;
    render_stretch(c, c->stream, c->at, blocks < (uint64_t)SPAN * (c->count + 1) ? end : send_out(c, end));
    pthread_mutex_lock(&c->lock);
    while (c->busy) pthread_cond_wait(&c->ready, &c->lock);
    pthread_mutex_unlock(&c->lock);
    c->at = end;
    if (!c->cut) return;
    c->carry = BLOCK;
    take_carry(c, out + (frames - frames % BLOCK) * 2, frames % BLOCK);
}

void crew_read(struct crew *c, float *out, size_t frames) {
    size_t taken = take_carry(c, out, frames);
    c->delivered += frames;
    (c->stream->dry ? read_dry : read_with_effects)(c, out + 2 * taken, frames - taken);
    c->stream->delivered = c->delivered;
}

/* ---- Dividing the work ---- */

static double cost_of(const auralis_note *note, uint32_t rate, int *program) {
    *program = (int)instrument_program(note->instrument, note->timbre);
    return VOICE_COST[*program] * (double)(instrument_life(note, rate) / BLOCK + 1);
}

/* The first programs are the members', as many as it takes for the slower side to be quickest. Returns what
 * the reader's side costs. */
static double divide_programs(struct crew *c) {
    auralis_score *score = c->stream->score;
    const auralis_note *note = auralis_score_notes(score);
    double cost[VOICE_PROGRAMS] = {0}, ahead = 0, behind = EFFECTS_COST * (double)c->blocks, best = 0,
           own = 0;
    for (size_t i = 0; i < score->count; i++) {
        int program;
        double voice = cost_of(&note[i], score->rate, &program);
        cost[program] += voice;
        behind += voice;
    }
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        ahead += cost[p] / c->count;
        behind -= cost[p];
        double slower = ahead > behind ? ahead : behind;
        if (p && slower >= best) continue;
        best = slower;
        own = behind;
        c->programs = (2u << p) - 1;
    }
    return own;
}

static void weigh_note(struct load *load, uint64_t spans, const auralis_note *note, uint32_t rate,
                       uint32_t programs) {
    int program = (int)instrument_program(note->instrument, note->timbre);
    double cost = VOICE_COST[program] * SPAN;
    uint64_t from = note->onset / (SPAN * BLOCK),
             to = least(1 + (note->onset + instrument_life(note, rate)) / (SPAN * BLOCK), spans);
    if (!(programs >> program & 1)) return;
    for (uint64_t i = from; i < to; i++) {
        load[i + 1].before += cost;
        if (program == PROGRAM_TONE) continue;
        load[i + 1].memory += cost;
        if (i > from && load[i].oldest == i) load[i].oldest = from; /* notes come in order */
    }
}

static uint64_t spans_of(const struct crew *c) {
    return (c->blocks + SPAN - 1) / SPAN;
}

/* What the voices of some programs cost, and `base` for every block besides. */
static bool weigh(struct crew *c, uint32_t programs, double base) {
    auralis_score *score = c->stream->score;
    const auralis_note *note = auralis_score_notes(score);
    uint64_t spans = spans_of(c);
    if (!(c->load = calloc(spans + 1, sizeof *c->load))) return false;
    for (uint64_t i = 0; i <= spans; i++) c->load[i].oldest = i;
    for (size_t i = 0; i < score->count; i++) weigh_note(c->load, spans, &note[i], score->rate, programs);
    for (uint64_t i = 1; i <= spans; i++) {
        c->load[i].before += c->load[i - 1].before + base * SPAN;
        c->load[i].memory += c->load[i - 1].memory;
    }
    return true;
}

/* How many spans from number `first` on the only member renders in a time, twice what it must. */
static uint64_t spans_in(const struct crew *c, uint64_t first, double time) {
    double until = c->load[first].before - again(c, first * SPAN) + time;
    uint64_t end = first;
    while (end < spans_of(c) && c->load[end].before < until) end++;
    return end - first;
}

/* How long the reader is alone, whose part of the rest costs `behind`: until the slower side is quickest. It
 * must not take so long that the member has to wait. */
static void divide_time(struct crew *c, double behind) {
    uint64_t spans = spans_of(c), lead = 0;
    double best = c->load[spans].before, own = EFFECTS_COST * SPAN;
    for (uint64_t i = 1; i < spans; i++) {
        double alone = c->load[i].before, ahead = c->load[spans].before - alone + again(c, i * SPAN);
        double slower = ahead > behind + alone ? ahead : behind + alone;
        uint64_t meanwhile = spans_in(c, i, alone + own * (double)i);
        if (meanwhile > LEAD) break;
        if (slower >= best) continue;
        best = slower;
        lead = meanwhile;
        c->alone = i * SPAN;
    }
    c->spans += (uint32_t)lead;
}

/* ---- Opening and closing ---- */

static bool take_spans(struct crew *c, struct member *m) {
    if (!(m->span = calloc(c->spans, sizeof(struct span *)))) return false;
    for (uint32_t i = 0; i < c->spans; i++)
        if (!(m->span[i] = pool_take(&c->pool))) return false;
    return true;
}

static void dismiss(struct crew *c, struct member *m) {
    for (uint32_t i = 0; m->span && i < c->spans; i++) pool_give(&c->pool, m->span[i]);
    free(m->span);
    twin_close(m->twin);
}

static bool engage(struct crew *c, uint32_t members) {
    for (; c->count < members; c->count++) {
        struct member *m = &c->member[c->count];
        *m = (struct member){.crew = c, .number = c->count};
        if (twin_open(c->stream, &m->twin) < 0) return false;
    }
    return true;
}

/* Tells everybody that it is over, and waits for the first `started`, who have a thread. */
static void stop(struct crew *c, uint32_t started) {
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_broadcast(&c->work);
    pthread_mutex_unlock(&c->lock);
    for (uint32_t i = 0; i < started; i++) pthread_join(c->member[i].thread, NULL);
}

static bool start(struct crew *c) {
    for (uint32_t i = 0; i < c->count; i++) {
        struct member *m = &c->member[i];
        if (!pthread_create(&m->thread, NULL, c->stream->dry ? work_along : work_ahead, m)) continue;
        stop(c, i);
        return false;
    }
    return true;
}

static void dismiss_all(struct crew *c) {
    for (uint32_t i = 0; i < c->count; i++) dismiss(c, &c->member[i]);
    pthread_cond_destroy(&c->work);
    pthread_cond_destroy(&c->ready);
    pthread_mutex_destroy(&c->lock);
    free(c->load);
    free(c);
}

void crew_close(struct crew *c) {
    if (!c) return;
    stop(c, c->count);
    dismiss_all(c);
}

static bool divide(struct crew *c) {
    double behind = divide_programs(c);
    bool several = c->count > 1;
    c->piece = several ? least((c->blocks / c->count + SPAN) / SPAN * SPAN, PIECE) : c->blocks;
    c->spans = several ? (uint32_t)(c->piece / SPAN) : SPANS;
    if (!weigh(c, c->programs, 0)) return false;
    if (!several) divide_time(c, behind);
    return true;
}

static bool prepare(struct crew *c, uint32_t members) {
    pool_init(&c->pool, sizeof(struct span));
    if (!engage(c, members)) return false;
    if (c->stream->dry) return weigh(c, UINT32_MAX, DRY_COST);
    if (!divide(c)) return false;
    for (uint32_t i = 0; i < c->count; i++)
        if (!take_spans(c, &c->member[i])) return false;
    return true;
}

struct crew *crew_open(struct auralis_stream *stream, uint64_t frames, int threads) {
    uint64_t blocks = stream->preroll + (frames + BLOCK - 1) / BLOCK;
    if (threads < 2 || blocks < SHORT) return NULL;
    struct crew *c = aligned_alloc(64, (sizeof *c + 63) / 64 * 64);
    if (!c) return NULL;
    memset(c, 0, sizeof *c);
    c->stream = stream;
    c->blocks = blocks;
    c->silent = stream->preroll;
    c->delivered = stream->delivered;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->work, NULL);
    pthread_cond_init(&c->ready, NULL);
    uint32_t most = stream->dry ? MEMBERS_MAX : AHEAD_MAX;
    if (prepare(c, (uint32_t)least((uint64_t)threads - 1, most)) && start(c)) return c;
    dismiss_all(c);
    return NULL;
}

static int read_all(void *threads, auralis_stream *stream, auralis_score *score, float *out,
                    uint64_t frames) {
    struct crew *crew = crew_open(stream, frames, *(int *)threads);
    if (!crew) return render_read(NULL, stream, score, out, frames);
    crew_read(crew, out, frames);
    crew_close(crew);
    return AURALIS_OK;
}

int crew_render_score(auralis_score *score, const auralis_render_config *config, int threads, float *out,
                      uint64_t frames) {
    return render_score(score, config, out, frames, read_all, &threads);
}
