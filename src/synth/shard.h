/* shard.h — up to 16 streams whose voices advance together.
 *
 * The shard owns the banks. A render call goes through it up to 75 blocks (0.1 s at 48 kHz) at a time: all
 * listed streams compose and start their notes, each voice program advances all voices in lanes, the rows are
 * added to the streams' buses in the canonical order, and then each stream's effects run over those blocks
 * while its delay lines are in cache. What a stream sounds like depends on none of that.
 *
 * Why so many blocks at a time: a reverb line is 13 to 38 blocks long. With many streams all lines lie in
 * memory, and effects that run over more blocks than that fetch each line once and then find it in cache. And
 * while one stream is at work, the next one's lines are on their way. */
#ifndef AURALIS_SYNTH_SHARD_H
#define AURALIS_SYNTH_SHARD_H

#include "synth/bank.h"

struct auralis_stream;

enum { SHARD_BLOCKS = 75, BUS_FLOATS = STREAM_BUSES * 2 * BLOCK }; /* blocks that are rendered in one go */

struct shard {
    struct bank bank[VOICE_PROGRAMS];
    struct auralis_stream *stream[SHARD_STREAMS]; /* NULL: free place */
    uint32_t streams;
    uint32_t reserved[VOICE_PROGRAMS]; /* voices promised to the open streams */
    struct record *record;             /* [VOICE_PROGRAMS], where the voices sound on a GPU; else NULL */
};

/* What all shards of an engine use in turn. */
struct scratch {
    float rows[VOICE_RUN_MAX * VOICE_ROW] __attribute__((aligned(64)));
    float bus[SHARD_STREAMS][SHARD_BLOCKS][BUS_FLOATS] __attribute__((aligned(64)));
    float block[2 * BLOCK] __attribute__((aligned(64)));
};

void shard_init(struct shard *shard);
/* Gives the banks back when the last stream has left; the shard can take streams again. */
void shard_free(struct shard *shard);

/* Advances the streams of the shard whose bit is set in `listed` by `blocks` blocks; out[place] receives the
 * samples, or nothing where it is NULL (pre-roll). */
void shard_render(struct shard *shard, const struct kernels *kernels, struct scratch *scratch,
                  uint32_t listed, uint32_t blocks, float *const out[SHARD_STREAMS]);

#endif
