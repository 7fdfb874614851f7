/* schedule.h — who is due next: a heap of wake-up times.
 *
 * libwebsockets keeps its timers in a sorted list, which thousands of listeners at fifty chunks a second
 * would walk from end to end; here setting a time costs the logarithm. The heap holds the times themselves
 * and has four branches: of ten thousand listeners only those that move are touched. One thread at a time. */
#ifndef AURALIS_SERVER_SCHEDULE_H
#define AURALIS_SERVER_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wake {
    int64_t at;                                   /* ns of the monotonic clock */
    size_t place;                                 /* in the heap, from 1; 0: not in it */
    void (*tick)(struct wake *wake, int64_t now); /* the owner's, for whoever looks after the schedule */
};

struct schedule {
    struct schedule_entry {
        int64_t at;
        struct wake *wake;
    } * heap; /* from 1 */
    size_t count, capacity;
};

/* False without memory. `capacity`: how many there may ever be. */
bool schedule_init(struct schedule *schedule, size_t capacity);
void schedule_release(struct schedule *schedule);

/* Sets or moves a wake-up. */
void schedule_set(struct schedule *schedule, struct wake *wake, int64_t at);
void schedule_cancel(struct schedule *schedule, struct wake *wake);

/* The earliest; NULL when there is none. It stays until it is moved or cancelled. */
struct wake *schedule_first(const struct schedule *schedule);

#endif
