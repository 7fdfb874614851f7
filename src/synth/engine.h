/* engine.h — the inside of an engine, for its streams. */
#ifndef AURALIS_SYNTH_ENGINE_H
#define AURALIS_SYNTH_ENGINE_H

#include "base/pool.h"
#include "synth/shares.h"
#include "synth/shard.h"

#include <auralis/engine.h>

/* A free place in a shard of streams on the GPU, or (NULL) of those that are rendered here, made if need be.
 * AURALIS_ELIMIT, AURALIS_ENOMEM. */
int engine_place(auralis_engine *engine, struct remote *remote, struct shard **shard, uint32_t *place);

/* The GPU does not work any more: streams are rendered here from now on. */
void engine_forsake_gpu(auralis_engine *engine);

/* For who plays to people: when the GPU fails, auralis_engine_render rescues nobody by itself (rescue.h). It
 * gives AURALIS_EDEVICE, and those that wait for their rescue stay where they were, which their frames show.
 */
void engine_rescue_later(auralis_engine *engine);

/* How long the GPU may be silent before it counts as lost (gpu_be_patient). */
void engine_be_patient(const auralis_engine *engine, double seconds);

/* How calls go to the GPU from now on, instead of what was chosen by measurement (device/plan.h). */
void engine_plan(const auralis_engine *engine, const struct plan_wish *wish);

/* The GPU has no room for a stream, which is rendered here beside those that are there. */
void engine_gpu_full(auralis_engine *engine);

/* What was made of a GPU, also of one that has failed; zeros without any. */
struct gpu_use {
    uint64_t bytes;  /* reserved there now */
    int64_t busy;    /* ns in which batches were under way, so far */
    uint64_t full;   /* streams that it had no room for, so far */
    double patience; /* s that it may be silent now, before it counts as lost */
};
struct gpu_use engine_gpu_use(const auralis_engine *engine);

/* The GPU has failed. */
bool engine_lost(const auralis_engine *engine);

/* One stream more than allowed, for a moment. */
void engine_one_more(auralis_engine *engine, bool more);

/* Where the streams are rendered on a GPU; NULL: here. */
struct shares *engine_shares(const auralis_engine *engine);

/* The kernels of an engine; NULL: it is on a GPU. */
const struct kernels *engine_kernels(const auralis_engine *engine);

/* What its shards use in turn. */
struct scratch *engine_scratch(const auralis_engine *engine);

/* The device "auto" (choose.c). */
int engine_choose(const auralis_engine_config *config, auralis_engine **out);

/* What the effects of streams of a rate lie in; NULL: the heap. */
struct pool *engine_effects_pool(auralis_engine *engine, uint32_t rate);

/* A stream has left its place in the shard. */
void engine_leave(auralis_engine *engine, const struct shard *shard);

#endif
