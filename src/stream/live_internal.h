/* live_internal.h — what the two halves of live rendering share: live.c, which loops call, and live_worker.c,
 * the thread that renders. See live.h for what it is about. */
#ifndef AURALIS_STREAM_LIVE_INTERNAL_H
#define AURALIS_STREAM_LIVE_INTERNAL_H

#include "stream/command_queue.h"
#include "stream/frame_ring.h"
#include "stream/live.h"
#include "stream/snapshot.h"

#include <pthread.h>

enum {
    LIVE_BATCH = 16,          /* streams rendered by one call: those of a shard */
    LIVE_TURNS = 10,          /* ticks in which all shards have their turn: a long slice */
    LIVE_MANY = 48,           /* streams from which on slices are long, … */
    LIVE_FEW = 32,            /* … and below which they are short again */
    LIVE_COMMANDS = 1024,     /* waiting in a worker's queue */
    LIVE_PREROLL_BLOCKS = 64, /* of one opening stream, between two batches */
};

struct live_worker {
    struct live *live;
    auralis_engine *engine;
    pthread_t thread;
    bool started, stopped;
    struct command_queue commands;

    /* Hand-off: how others wake the sleeping worker. */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    _Atomic bool kicked;

    _Atomic uint32_t load; /* streams that belong here, opening and closing ones too */
    _Atomic uint64_t voices;
    _Atomic uint32_t use, used_by; /* thousandths of the last second that it rendered; open streams then */

    /* The worker's own. */
    struct live_stream **streams; /* opened ones first, those of a shard side by side */
    uint32_t count, capacity;
    uint32_t unopened;         /* the first that is not opened yet; all after it are neither */
    int64_t busy, measured_at; /* ns rendered since then */
    float *scratch;            /* LIVE_BATCH long slices */
    bool many;                 /* slices are long */
    int64_t turn;              /* the last tick whose shards had their turn */
};

struct live {
    struct live_config config;
    _Atomic bool stopping;
    _Atomic uint64_t refused;
    _Atomic int64_t last_latency; /* ns */
    int threads;
    struct live_worker worker[];
};

struct live_stream {
    struct live_worker *worker;
    struct live_spec spec;
    auralis_parameters parameters; /* that it opens with */
    uint32_t rate;
    uint64_t start; /* stream frame of ring frame 0 */
    int64_t origin; /* shared: when stream frame `start` is due */
    struct frame_ring ring;
    struct snapshot state, status;
    _Atomic uint64_t tickets; /* given out */
    _Atomic bool closing, failed, wanted;

    /* The worker's own. */
    auralis_stream *stream;
    bool ready;                 /* pre-rolled */
    bool doomed;                /* closes in this round */
    auralis_parameters pending; /* changes not applied yet */
    auralis_parameter_set pending_set;
    struct live_state current;
    uint32_t since_status; /* slices */
    uint64_t voices;       /* in the worker's sum */
    uint64_t phrase;       /* eight bars that it is in; 0: none yet */
};

/* The body of a worker's thread; `self` is a struct live_worker. */
void *live_worker_run(void *self);

/* After its thread has ended: frees every stream that is left. */
void live_worker_abandon(struct live_worker *worker);

/* Wakes the worker, any thread. */
void live_worker_kick(struct live_worker *worker);

/* Frees a stream that its worker holds no longer, or never got. */
void live_stream_free(struct live_stream *stream);

#endif
