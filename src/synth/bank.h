/* bank.h — all sounding voices of one voice program in a shard.
 *
 * Voices lie densely, in ascending (stream, slot): that is the order in which a stream's bus must be summed,
 * and it leaves no lane empty but the last few. A note's start or end moves the voices behind it by one
 * place, which is rare (a few times a second and stream) and cheap. A voice's slot is the lowest that was
 * free in its stream. */
#ifndef AURALIS_SYNTH_BANK_H
#define AURALIS_SYNTH_BANK_H

#include "synth/instrument.h"
#include "synth/record.h"

#include <stdint.h>

struct voice_info {
    uint64_t end; /* frame of its stream from which it is silent for good */
    uint32_t slot;
    int32_t instrument;         /* enum auralis_instrument */
    double gain, pan;           /* without what controls do to them */
    int32_t channel;            /* of its note */
    struct voice_record record; /* record.h */
};

struct bank {
    uint32_t *word[VOICE_WORDS_MAX]; /* [words], each [capacity], 64-byte aligned */
    float *tail;                     /* [capacity][VOICE_TAIL] */
    struct voice_info *info;         /* [capacity] */
    uint32_t words, count, capacity;
    uint32_t first[SHARD_STREAMS + 1]; /* voices of stream s: first[s] … first[s + 1] − 1 */
    struct record *record;             /* where the voices sound on a GPU; NULL: here */
};

void bank_init(struct bank *bank, enum voice_program program);
void bank_free(struct bank *bank);

/* Makes room for at least `capacity` voices. AURALIS_ENOMEM leaves the bank as it was. */
int bank_reserve(struct bank *bank, uint32_t capacity);

/* Adds a voice to stream s; there must be room. */
void bank_add(struct bank *bank, uint32_t s, const struct voice_start *start, int32_t instrument,
              uint64_t end);

/* Removes voice v of stream s. */
void bank_remove(struct bank *bank, uint32_t s, uint32_t v);

/* Sets word w of voice v: the only way to change a voice that sounds. */
static inline void bank_set(struct bank *bank, uint32_t v, int w, uint32_t value) {
    if (bank->record && bank->word[w][v] != value)
        record_change(bank->record, &bank->info[v].record, w, value);
    bank->word[w][v] = value;
}

/* Sets word w of all voices of stream s. */
void bank_fill(struct bank *bank, uint32_t s, int w, uint32_t value);

/* Composing without rendering: the voices of stream s are a block older. */
void bank_age(struct bank *bank, uint32_t s);

/* Gives `take` the voices of stream s in a recorded batch of `blocks` blocks, those that ended in it too, by
 * slot and then by time, each with the block at which it is over; the record of those that go on begins anew.
 * False as soon as `take` says so. */
bool bank_list(struct bank *bank, uint32_t s, uint32_t blocks,
               bool (*take)(void *self, const struct voice_record *voice, uint32_t to), void *self);

static inline uint32_t bank_voices(const struct bank *bank, uint32_t s) {
    return bank->first[s + 1] - bank->first[s];
}

#endif
