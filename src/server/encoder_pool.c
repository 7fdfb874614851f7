/* encoder_pool.c — the threads that encode (see encoder_pool.h).
 *
 * One lock guards the schedule; it is held for a few comparisons, never while encoding. A job that is running
 * is not in the schedule; what is asked of it meanwhile (kick, drop) is remembered and done when it comes
 * back.
 *
 * Once a second the pool looks at how late its jobs began and how busy its threads were, and moves Opus'
 * complexity. */
#include "server/encoder_pool.h"

#include "base/monotonic.h"
#include "stream/priority.h"
#include "stream/encoder.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static const int64_t PERIOD = MONOTONIC_SECOND, LATE = 60 * MONOTONIC_MS, EARLY = 15 * MONOTONIC_MS,
                     SOON = 2 * MONOTONIC_MS;

struct encoder_pool {
    struct metrics *metrics;
    pthread_mutex_t lock;
    pthread_cond_t wake, ended; /* ended: a run of an awaited job */
    struct schedule schedule;
    uint32_t threads, sleeping;
    bool stopping;
    _Atomic uint32_t jobs;
    uint32_t jobs_max;
    _Atomic int complexity;
    _Atomic uint32_t load; /* thousandths */
    int64_t period_end, busy, latest;
    pthread_t thread[ENCODER_THREADS_MAX];
};

static void adapt(struct encoder_pool *p, int64_t now) {
    if (now < p->period_end) return;
    int complexity = atomic_load(&p->complexity);
    int64_t span = now - p->period_end + PERIOD;
    int64_t load = p->busy * 1000 / (span * p->threads);
    if (p->latest > LATE && complexity > 0) atomic_store(&p->complexity, complexity - 1);
    if (p->latest < EARLY && load < 750 && complexity < ENCODER_COMPLEXITY_MAX)
        atomic_store(&p->complexity, complexity + 1);
    atomic_store(&p->load, load < 1000 ? (uint32_t)load : 1000);
    p->busy = p->latest = 0;
    p->period_end = now + PERIOD;
}

static void rest(struct encoder_pool *p, const struct wake *first) {
    p->sleeping++;
    if (first) {
        struct timespec t = {.tv_sec = first->at / MONOTONIC_SECOND, .tv_nsec = first->at % MONOTONIC_SECOND};
        pthread_cond_timedwait(&p->wake, &p->lock, &t);
    } else {
        pthread_cond_wait(&p->wake, &p->lock);
    }
    p->sleeping--;
}

/* Another thread, if one sleeps, for what comes while this one is busy. */
static void call_another(struct encoder_pool *p, int64_t now) {
    const struct wake *first = schedule_first(&p->schedule);
    if (p->sleeping && first && first->at <= now + SOON) pthread_cond_signal(&p->wake);
}

static void run(struct encoder_pool *p, struct encoder_job *job, int64_t now) {
    if (now - job->wake.at > p->latest) p->latest = now - job->wake.at;
    schedule_cancel(&p->schedule, &job->wake);
    job->running = true;
    job->kicked = false;
    call_another(p, now);
    pthread_mutex_unlock(&p->lock);
    int64_t again = job->run(job, now), end = monotonic_now();
    histogram_add(&p->metrics->encoding, end - now, 1);
    pthread_mutex_lock(&p->lock);
    p->busy += end - now;
    adapt(p, end);
    job->running = false;
    if (job->awaited) {
        pthread_cond_broadcast(&p->ended);
    } else if (job->dropped) {
        pthread_mutex_unlock(&p->lock);
        job->free(job);
        pthread_mutex_lock(&p->lock);
    } else if (again || job->kicked) {
        schedule_set(&p->schedule, &job->wake, job->kicked ? end : again);
    }
}

static void *work(void *self) {
    struct encoder_pool *p = self;
    priority_raise(PRIORITY_ENCODE);
    pthread_mutex_lock(&p->lock);
    while (!p->stopping) {
        struct wake *first = schedule_first(&p->schedule);
        int64_t now = monotonic_now();
        if (first && first->at <= now)
            run(p, (struct encoder_job *)(void *)((char *)first - offsetof(struct encoder_job, wake)), now);
        else
            rest(p, first);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void start_threads(struct encoder_pool *p, uint32_t threads) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (p->threads < threads && !pthread_create(&p->thread[p->threads], NULL, work, p)) p->threads++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct encoder_pool *encoder_pool_create(uint32_t threads, uint32_t jobs, struct metrics *metrics) {
    struct encoder_pool *p = calloc(1, sizeof *p);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (!threads) threads = cores > 1 ? (uint32_t)cores : 1;
    if (threads > ENCODER_THREADS_MAX) threads = ENCODER_THREADS_MAX;
    if (!p) return NULL;
    p->metrics = metrics;
    p->jobs_max = jobs;
    atomic_store(&p->complexity, ENCODER_COMPLEXITY_MAX);
    p->period_end = monotonic_now() + PERIOD;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, &monotonic);
    pthread_cond_init(&p->ended, NULL);
    pthread_condattr_destroy(&monotonic);
    if (schedule_init(&p->schedule, jobs)) start_threads(p, threads);
    if (p->threads) return p;
    encoder_pool_destroy(p);
    return NULL;
}

void encoder_pool_stop(struct encoder_pool *p) {
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    for (uint32_t i = 0; i < p->threads; i++) pthread_join(p->thread[i], NULL);
    p->threads = 0;
}

void encoder_pool_destroy(struct encoder_pool *p) {
    if (!p) return;
    encoder_pool_stop(p);
    schedule_release(&p->schedule);
    pthread_cond_destroy(&p->wake);
    pthread_cond_destroy(&p->ended);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

bool encoder_pool_add(struct encoder_pool *p, struct encoder_job *job) {
    if (atomic_fetch_add(&p->jobs, 1) >= p->jobs_max) {
        atomic_fetch_sub(&p->jobs, 1);
        return false;
    }
    encoder_pool_kick(p, job);
    return true;
}

void encoder_pool_kick(struct encoder_pool *p, struct encoder_job *job) {
    pthread_mutex_lock(&p->lock);
    int64_t now = monotonic_now();
    job->kicked = true;
    if (!job->running && (!job->wake.place || job->wake.at > now)) {
        schedule_set(&p->schedule, &job->wake, now);
        call_another(p, now);
    }
    pthread_mutex_unlock(&p->lock);
}

void encoder_pool_drop(struct encoder_pool *p, struct encoder_job *job, bool wait) {
    pthread_mutex_lock(&p->lock);
    job->dropped = true;
    job->awaited = wait && job->running;
    schedule_cancel(&p->schedule, &job->wake);
    while (wait && job->running) pthread_cond_wait(&p->ended, &p->lock);
    bool idle = !job->running;
    pthread_mutex_unlock(&p->lock);
    if (idle) job->free(job);
    atomic_fetch_sub(&p->jobs, 1);
}

int encoder_pool_complexity(const struct encoder_pool *p) {
    return atomic_load_explicit(&p->complexity, memory_order_relaxed);
}

uint32_t encoder_pool_jobs(const struct encoder_pool *p) {
    return atomic_load_explicit(&p->jobs, memory_order_relaxed);
}

double encoder_pool_load(const struct encoder_pool *p) {
    return atomic_load_explicit(&p->load, memory_order_relaxed) * 1e-3;
}
