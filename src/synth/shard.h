/* shard.h — up to 16 streams whose voices advance together.
 *
 * The shard owns the banks. A render call goes through it up to 80 blocks (0.1 s at 48 kHz) at a time: all
 * listed streams compose and start their notes, each voice program advances all voices in lanes, the rows are
 * added to the streams' buses in the canonical order, and then each stream's effects run over those blocks
 * while its delay lines are in cache. What a stream sounds like depends on none of that.
 *
 * Why so many blocks at a time: a reverb line is 13 to 38 blocks long. With many streams all lines lie in
 * memory, and effects that run over more blocks than that fetch each line once and then find it in cache. And
 * while one stream is at work, the next one's lines are on their way; the first one's, during the last
 * voices. */
#ifndef AURALIS_SYNTH_SHARD_H
#define AURALIS_SYNTH_SHARD_H

#include "synth/bank.h"

struct auralis_stream;
struct remote;

enum { SHARD_BLOCKS = 80 }; /* blocks that are rendered in one go: five stretches (kernels/stretch.h) */

/* Where a stream's samples go: one of the two, or neither. */
struct outlet {
    float *floats;
    int16_t *pcm; /* 16 bits (pcm16.h) */
};

struct shard {
    struct bank bank[VOICE_PROGRAMS];
    struct auralis_stream *stream[SHARD_STREAMS]; /* NULL: free place */
    uint32_t streams;
    uint32_t reserved[VOICE_PROGRAMS]; /* voices promised to the open streams */
    uint32_t listed;                   /* streams that are to be rendered, a bit each, and … */
    struct outlet out[SHARD_STREAMS];  /* … where their samples go */
    struct remote *remote;             /* where its streams are on a GPU, …; NULL: here */
    struct record *record;             /* … and this is their voices' [VOICE_PROGRAMS]; else NULL */
};

/* What all shards of an engine use in turn. */
struct scratch {
    float rows[VOICE_RUN_MAX * VOICE_ROW] __attribute__((aligned(64)));
    float block[2 * BLOCK] __attribute__((aligned(64)));
    uint8_t begun[SHARD_STREAMS][SHARD_BLOCKS]; /* which of these hold something (a bit each) */
    float bus[][SHARD_BLOCKS][BUS_FLOATS] __attribute__((aligned(64))); /* by place in the shard */
};

/* Bytes of it for the first so many places, with the room that tone_stretch asks for behind the last block.
 */
#define SCRATCH_SIZE(places)                                                                                 \
    (sizeof(struct scratch) + ((places)*SHARD_BLOCKS + STRETCH_BLOCKS) * BUS_FLOATS * sizeof(float))

void shard_init(struct shard *shard);
/* Gives the banks back when the last stream has left; the shard can take streams again. */
void shard_free(struct shard *shard);

/* Lists the stream in a place for the next call of shard_render, its samples to go to `out` (nowhere:
 * pre-roll). */
void shard_list(struct shard *shard, uint32_t place, struct outlet out);

/* Advances the listed streams by `blocks` blocks; then none is listed any more. */
void shard_render(struct shard *shard, const struct kernels *kernels, struct scratch *scratch,
                  uint32_t blocks);

/* Advances the voices of one stream alone by `blocks` ≤ SHARD_BLOCKS blocks, without its effects: those of
 * the programs whose bit is set go to bus[block], on top of what the buses in `begun` (a bit each) hold; the
 * others only grow older. Behind the last block there must be room for STRETCH_BLOCKS more. */
void shard_voices(struct shard *shard, const struct kernels *kernels, struct scratch *scratch, uint32_t place,
                  uint32_t programs, uint32_t blocks, float (*bus)[BUS_FLOATS], uint32_t begun);

#endif
