/* schedule.c — who is due next (see schedule.h). */
#include "server/schedule.h"

#include <stdlib.h>

bool schedule_init(struct schedule *s, size_t capacity) {
    *s = (struct schedule){.heap = calloc(capacity + 1, sizeof *s->heap), .capacity = capacity};
    return s->heap != NULL;
}

void schedule_release(struct schedule *s) {
    free(s->heap);
}

static void put(struct schedule *s, size_t place, struct wake *wake) {
    s->heap[place] = wake;
    wake->place = place;
}

static void rise(struct schedule *s, struct wake *wake) {
    size_t place = wake->place;
    for (; place > 1 && s->heap[place / 2]->at > wake->at; place /= 2) put(s, place, s->heap[place / 2]);
    put(s, place, wake);
}

static void sink(struct schedule *s, struct wake *wake) {
    size_t place = wake->place;
    for (;;) {
        size_t child = 2 * place;
        if (child > s->count) break;
        if (child < s->count && s->heap[child + 1]->at < s->heap[child]->at) child++;
        if (s->heap[child]->at >= wake->at) break;
        put(s, place, s->heap[child]);
        place = child;
    }
    put(s, place, wake);
}

void schedule_set(struct schedule *s, struct wake *wake, int64_t at) {
    wake->at = at;
    if (!wake->place) {
        if (s->count == s->capacity) return;
        put(s, ++s->count, wake);
    }
    rise(s, wake);
    sink(s, wake);
}

void schedule_cancel(struct schedule *s, struct wake *wake) {
    if (!wake->place) return;
    size_t place = wake->place;
    struct wake *last = s->heap[s->count--];
    wake->place = 0;
    if (last == wake) return;
    put(s, place, last);
    rise(s, last);
    sink(s, last);
}

struct wake *schedule_first(const struct schedule *s) {
    return s->count ? s->heap[1] : NULL;
}
