/* record.h — what happens to the voices of a bank during a batch of blocks, written down for a GPU.
 *
 * Where streams are rendered on a GPU (remote.h), the bank on the host keeps the voices' order and what the
 * host once said about them; their state is on the device. Every start, end and change is recorded here with
 * the block of the batch in which it happens. What happens between two batches belongs to block 0 of the
 * next.
 *
 * A bank's places on the device: each stream has a region of its own, so that its voices lie together. A
 * place given free during a batch is not used again before the next: the device may hold both voices. */
#ifndef AURALIS_SYNTH_RECORD_H
#define AURALIS_SYNTH_RECORD_H

#include "kernels/batch.h"
#include "synth/instrument.h"

#include <stdbool.h>

enum { SHARD_STREAMS = 16 };

/* A voice's share of the batch. */
struct voice_record {
    uint32_t stream, place;
    uint32_t from;                /* block */
    uint32_t start;               /* as in struct batch_voice */
    uint32_t change, last_change; /* likewise; the chain's end */
};

/* A voice that ended in the batch. */
struct ended_voice {
    struct voice_record voice;
    uint32_t slot, to;
};

/* A stream's places in the bank of one program. */
struct region {
    uint32_t base, size;
    uint64_t *used; /* a bit a place */
    uint32_t free;
};

/* One program of one shard. */
struct record {
    struct region region[SHARD_STREAMS];
    struct ended_voice *ended;
    uint32_t ended_count, ended_capacity;
    enum voice_program program;
    uint32_t touched; /* bit s: stream s has something recorded */
    struct journal *journal;
};

/* What the records of an engine write together. */
struct journal {
    uint32_t block; /* that is being composed */
    uint32_t *starts;
    uint32_t start_words, starts_capacity;
    struct batch_change *changes;
    uint32_t change_count, changes_capacity;
    bool failed; /* memory ran out: the batch is not what was composed */
};

void record_start(struct record *record, struct voice_record *voice, uint32_t stream,
                  const struct voice_start *start);
void record_end(struct record *record, const struct voice_record *voice, uint32_t slot);
void record_change(struct record *record, struct voice_record *voice, int word, uint32_t value);

/* The batch is on its way: what ended gives its place free. */
void record_clear(struct record *record);
void journal_clear(struct journal *journal);

/* Room for `count` more elements of `size` bytes; false if there is none. */
bool record_room(void **array, uint32_t *capacity, uint32_t count, size_t size);

#endif
