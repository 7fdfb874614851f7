/* remote.h — streams whose voices and effects are on a GPU.
 *
 * The host composes a batch of blocks for all listed streams, which records what happens to voices (record.h)
 * and where the effects' targets go; the GPU renders the batch; finished samples come down. A batch ends
 * early when a stream's bank might run out of places, or the rows of its voices out of memory; that is never
 * heard. */
#ifndef AURALIS_SYNTH_REMOTE_H
#define AURALIS_SYNTH_REMOTE_H

#include "device/gpu.h"
#include "synth/shard.h"

struct auralis_stream;
struct remote;
struct remote_stream;
struct resume;

/* Takes the GPU over. AURALIS_ENOMEM, after which it is closed. */
int remote_create(struct gpu *gpu, struct remote **out);
void remote_destroy(struct remote *remote);

/* A stream that has its place in a shard gets its room on the GPU; its effects, once they are ready, move
 * there. AURALIS_ENOMEM, AURALIS_EDEVICE. */
int remote_enter(struct remote *remote, struct auralis_stream *stream);
int remote_take_effects(struct auralis_stream *stream);
void remote_leave(struct auralis_stream *stream); /* a stream that never entered is fine */

/* Where the stream was when its last sample was delivered (rescue.h needs it). */
struct resume remote_resume(const struct auralis_stream *stream);

/* Gives the GPU up after an error; streams can still leave, and be asked where they were. */
void remote_forsake(struct remote *remote, struct shard *const *shards, uint32_t shard_count);

/* The shard's banks are about to go. */
void remote_forget(struct shard *shard);

/* Advances `count` streams by `blocks` blocks; out[i] receives their samples, or is NULL. `shards`: all there
 * are. Any error is final: remote_forsake comes next. */
int remote_render(struct remote *remote, struct shard *const *shards, uint32_t shard_count,
                  struct auralis_stream *const *streams, uint32_t count, uint32_t blocks, float *const *out);

#endif
