/* engine.c — owns the shards and renders lists of streams together. */
#include "synth/engine.h"
#include "device/cpu/cpu.h"
#include "synth/stream.h"

#include <stdlib.h>
#include <string.h>

struct auralis_engine {
    const struct kernels *kernels;
    uint32_t max_streams, streams;
    uint32_t shards, shards_max;
    struct shard **shard;
    struct scratch *scratch;
};

enum { STREAMS_DEFAULT = 1024, STREAMS_MAX = 65536 };

int auralis_engine_create(const auralis_engine_config *config, auralis_engine **out) {
    auralis_engine_config c = config ? *config : (auralis_engine_config){0};
    const struct kernels *kernels;
    int result = cpu_kernels(c.isa, &kernels);
    if (result < 0) return result;
    if (c.max_streams > STREAMS_MAX) return AURALIS_EINVAL;
    auralis_engine *e = calloc(1, sizeof *e);
    if (!e) return AURALIS_ENOMEM;
    e->kernels = kernels;
    e->max_streams = c.max_streams ? c.max_streams : STREAMS_DEFAULT;
    e->shards_max = (e->max_streams + SHARD_STREAMS - 1) / SHARD_STREAMS;
    e->shard = calloc(e->shards_max, sizeof *e->shard);
    e->scratch = aligned_alloc(64, (sizeof *e->scratch + 63) / 64 * 64);
    if (!e->shard || !e->scratch) {
        auralis_engine_destroy(e);
        return AURALIS_ENOMEM;
    }
    memset(e->scratch, 0, sizeof *e->scratch);
    *out = e;
    return AURALIS_OK;
}

void auralis_engine_destroy(auralis_engine *e) {
    if (!e) return;
    for (uint32_t i = 0; i < e->shards; i++) {
        for (uint32_t s = 0; s < SHARD_STREAMS; s++) auralis_stream_close(e->shard[i]->stream[s]);
        shard_free(e->shard[i]);
        free(e->shard[i]);
    }
    free(e->shard);
    free(e->scratch);
    free(e);
}

static int add_shard(auralis_engine *e) {
    struct shard *shard = malloc(sizeof *shard);
    if (!shard) return AURALIS_ENOMEM;
    shard_init(shard);
    e->shard[e->shards++] = shard;
    return AURALIS_OK;
}

int engine_place(auralis_engine *e, struct shard **shard, uint32_t *place) {
    if (e->streams == e->max_streams) return AURALIS_ELIMIT;
    uint32_t i = 0;
    while (i < e->shards && e->shard[i]->streams == SHARD_STREAMS) i++;
    if (i == e->shards && (i == e->shards_max || add_shard(e) < 0)) return AURALIS_ENOMEM;
    *shard = e->shard[i];
    *place = 0;
    while ((*shard)->stream[*place]) ++*place;
    e->streams++;
    return AURALIS_OK;
}

void engine_leave(auralis_engine *e) {
    e->streams--;
}

static void render_one(struct auralis_stream *s, uint32_t blocks, float *out) {
    float *to[SHARD_STREAMS] = {0};
    to[s->place] = out;
    shard_render(s->shard, s->engine->kernels, s->engine->scratch, 1u << s->place, blocks, to);
}

/* What is left of the pre-roll, and of a start inside a block. */
static void make_ready(struct auralis_stream *s) {
    auralis_stream_preroll(s, s->preroll);
    if (!s->skip) return;
    float block[2 * BLOCK];
    render_one(s, 1, block);
    s->carry_count = BLOCK - s->skip;
    memcpy(s->carry, block + 2 * s->skip, s->carry_count * 2 * sizeof *s->carry);
    s->skip = 0;
}

uint64_t auralis_stream_preroll(auralis_stream *s, uint64_t blocks) {
    while (blocks && s->preroll) {
        uint32_t count = blocks < 1024 ? (uint32_t)blocks : 1024;
        if (count > s->preroll) count = (uint32_t)s->preroll;
        render_one(s, count, NULL);
        s->preroll -= count;
        blocks -= count;
    }
    return s->preroll;
}

/* Up to `frames` frames out of the carry buffer; returns how many. */
static size_t take_carry(struct auralis_stream *s, float *out, size_t frames) {
    size_t n = frames < s->carry_count ? frames : s->carry_count;
    if (!n) return 0;
    memcpy(out, s->carry, n * 2 * sizeof *out);
    s->carry_count -= (uint32_t)n;
    memmove(s->carry, s->carry + 2 * n, s->carry_count * 2 * sizeof *out);
    return n;
}

int auralis_stream_read(auralis_stream *s, float *out, size_t frames) {
    make_ready(s);
    s->delivered += frames;
    size_t done = take_carry(s, out, frames);
    while (frames - done >= BLOCK) {
        size_t blocks = (frames - done) / BLOCK;
        if (blocks > 1024) blocks = 1024;
        render_one(s, (uint32_t)blocks, out + 2 * done);
        done += blocks * BLOCK;
    }
    if (done == frames) return AURALIS_OK;
    render_one(s, 1, s->carry);
    s->carry_count = BLOCK;
    take_carry(s, out + 2 * done, frames - done);
    return AURALIS_OK;
}

/* Streams of one shard that are listed: which, and where their samples go. */
struct listed {
    uint32_t places;
    float *out[SHARD_STREAMS];
};

/* A stream whose reading left frames over delivers them first, so its blocks lie askew: it is read by itself.
 */
static bool askew(struct auralis_stream *s) {
    make_ready(s);
    return s->carry_count != 0;
}

static void render_shard(auralis_engine *e, struct shard *shard, auralis_stream *const *streams, size_t count,
                         uint32_t blocks, float *const *out) {
    struct listed listed = {0};
    for (size_t i = 0; i < count; i++) {
        if (streams[i]->shard != shard || askew(streams[i])) continue;
        listed.places |= 1u << streams[i]->place;
        listed.out[streams[i]->place] = out[i];
        streams[i]->delivered += (uint64_t)blocks * BLOCK;
    }
    if (listed.places) shard_render(shard, e->kernels, e->scratch, listed.places, blocks, listed.out);
}

int auralis_engine_render(auralis_engine *e, auralis_stream *const *streams, size_t count, uint32_t blocks,
                          float *const *out) {
    for (size_t i = 0; i < count; i++)
        if (streams[i]->engine != e) return AURALIS_EINVAL;
    for (uint32_t i = 0; i < e->shards; i++) render_shard(e, e->shard[i], streams, count, blocks, out);
    for (size_t i = 0; i < count; i++)
        if (streams[i]->carry_count) auralis_stream_read(streams[i], out[i], (size_t)blocks * BLOCK);
    return AURALIS_OK;
}

const char *auralis_engine_isa(const auralis_engine *e) {
    return e->kernels->isa;
}

int auralis_isas(const char **out, int max) {
    return cpu_isas(out, max);
}
