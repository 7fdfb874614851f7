/* reactor.h — what an event loop waits with: sockets by epoll, and two alarms.
 *
 * libwebsockets by itself asks the kernel about every socket each time it wakes (poll): with five hundred
 * listeners a fifth of a core went there. Where its libev plugin is installed the loop is ours and waits by
 * epoll, and a wake-up costs the same however many listen. Where it is not, everything works as before.
 *
 *     reactor_open(&r, &info);                 makes the context, r.context
 *     reactor_set(&r, i, ns); reactor_turn(&r); …
 *     reactor_close(&r);
 *
 * One thread. */
#ifndef AURALIS_SERVER_REACTOR_H
#define AURALIS_SERVER_REACTOR_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stdint.h>

enum { REACTOR_ALARMS = 2 };

struct reactor_alarm {
    void (*ring)(void *self); /* set by the user before reactor_open, as self */
    void *self;
    lws_sorted_usec_list_t sul; /* without libev */
};

/* Zero-initialise. */
struct reactor {
    struct lws_context *context;
    struct reactor_events *events; /* libev's; NULL without it */
    struct reactor_alarm alarm[REACTOR_ALARMS];
};

/* Makes the context from `info`, which is completed. False without memory. */
bool reactor_open(struct reactor *reactor, struct lws_context_creation_info *info);
void reactor_close(struct reactor *reactor);

/* Rings once, `wait` ns from now (less is now); replaces what was set. */
void reactor_set(struct reactor *reactor, int alarm, int64_t wait);

/* Waits until something happens and handles it. False when the context has failed. */
bool reactor_turn(struct reactor *reactor);

/* "epoll" or "poll". */
const char *reactor_method(const struct reactor *reactor);

#endif
