/* live_internal.h — what the two halves of live rendering share: live.c, which loops call, and live_worker.c,
 * the thread that renders. See live.h for what it is about. */
#ifndef AURALIS_STREAM_LIVE_INTERNAL_H
#define AURALIS_STREAM_LIVE_INTERNAL_H

#include "stream/command_queue.h"
#include "stream/frame_ring.h"
#include "stream/live.h"
#include "stream/load_meter.h"
#include "stream/snapshot.h"

#include <pthread.h>

enum {
    LIVE_BATCH = 16,          /* streams rendered by one call: those of a shard, … */
    LIVE_ALONE = 12,          /* … up to so many streams: each by itself, … */
    LIVE_TOGETHER = 4096,     /* … on a GPU all that are due, up to so many */
    LIVE_TURNS = 10,          /* ticks in which all shards have their turn: a long slice */
    LIVE_MANY = 48,           /* streams from which on slices are long, … */
    LIVE_FEW = 32,            /* … and below which they are short again */
    LIVE_COMMANDS = 1024,     /* waiting in a worker's queue */
    LIVE_PREROLL_BLOCKS = 64, /* of one opening stream, between two batches */
};

struct live_worker {
    struct live *live;
    auralis_engine *engine;
    struct team *team; /* that composes with it; NULL: nobody */
    pthread_t thread;
    bool started, stopped;
    struct command_queue commands;

    /* Hand-off: how others wake the sleeping worker. */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    _Atomic bool kicked;

    _Atomic uint32_t load; /* streams that belong here, opening and closing ones too */
    _Atomic uint64_t voices;
    _Atomic int core;           /* that it is pinned to, or a negative errno value */
    struct snapshot device;     /* its name */
    _Atomic uint64_t waiting;   /* streams, for their rescue */
    _Atomic uint64_t gpu_bytes; /* as engine_gpu_use … */
    _Atomic int64_t gpu_busy;
    _Atomic uint64_t gpu_full;
    _Atomic uint32_t gpu_use; /* … thousandths of the last second */
    struct load_meter meter;

    /* The worker's own. */
    struct live_stream **streams; /* opened ones first, those of a shard side by side */
    uint32_t count, capacity;
    uint32_t unopened;          /* the first that is not opened yet; all after it are neither */
    int64_t gpu_measured;       /* gpu_busy when it was last looked at */
    int64_t opened_at, opening; /* when it last opened a stream; how long that takes */
    uint64_t opened;            /* streams so far */
    bool lost;                  /* the GPU has failed, and … */
    uint32_t saved;             /* … so many of its streams play again; … */
    int64_t spent, played;      /* … ns that rendering here has taken since then, for so much sound */
    uint32_t batch;             /* streams rendered by one call at most; arrays of so many: */
    struct live_stream **due;
    auralis_stream **rendered;
    float **out;
    int16_t **pcm; /* NULL: floats */
    uint64_t *before;
    float *scratch; /* long slices */
    bool many;      /* slices are long */
    bool faulty;    /* the round met a stream whose rendering failed */
    int64_t turn;   /* the last tick whose shards had their turn */
};

struct live {
    struct live_config config;
    _Atomic bool stopping;
    bool gpu; /* its workers have one, or had */
    _Atomic uint64_t refused, restarted, batches;
    _Atomic uint64_t faults, rescued, shed;
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
    _Atomic int fate; /* enum live_fate */

    /* The worker's own. */
    auralis_stream *stream;
    uint64_t order;             /* of opening */
    bool ready;                 /* pre-rolled */
    bool doomed;                /* closes in this round */
    auralis_parameters pending; /* changes not applied yet */
    auralis_parameter_set pending_set;
    struct live_state current;
    uint32_t since_status;      /* slices */
    uint64_t voices;            /* in the worker's sum */
    uint64_t phrase;            /* eight bars that it is in; 0: none yet */
    auralis_parameters settled; /* those before a change that waits for its beat */
    bool faulty, fades_in;      /* its last slice was no sound; its next one begins anew */
    uint32_t faults;            /* in a row, … */
    uint64_t faulted;           /* … the last of them at this frame */
};

/* The body of a worker's thread; `self` is a struct live_worker. */
void *live_worker_run(void *self);

/* After its thread has ended: frees every stream that is left. */
void live_worker_abandon(struct live_worker *worker);

/* Wakes the worker, any thread. */
void live_worker_kick(struct live_worker *worker);

/* A stream that waits for its rescue gets another fate; false: it has one already. Any thread. */
bool live_decide(struct live_stream *stream, enum live_fate fate);

/* Tells others what the worker's device is called by now. */
void live_publish_device(struct live_worker *worker);

/* Frees a stream that its worker holds no longer, or never got. */
void live_stream_free(struct live_stream *stream);

#endif
