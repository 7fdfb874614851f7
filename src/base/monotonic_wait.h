/* monotonic_wait.h — waiting for a condition until a moment of the monotonic clock. Apple's conditions know
 * no clock but the wall's, so there it is the time left that is waited for. */
#ifndef AURALIS_BASE_MONOTONIC_WAIT_H
#define AURALIS_BASE_MONOTONIC_WAIT_H

#include "base/monotonic.h"

#include <pthread.h>

static inline void monotonic_condition(pthread_cond_t *condition) {
#ifdef __APPLE__
    pthread_cond_init(condition, NULL);
#else
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
#endif
}

/* 0: signalled (or woken for nothing); ETIMEDOUT: `until` has come. */
static inline int monotonic_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t until) {
#ifdef __APPLE__
    int64_t left = until - monotonic_now();
    if (left < 0) left = 0;
    struct timespec t = {.tv_sec = left / MONOTONIC_SECOND, .tv_nsec = left % MONOTONIC_SECOND};
    return pthread_cond_timedwait_relative_np(condition, lock, &t);
#else
    struct timespec t = {.tv_sec = until / MONOTONIC_SECOND, .tv_nsec = until % MONOTONIC_SECOND};
    return pthread_cond_timedwait(condition, lock, &t);
#endif
}

#endif
