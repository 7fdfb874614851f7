/* shares.c — see shares.h. All that will be needed are opened at the start, with their memory: a stream that
 * comes later keeps nobody waiting for a driver. */
#include "synth/shares.h"
#include "device/device.h"
#include "synth/stream.h"
#include "synth/trials.h"

#include <stdlib.h>

struct share {
    struct remote *remote;
    int64_t busy; /* before the call */
    /* The call. */
    uint32_t from, count; /* of the streams below */
    int result;
};

struct shares {
    struct share share[SHARES_MAX];
    uint32_t count, reserved; /* streams that the GPU's memory was taken for */
    void (*spread)(void *self, void (*work)(void *argument, uint32_t n), void *argument);
    void *spread_self;
    int64_t busy;

    /* The call, sorted by share. */
    struct auralis_stream **stream; /* [max_streams] */
    struct outlet *out;
    uint32_t blocks;
};

/* With memory for `streams`. */
static int add_share(struct shares *l, struct gpu *gpu, uint32_t streams) {
    struct remote **remote = &l->share[l->count].remote;
    int result = remote_create(gpu, l->count, remote);
    if (result < 0) return result;
    l->reserved += remote_reserve(*remote, streams);
    l->count++;
    return AURALIS_OK;
}

static int open_share(struct shares *l, const char *name, uint32_t streams) {
    struct device device;
    int result = device_open(name, NULL, &device, NULL);
    if (result < 0) return result;
    trials_run(name, device.gpu);
    return add_share(l, device.gpu, streams);
}

static uint32_t shares_wanted(const auralis_engine_config *config, uint32_t max_streams) {
    uint32_t most = config->spread && config->spreads ? config->spreads : 1;
    if (most > SHARES_MAX) most = SHARES_MAX;
    uint32_t useful = (max_streams + SHARE_STREAMS - 1) / SHARE_STREAMS;
    return useful < most ? useful : most;
}

int shares_create(struct gpu *gpu, const auralis_engine_config *config, uint32_t max_streams,
                  struct shares **out) {
    struct shares *l = calloc(1, sizeof *l);
    if (!l || !(l->stream = calloc(max_streams, sizeof *l->stream)) ||
        !(l->out = calloc(max_streams, sizeof *l->out))) {
        shares_destroy(l);
        gpu_destroy(gpu);
        return AURALIS_ENOMEM;
    }
    l->spread = config->spread;
    l->spread_self = config->spread_self;
    uint32_t wanted = shares_wanted(config, max_streams), each = (max_streams + wanted - 1) / wanted;
    if (wanted > 1 && each < SHARE_STREAMS) each = SHARE_STREAMS; /* as shares_choose fills them */
    int result = add_share(l, gpu, each);
    if (result < 0) {
        shares_destroy(l);
        return result;
    }
    while (l->count < wanted && open_share(l, config->device, each) == AURALIS_OK) continue;
    *out = l;
    return AURALIS_OK;
}

void shares_destroy(struct shares *l) {
    if (!l) return;
    for (uint32_t i = 0; i < l->count; i++) remote_destroy(l->share[i].remote);
    free(l->stream);
    free(l->out);
    free(l);
}

uint32_t shares_reserved(const struct shares *l) {
    return l->reserved;
}

/* The first that is not worth a thread yet, else the one with the fewest. */
struct remote *shares_choose(const struct shares *l) {
    struct remote *least = l->share[0].remote;
    for (uint32_t i = 0; i < l->count; i++) {
        struct remote *remote = l->share[i].remote;
        if (remote_streams(remote) < SHARE_STREAMS) return remote;
        if (remote_streams(remote) < remote_streams(least)) least = remote;
    }
    return least;
}

/* ---- A call ---- */

static struct share *share_of(struct shares *l, const struct auralis_stream *s) {
    return &l->share[remote_share(s->shard->remote)];
}

/* In their order within each share. Returns how many shares have any. */
static uint32_t sort(struct shares *l, struct auralis_stream *const *streams, uint32_t count,
                     const struct outlet *out) {
    uint32_t at = 0, used = 0;
    for (uint32_t i = 0; i < l->count; i++) l->share[i].count = 0;
    for (uint32_t i = 0; i < count; i++) share_of(l, streams[i])->count++;
    for (uint32_t i = 0; i < l->count; i++) {
        l->share[i].from = at;
        at += l->share[i].count;
        used += l->share[i].count > 0;
        l->share[i].count = 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct share *share = share_of(l, streams[i]);
        l->stream[share->from + share->count] = streams[i];
        l->out[share->from + share->count++] = out[i];
    }
    return used;
}

static void render_share(void *self, uint32_t number) {
    struct shares *l = self;
    struct share *share = &l->share[number];
    if (number >= l->count) return;
    share->result =
        remote_render(share->remote, l->stream + share->from, share->count, l->blocks, l->out + share->from);
}

static int64_t busy_of(const struct share *share) {
    uint64_t bytes;
    int64_t busy;
    remote_use(share->remote, &bytes, &busy);
    return busy;
}

/* All began together, so the longest is about the time in which any was busy. The worst result. */
static int join(struct shares *l) {
    int64_t longest = 0;
    int result = AURALIS_OK;
    for (uint32_t i = 0; i < l->count; i++) {
        struct share *share = &l->share[i];
        int64_t busy = busy_of(share), more = busy - share->busy;
        share->busy = busy;
        if (more > longest) longest = more;
        if (share->result < result) result = share->result;
    }
    l->busy += longest;
    return result;
}

int shares_render(struct shares *l, struct auralis_stream *const *streams, uint32_t count, uint32_t blocks,
                  const struct outlet *out) {
    if (!count || !blocks) return AURALIS_OK;
    l->blocks = blocks;
    if (sort(l, streams, count, out) > 1)
        l->spread(l->spread_self, render_share, l);
    else
        for (uint32_t i = 0; i < l->count; i++) render_share(l, i);
    int result = join(l);
    if (result == AURALIS_OK) remote_arrive(streams, count, blocks, out);
    return result;
}

/* ---- All of them ---- */

void shares_forsake(struct shares *l) {
    for (uint32_t i = 0; i < l->count; i++) remote_forsake(l->share[i].remote);
}

void shares_be_patient(struct shares *l, double seconds) {
    for (uint32_t i = 0; i < l->count; i++) remote_be_patient(l->share[i].remote, seconds);
}

double shares_patience(const struct shares *l) {
    double most = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        double patience = remote_patience(l->share[i].remote);
        if (patience > most) most = patience;
    }
    return most;
}

void shares_plan(const struct shares *l, const struct plan_wish *wish) {
    for (uint32_t i = 0; i < l->count; i++) remote_plan(l->share[i].remote, wish);
}

void shares_use(const struct shares *l, uint64_t *bytes, int64_t *busy) {
    *bytes = 0;
    *busy = l->busy;
    for (uint32_t i = 0; i < l->count; i++) {
        uint64_t more;
        int64_t ignored;
        remote_use(l->share[i].remote, &more, &ignored);
        *bytes += more;
    }
}
