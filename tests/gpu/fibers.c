/* fibers.c — see fibers.h. Fibers live as long as the process and are made with ucontext; from one to the
 * other goes setjmp, which enters no operating system. */
#include "fibers.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum { ITEMS_MAX = 64, STACK = 256 << 10 };

unsigned fiber_item, fiber_group, fiber_epoch;
static jmp_buf scheduler, fiber[ITEMS_MAX];
static ucontext_t origin, birth[ITEMS_MAX];
static int waits[ITEMS_MAX], done[ITEMS_MAX], born;
static void (*body)(void);

/* From an item back to the scheduler. */
static void yield(unsigned item) {
    if (!_setjmp(fiber[item])) _longjmp(scheduler, 1);
    fiber_item = item;
}

void fiber_barrier(void) {
    waits[fiber_item] = 1;
    yield(fiber_item);
}

static void run_items(void) {
    unsigned item = fiber_item;
    if (!_setjmp(fiber[item])) swapcontext(&birth[item], &origin);
    for (;;) {
        body();
        done[item] = 1;
        yield(item);
    }
}

static void bear_items(void) {
    char *stacks = malloc((size_t)ITEMS_MAX * STACK);
    if (!stacks) abort();
    for (fiber_item = 0; fiber_item < ITEMS_MAX; fiber_item++) {
        ucontext_t *c = &birth[fiber_item];
        getcontext(c);
        c->uc_stack.ss_sp = stacks + (size_t)fiber_item * STACK;
        c->uc_stack.ss_size = STACK;
        makecontext(c, run_items, 0);
        swapcontext(&origin, c);
    }
    born = 1;
}

static void resume(unsigned item) {
    fiber_item = item;
    waits[item] = 0;
    if (!_setjmp(scheduler)) _longjmp(fiber[item], 1);
}

/* All items up to their next barrier, again and again. In every other group the last item goes first: a
 * kernel that forgot a barrier shall not be lucky. */
static int run_group(void) {
    memset(done, 0, sizeof done);
    for (;;) {
        unsigned waiting = 0, ended = 0;
        fiber_epoch++;
        for (unsigned n = 0; n < ITEMS_MAX; n++) {
            unsigned i = fiber_group & 1 ? ITEMS_MAX - 1 - n : n;
            resume(i);
            waiting += (unsigned)waits[i];
            ended += (unsigned)done[i];
        }
        if (ended == ITEMS_MAX) return 0;
        if (waiting != ITEMS_MAX) {
            fprintf(stderr, "fibers: %u of %u items wait at a barrier that the others passed by\n", waiting,
                    ITEMS_MAX);
            return -1;
        }
    }
}

int fibers_run(void (*items)(void), unsigned groups) {
    body = items;
    if (!born) bear_items();
    for (fiber_group = 0; fiber_group < groups; fiber_group++)
        if (run_group() < 0) return -1;
    return 0;
}
