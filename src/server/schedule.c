/* schedule.c — who is due next (see schedule.h). */
#include "server/schedule.h"

#include <stdlib.h>

enum { BRANCHES = 4 };

bool schedule_init(struct schedule *s, size_t capacity) {
    *s = (struct schedule){.heap = calloc(capacity + 1, sizeof *s->heap), .capacity = capacity};
    return s->heap != NULL;
}

void schedule_release(struct schedule *s) {
    free(s->heap);
}

static void put(struct schedule *s, size_t place, struct schedule_entry entry) {
    s->heap[place] = entry;
    entry.wake->place = place;
}

/* The children of a place are the BRANCHES from first_child(). */
static size_t first_child(size_t place) {
    return BRANCHES * (place - 1) + 2;
}

static size_t parent(size_t place) {
    return (place + BRANCHES - 2) / BRANCHES;
}

static void rise(struct schedule *s, size_t place, struct schedule_entry entry) {
    for (; place > 1 && s->heap[parent(place)].at > entry.at; place = parent(place))
        put(s, place, s->heap[parent(place)]);
    put(s, place, entry);
}

static size_t earliest_child(const struct schedule *s, size_t place) {
    size_t best = first_child(place), end = best + BRANCHES;
    if (end > s->count + 1) end = s->count + 1;
    for (size_t child = best + 1; child < end; child++)
        if (s->heap[child].at < s->heap[best].at) best = child;
    return best;
}

static void sink(struct schedule *s, size_t place, struct schedule_entry entry) {
    while (first_child(place) <= s->count) {
        size_t child = earliest_child(s, place);
        if (s->heap[child].at >= entry.at) break;
        put(s, place, s->heap[child]);
        place = child;
    }
    put(s, place, entry);
}

static void settle(struct schedule *s, size_t place, struct schedule_entry entry) {
    if (place > 1 && s->heap[parent(place)].at > entry.at)
        rise(s, place, entry);
    else
        sink(s, place, entry);
}

void schedule_set(struct schedule *s, struct wake *wake, int64_t at) {
    wake->at = at;
    if (!wake->place) {
        if (s->count == s->capacity) return;
        wake->place = ++s->count;
    }
    settle(s, wake->place, (struct schedule_entry){at, wake});
}

void schedule_cancel(struct schedule *s, struct wake *wake) {
    if (!wake->place) return;
    size_t place = wake->place;
    struct schedule_entry last = s->heap[s->count--];
    wake->place = 0;
    if (last.wake != wake) settle(s, place, last);
}

struct wake *schedule_first(const struct schedule *s) {
    return s->count ? s->heap[1].wake : NULL;
}
