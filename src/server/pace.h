/* pace.h — a personal stream goes by its listener's clock, not by the server's.
 *
 * Two clocks differ by up to 200 parts in a million, 5.8 s in eight hours: by the server's alone a buffer
 * runs empty or over. A player reports which frame it plays by now; how far that lies behind the server's
 * schedule (the lag: tier, path, the player's own buffer) should stay what it was at first. What it changes
 * by, slowly, is the clocks' difference, and the schedule is moved by it, at most a millisecond a second. A
 * jump is no drift (the player fell silent, or was paused): then what is right is learned anew. Pure. */
#ifndef AURALIS_SERVER_PACE_H
#define AURALIS_SERVER_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialise. */
struct pace {
    int count;            /* reports that were learned from, up to PACE_LEARNED */
    double right, smooth; /* lag, ms: as it should be; as it is, smoothed */
    int64_t at;           /* of the last report, ns */
};

enum { PACE_LEARNED = 16 };

/* The player reports at `now` that it lags by `lag` ns. By how much (ns) the schedule is to be moved later.
 */
int64_t pace_report(struct pace *pace, int64_t now, int64_t lag);

#endif
