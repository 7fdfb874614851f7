/* shard.c — see shard.h. */
#include "synth/shard.h"
#include "synth/pcm16.h"
#include "synth/remote.h"
#include "synth/rescue.h"

#include <string.h>

void shard_init(struct shard *shard) {
    *shard = (struct shard){0};
    for (int p = 0; p < VOICE_PROGRAMS; p++) bank_init(&shard->bank[p], (enum voice_program)p);
}

void shard_free(struct shard *shard) {
    for (int p = 0; p < VOICE_PROGRAMS; p++) bank_free(&shard->bank[p]);
    remote_forget(shard);
    shard_init(shard);
}

static void set_running(struct shard *shard, uint32_t listed, int32_t run) {
    for (int p = 0; p < VOICE_PROGRAMS; p++)
        for (uint32_t s = 0; s < SHARD_STREAMS; s++)
            if (listed >> s & 1) bank_fill(&shard->bank[p], s, VOICE_RUN, (uint32_t)run);
}

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static bool lone(uint32_t listed) {
    return !(listed & (listed - 1));
}

static const float *floats(const struct bank *bank, int word, uint32_t v) {
    return (const float *)(const void *)bank->word[word] + v;
}

/* Where which voices go. */
struct job {
    struct shard *shard;
    const struct kernels *k;
    uint32_t listed;   /* streams, a bit each */
    uint32_t programs; /* that sound, likewise: the voices of the others only grow older */
    uint32_t begun;    /* buses on which something is already */
    float *rows;
    uint8_t (*begun_of)[SHARD_BLOCKS]; /* by place: which buses hold something in the end; NULL: all shall */
    float (*bus[SHARD_STREAMS])[BUS_FLOATS]; /* by block */
};

/* Adds the listed streams' rows of voices [first, end) to their buses of block b; begun[s] tells which of
 * them hold something. */
static void mix_run(const struct job *j, const struct bank *bank, uint32_t b, uint32_t first, uint32_t end,
                    uint32_t begun[SHARD_STREAMS]) {
    for (uint32_t s = 0; s < SHARD_STREAMS && bank->first[s] < end; s++) {
        uint32_t from = bank->first[s] > first ? bank->first[s] : first, to = least(bank->first[s + 1], end);
        if (!(j->listed >> s & 1) || from >= to) continue;
        const float *rows = j->rows + (size_t)(from - first) * VOICE_ROW,
                    *left = floats(bank, VOICE_GAIN_L, from), *right = floats(bank, VOICE_GAIN_R, from);
        const int32_t *buses = (const int32_t *)(const void *)bank->word[VOICE_BUS] + from;
        if (j->shard->stream[s]->gains_move)
            begun[s] = j->k->mix_ramp(j->bus[s][b], begun[s], rows, buses, floats(bank, VOICE_FROM_L, from),
                                      floats(bank, VOICE_FROM_R, from), left, right, to - from);
        else
            begun[s] = j->k->mix(j->bus[s][b], begun[s], rows, buses, left, right, to - from);
    }
}

static bool any_listed(const struct bank *bank, uint32_t listed, uint32_t first, uint32_t end) {
    for (uint32_t s = 0; s < SHARD_STREAMS && bank->first[s] < end; s++)
        if (listed >> s & 1 && bank->first[s] < bank->first[s + 1] && bank->first[s + 1] > first) return true;
    return false;
}

/* Whether a voice begins inside the block just composed. */
static bool any_begins(const struct shard *shard) {
    for (int p = 0; p < VOICE_PROGRAMS; p++)
        for (uint32_t v = 0; v < shard->bank[p].count; v++)
            if ((int32_t)shard->bank[p].word[VOICE_AGE][v] < 0) return true;
    return false;
}

/* Composes block b and, where one stream plays alone, as many more in which nothing begins, ends or moves;
 * returns how many. */
static uint32_t compose(const struct job *j, uint32_t b, uint32_t left) {
    for (uint32_t listed = j->listed; listed; listed &= listed - 1)
        stream_advance(j->shard->stream[__builtin_ctz(listed)], b);
    if (!lone(j->listed)) return 1;
    struct auralis_stream *s = j->shard->stream[__builtin_ctz(j->listed)];
    uint64_t quiet = notes_quiet(s);
    uint32_t most = least(left, STRETCH_BLOCKS) - 1, more = quiet < most ? (uint32_t)quiet : most;
    return more && !any_begins(j->shard) ? 1 + stream_repeat(s, b + 1, more) : 1;
}

/* Whether a lone stream's voices of a program can go through many blocks at once: where it has such a kernel
 * (kernels/stretch.h, noise_stretch.h), none of them or none that is heard. */
static bool stretches(const struct job *j, int p) {
    const struct bank *bank = &j->shard->bank[p];
    if (!bank->count || !(j->programs >> p & 1)) return true;
    if (!j->k->stretch[p] || bank_voices(bank, (uint32_t)__builtin_ctz(j->listed)) < bank->count)
        return false;
    for (uint32_t v = 0; v < bank->count; v++)
        if ((int32_t)bank->word[VOICE_AGE][v] < 0) return false;
    return true;
}

/* The first of the last programs that go through so many blocks at once. */
static int first_stretched(const struct job *j, uint32_t blocks) {
    enum { WORTH_IT = 4 };
    int first = VOICE_PROGRAMS;
    while (blocks >= WORTH_IT && first && stretches(j, first - 1)) first--;
    return first;
}

/* One program's voices onto the buses of block b. */
static void render_program(const struct job *j, int p, uint32_t b, uint32_t begun[SHARD_STREAMS]) {
    struct bank *bank = &j->shard->bank[p];
    for (uint32_t first = 0; first < bank->count; first += VOICE_RUN_MAX) {
        uint32_t end = least(first + VOICE_RUN_MAX, bank->count);
        if (!any_listed(bank, j->listed, first, end)) continue;
        struct voice_run run = {bank->word, bank->tail, first, end - first, j->rows};
        j->k->voice[p](&run);
        mix_run(j, bank, b, first, end, begun);
    }
}

/* Says which buses of block b hold something, or clears the others. */
static void settle(const struct job *j, uint32_t b, const uint32_t begun[SHARD_STREAMS]) {
    for (uint32_t left = j->listed; left; left &= left - 1) {
        uint32_t s = (uint32_t)__builtin_ctz(left);
        if (j->begun_of) j->begun_of[s][b] = (uint8_t)begun[s];
        for (uint32_t bus = 0; bus < STREAM_BUSES && !j->begun_of; bus++)
            if (!(begun[s] >> bus & 1)) memset(j->bus[s][b] + bus * 2 * BLOCK, 0, 2 * BLOCK * sizeof(float));
    }
}

/* Blocks of a stream's voices that nobody hears. A wave goes on at its pitch, so that of a voice without a
 * filter only the block before it is heard again has to be rendered. */
static void pass(struct bank *bank, int p, uint32_t s, uint32_t blocks) {
    for (uint32_t v = bank->first[s]; v < bank->first[s + 1]; v++) {
        bank->word[VOICE_AGE][v] += blocks * BLOCK;
        for (int o = TONE_WAVE + WAVE_PHASE1; o <= TONE_WAVE + WAVE_PHASE3 && p == PROGRAM_TONE; o++)
            bank->word[o][v] += blocks * BLOCK * bank->word[o + WAVE_INC1 - WAVE_PHASE1][v];
    }
}

/* The first `count` programs, block by block. */
static void render_programs(const struct job *j, int count, uint32_t b, uint32_t begun[SHARD_STREAMS]) {
    for (uint32_t s = 0; s < SHARD_STREAMS; s++) begun[s] = j->begun;
    for (int p = 0; p < count; p++) {
        if (j->programs >> p & 1)
            render_program(j, p, b, begun);
        else
            for (uint32_t left = j->listed; left; left &= left - 1)
                pass(&j->shard->bank[p], p, (uint32_t)__builtin_ctz(left), 1);
    }
}

/* The programs from `first` on of the lone stream in place s, all blocks at once. */
static void stretch_programs(const struct job *j, int first, uint32_t s, uint32_t b, uint32_t blocks,
                             uint32_t begun[SHARD_STREAMS]) {
    for (int p = first; p < VOICE_PROGRAMS; p++) {
        struct bank *bank = &j->shard->bank[p];
        struct voice_run run = {bank->word, bank->tail, 0, bank->count, NULL};
        if (!(j->programs >> p & 1))
            pass(bank, p, s, blocks);
        else if (bank->count)
            begun[s] = j->k->stretch[p](&run, blocks, j->bus[s][b], begun[s]);
    }
}

/* Renders all voices of the next block or blocks, from block b on. Returns how many. */
static uint32_t render_voices(const struct job *j, uint32_t b, uint32_t left) {
    uint32_t begun[SHARD_STREAMS], blocks = compose(j, b, left);
    int first = first_stretched(j, blocks);
    render_programs(j, first, b, begun);
    for (uint32_t i = 1; i < blocks && first; i++) render_programs(j, first, b + i, begun);
    if (first < VOICE_PROGRAMS)
        stretch_programs(j, first, (uint32_t)__builtin_ctz(j->listed), b, blocks, begun);
    for (uint32_t i = 0; i < blocks; i++) settle(j, b + i, begun);
    return blocks;
}

void shard_voices(struct shard *shard, const struct kernels *k, struct scratch *scratch, uint32_t place,
                  uint32_t programs, uint32_t blocks, float (*bus)[BUS_FLOATS], uint32_t begun) {
    struct job job = {shard, k, 1u << place, programs, begun, scratch->rows, NULL, {0}};
    job.bus[place] = bus;
    set_running(shard, job.listed, -1);
    for (uint32_t b = 0; b < blocks;) b += render_voices(&job, b, blocks - b);
    set_running(shard, job.listed, 0);
}

/* The effects of the first listed stream from place s on; NULL: none. */
static const struct effects *effects_from(const struct shard *shard, uint32_t s) {
    for (; s < SHARD_STREAMS; s++)
        if (shard->listed >> s & 1) return shard->stream[s]->fx;
    return NULL;
}

/* A finished block to where it goes; `block`: of this call, or its place there already. `key`: of the noise
 * of its 16 bits. */
static void deliver(struct auralis_stream *s, const struct kernels *k, float *samples, uint32_t block,
                    int16_t *pcm, uint64_t key) {
    if (s->seam_left) rescue_seam(s, samples, BLOCK);
    if (!pcm) return;
    s->fault |= pcm16_fault(samples, BLOCK);
    pcm16_dither(k, pcm + (size_t)block * 2 * BLOCK, samples, BLOCK, key,
                 s->delivered + s->carry_count + (uint64_t)block * BLOCK);
}

/* Runs the effects of one stream on blocks [first, first + blocks) of the call; meanwhile the lines of the
 * next one come from memory. */
static void finish(const struct shard *shard, const struct kernels *k, struct scratch *scratch, uint32_t s,
                   uint32_t first, uint32_t blocks) {
    const struct effects *next = effects_from(shard, s + 1);
    struct outlet out = shard->out[s];
    uint64_t key = pcm16_key(shard->stream[s]->seed);
    for (uint32_t b = 0; b < blocks; b++) {
        float *to = out.floats ? out.floats + (size_t)(first + b) * 2 * BLOCK : scratch->block;
        if (next) effects_prefetch(next, b, blocks);
        stream_finish(shard->stream[s], k, scratch->bus[s][b], scratch->begun[s][b], b, to);
        if (out.floats || out.pcm) deliver(shard->stream[s], k, to, first + b, out.pcm, key);
    }
}

/* Renders the voices of up to `most` blocks; with the last of them the first stream's lines come from memory.
 * `more`: are to follow, and of a lone stream no stretch is cut in two. Returns how many. */
static uint32_t render_buses(const struct job *j, uint32_t most, bool more) {
    enum { SOON = 16 };
    const struct effects *first = lone(j->listed) ? NULL : effects_from(j->shard, 0);
    uint32_t count = 0;
    do {
        if (first && most - count <= SOON) effects_prefetch(first, most - count - 1, SOON);
        count += render_voices(j, count, most - count);
    } while (count + (more ? STRETCH_BLOCKS : 1) <= most);
    return count;
}

void shard_list(struct shard *shard, uint32_t place, struct outlet out) {
    shard->listed |= 1u << place;
    shard->out[place] = out;
}

void shard_render(struct shard *shard, const struct kernels *k, struct scratch *scratch, uint32_t blocks) {
    uint32_t listed = shard->listed;
    struct job job = {shard, k, listed, UINT32_MAX, 0, scratch->rows, scratch->begun, {0}};
    for (uint32_t s = 0; s < SHARD_STREAMS; s++)
        if (listed >> s & 1) job.bus[s] = scratch->bus[s];
    set_running(shard, listed, -1);
    for (uint32_t done = 0, count; done < blocks; done += count) {
        uint32_t most = least(blocks - done, SHARD_BLOCKS);
        count = render_buses(&job, most, blocks - done > most && lone(listed));
        for (uint32_t s = 0; s < SHARD_STREAMS; s++)
            if (listed >> s & 1) finish(shard, k, scratch, s, done, count);
    }
    set_running(shard, listed, 0);
    shard->listed = 0;
}
