/* history.c — undo and redo of a station's parameters (see history.h). */
#include "server/history.h"

#include <string.h>

static auralis_parameters *state_at(struct history *h, uint32_t i) {
    return &h->state[(h->first + i) % (HISTORY_STEPS + 1)];
}

void history_begin(struct history *h, const auralis_parameters *initial) {
    memset(h, 0, sizeof *h);
    h->state[0] = *initial;
    h->count = 1;
}

static bool same(const auralis_parameters *a, const auralis_parameters *b) {
    for (int i = 0; i < auralis_parameter_count(); i++)
        if (auralis_parameters_get(a, i) != auralis_parameters_get(b, i)) return false;
    return true;
}

void history_record(struct history *h, const auralis_parameters *p, auralis_parameter_set set,
                    uint64_t now_ms) {
    if (same(state_at(h, h->at), p)) return;
    bool merge = h->mergeable && set == h->last_set && now_ms - h->last_ms <= HISTORY_MERGE_MS;
    h->count = h->at + 1; /* what could be redone is forgotten */
    if (!merge) {
        if (h->count > HISTORY_STEPS)
            h->first = (h->first + 1) % (HISTORY_STEPS + 1);
        else
            h->count++;
        h->at = h->count - 1;
    }
    *state_at(h, h->at) = *p;
    h->last_set = set;
    h->last_ms = now_ms;
    h->mergeable = true;
}

static void step(struct history *h, uint32_t to, auralis_parameters *out) {
    h->at = to;
    h->mergeable = false;
    *out = *state_at(h, to);
}

bool history_undo(struct history *h, auralis_parameters *out) {
    if (!h->at) return false;
    step(h, h->at - 1, out);
    return true;
}

bool history_redo(struct history *h, auralis_parameters *out) {
    if (h->at + 1 >= h->count) return false;
    step(h, h->at + 1, out);
    return true;
}

uint32_t history_undo_steps(const struct history *h) {
    return h->at;
}

uint32_t history_redo_steps(const struct history *h) {
    return h->count - 1 - h->at;
}
