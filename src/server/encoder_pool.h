/* encoder_pool.h — the threads that encode, apart from those that render and those that send.
 *
 * The pool keeps a schedule of encodings (encoding.h); whichever thread is free takes the one that is due
 * first and runs it for one part, a tenth of a second of music or so. When the pool falls behind, Opus tries
 * less hard, and as hard as before when there is time again (effort.h). */
#ifndef AURALIS_SERVER_ENCODER_POOL_H
#define AURALIS_SERVER_ENCODER_POOL_H

#include "server/metrics.h"
#include "server/schedule.h"

enum { ENCODER_THREADS_MAX = 64 };

struct encoder_pool;

/* What the pool runs. Zero-initialise. */
struct encoder_job {
    struct wake wake;
    /* On a pool thread, alone: works a little; the time to run again, or 0 to sleep until the next kick. */
    int64_t (*run)(struct encoder_job *job, int64_t now);
    void (*free)(struct encoder_job *job);  /* once it has been dropped and no longer runs */
    bool running, kicked, dropped, awaited; /* the pool's own, under its lock */
};

/* `threads` 0: one a core that the program may use; `jobs`: how many there may be at once. NULL without
 * memory or threads. The duration of each run goes to metrics->encoding. */
struct encoder_pool *encoder_pool_create(uint32_t threads, uint32_t jobs, struct metrics *metrics);

/* Ends the threads; jobs may still be dropped. Then frees the rest. */
void encoder_pool_stop(struct encoder_pool *pool);
void encoder_pool_destroy(struct encoder_pool *pool); /* NULL is fine */

/* Any thread. Takes a job in (false: there are as many as may be); runs it as soon as may be; at the next
 * moment, of which there are a hundred a second, together with others that can wait; lets go of it: `free` is
 * called now or when it has run to its end; with `wait`, before the call returns. */
bool encoder_pool_add(struct encoder_pool *pool, struct encoder_job *job);
void encoder_pool_kick(struct encoder_pool *pool, struct encoder_job *job);
void encoder_pool_nudge(struct encoder_pool *pool, struct encoder_job *job);
void encoder_pool_drop(struct encoder_pool *pool, struct encoder_job *job, bool wait);

/* Any thread: how hard Opus tries now, 0–10; whether it can try no less hard and there is no time left; jobs
 * that there are; share of its threads' time that the pool worked, over the last quarter of a second, 0–1. */
int encoder_pool_complexity(const struct encoder_pool *pool);
bool encoder_pool_full(const struct encoder_pool *pool);
uint32_t encoder_pool_jobs(const struct encoder_pool *pool);
double encoder_pool_load(const struct encoder_pool *pool);

#endif
