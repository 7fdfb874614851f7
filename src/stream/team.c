/* team.c — see team.h. A round has a number, which grows; who has done its part of it counts itself off. */
#include "stream/team.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum { THREADS_MAX = 64 };

struct mate {
    struct team *team;
    pthread_t thread;
    uint32_t n;
};

struct team {
    uint32_t size; /* with the caller's thread */
    void (*begin)(void);
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t go, done;
    uint64_t round;
    uint32_t busy;
    bool stop;
    void (*work)(void *argument, uint32_t n);
    void *argument;
    struct mate mate[THREADS_MAX];
};

static void *run(void *self) {
    struct mate *m = self;
    struct team *t = m->team;
    uint64_t seen = 0;
    if (t->begin) t->begin();
    pthread_mutex_lock(&t->lock);
    for (;;) {
        while (!t->stop && t->round == seen) pthread_cond_wait(&t->go, &t->lock);
        if (t->stop) break;
        seen = t->round;
        void (*work)(void *argument, uint32_t n) = t->work;
        void *argument = t->argument;
        pthread_mutex_unlock(&t->lock);
        work(argument, m->n);
        pthread_mutex_lock(&t->lock);
        if (!--t->busy) pthread_cond_signal(&t->done);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

struct team *team_open(uint32_t threads, void (*begin)(void)) {
    struct team *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->begin = begin;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->go, NULL);
    pthread_cond_init(&t->done, NULL);
    for (t->size = 1; t->size < threads && t->size < THREADS_MAX; t->size++) {
        struct mate *m = &t->mate[t->size];
        *m = (struct mate){.team = t, .n = t->size};
        if (pthread_create(&m->thread, NULL, run, m)) break;
    }
    return t;
}

void team_close(struct team *t) {
    if (!t) return;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_broadcast(&t->go);
    pthread_mutex_unlock(&t->lock);
    for (uint32_t i = 1; i < t->size; i++) pthread_join(t->mate[i].thread, NULL);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->go);
    pthread_cond_destroy(&t->done);
    free(t);
}

uint32_t team_size(const struct team *t) {
    return t->size;
}

void team_spread(void *team, void (*work)(void *argument, uint32_t n), void *argument) {
    struct team *t = team;
    pthread_mutex_lock(&t->lock);
    t->work = work;
    t->argument = argument;
    t->busy = t->size - 1;
    t->round++;
    pthread_cond_broadcast(&t->go);
    pthread_mutex_unlock(&t->lock);
    work(argument, 0);
    pthread_mutex_lock(&t->lock);
    while (t->busy) pthread_cond_wait(&t->done, &t->lock);
    pthread_mutex_unlock(&t->lock);
}
