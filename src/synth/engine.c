/* engine.c — owns the shards and renders lists of streams together. */
#include "synth/engine.h"
#include "base/monotonic.h"
#include "device/cpu/cpu.h"
#include "device/device.h"
#include "synth/pcm16.h"
#include "synth/rescue.h"
#include "synth/stream.h"
#include "synth/trials.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct auralis_engine {
    const struct kernels *kernels; /* NULL: on a GPU */
    struct shares *shares;         /* there */
    char name[160];                /* of the device */
    bool lost;                     /* the GPU failed: streams go on here (rescue.h) … */
    bool later;                    /* … when their owner says so */
    const char *isa;
    struct auralis_stream **listed; /* [max_streams], for the GPU */
    struct outlet *listed_out;
    uint32_t max_streams, streams;
    uint32_t here; /* of them on the processor, though there is a GPU: … */
    uint64_t full; /* … so often it had no room */
    uint32_t shards, shards_max;
    struct shard **shard;
    void (*spread)(void *self, void (*work)(void *argument, uint32_t n), void *argument);
    void *spread_self;
    uint32_t threads;         /* 1, or those that `spread` has */
    struct pool scratch_pool; /* they are walked as often as the effects; of few streams: the heap */
    struct scratch *scratch[SHARES_MAX]; /* one for each thread */
    struct pool effects[3];              /* of streams at 44,100, 48,000 and 96,000 Hz */
};

_Static_assert(SCRATCH_SIZE(SHARD_STREAMS) <= POOL_PAGE, "the scratch is one cell");

enum { STREAMS_DEFAULT = 1024, STREAMS_MAX = 65536 };

/* What a start took, and for how many streams there is memory. */
static void say_ready(const auralis_engine *e, double took, double tried, auralis_message *why) {
    if (!why) return;
    char trials[64] = "", fewer[24] = "";
    uint32_t reserved = shares_reserved(e->shares);
    if (tried > 0) snprintf(trials, sizeof trials, ", of which %.2f s to try ways of sending calls", tried);
    if (reserved < e->max_streams) snprintf(fewer, sizeof fewer, "%u of ", reserved);
    snprintf(why->text, sizeof why->text, "ready in %.2f s%s; memory for %s%u stream%s", took, trials, fewer,
             e->max_streams, e->max_streams == 1 ? "" : "s");
}

static int open_shares(auralis_engine *e, const auralis_engine_config *c, struct gpu *gpu) {
    double tried = trials_run(c->device, gpu), warm_up = gpu_information(gpu)->warm_up;
    int64_t begin = monotonic_now();
    int result = shares_create(gpu, c, e->max_streams, &e->shares);
    double took = warm_up + tried + (double)(monotonic_now() - begin) * 1e-9;
    if (result == AURALIS_OK) say_ready(e, took, tried, c->why);
    return result;
}

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
    return device.gpu ? open_shares(e, c, device.gpu) : AURALIS_OK;
}

/* Whose memory is from the heap: a page of 2 MB of which hardly anything is used takes longer to clear than a
 * phrase to render. */
static bool few(const auralis_engine *e) {
    return e->max_streams + 1 < SHARD_STREAMS;
}

static struct scratch *take_scratch(auralis_engine *e) {
    size_t places = few(e) ? e->max_streams + 1 : SHARD_STREAMS; /* engine_one_more */
    size_t size = SCRATCH_SIZE(places);
    struct scratch *scratch = e->scratch_pool.cell ? pool_take(&e->scratch_pool) : aligned_alloc(64, size);
    if (scratch) memset(scratch, 0, size);
    return scratch;
}

static void give_scratch(auralis_engine *e, struct scratch *scratch) {
    if (e->scratch_pool.cell)
        pool_give(&e->scratch_pool, scratch);
    else
        free(scratch);
}

/* What each thread needs to render here. */
static bool take_threads(auralis_engine *e, const auralis_engine_config *c) {
    uint32_t most = !c->spread || few(e) ? 1 : c->spreads < SHARES_MAX ? c->spreads : SHARES_MAX;
    e->spread = c->spread;
    e->spread_self = c->spread_self;
    if (!few(e)) pool_init(&e->scratch_pool, SCRATCH_SIZE(SHARD_STREAMS));
    do e->scratch[e->threads] = take_scratch(e);
    while (e->scratch[e->threads] && ++e->threads < most);
    return e->threads > 0 && e->threads >= most;
}

int auralis_engine_create(const auralis_engine_config *config, auralis_engine **out) {
    auralis_engine_config c = config ? *config : (auralis_engine_config){0};
    if (c.max_streams > STREAMS_MAX) return AURALIS_EINVAL;
    if (c.device && !strcmp(c.device, "auto")) return engine_choose(&c, out);
    auralis_engine *e = calloc(1, sizeof *e);
    if (!e) return AURALIS_ENOMEM;
    e->max_streams = c.max_streams ? c.max_streams : STREAMS_DEFAULT;
    int result = open_device(e, &c);
    if (result < 0) {
        free(e);
        return result;
    }
    e->shards_max = e->max_streams / SHARD_STREAMS + 1;
    if (e->shares) e->shards_max = 2 * e->shards_max + SHARES_MAX * (SHARE_STREAMS / SHARD_STREAMS + 1);
    e->shard = calloc(e->shards_max, sizeof *e->shard);
    e->listed = calloc(e->max_streams, sizeof *e->listed);
    e->listed_out = calloc(e->max_streams, sizeof *e->listed_out);
    if (!e->shard || !take_threads(e, &c) || !e->listed || !e->listed_out) {
        auralis_engine_destroy(e);
        return AURALIS_ENOMEM;
    }
    static const uint32_t RATE[3] = {44100, 48000, 96000};
    for (int i = 0; i < 3; i++) pool_init(&e->effects[i], effects_size(RATE[i]));
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
    shares_destroy(e->shares);
    free(e->shard);
    for (uint32_t i = 0; i < e->threads; i++) give_scratch(e, e->scratch[i]);
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

/* Once the GPU is lost, those that were on it are like all others. */
static bool takes(const auralis_engine *e, const struct shard *shard, const struct remote *remote) {
    if (shard->streams == SHARD_STREAMS) return false;
    return !shard->streams || shard->remote == remote || e->lost;
}

int engine_place(auralis_engine *e, struct remote *remote, struct shard **shard, uint32_t *place) {
    if (e->streams == e->max_streams) return AURALIS_ELIMIT;
    uint32_t i = 0;
    while (i < e->shards && !takes(e, e->shard[i], remote)) i++;
    if (i == e->shards && (i == e->shards_max || add_shard(e) < 0)) return AURALIS_ENOMEM;
    *shard = e->shard[i];
    if (!(*shard)->streams) (*shard)->remote = remote;
    *place = 0;
    while ((*shard)->stream[*place]) ++*place;
    e->streams++;
    e->here += e->shares && !(*shard)->remote;
    return AURALIS_OK;
}

struct pool *engine_effects_pool(auralis_engine *e, uint32_t rate) {
    if (few(e)) return NULL;
    return &e->effects[rate == 96000 ? 2 : rate == 48000];
}

struct shares *engine_shares(const auralis_engine *e) {
    return e->lost ? NULL : e->shares;
}

void engine_one_more(auralis_engine *e, bool more) {
    e->max_streams = more ? e->max_streams + 1 : e->max_streams - 1;
}

void engine_rescue_later(auralis_engine *e) {
    e->later = true;
}

void engine_be_patient(const auralis_engine *e, double seconds) {
    if (engine_shares(e)) shares_be_patient(e->shares, seconds);
}

void engine_plan(const auralis_engine *e, const struct plan_wish *wish) {
    if (engine_shares(e)) shares_plan(e->shares, wish);
}

struct gpu_use engine_gpu_use(const auralis_engine *e) {
    struct gpu_use use = {.full = e->full};
    if (e->shares) shares_use(e->shares, &use.bytes, &use.busy);
    if (e->shares) use.patience = shares_patience(e->shares);
    return use;
}

bool engine_lost(const auralis_engine *e) {
    return e->lost;
}

const struct kernels *engine_kernels(const auralis_engine *e) {
    return engine_shares(e) ? NULL : e->kernels;
}

struct scratch *engine_scratch(const auralis_engine *e) {
    return e->scratch[0];
}

void engine_leave(auralis_engine *e, const struct shard *shard) {
    e->streams--;
    e->here -= e->shares && !shard->remote;
}

/* Kernels with the GPU's bits are there whatever happens. */
static void take_kernels(auralis_engine *e) {
    if (cpu_kernels(e->isa, &e->kernels) < 0) cpu_kernels("scalar", &e->kernels);
}

void engine_gpu_full(auralis_engine *e) {
    if (!e->kernels) take_kernels(e);
    e->full++;
}

/* From the GPU to the processor. */
void engine_forsake_gpu(auralis_engine *e) {
    char was[sizeof e->name];
    memcpy(was, e->name, sizeof was);
    take_kernels(e);
    shares_forsake(e->shares);
    e->lost = true;
    snprintf(e->name, sizeof e->name, "cpu (%s), since %.120s failed", e->kernels->isa, was);
}

/* Renders on the GPU; false if it is lost, and the streams are to be rescued. */
static bool render_remote(auralis_engine *e, struct auralis_stream *const *streams, uint32_t count,
                          uint32_t blocks, const struct outlet *out) {
    if (e->lost) return false;
    if (shares_render(e->shares, streams, count, blocks, out) == AURALIS_OK) return true;
    engine_forsake_gpu(e);
    return false;
}

/* A stream that a lost GPU had; silence if there is no memory for it here. */
static bool rescued(struct auralis_stream *s, uint32_t blocks, struct outlet out) {
    size_t samples = (size_t)blocks * 2 * BLOCK;
    if (!s->remote || rescue(s) == AURALIS_OK) return true;
    if (out.floats) memset(out.floats, 0, samples * sizeof *out.floats);
    if (out.pcm) memset(out.pcm, 0, samples * sizeof *out.pcm);
    return false;
}

/* Returns whether the stream was rescued meanwhile, which does all of its pre-roll. */
static bool render_one(struct auralis_stream *s, uint32_t blocks, float *out) {
    auralis_engine *e = s->engine;
    bool was_remote = s->remote != NULL;
    struct outlet to = {.floats = out};
    if (was_remote && render_remote(e, &s, 1, blocks, &to)) return false;
    if (!rescued(s, blocks, to) || (was_remote && !out)) return true;
    shard_list(s->shard, s->place, to);
    shard_render(s->shard, e->kernels, e->scratch[0], blocks);
    return was_remote;
}

/* What is left of the pre-roll, and of a start inside a block. */
static void make_ready(struct auralis_stream *s) {
    auralis_stream_preroll(s, s->preroll);
    if (!s->skip) return;
    float block[2 * BLOCK];
    render_one(s, 1, block);
    s->carry_count = BLOCK - s->skip;
    s->carry_narrow = false;
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
    s->carry_narrow = false;
    take_carry(s, out + 2 * done, frames - done);
    return AURALIS_OK;
}

/* A call of auralis_engine_render or …_pcm. */
struct call {
    auralis_stream *const *streams;
    size_t count;
    uint32_t blocks;
    float *const *out;
    int16_t *const *pcm;
};

static struct outlet outlet_of(const struct call *c, size_t i) {
    int16_t *pcm = c->pcm ? c->pcm[i] : NULL;
    return (struct outlet){.floats = pcm || !c->out ? NULL : c->out[i], .pcm = pcm};
}

/* What was left over comes before so many new frames, whose end is left over now. */
static void join_floats(struct auralis_stream *s, float *out, size_t frames) {
    float end[2 * BLOCK];
    size_t left = 2 * (size_t)s->carry_count, whole = 2 * frames - left;
    memcpy(end, out + whole, left * sizeof *out);
    memmove(out + left, out, whole * sizeof *out);
    memcpy(out, s->carry, left * sizeof *out);
    memcpy(s->carry, end, left * sizeof *out);
    s->carry_narrow = false;
}

static void join_pcm(struct auralis_stream *s, int16_t *out, size_t frames) {
    int16_t begin[2 * BLOCK];
    size_t left = 2 * (size_t)s->carry_count, whole = 2 * frames - left;
    if (!s->carry_narrow) pcm16_convert(begin, s->carry, s->carry_count, pcm16_key(s->seed), s->delivered);
    for (size_t i = 0; i < left; i++) {
        if (s->carry_narrow) begin[i] = pcm16_back(s->carry[i]);
        s->carry[i] = pcm16_float(out[whole + i]);
    }
    memmove(out + left, out, whole * sizeof *out);
    memcpy(out, begin, left * sizeof *out);
    s->carry_narrow = true;
}

/* The stream has new frames. */
static void hand_over(struct auralis_stream *s, struct outlet out, uint32_t blocks) {
    size_t frames = (size_t)blocks * BLOCK;
    if (!frames) return;
    if (s->carry_count && out.floats) join_floats(s, out.floats, frames);
    if (s->carry_count && out.pcm) join_pcm(s, out.pcm, frames);
    s->delivered += frames;
}

/* Those of them that are on the GPU and want 16 bits, or do not, behind `listed` others. */
static uint32_t list(auralis_engine *e, const struct call *c, bool narrow, uint32_t listed) {
    for (size_t i = 0; i < c->count && listed < e->max_streams; i++) {
        struct auralis_stream *s = c->streams[i];
        struct outlet out = outlet_of(c, i);
        if (!s->remote || (out.pcm != NULL) != narrow) continue;
        make_ready(s);
        e->listed[listed] = s;
        e->listed_out[listed++] = out;
    }
    return listed;
}

/* On the GPU, but for those that are not there; false if it is lost. */
static bool render_listed(auralis_engine *e, const struct call *c) {
    uint32_t listed = list(e, c, false, list(e, c, true, 0));
    if (!render_remote(e, e->listed, listed, c->blocks, e->listed_out)) return false;
    for (uint32_t i = 0; i < listed; i++) hand_over(e->listed[i], e->listed_out[i], c->blocks);
    return true;
}

/* Shards, which threads take one by one. */
struct shards_to_do {
    const auralis_engine *engine;
    uint32_t blocks;
    _Atomic uint32_t next;
};

/* The listed ones of a shard, which are ready. */
static void render_shard(const auralis_engine *e, struct shard *shard, uint32_t blocks,
                         struct scratch *scratch) {
    uint32_t listed = shard->listed;
    if (!listed) return;
    shard_render(shard, e->kernels, scratch, blocks);
    for (uint32_t p = 0; p < SHARD_STREAMS; p++)
        if (listed >> p & 1) hand_over(shard->stream[p], shard->out[p], blocks);
}

static void render_shards(void *self, uint32_t number) {
    struct shards_to_do *to_do = self;
    const auralis_engine *e = to_do->engine;
    for (uint32_t i; (i = atomic_fetch_add(&to_do->next, 1)) < e->shards;)
        render_shard(e, e->shard[i], to_do->blocks, e->scratch[number]);
}

static void render_here(auralis_engine *e, const struct call *c) {
    for (size_t i = 0; i < c->count && e->lost && !e->later; i++)
        if (!rescued(c->streams[i], c->blocks, outlet_of(c, i)))
            c->streams[i]->delivered += (uint64_t)c->blocks * BLOCK;
    for (size_t i = 0; i < c->count; i++)
        if (!c->streams[i]->remote) make_ready(c->streams[i]);
    for (size_t i = 0; i < c->count; i++)
        if (!c->streams[i]->remote) shard_list(c->streams[i]->shard, c->streams[i]->place, outlet_of(c, i));
    struct shards_to_do to_do = {e, c->blocks, 0};
    if (e->threads > 1 && c->count > 1 && c->streams[0]->shard != c->streams[c->count - 1]->shard)
        e->spread(e->spread_self, render_shards, &to_do);
    else
        render_shards(&to_do, 0);
}

int auralis_engine_render_pcm(auralis_engine *e, auralis_stream *const *streams, size_t count,
                              uint32_t blocks, float *const *out, int16_t *const *pcm) {
    const struct call call = {streams, count, blocks, out, pcm};
    for (size_t i = 0; i < count; i++)
        if (streams[i]->engine != e) return AURALIS_EINVAL;
    for (size_t i = 0; i < count; i++) streams[i]->fault = false;
    if (!engine_shares(e) || !render_listed(e, &call) || e->here) render_here(e, &call);
    for (size_t i = 0; i < count && e->later; i++)
        if (rescue_waits(streams[i])) return AURALIS_EDEVICE;
    return AURALIS_OK;
}

int auralis_engine_render(auralis_engine *e, auralis_stream *const *streams, size_t count, uint32_t blocks,
                          float *const *out) {
    return auralis_engine_render_pcm(e, streams, count, blocks, out, NULL);
}

const char *auralis_engine_device(const auralis_engine *e) {
    return e->name;
}

const char *auralis_engine_isa(const auralis_engine *e) {
    return engine_shares(e) ? "gpu" : e->kernels->isa;
}

int auralis_isas(const char **out, int max) {
    return cpu_isas(out, max);
}
