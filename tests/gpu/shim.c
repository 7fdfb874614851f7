/* shim.c — see shim.h. Compiled with the text that clang turns into PTX, contraction off. */
#include "shim.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#include "kernels/program.h"

enum { ITEMS_MAX = 64, STACK = 256 << 10 };

/* Fibers live as long as the process and are made with ucontext; from one to the other goes setjmp, which
 * enters no operating system. */
uint shim_item, shim_group;
static jmp_buf scheduler, fiber[ITEMS_MAX];
static ucontext_t origin, birth[ITEMS_MAX];
static int waits[ITEMS_MAX], done[ITEMS_MAX], born;
static void (*body)(void);
static void **argument;

#define MEMORY_AT(type, n) (*(type **)argument[n])
#define NUMBER_AT(n) (*(uint *)argument[n])

#define VOICE(name)                                                                                          \
    static void call_##name(void) {                                                                          \
        run_##name(MEMORY_AT(uint, 0), MEMORY_AT(float, 1), MEMORY_AT(const struct batch_voice, 2),          \
                   MEMORY_AT(const uint, 3), MEMORY_AT(const struct batch_change, 4), MEMORY_AT(float, 5),   \
                   MEMORY_AT(float, 6), MEMORY_AT(float, 7), NUMBER_AT(8), NUMBER_AT(9), NUMBER_AT(10),      \
                   NUMBER_AT(11), NUMBER_AT(12));                                                            \
    }
VOICE(analog)
VOICE(bell)
VOICE(drum)
VOICE(noise)
VOICE(tone)

static void call_mix(void) {
    run_mix(MEMORY_AT(const struct batch_voice, 0), MEMORY_AT(const struct batch_stream, 1),
            MEMORY_AT(float, 2), MEMORY_AT(float, 3), MEMORY_AT(float, 4), NUMBER_AT(5), NUMBER_AT(6));
}

static void call_effects(void) {
    run_effects(MEMORY_AT(float, 0), MEMORY_AT(const struct batch_stream, 1),
                MEMORY_AT(const struct batch_aim, 2), MEMORY_AT(float, 3), MEMORY_AT(float, 4), NUMBER_AT(5),
                NUMBER_AT(6));
}

static void call_dither(void) {
    run_dither(MEMORY_AT(float, 0), MEMORY_AT(short, 1), MEMORY_AT(const uint, 2), NUMBER_AT(3));
}

/* From an item back to the scheduler. */
static void yield(uint item) {
    if (!_setjmp(fiber[item])) _longjmp(scheduler, 1);
    shim_item = item;
}

void shim_barrier(void) {
    waits[shim_item] = 1;
    yield(shim_item);
}

static void run_items(void) {
    uint item = shim_item;
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
    for (shim_item = 0; shim_item < ITEMS_MAX; shim_item++) {
        ucontext_t *c = &birth[shim_item];
        getcontext(c);
        c->uc_stack.ss_sp = stacks + (size_t)shim_item * STACK;
        c->uc_stack.ss_size = STACK;
        makecontext(c, run_items, 0);
        swapcontext(&origin, c);
    }
    born = 1;
}

static void resume(uint item) {
    shim_item = item;
    waits[item] = 0;
    if (!_setjmp(scheduler)) _longjmp(fiber[item], 1);
}

/* All items up to their next barrier, again and again. In every other group the last item goes first: a
 * kernel that forgot a barrier shall not be lucky. */
static int run_group(void) {
    memset(done, 0, sizeof done);
    for (;;) {
        uint waiting = 0, ended = 0;
        for (uint n = 0; n < ITEMS_MAX; n++) {
            uint i = shim_group & 1 ? ITEMS_MAX - 1 - n : n;
            resume(i);
            waiting += (uint)waits[i];
            ended += (uint)done[i];
        }
        if (ended == ITEMS_MAX) return 0;
        if (waiting != ITEMS_MAX) {
            fprintf(stderr, "shim: %u of %u items wait at a barrier that the others passed by\n", waiting,
                    ITEMS_MAX);
            return -1;
        }
    }
}

int shim_run(const char *entry, uint groups, void **arguments) {
    static const struct {
        const char *name;
        void (*body)(void);
    } entries[] = {{"run_analog", call_analog},   {"run_bell", call_bell},    {"run_drum", call_drum},
                   {"run_noise", call_noise},     {"run_tone", call_tone},    {"run_mix", call_mix},
                   {"run_effects", call_effects}, {"run_dither", call_dither}};
    body = NULL;
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (!strcmp(entries[i].name, entry)) body = entries[i].body;
    if (!body) return -1;
    if (!born) bear_items();
    argument = arguments;
    for (shim_group = 0; shim_group < groups; shim_group++)
        if (run_group() < 0) return -1;
    return 0;
}
