/* stream.c — opening and closing streams, and the two halves of a block: composing it and finishing it. */
#include "synth/stream.h"

#include "base/exact.h"
#include "music/score.h"
#include "synth/engine.h"
#include "synth/late.h"

#include <stdlib.h>
#include <string.h>

/* Voices of each program for a composed stream: twice what the busiest parameters were seen to need. */
const uint32_t COMPOSED_VOICES[VOICE_PROGRAMS] = {
    [PROGRAM_ANALOG] = 56, [PROGRAM_BELL] = 24, [PROGRAM_DRUM] = 8, [PROGRAM_NOISE] = 12, [PROGRAM_TONE] = 0};
enum { SCORE_VOICES_MAX = 1024, VOICES_RESERVE = 8 };

void stream_rest(struct auralis_stream *s) {
    for (int p = 0; p < VOICE_PROGRAMS; p++) bank_fill(&s->shard->bank[p], s->place, VOICE_RUN, 0);
}

void stream_advance(struct auralis_stream *s, uint32_t b) {
    notes_end(s);
    changes_advance(s, b);
    notes_start(s, s->frame + BLOCK);
    controls_advance(s);
    s->frame += BLOCK;
}

uint32_t stream_repeat(struct auralis_stream *s, uint32_t b, uint32_t blocks) {
    if (!s->control[b - 1].heard || !changes_rest(s)) return 0;
    for (uint32_t i = 0; i < blocks; i++) s->control[b + i] = s->control[b - 1];
    s->frame += (uint64_t)blocks * BLOCK;
    return blocks;
}

void stream_finish(struct auralis_stream *s, const struct kernels *k, const float *bus, uint32_t begun,
                   uint32_t b, float *out) {
    _Alignas(64) static const float nothing[2 * BLOCK];
    const struct block_control *c = &s->control[b];
    if (!c->heard) return;
    const float *direct = begun >> BUS_DIRECT & 1 ? bus + BUS_DIRECT * 2 * BLOCK : nothing,
                *wash = begun >> BUS_WASH & 1 ? bus + BUS_WASH * 2 * BLOCK : nothing;
    if (s->dry) {
        k->softclip(direct, wash, out);
        return;
    }
    effects_set(s->fx, &c->effects);
    k->effects(s->fx, direct, wash, out);
}

/* The most voices of each program that the score has at once, by walking over its beginnings and ends. */
static int compare_ends(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return x[0] < y[0] ? -1 : x[0] > y[0] ? 1 : x[1] < y[1] ? -1 : x[1] > y[1];
}

static int count_score_voices(auralis_score *score, uint32_t limit[VOICE_PROGRAMS]) {
    const auralis_note *note = auralis_score_notes(score);
    size_t count = auralis_score_count(score);
    int64_t(*edge)[2] = malloc((2 * count + 1) * sizeof *edge); /* frame, +1 or −1 */
    if (!edge) return AURALIS_ENOMEM;
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        size_t n = 0;
        for (size_t i = 0; i < count; i++) {
            if ((int)instrument_program(note[i].instrument, note[i].timbre) != p) continue;
            int64_t onset = (int64_t)note[i].onset;
            edge[n][0] = onset, edge[n++][1] = 1;
            edge[n][0] = onset + (int64_t)instrument_life(&note[i], score->rate) + 2 * BLOCK;
            edge[n++][1] = -1;
        }
        qsort(edge, n, sizeof *edge, compare_ends);
        int64_t now = 0, most = 4;
        for (size_t i = 0; i < n; i++) {
            now += edge[i][1];
            if (now > most) most = now;
        }
        limit[p] = most > SCORE_VOICES_MAX ? SCORE_VOICES_MAX : (uint32_t)most;
    }
    free(edge);
    return AURALIS_OK;
}

static int check_config(const auralis_stream_config *c, auralis_parameters *p) {
    static const auralis_parameters initial = AURALIS_PARAMETERS_DEFAULT;
    if (c->sample_rate && c->sample_rate != 44100 && c->sample_rate != 48000 && c->sample_rate != 96000)
        return AURALIS_EUNSUPPORTED;
    *p = c->parameters ? *c->parameters : initial;
    if (c->start > (uint64_t)1 << 47 || c->instruments >> AURALIS_INSTRUMENTS) return AURALIS_EINVAL;
    if (c->score && auralis_score_rate(c->score) != (c->sample_rate ? c->sample_rate : 48000))
        return AURALIS_EINVAL;
    if (c->beat_frame > c->start || c->beat >> 48 || (c->score && (c->beat_frame || c->beat)))
        return AURALIS_EINVAL;
    return auralis_parameters_check(p, NULL);
}

/* Sets the clocks so that frame `start` is the first to be delivered. */
static void set_clocks(struct auralis_stream *s, uint64_t start) {
    uint64_t first = start / BLOCK * BLOCK, latency = s->dry ? 0 : effects_latency(s->rate);
    s->heard_from = late_heard_from(s, start) / BLOCK * BLOCK;
    if (s->heard_from < s->grid.frame) s->heard_from = s->grid.frame / BLOCK * BLOCK;
    s->frame = s->score ? late_oldest(s, s->heard_from) / BLOCK * BLOCK : s->heard_from;
    s->preroll = (first + latency - s->frame) / BLOCK;
    s->delivered = start;
    s->skip = (uint32_t)(start - first);
}

static void begin_music(struct auralis_stream *s) {
    if (s->score) {
        const auralis_note *note = auralis_score_notes(s->score);
        while (s->next_note < s->score->count && note[s->next_note].onset < s->frame) s->next_note++;
        return;
    }
    uint64_t from = s->frame > s->grid.frame ? s->frame : s->grid.frame;
    uint64_t bar = notes_bar_at(s, from);
    notes_begin_late(s);
    trim_init(&s->trim, s->seed, &s->playing, bar / LOUDNESS_BARS);
    notes_load_bar(s, bar, from);
    stream_rest(s);
}

static int allocate(struct auralis_stream *s) {
    if (s->dry) return AURALIS_OK;
    s->fx_pool = engine_effects_pool(s->engine, s->rate);
    s->fx_memory = s->fx_pool ? pool_take(s->fx_pool) : aligned_alloc(64, effects_size(s->rate));
    return s->fx_memory ? AURALIS_OK : AURALIS_ENOMEM;
}

void stream_free_effects(struct auralis_stream *s) {
    if (s->fx_pool)
        pool_give(s->fx_pool, s->fx_memory);
    else
        free(s->fx_memory);
}

static int enter_shard(struct auralis_stream *s, struct remote *remote) {
    s->shard = NULL;
    int result = engine_place(s->engine, remote, &s->shard, &s->place);
    for (int p = 0; p < VOICE_PROGRAMS && result == AURALIS_OK; p++)
        result = bank_reserve(&s->shard->bank[p], s->shard->reserved[p] + s->limit[p] + VOICES_RESERVE);
    if (result < 0) {
        if (s->shard) engine_leave(s->engine, s->shard);
        return result;
    }
    for (int p = 0; p < VOICE_PROGRAMS; p++) s->shard->reserved[p] += s->limit[p] + VOICES_RESERVE;
    s->shard->stream[s->place] = s;
    s->shard->streams++;
    return AURALIS_OK;
}

static void leave_shard(struct auralis_stream *s) {
    struct shard *shard = s->shard;
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        struct bank *bank = &shard->bank[p];
        while (bank_voices(bank, s->place)) bank_remove(bank, s->place, bank->first[s->place + 1] - 1);
        shard->reserved[p] -= s->limit[p] + VOICES_RESERVE;
    }
    remote_leave(s);
    shard->stream[s->place] = NULL;
    engine_leave(s->engine, shard);
    if (!--shard->streams) shard_free(shard);
}

/* A GPU that fails as a stream enters loses the others; this one is still here. */
static int stay_if_lost(struct auralis_stream *s, int result) {
    if (result != AURALIS_EDEVICE) return result;
    engine_forsake_gpu(s->engine);
    remote_leave(s);
    return AURALIS_OK;
}

/* To where the engine renders; who finds no room on a GPU is rendered here. */
static int enter(struct auralis_stream *s) {
    struct shares *shares = engine_shares(s->engine);
    struct remote *remote = shares ? shares_choose(shares) : NULL;
    int result = enter_shard(s, remote);
    if (result < 0 || !remote) return result;
    result = stay_if_lost(s, remote_enter(remote, s));
    if (result == AURALIS_OK) return result;
    leave_shard(s);
    if (result != AURALIS_ENOMEM) return result;
    engine_gpu_full(s->engine);
    return enter_shard(s, NULL);
}

int auralis_stream_open(auralis_engine *engine, const auralis_stream_config *config, auralis_stream **out) {
    auralis_stream_config c = config ? *config : (auralis_stream_config){0};
    auralis_parameters p;
    int result = check_config(&c, &p);
    if (result < 0) return result;
    struct auralis_stream *s = calloc(1, sizeof *s);
    if (!s) return AURALIS_ENOMEM;
    s->engine = engine;
    s->seed = c.seed;
    s->rate = c.sample_rate ? c.sample_rate : 48000;
    s->set = s->playing = p;
    s->score = c.score;
    s->dry = c.dry;
    s->instruments = c.instruments ? c.instruments : UINT32_MAX;
    memcpy(s->limit, COMPOSED_VOICES, sizeof s->limit);
    if (c.score) result = count_score_voices(c.score, s->limit);
    if (c.score && result == AURALIS_OK) result = controls_open(c.score, &s->controls);
    if (c.score && result == AURALIS_OK) {
        s->trim.settle.to = 1;
        result = loudness_of_score(c.score, &p, &s->trim.from);
    }
    if (result == AURALIS_OK) result = allocate(s);
    if (result == AURALIS_OK) result = enter(s);
    if (result < 0) {
        controls_close(s->controls);
        stream_free_effects(s);
        free(s);
        return result;
    }
    s->grid = (struct grid){c.beat_frame, c.beat};
    set_clocks(s, c.start);
    changes_init(s);
    begin_music(s);
    if (!s->dry) s->fx = effects_init(s->fx_memory, s->rate, s->heard_from, &s->effects);
    if (s->remote) result = stay_if_lost(s, remote_take_effects(s));
    if (result < 0) {
        auralis_stream_close(s);
        return result;
    }
    *out = s;
    return AURALIS_OK;
}

void auralis_stream_close(auralis_stream *s) {
    if (!s) return;
    leave_shard(s);
    controls_close(s->controls);
    stream_free_effects(s);
    free(s);
}

uint64_t auralis_stream_frame(const auralis_stream *s) {
    return s->delivered;
}

int auralis_stream_set(auralis_stream *s, const auralis_parameters *values, auralis_parameter_set which,
                       uint64_t *stamp, auralis_message *why) {
    return changes_set(s, values, which, stamp, why);
}

auralis_parameters auralis_stream_parameters(const auralis_stream *s) {
    return s->set;
}

void auralis_stream_get_status(const auralis_stream *s, auralis_stream_status *out) {
    *out = (auralis_stream_status){.seed = s->seed,
                                   .frame = s->delivered,
                                   .sample_rate = s->rate,
                                   .section = s->bar / SECTION_BARS,
                                   .bar = (uint32_t)(s->bar % SECTION_BARS),
                                   .notes_started = s->notes_started,
                                   .notes_stolen = s->notes_stolen,
                                   .notes_dropped = s->notes_dropped,
                                   .beat_frame = s->grid.frame,
                                   .beat = s->grid.beat};
    memcpy(out->chord, s->now.chord.name, sizeof out->chord);
    for (int p = 0; p < VOICE_PROGRAMS; p++) out->voices += bank_voices(&s->shard->bank[p], s->place);
}
