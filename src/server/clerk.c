/* clerk.c — a thread that does one errand after another (see clerk.h). */
#include "server/clerk.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct clerk {
    pthread_t thread;
    pthread_mutex_t lock; /* of the queue, never held while an errand runs */
    pthread_cond_t wake;
    struct errand *first, **end;
    _Atomic uint32_t waiting;
    bool going;
};

/* The next one, which waits until it is done; NULL: the clerk goes. */
static struct errand *next_errand(struct clerk *c, bool *run) {
    pthread_mutex_lock(&c->lock);
    while (!c->first && !c->going) pthread_cond_wait(&c->wake, &c->lock);
    struct errand *errand = c->first;
    if (errand && !(c->first = errand->next)) c->end = &c->first;
    *run = !c->going;
    pthread_mutex_unlock(&c->lock);
    return errand;
}

static void *work(void *self) {
    struct clerk *c = self;
    bool run;
    for (struct errand *errand; (errand = next_errand(c, &run));) {
        if (run) errand->run(errand);
        atomic_fetch_sub(&c->waiting, 1);
        errand->done(errand);
    }
    return NULL;
}

struct clerk *clerk_create(void) {
    struct clerk *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->end = &c->first;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->wake, NULL);
    if (!pthread_create(&c->thread, NULL, work, c)) return c;
    pthread_cond_destroy(&c->wake);
    pthread_mutex_destroy(&c->lock);
    free(c);
    return NULL;
}

bool clerk_take(struct clerk *c, struct errand *errand) {
    pthread_mutex_lock(&c->lock);
    bool room = atomic_load(&c->waiting) < CLERK_ERRANDS;
    if (room) {
        errand->next = NULL;
        *c->end = errand;
        c->end = &errand->next;
        atomic_fetch_add(&c->waiting, 1);
        pthread_cond_signal(&c->wake);
    }
    pthread_mutex_unlock(&c->lock);
    return room;
}

uint32_t clerk_waiting(const struct clerk *c) {
    return atomic_load(&c->waiting);
}

void clerk_destroy(struct clerk *c) {
    if (!c) return;
    pthread_mutex_lock(&c->lock);
    c->going = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    pthread_cond_destroy(&c->wake);
    pthread_mutex_destroy(&c->lock);
    free(c);
}
