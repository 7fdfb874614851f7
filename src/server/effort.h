/* effort.h — how hard Opus tries: as hard as there is time for.
 *
 * Of libopus' eleven complexities only some differ in what they take: those are the rungs here. When the
 * encoders fall behind, it goes down at once, as far as the backlog's growth says; when they have not been
 * late for a while it goes up again, one rung at a time, where the next one is sure to fit. */
#ifndef AURALIS_SERVER_EFFORT_H
#define AURALIS_SERVER_EFFORT_H

#include <stdbool.h>
#include <stdint.h>

struct effort {
    int rung;
    int64_t calm_from; /* when it may go up */
    int64_t late;      /* as it was last told */
    bool full;         /* it can try no less hard, and there is no time for another listener */
};

/* As hard as may be. */
void effort_begin(struct effort *effort);

/* Looks at the `span` ns that end `now`: the encoders worked `load` thousandths of them, and the job that
 * waited longest began `late` ns after it was due. */
void effort_look(struct effort *effort, int64_t now, int64_t span, int64_t load, int64_t late);

/* Opus' complexity, 0–10. */
int effort_complexity(const struct effort *effort);

#endif
