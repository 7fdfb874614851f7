/* encoder_pool.c — the threads that encode (see encoder_pool.h).
 *
 * One lock guards the schedule; it is held for a few comparisons, never while encoding. A job that is running
 * is not in the schedule; what is asked of it meanwhile (kick, drop) is remembered and done when it comes
 * back.
 *
 * To wake a thread costs as much as encoding a part at low complexity, so nobody is woken without need: work
 * that can wait is gathered at common moments (encoder_pool_nudge), one sleeper alone keeps watch over the
 * schedule, and who is called is called after the lock has been let go.
 *
 * Four times a second the pool looks at how late its jobs began and how busy its threads were, and moves
 * Opus' complexity (effort.h). */
#include "server/encoder_pool.h"

#include "server/effort.h"

#include "base/monotonic_wait.h"
#include "stream/priority.h"
#include "stream/encoder.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

static const int64_t NOBODY = INT64_MAX, PERIOD = MONOTONIC_SECOND / 4, SOON = 2 * MONOTONIC_MS,
                     MOMENT = 10 * MONOTONIC_MS;

struct encoder_pool {
    struct metrics *metrics;
    pthread_mutex_t lock;
    pthread_cond_t wake, ended; /* ended: a run of an awaited job */
    struct schedule schedule;
    uint32_t threads, sleeping;
    int64_t watch; /* until when somebody sleeps who then looks; NOBODY: none does */
    bool stopping;
    _Atomic uint32_t jobs;
    uint32_t jobs_max;
    _Atomic int complexity;
    _Atomic bool full;
    _Atomic uint32_t load; /* thousandths */
    struct effort effort;
    int64_t period_end, busy, latest;
    pthread_t thread[ENCODER_THREADS_MAX];
};

static void adapt(struct encoder_pool *p, int64_t now) {
    if (now < p->period_end) return;
    int64_t span = now - p->period_end + PERIOD;
    int64_t load = p->busy * 1000 / (span * p->threads);
    effort_look(&p->effort, now, span, load, p->latest);
    atomic_store(&p->complexity, effort_complexity(&p->effort));
    atomic_store(&p->full, p->effort.full);
    atomic_store(&p->load, load < 1000 ? (uint32_t)load : 1000);
    p->busy = p->latest = 0;
    p->period_end = now + PERIOD;
}

/* Until the first job is due, or somebody calls. */
static void rest(struct encoder_pool *p) {
    const struct wake *first = schedule_first(&p->schedule);
    p->sleeping++;
    if (first && first->at < p->watch) {
        int64_t until = p->watch = first->at;
        monotonic_wait(&p->wake, &p->lock, until);
        if (p->watch == until) p->watch = NOBODY;
    } else {
        pthread_cond_wait(&p->wake, &p->lock);
    }
    p->sleeping--;
}

/* Whether a sleeper must be called: something is due before `by`, and before anybody wakes. */
static bool needs_another(const struct encoder_pool *p, int64_t by) {
    const struct wake *first = schedule_first(&p->schedule);
    return p->sleeping && first && first->at <= by && first->at < p->watch;
}

static void unlock(struct encoder_pool *p, bool call) {
    pthread_mutex_unlock(&p->lock);
    if (call) pthread_cond_signal(&p->wake);
}

static void run(struct encoder_pool *p, struct encoder_job *job, int64_t now) {
    if (now - job->wake.at > p->latest) p->latest = now - job->wake.at;
    schedule_cancel(&p->schedule, &job->wake);
    job->running = true;
    job->kicked = false;
    unlock(p, needs_another(p, now + SOON));
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
    encoder_rehearse();
    pthread_mutex_lock(&p->lock);
    while (!p->stopping) {
        struct wake *first = schedule_first(&p->schedule);
        int64_t now = monotonic_now();
        if (first && first->at <= now)
            run(p, (struct encoder_job *)(void *)((char *)first - offsetof(struct encoder_job, wake)), now);
        else
            rest(p);
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
    if (!threads) threads = (uint32_t)priority_cores();
    if (threads > ENCODER_THREADS_MAX) threads = ENCODER_THREADS_MAX;
    if (!p) return NULL;
    p->metrics = metrics;
    p->watch = NOBODY;
    p->jobs_max = jobs;
    effort_begin(&p->effort);
    atomic_store(&p->complexity, effort_complexity(&p->effort));
    p->period_end = monotonic_now() + PERIOD;
    pthread_mutex_init(&p->lock, NULL);
    monotonic_condition(&p->wake);
    pthread_cond_init(&p->ended, NULL);
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

/* Runs it at `at`, if not before. */
static void ask(struct encoder_pool *p, struct encoder_job *job, int64_t at) {
    pthread_mutex_lock(&p->lock);
    if (job->running)
        job->kicked = true;
    else if (!job->wake.place || job->wake.at > at)
        schedule_set(&p->schedule, &job->wake, at);
    unlock(p, needs_another(p, at));
}

void encoder_pool_kick(struct encoder_pool *p, struct encoder_job *job) {
    ask(p, job, monotonic_now());
}

void encoder_pool_nudge(struct encoder_pool *p, struct encoder_job *job) {
    int64_t now = monotonic_now();
    ask(p, job, now - now % MOMENT + MOMENT);
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

bool encoder_pool_full(const struct encoder_pool *p) {
    return atomic_load_explicit(&p->full, memory_order_relaxed);
}

uint32_t encoder_pool_jobs(const struct encoder_pool *p) {
    return atomic_load_explicit(&p->jobs, memory_order_relaxed);
}

double encoder_pool_load(const struct encoder_pool *p) {
    return atomic_load_explicit(&p->load, memory_order_relaxed) * 1e-3;
}
