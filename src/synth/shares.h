/* shares.h — an engine's GPU, for which several threads compose.
 *
 * With thousands of streams the host has more to do than the GPU: notes, controls and lists. So an engine
 * that may use threads (auralis_engine_config.spread) splits its streams into shares. Each has voices,
 * effects and queues of its own on the GPU (remote.h), so that nobody waits for anybody; a call goes through
 * all of them at once and is over when the last one is. Which share a stream is in cannot be heard. */
#ifndef AURALIS_SYNTH_SHARES_H
#define AURALIS_SYNTH_SHARES_H

#include "device/gpu.h"
#include "synth/remote.h"

#include <auralis/engine.h>

enum { SHARES_MAX = 64, SHARE_STREAMS = 64 /* for which another thread is worth its while */ };

struct shares;

/* Takes the GPU over, which was opened as `config` says, and its memory for `max_streams` streams or for as
 * many as there is room for. AURALIS_ENOMEM, after which it is closed. */
int shares_create(struct gpu *gpu, const auralis_engine_config *config, uint32_t max_streams,
                  struct shares **out);
void shares_destroy(struct shares *shares); /* after its streams */

/* Streams that memory was taken for at the start. Others take theirs when they are opened. */
uint32_t shares_reserved(const struct shares *shares);

/* Where one more stream goes. */
struct remote *shares_choose(const struct shares *shares);

/* As remote_render with remote_arrive, for streams of any shares: all of them are rendered, or an error is
 * final and shares_forsake comes next. */
int shares_render(struct shares *shares, struct auralis_stream *const *streams, uint32_t count,
                  uint32_t blocks, const struct outlet *out);

/* As the functions of one share; busy: in a call, the share's that was busy longest. */
void shares_forsake(struct shares *shares);
void shares_be_patient(struct shares *shares, double seconds);
double shares_patience(const struct shares *shares); /* of the most patient one */
void shares_plan(const struct shares *shares, const struct plan_wish *wish);
void shares_use(const struct shares *shares, uint64_t *bytes, int64_t *busy);

#endif
