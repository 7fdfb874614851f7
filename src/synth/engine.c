/* engine.c — owns the shards and renders lists of streams together. */
#include "synth/engine.h"
#include "device/cpu/cpu.h"
#include "device/device.h"
#include "synth/rescue.h"
#include "synth/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct auralis_engine {
    const struct kernels *kernels; /* NULL: on a GPU */
    struct remote *remote;         /* there */
    char name[160];                /* of the device */
    bool lost;                     /* the GPU failed: streams go on here (rescue.h) */
    const char *isa;
    struct auralis_stream **listed; /* [max_streams], for the GPU */
    float **listed_out;
    uint32_t max_streams, streams;
    uint32_t shards, shards_max;
    struct shard **shard;
    struct scratch *scratch;
};

enum { STREAMS_DEFAULT = 1024, STREAMS_MAX = 65536 };

static int open_device(auralis_engine *e, const auralis_engine_config *c) {
    struct device device;
    int result = device_open(c->device, c->isa, &device, c->why);
    if (result < 0) return result;
    e->kernels = device.kernels;
    e->isa = c->isa;
    if (device.gpu)
        snprintf(e->name, sizeof e->name, "%s (%s)", c->device, gpu_information(device.gpu)->name);
    else
        snprintf(e->name, sizeof e->name, "cpu (%s)", device.kernels->isa);
    return device.gpu ? remote_create(device.gpu, &e->remote) : AURALIS_OK;
}

int auralis_engine_create(const auralis_engine_config *config, auralis_engine **out) {
    auralis_engine_config c = config ? *config : (auralis_engine_config){0};
    if (c.max_streams > STREAMS_MAX) return AURALIS_EINVAL;
    if (c.device && !strcmp(c.device, "auto")) return engine_choose(&c, out);
    auralis_engine *e = calloc(1, sizeof *e);
    if (!e) return AURALIS_ENOMEM;
    int result = open_device(e, &c);
    if (result < 0) {
        free(e);
        return result;
    }
    e->max_streams = c.max_streams ? c.max_streams : STREAMS_DEFAULT;
    e->shards_max = e->max_streams / SHARD_STREAMS + 1;
    e->shard = calloc(e->shards_max, sizeof *e->shard);
    e->listed = calloc(e->max_streams, sizeof *e->listed);
    e->listed_out = calloc(e->max_streams, sizeof *e->listed_out);
    e->scratch = aligned_alloc(64, (sizeof *e->scratch + 63) / 64 * 64);
    if (!e->shard || !e->scratch || !e->listed || !e->listed_out) {
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
    remote_destroy(e->remote);
    free(e->shard);
    free(e->scratch);
    free(e->listed);
    free(e->listed_out);
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

struct remote *engine_remote(const auralis_engine *e) {
    return e->lost ? NULL : e->remote;
}

void engine_one_more(auralis_engine *e, bool more) {
    e->max_streams = more ? e->max_streams + 1 : e->max_streams - 1;
}

const struct kernels *engine_kernels(const auralis_engine *e) {
    return e->kernels;
}

void engine_leave(auralis_engine *e) {
    e->streams--;
}

/* From the GPU to the processor. Kernels with its bits are there whatever happens. */
void engine_forsake_gpu(auralis_engine *e) {
    char was[sizeof e->name];
    memcpy(was, e->name, sizeof was);
    if (cpu_kernels(e->isa, &e->kernels) < 0) cpu_kernels("scalar", &e->kernels);
    remote_forsake(e->remote, e->shard, e->shards);
    e->lost = true;
    snprintf(e->name, sizeof e->name, "cpu (%s), since %.120s failed", e->kernels->isa, was);
}

/* Renders on the GPU; false if it is lost, and the streams are to be rescued. */
static bool render_remote(auralis_engine *e, struct auralis_stream *const *streams, uint32_t count,
                          uint32_t blocks, float *const *out) {
    if (e->lost) return false;
    if (remote_render(e->remote, e->shard, e->shards, streams, count, blocks, out) == AURALIS_OK) return true;
    engine_forsake_gpu(e);
    return false;
}

/* A stream that a lost GPU had; silence if there is no memory for it here. */
static bool rescued(struct auralis_stream *s, uint32_t blocks, float *out) {
    if (!s->remote || rescue(s) == AURALIS_OK) return true;
    if (out) memset(out, 0, (size_t)blocks * 2 * BLOCK * sizeof *out);
    return false;
}

/* Returns whether the stream was rescued meanwhile, which does all of its pre-roll. */
static bool render_one(struct auralis_stream *s, uint32_t blocks, float *out) {
    auralis_engine *e = s->engine;
    bool was_remote = s->remote != NULL;
    if (was_remote && render_remote(e, &s, 1, blocks, &out)) return false;
    if (!rescued(s, blocks, out) || (was_remote && !out)) return true;
    float *to[SHARD_STREAMS] = {0};
    to[s->place] = out;
    shard_render(s->shard, e->kernels, e->scratch, 1u << s->place, blocks, to);
    if (s->seam_left && out) rescue_seam(s, out, (size_t)blocks * BLOCK);
    return was_remote;
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
        if (render_one(s, count, NULL)) return s->preroll;
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
        if (streams[i]->shard != shard || streams[i]->remote || askew(streams[i])) continue;
        listed.places |= 1u << streams[i]->place;
        listed.out[streams[i]->place] = out[i];
        streams[i]->delivered += (uint64_t)blocks * BLOCK;
    }
    if (listed.places) shard_render(shard, e->kernels, e->scratch, listed.places, blocks, listed.out);
    for (uint32_t s = 0; s < SHARD_STREAMS; s++)
        if (listed.out[s] && shard->stream[s]->seam_left)
            rescue_seam(shard->stream[s], listed.out[s], (size_t)blocks * BLOCK);
}

/* On the GPU, but for those that lie askew; false if it is lost. */
static bool render_listed(auralis_engine *e, auralis_stream *const *streams, size_t count, uint32_t blocks,
                          float *const *out) {
    uint32_t listed = 0;
    for (size_t i = 0; i < count && listed < e->max_streams; i++) {
        if (askew(streams[i])) continue;
        e->listed[listed] = streams[i];
        e->listed_out[listed++] = out[i];
    }
    if (!render_remote(e, e->listed, listed, blocks, e->listed_out)) return false;
    for (uint32_t i = 0; i < listed; i++) e->listed[i]->delivered += (uint64_t)blocks * BLOCK;
    return true;
}

static void render_here(auralis_engine *e, auralis_stream *const *streams, size_t count, uint32_t blocks,
                        float *const *out) {
    for (size_t i = 0; i < count && e->lost; i++)
        if (!rescued(streams[i], blocks, out[i])) streams[i]->delivered += (uint64_t)blocks * BLOCK;
    for (uint32_t i = 0; i < e->shards; i++) render_shard(e, e->shard[i], streams, count, blocks, out);
}

int auralis_engine_render(auralis_engine *e, auralis_stream *const *streams, size_t count, uint32_t blocks,
                          float *const *out) {
    for (size_t i = 0; i < count; i++)
        if (streams[i]->engine != e) return AURALIS_EINVAL;
    if (!engine_remote(e) || !render_listed(e, streams, count, blocks, out))
        render_here(e, streams, count, blocks, out);
    for (size_t i = 0; i < count; i++)
        if (streams[i]->carry_count) auralis_stream_read(streams[i], out[i], (size_t)blocks * BLOCK);
    return AURALIS_OK;
}

const char *auralis_engine_device(const auralis_engine *e) {
    return e->name;
}

const char *auralis_engine_isa(const auralis_engine *e) {
    return e->kernels ? e->kernels->isa : "gpu";
}

int auralis_isas(const char **out, int max) {
    return cpu_isas(out, max);
}
