/* record.c — see record.h. */
#include "synth/record.h"

#include <stdlib.h>
#include <string.h>

bool record_room(void **array, uint32_t *capacity, uint32_t count, size_t size) {
    if (count <= *capacity) return true;
    uint32_t wanted = count + count / 2 + 64;
    void *larger = realloc(*array, wanted * size);
    if (!larger) return false;
    *array = larger;
    *capacity = wanted;
    return true;
}

static uint32_t take_place(struct region *r) {
    for (uint32_t i = 0; i < (r->size + 63) / 64; i++) {
        if (r->used[i] == UINT64_MAX) continue;
        uint32_t bit = (uint32_t)__builtin_ctzll(~r->used[i]), at = 64 * i + bit;
        if (at >= r->size) break;
        r->used[i] |= UINT64_C(1) << bit;
        r->free--;
        return r->base + at;
    }
    return UINT32_MAX;
}

static void give_place(struct region *r, uint32_t place) {
    uint32_t at = place - r->base;
    r->used[at / 64] &= ~(UINT64_C(1) << at % 64);
    r->free++;
}

void record_start(struct record *r, struct voice_record *voice, uint32_t stream,
                  const struct voice_start *start) {
    struct journal *j = r->journal;
    uint32_t words = instrument_program_words(r->program);
    r->touched |= 1u << stream;
    *voice =
        (struct voice_record){.stream = stream, .place = take_place(&r->region[stream]), .from = j->block};
    if (voice->place == UINT32_MAX ||
        !record_room((void **)&j->starts, &j->starts_capacity, j->start_words + words, sizeof *j->starts)) {
        j->failed = true;
        return;
    }
    voice->start = j->start_words + 1;
    memcpy(j->starts + j->start_words, start->word, words * sizeof *j->starts);
    j->start_words += words;
}

void record_end(struct record *r, const struct voice_record *voice, uint32_t slot) {
    r->touched |= 1u << voice->stream;
    if (!record_room((void **)&r->ended, &r->ended_capacity, r->ended_count + 1, sizeof *r->ended)) {
        r->journal->failed = true;
        return;
    }
    r->ended[r->ended_count++] = (struct ended_voice){.voice = *voice, .slot = slot, .to = r->journal->block};
}

void record_change(struct record *r, struct voice_record *voice, int word, uint32_t value) {
    struct journal *j = r->journal;
    if (word == VOICE_RUN) return; /* the batch says who runs */
    if (word == VOICE_BRIGHT) {    /* the whole stream's, but for a voice's first block */
        if (voice->start && voice->from == j->block) j->starts[voice->start - 1 + VOICE_BRIGHT] = value;
        return;
    }
    if (!record_room((void **)&j->changes, &j->changes_capacity, j->change_count + 1, sizeof *j->changes)) {
        j->failed = true;
        return;
    }
    r->touched |= 1u << voice->stream;
    uint32_t number = ++j->change_count;
    j->changes[number - 1] = (struct batch_change){.block = j->block, .word = (uint32_t)word, .value = value};
    if (voice->last_change)
        j->changes[voice->last_change - 1].next = number;
    else
        voice->change = number;
    voice->last_change = number;
}

void record_clear(struct record *r) {
    for (uint32_t i = 0; i < r->ended_count; i++)
        give_place(&r->region[r->ended[i].voice.stream], r->ended[i].voice.place);
    r->ended_count = 0;
    r->touched = 0;
}

void journal_clear(struct journal *j) {
    j->block = 0;
    j->start_words = j->change_count = 0;
}
