/* shares.c — see shares.h. Shares are opened one by one as streams come, for each takes memory on the GPU. */
#include "synth/shares.h"
#include "device/device.h"
#include "synth/stream.h"
#include "synth/trials.h"

#include <stdlib.h>
#include <string.h>

struct share {
    struct remote *remote;
    int64_t busy; /* before the call */
    /* The call. */
    uint32_t from, count; /* of the streams below */
    int result;
};

struct shares {
    struct share share[SHARES_MAX];
    uint32_t count, most;
    bool full; /* the GPU let no other be opened */
    char *device;
    void (*spread)(void *self, void (*work)(void *argument, uint32_t n), void *argument);
    void *spread_self;
    double patience; /* 0: as it is */
    int64_t busy;

    /* The call, sorted by share. */
    struct auralis_stream **stream; /* [max_streams] */
    struct outlet *out;
    uint32_t blocks;
};

int shares_create(struct gpu *gpu, const auralis_engine_config *config, uint32_t max_streams,
                  struct shares **out) {
    struct shares *l = calloc(1, sizeof *l);
    if (!l || !(l->device = strdup(config->device)) ||
        !(l->stream = calloc(max_streams, sizeof *l->stream)) ||
        !(l->out = calloc(max_streams, sizeof *l->out))) {
        shares_destroy(l);
        gpu_destroy(gpu);
        return AURALIS_ENOMEM;
    }
    l->spread = config->spread;
    l->spread_self = config->spread_self;
    l->most = !config->spread || !config->spreads ? 1
              : config->spreads < SHARES_MAX      ? config->spreads
                                                  : SHARES_MAX;
    int result = remote_create(gpu, 0, &l->share[0].remote);
    if (result < 0) {
        shares_destroy(l);
        return result;
    }
    l->count = 1;
    *out = l;
    return AURALIS_OK;
}

void shares_destroy(struct shares *l) {
    if (!l) return;
    for (uint32_t i = 0; i < l->count; i++) remote_destroy(l->share[i].remote);
    free(l->device);
    free(l->stream);
    free(l->out);
    free(l);
}

static void open_share(struct shares *l) {
    struct device device;
    l->full = device_open(l->device, NULL, &device, NULL) < 0;
    if (l->full) return;
    trials_run(l->device, device.gpu);
    l->full = remote_create(device.gpu, l->count, &l->share[l->count].remote) < 0;
    if (l->full) return;
    if (l->patience > 0) remote_be_patient(l->share[l->count].remote, l->patience);
    l->count++;
}

struct remote *shares_choose(struct shares *l) {
    struct remote *least = l->share[0].remote;
    for (uint32_t i = 1; i < l->count; i++)
        if (remote_streams(l->share[i].remote) < remote_streams(least)) least = l->share[i].remote;
    if (remote_streams(least) < SHARE_STREAMS || l->count == l->most || l->full) return least;
    open_share(l);
    return l->full ? least : l->share[l->count - 1].remote;
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
    l->patience = seconds;
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
