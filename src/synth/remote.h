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

/* Takes the GPU over; `share` is for the caller (shares.h). AURALIS_ENOMEM, after which it is closed. */
int remote_create(struct gpu *gpu, uint32_t share, struct remote **out);

/* Takes the memory that `streams` composed streams at 48,000 Hz need, or, where there is not so much, half of
 * them, and so on. Returns for how many it was; 0 also if the GPU fails, as the first stream will notice.
 * Before any stream enters. */
uint32_t remote_reserve(struct remote *remote, uint32_t streams);
uint32_t remote_share(const struct remote *remote);
uint32_t remote_streams(const struct remote *remote); /* that have entered */
void remote_destroy(struct remote *remote);

/* A stream that has its place in a shard gets all of its room on the GPU; its effects, once they are ready,
 * move there. AURALIS_ENOMEM (it is full: the stream may leave and the others go on), AURALIS_EDEVICE. */
int remote_enter(struct remote *remote, struct auralis_stream *stream);
int remote_take_effects(struct auralis_stream *stream);
void remote_leave(struct auralis_stream *stream); /* a stream that never entered is fine */

/* As gpu_be_patient. */
void remote_be_patient(const struct remote *remote, double seconds);
double remote_patience(const struct remote *remote); /* 0: it has been forsaken */

/* How calls go to the GPU from now on. */
void remote_plan(const struct remote *remote, const struct plan_wish *wish);

/* Bytes reserved on the GPU now, and ns in which batches were under way, so far. */
void remote_use(const struct remote *remote, uint64_t *bytes, int64_t *busy);

/* Where the stream was when its last sample was delivered (rescue.h needs it). */
struct resume remote_resume(const struct auralis_stream *stream);

/* Gives the GPU up after an error; streams can still leave, and be asked where they were. */
void remote_forsake(struct remote *remote);

/* The shard's banks are about to go. */
void remote_forget(struct shard *shard);

/* Advances `count` streams by `blocks` blocks; out[i] says where their samples go. Those that are made into
 * 16 bits stand before the others. Any error is final: remote_forsake comes next. If there is none,
 * remote_arrive is told the same: until then remote_resume says where the streams were before. */
int remote_render(struct remote *remote, struct auralis_stream *const *streams, uint32_t count,
                  uint32_t blocks, const struct outlet *out);
void remote_arrive(struct auralis_stream *const *streams, uint32_t count, uint32_t blocks,
                   const struct outlet *out);

#endif
