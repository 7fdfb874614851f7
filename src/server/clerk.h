/* clerk.h — a thread that does one errand after another, of those that an event loop must not wait for: a
 * file is written, a render worker is asked.
 *
 * Whoever has an errand owns it. It is handed to the clerk, who runs it on his own thread and then says, from
 * there, that it is done; until then it is the clerk's. There is room for so many, and what does not fit is
 * refused at once. Any thread. */
#ifndef AURALIS_SERVER_CLERK_H
#define AURALIS_SERVER_CLERK_H

#include <stdbool.h>
#include <stdint.h>

enum { CLERK_ERRANDS = 64 }; /* that may wait */

struct errand {
    void (*run)(struct errand *errand);
    void (*done)(struct errand *errand); /* also of one that was not run since the clerk had to go */
    struct errand *next;                 /* the clerk's; after `done` its owner's */
};

struct clerk;

/* NULL without memory or threads. */
struct clerk *clerk_create(void);

/* False: too many wait; it was not taken. */
bool clerk_take(struct clerk *clerk, struct errand *errand);

/* How many wait, the one at hand included. */
uint32_t clerk_waiting(const struct clerk *clerk);

/* The one at hand is ended, the rest is given back undone; nobody may come any more. NULL is fine. */
void clerk_destroy(struct clerk *clerk);

#endif
