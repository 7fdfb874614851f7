/* live.h — many streams, rendered just ahead of the clock.
 *
 * A pool of render workers, each a thread with an engine of its own. A stream opened here belongs to one
 * worker, which renders those of its streams that need audio together, a slice at a time, into a ring per
 * stream. A slice is short (960 frames) while there are few streams and long (4,800) when there are many:
 * that costs a third less, because a stream's delay lines are fetched into the cache once for all of it.
 * Whoever opened it reads the ring; nothing is locked and nothing waits.
 *
 *     struct live_stream *s;
 *     live_open(live, &(struct live_spec){.stream = {.seed = 7}}, &s);
 *     … when live_filled(s) ≥ n: live_copy(s, audio, n), live_skip(s, n) …
 *     live_close(s);
 *
 * A *private* stream is rendered as far ahead as its ring is deep and waits for its reader: the reader keeps
 * the time. A *shared* one keeps the time itself and never waits: frame f of it is due at live_origin + f /
 * rate, any number of readers take copies at cursors of their own, and `history` frames stay readable.
 *
 * When a GPU fails, its streams wait for their rescue (synth/rescue.h): shared ones first, then the oldest,
 * one at a time between the slices of those that play already, up to the headroom that is measured meanwhile.
 * Who finds no room is *shed*: nothing more comes. A reader whose own patience ends first gives its stream
 * up.
 *
 * Parameter changes go through a bounded queue and are applied by the worker before its next slice; what came
 * of them is published (live_read_state). `notify` tells the reader about both: it runs on the worker's
 * thread and must be quick. */
#ifndef AURALIS_STREAM_LIVE_H
#define AURALIS_STREAM_LIVE_H

#include <auralis/stream.h>

#include "measure/histogram.h"

enum {
    LIVE_SLICE = 15 * AURALIS_BLOCK, /* frames rendered at a time: 20 ms at 48,000 Hz */
    LIVE_LONG = 5 * LIVE_SLICE,      /* where there are many streams */
    LIVE_DEPTH = 5 * LIVE_SLICE, /* rendered ahead by default; up to two long slices where there are many */
    LIVE_DEPTH_MAX = 11 * LIVE_SLICE /* 200 ms, and a slice for chunks that are not whole slices */
};

struct live;
struct live_stream;

/* Zero-initialise; every zero means the default. */
struct live_config {
    int threads;          /* render workers; default: one a core */
    const char *isa;      /* default: as in auralis_engine_config */
    const char *device;   /* likewise; on a GPU there is one worker unless `threads` says otherwise, and the
                             cores are shared among the workers for composing */
    auralis_message *why; /* likewise; used by live_create only */
    bool pin;             /* each worker to a core of its own, as far as there are so many */
    uint32_t max_streams; /* open at once, all workers together; default 1,024 */
    struct histogram
        *latency; /* borrowed; gets the seconds from starting to render a slice to its being readable */
    _Atomic uint64_t *slices;  /* borrowed; counts slices rendered */
    _Atomic uint64_t *phrases; /* borrowed; counts phrases of eight bars begun */
};

/* Starts the workers. An auralis result: AURALIS_ENOENT and AURALIS_EUNSUPPORTED are about `isa`. */
int live_create(const struct live_config *config, struct live **out);

/* Ends the workers' threads: nobody is notified any more. Streams can still be closed. */
void live_stop(struct live *live);

/* Stops the workers and frees everything; all streams have been closed. NULL is fine. */
void live_destroy(struct live *live);

/* Zero-initialise, then fill what is needed. */
struct live_spec {
    auralis_stream_config stream; /* no score; parameters are copied */
    uint32_t depth;               /* frames rendered ahead; default LIVE_DEPTH, at most LIVE_DEPTH_MAX */
    bool shared;                  /* keeps the time itself */
    bool narrow;      /* private: only live_copy16 reads it. On a GPU it is made into 16 bits there */
    uint32_t history; /* shared: frames that stay readable and that exist from the first moment on */
    void (*notify)(void *self); /* may be NULL */
    void *self;
};

/* Any thread. Reserves the ring and asks a worker to open the stream; AURALIS_ELIMIT when max_streams are
 * open or the worker's queue is full, AURALIS_ENOMEM, AURALIS_EINVAL. The stream may still fail: live_failed.
 */
int live_open(struct live *live, const struct live_spec *spec, struct live_stream **out);

/* Any thread, once: nothing may be done with the stream afterwards. NULL is fine. */
void live_close(struct live_stream *stream);

/* Nothing more comes: the worker could not open it (no memory), its rendering failed again and again
 * (live_fault.h), or it was shed. */
bool live_failed(const struct live_stream *stream);

/* Any thread. What became of a stream when its GPU failed. */
enum live_fate {
    LIVE_PLAYS, /* it never did, or the stream goes on */
    LIVE_WAITS, /* for its rescue: nothing comes until then */
    LIVE_SHED   /* there was no time for it */
};
enum live_fate live_fate(const struct live_stream *stream);

/* The reader cannot wait any longer: the stream is shed, unless it plays by now. */
void live_give_up(struct live_stream *stream);

/* Private: frames ready; copies from the reader's place on (false if there are not as many); the same where
 * they lie, until live_skip (NULL: not as many, not in one piece, or not floats); moves on; stream frame of
 * the reader's place. One thread at a time. */
uint64_t live_filled(const struct live_stream *stream);
bool live_copy(const struct live_stream *stream, float *audio, uint32_t frames);
bool live_copy16(const struct live_stream *stream, int16_t *pcm, uint32_t frames); /* dithered, pcm16.h */
const float *live_look(const struct live_stream *stream, uint32_t frames);
void live_skip(struct live_stream *stream, uint64_t frames);
uint64_t live_frame(const struct live_stream *stream);

/* Private: the reader is waiting; the worker starts at once and calls `notify` when there is more. */
void live_want(struct live_stream *stream);

/* Shared, any thread: the stream frame that is due at `now`, the first one not rendered yet, the oldest one
 * that is safe to ask for, and a copy from stream frame `from` on (false: not rendered yet, or gone). */
uint64_t live_due(const struct live_stream *stream, int64_t now);
uint64_t live_head(const struct live_stream *stream);
uint64_t live_oldest(const struct live_stream *stream);
bool live_copy_at(const struct live_stream *stream, uint64_t from, float *audio, uint32_t frames);
bool live_copy16_at(const struct live_stream *stream, uint64_t from, int16_t *pcm, uint32_t frames);

uint32_t live_rate(const struct live_stream *stream);

/* Any thread. Changes the parameters in `which`; `values` have been checked. Returns the ticket by which
 * live_state tells that it is done, 0 when the queue is full (try again later). Changes that meet are merged.
 */
uint64_t live_set(struct live_stream *stream, const auralis_parameters *values, auralis_parameter_set which);

/* What the worker last published. */
struct live_state {
    auralis_parameters parameters;
    uint64_t ticket;     /* of the newest change that is in `parameters`; 0: none yet */
    uint64_t applies_at; /* stream frame at which the newest change is wholly in effect */
};
void live_read_state(const struct live_stream *stream, struct live_state *out);

/* As of the last slice or so. */
void live_read_status(const struct live_stream *stream, auralis_stream_status *out);

/* Any thread. Sums over all workers. */
struct live_counters {
    uint64_t streams;    /* open now */
    uint64_t voices;     /* sounding now */
    uint64_t refused;    /* openings and changes turned away by a limit */
    uint64_t restarted;  /* streams that were begun again because their rendering failed */
    uint64_t batches;    /* calls in which streams were rendered together */
    double last_latency; /* seconds; of the newest slices */
    uint64_t faults;     /* GPUs that failed */
    uint64_t waiting;    /* streams that wait for their rescue now */
    uint64_t rescued, shed;
    uint64_t gpu_bytes; /* reserved on GPUs now */
    uint64_t gpu_full;  /* streams that a GPU had no room for, and that the processor renders */
    double gpu_seconds; /* that batches took there, copies included */
    double gpu_use;     /* share of the last second that it was, 0–1; of the busiest GPU worker */
};
void live_count(const struct live *live, struct live_counters *out);

/* Any thread: which part of its time the least busy worker renders, 0–1, by what a stream cost in the last
 * second (load_meter.h). Above LIVE_FULL another stream would be at the expense of those who play. */
#define LIVE_FULL 0.85
double live_load(const struct live *live);

int live_threads(const struct live *live);
int live_core(const struct live *live, int thread); /* that it is pinned to, or a negative errno value */

/* Any thread: auralis_engine_device of the first worker, into out[LIVE_DEVICE]. */
enum { LIVE_DEVICE = 192 };
void live_device(const struct live *live, char *out);

#endif
