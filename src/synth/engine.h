/* engine.h — the inside of an engine, for its streams. */
#ifndef AURALIS_SYNTH_ENGINE_H
#define AURALIS_SYNTH_ENGINE_H

#include "synth/remote.h"
#include "synth/shard.h"

#include <auralis/engine.h>

/* A free place in a shard, made if need be. AURALIS_ELIMIT, AURALIS_ENOMEM. */
int engine_place(auralis_engine *engine, struct shard **shard, uint32_t *place);

/* The GPU does not work any more: streams are rendered here from now on. */
void engine_forsake_gpu(auralis_engine *engine);

/* One stream more than allowed, for a moment. */
void engine_one_more(auralis_engine *engine, bool more);

/* Where the streams are rendered on a GPU; NULL: here. */
struct remote *engine_remote(const auralis_engine *engine);

/* The kernels of an engine; NULL: it is on a GPU. */
const struct kernels *engine_kernels(const auralis_engine *engine);

/* The device "auto" (choose.c). */
int engine_choose(const auralis_engine_config *config, auralis_engine **out);

/* A stream has left its place. */
void engine_leave(auralis_engine *engine);

#endif
