/* row.h — were the messages on time?
 *
 * After its first burst a server sends one message a message's length, so the arrivals of one listener lie on
 * an even row: position in the audio ↔ moment of arrival. Where the row lies is not said by the protocols (a
 * server may shift each listener by part of a chunk to spread its work), so it is laid through the
 * earliest of the first eight steady messages: a path can only delay. From then on nothing moves it but a
 * change of the tier, so a server that drifts or falls behind for good is seen. Moments are of the clock that
 * the server is to go by: its own, or the listener's where it reports what it plays. Pure arithmetic. */
#ifndef AURALIS_LOAD_ROW_H
#define AURALIS_LOAD_ROW_H

#include <stdint.h>

enum { ROW_LAID_BY = 8 };

struct row {
    uint32_t rate;
    uint64_t steady_from; /* position; what comes before belongs to a burst */
    int64_t anchor;       /* arrival of position 0 on the row, ns */
    int64_t kept[ROW_LAID_BY];
    int count;
};

/* A row of audio at `rate`, the first `burst` frames of which may come at once. */
void row_begin(struct row *row, uint32_t rate, uint64_t burst);

/* A message whose first frame is at `position` (frames since the listener's first) arrived `at`. How many
 * lateness values (ns, below 0: early) this gave: 0 while the row is not laid, then eight, then one each. */
int row_take(struct row *row, uint64_t position, int64_t at, int64_t late[ROW_LAID_BY]);

/* From `position` on the server sends `ns` further ahead than before (below 0: less far). */
void row_shift(struct row *row, uint64_t position, int64_t ns);

/* The row is laid anew from `position` on. */
void row_restart(struct row *row, uint64_t position);

#endif
