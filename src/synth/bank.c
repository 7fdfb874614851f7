/* bank.c — see bank.h. */
#include "synth/bank.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Between the words: a bank of 1,024 voices would otherwise have all words of a voice in one set of the
 * nearest cache, which holds eight. */
enum { APART = 16 };

void bank_init(struct bank *bank, enum voice_program program) {
    *bank = (struct bank){.words = instrument_program_words(program)};
}

void bank_free(struct bank *bank) {
    free(bank->word[0]);
    free(bank->tail);
    free(bank->info);
}

int bank_reserve(struct bank *bank, uint32_t capacity) {
    capacity = (capacity + VOICE_RUN_MAX - 1) / VOICE_RUN_MAX * VOICE_RUN_MAX;
    if (capacity <= bank->capacity) return AURALIS_OK;
    size_t stride = capacity + APART, row = stride * sizeof(uint32_t),
           tails = (size_t)capacity * VOICE_TAIL * sizeof(float);
    uint32_t *words = aligned_alloc(64, bank->words * row);
    float *tail = aligned_alloc(64, tails);
    struct voice_info *info = calloc(capacity, sizeof *info);
    if (!words || !tail || !info) {
        free(words);
        free(tail);
        free(info);
        return AURALIS_ENOMEM;
    }
    memset(words, 0, bank->words * row);
    memset(tail, 0, tails);
    for (uint32_t w = 0; w < bank->words && bank->count; w++)
        memcpy(words + w * stride, bank->word[w], bank->count * sizeof(uint32_t));
    if (bank->count) {
        memcpy(tail, bank->tail, (size_t)bank->count * VOICE_TAIL * sizeof(float));
        memcpy(info, bank->info, bank->count * sizeof *info);
    }
    bank_free(bank);
    for (uint32_t w = 0; w < bank->words; w++) bank->word[w] = words + w * stride;
    bank->tail = tail;
    bank->info = info;
    bank->capacity = capacity;
    return AURALIS_OK;
}

/* Moves the voices from `from` on to `to`, one place up or down. */
static void shift(struct bank *bank, uint32_t to, uint32_t from) {
    size_t n = bank->count - from;
    if (!n) return;
    for (uint32_t w = 0; w < bank->words; w++)
        memmove(bank->word[w] + to, bank->word[w] + from, n * sizeof(uint32_t));
    memmove(bank->tail + (size_t)to * VOICE_TAIL, bank->tail + (size_t)from * VOICE_TAIL,
            n * VOICE_TAIL * sizeof(float));
    memmove(bank->info + to, bank->info + from, n * sizeof *bank->info);
}

void bank_add(struct bank *bank, uint32_t s, const struct voice_start *start, int32_t instrument,
              uint64_t end) {
    uint32_t v = bank->first[s], slot = 0;
    while (v < bank->first[s + 1] && bank->info[v].slot == slot) v++, slot++;
    shift(bank, v + 1, v);
    for (uint32_t w = 0; w < bank->words; w++) bank->word[w][v] = start->word[w];
    memset(bank->tail + (size_t)v * VOICE_TAIL, 0, VOICE_TAIL * sizeof(float));
    bank->info[v] = (struct voice_info){.end = end,
                                        .slot = slot,
                                        .instrument = instrument,
                                        .gain = start->gain,
                                        .pan = start->pan,
                                        .channel = start->channel};
    if (bank->record) record_start(bank->record, &bank->info[v].record, s, start);
    bank->count++;
    for (uint32_t i = s + 1; i <= SHARD_STREAMS; i++) bank->first[i]++;
}

void bank_remove(struct bank *bank, uint32_t s, uint32_t v) {
    if (bank->record) record_end(bank->record, &bank->info[v].record, bank->info[v].slot);
    shift(bank, v, v + 1);
    bank->count--;
    bank->word[VOICE_RUN][bank->count] = 0; /* the place that is empty now must not run */
    for (uint32_t i = s + 1; i <= SHARD_STREAMS; i++) bank->first[i]--;
}

void bank_fill(struct bank *bank, uint32_t s, int w, uint32_t value) {
    uint32_t *word = bank->word[w];
    for (uint32_t v = bank->first[s]; v < bank->first[s + 1]; v++)
        if (bank->record)
            bank_set(bank, v, w, value);
        else
            word[v] = value;
}

void bank_age(struct bank *bank, uint32_t s) {
    for (uint32_t v = bank->first[s]; v < bank->first[s + 1]; v++) bank->word[VOICE_AGE][v] += BLOCK;
}

/* The ended voice of a stream that comes next after those with (slot, to) up to `last`, in this order. */
static const struct ended_voice *next_ended(const struct record *record, uint32_t s, uint64_t last) {
    const struct ended_voice *best = NULL;
    uint64_t best_key = UINT64_MAX;
    for (uint32_t i = 0; i < record->ended_count; i++) {
        const struct ended_voice *e = &record->ended[i];
        uint64_t key = ((uint64_t)e->slot << 32 | e->to) + 1;
        if (e->voice.stream != s || key <= last || key >= best_key) continue;
        best = e;
        best_key = key;
    }
    return best;
}

bool bank_list(struct bank *bank, uint32_t s, uint32_t blocks,
               bool (*take)(void *self, const struct voice_record *voice, uint32_t to), void *self) {
    uint64_t last = 0;
    const struct ended_voice *ended = next_ended(bank->record, s, last);
    for (uint32_t v = bank->first[s]; v <= bank->first[s + 1]; v++) {
        bool alive = v < bank->first[s + 1];
        while (ended && (!alive || ended->slot <= bank->info[v].slot)) {
            if (!take(self, &ended->voice, ended->to)) return false;
            last = ((uint64_t)ended->slot << 32 | ended->to) + 1;
            ended = next_ended(bank->record, s, last);
        }
        if (!alive) break;
        struct voice_record *voice = &bank->info[v].record;
        if (!take(self, voice, blocks)) return false;
        voice->from = voice->start = voice->change = voice->last_change = 0;
    }
    return true;
}
