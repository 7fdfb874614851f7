/* shard.c — see shard.h. */
#include "synth/shard.h"
#include "synth/remote.h"
#include "synth/stream.h"

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

static const float *floats(const struct bank *bank, int word, uint32_t v) {
    return (const float *)(const void *)bank->word[word] + v;
}

/* Adds what lies of the listed streams in rows [first, end) to their buses of block b. */
static void mix_run(const struct shard *shard, const struct bank *bank, const struct kernels *k,
                    struct scratch *scratch, uint32_t b, uint32_t listed, uint32_t first, uint32_t end) {
    for (uint32_t s = 0; s < SHARD_STREAMS && bank->first[s] < end; s++) {
        uint32_t from = bank->first[s] > first ? bank->first[s] : first, to = least(bank->first[s + 1], end);
        if (!(listed >> s & 1) || from >= to) continue;
        const float *rows = scratch->rows + (size_t)(from - first) * VOICE_ROW,
                    *left = floats(bank, VOICE_GAIN_L, from), *right = floats(bank, VOICE_GAIN_R, from);
        const int32_t *buses = (const int32_t *)(const void *)bank->word[VOICE_BUS] + from;
        if (shard->stream[s]->gains_move)
            k->mix_ramp(scratch->bus[s][b], rows, buses, floats(bank, VOICE_FROM_L, from),
                        floats(bank, VOICE_FROM_R, from), left, right, to - from);
        else
            k->mix(scratch->bus[s][b], rows, buses, left, right, to - from);
    }
}

static bool any_listed(const struct bank *bank, uint32_t listed, uint32_t first, uint32_t end) {
    for (uint32_t s = 0; s < SHARD_STREAMS && bank->first[s] < end; s++)
        if (listed >> s & 1 && bank->first[s] < bank->first[s + 1] && bank->first[s + 1] > first) return true;
    return false;
}

static void render_voices(struct shard *shard, const struct kernels *k, struct scratch *scratch,
                          uint32_t listed, uint32_t b) {
    for (uint32_t s = 0; s < SHARD_STREAMS; s++)
        if (listed >> s & 1) memset(scratch->bus[s][b], 0, sizeof scratch->bus[s][b]);
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        struct bank *bank = &shard->bank[p];
        for (uint32_t first = 0; first < bank->count; first += VOICE_RUN_MAX) {
            uint32_t end = least(first + VOICE_RUN_MAX, bank->count);
            if (!any_listed(bank, listed, first, end)) continue;
            struct voice_run run = {bank->word, bank->tail, first, end - first, scratch->rows};
            k->voice[p](&run);
            mix_run(shard, bank, k, scratch, b, listed, first, end);
        }
    }
}

/* The effects of the stream in the listed place after s; NULL: none. */
static const struct effects *next_effects(const struct shard *shard, uint32_t s, uint32_t listed) {
    while (++s < SHARD_STREAMS)
        if (listed >> s & 1) return shard->stream[s]->fx;
    return NULL;
}

/* Runs the effects of one stream; meanwhile the lines of the next one come from memory. */
static void finish(const struct shard *shard, const struct kernels *k, struct scratch *scratch, uint32_t s,
                   uint32_t listed, uint32_t blocks, float *out) {
    const struct effects *next = next_effects(shard, s, listed);
    for (uint32_t b = 0; b < blocks; b++) {
        if (next) effects_prefetch(next, b, blocks);
        stream_finish(shard->stream[s], k, scratch->bus[s][b], scratch->block, b,
                      out ? out + (size_t)b * 2 * BLOCK : NULL);
    }
}

void shard_render(struct shard *shard, const struct kernels *k, struct scratch *scratch, uint32_t listed,
                  uint32_t blocks, float *const out[SHARD_STREAMS]) {
    set_running(shard, listed, -1);
    for (uint32_t done = 0; done < blocks;) {
        uint32_t count = least(blocks - done, SHARD_BLOCKS);
        for (uint32_t b = 0; b < count; b++) {
            for (uint32_t s = 0; s < SHARD_STREAMS; s++)
                if (listed >> s & 1) stream_advance(shard->stream[s], b);
            render_voices(shard, k, scratch, listed, b);
        }
        for (uint32_t s = 0; s < SHARD_STREAMS; s++)
            if (listed >> s & 1)
                finish(shard, k, scratch, s, listed, count,
                       out[s] ? out[s] + (size_t)done * 2 * BLOCK : NULL);
        done += count;
    }
    set_running(shard, listed, 0);
}
