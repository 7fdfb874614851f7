/* history.h — undo and redo of a station's parameters, 50 steps.
 *
 * A station keeps one and records every change, whoever made it. A slider that is being dragged makes dozens
 * of changes a second: those that touch the same parameters within a second of each other are one step. Pure;
 * one thread at a time. */
#ifndef AURALIS_SERVER_HISTORY_H
#define AURALIS_SERVER_HISTORY_H

#include <auralis/parameters.h>

#include <stdbool.h>
#include <stdint.h>

enum { HISTORY_STEPS = 50, HISTORY_MERGE_MS = 1000 };

struct history {
    auralis_parameters state[HISTORY_STEPS + 1]; /* a ring: `first` is the oldest */
    uint32_t first, count, at;                   /* state[(first + at) % …] is the present one */
    auralis_parameter_set last_set;
    uint64_t last_ms;
    bool mergeable; /* the present state was recorded, not undone or redone to */
};

void history_begin(struct history *h, const auralis_parameters *initial);

/* The parameters are now `p`, changed in `set` at `now_ms` of a clock that never goes back. Forgets what
 * could be redone; a change of nothing is not recorded. */
void history_record(struct history *h, const auralis_parameters *p, auralis_parameter_set set,
                    uint64_t now_ms);

/* Steps back or forward: true and the parameters to apply, false when there is nothing to step to. Do not
 * record what they return. */
bool history_undo(struct history *h, auralis_parameters *out);
bool history_redo(struct history *h, auralis_parameters *out);

uint32_t history_undo_steps(const struct history *h); /* how many there are */
uint32_t history_redo_steps(const struct history *h);

#endif
