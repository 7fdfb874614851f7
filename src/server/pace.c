/* pace.c — a personal stream goes by its listener's clock (see pace.h). */
#include "server/pace.h"

#include "base/monotonic.h"

static const double JUMP = 150, SMOOTHING = 1.0 / 32, SHARE = 0.05, MOST = 1; /* ms; MOST: a second */

static double bounded(double x, double most) {
    return x > most ? most : x < -most ? -most : x;
}

int64_t pace_report(struct pace *p, int64_t now, int64_t lag) {
    double ms = (double)lag / (double)MONOTONIC_MS,
           seconds = (double)(now - p->at) / (double)MONOTONIC_SECOND;
    if (p->count && seconds < 0.5) return 0; /* more often is no more exact */
    if (p->count && (ms - p->smooth > JUMP || p->smooth - ms > JUMP)) p->count = 0;
    p->at = now;
    if (p->count < PACE_LEARNED) {
        p->right = p->count ? p->right + (ms - p->right) / (p->count + 1) : ms;
        p->smooth = p->right;
        p->count++;
        return 0;
    }
    p->smooth += (ms - p->smooth) * SMOOTHING;
    double move = bounded((p->smooth - p->right) * SHARE, MOST * bounded(seconds, 5));
    p->smooth -= move; /* the schedule moves, and the lag with it */
    return (int64_t)(move * (double)MONOTONIC_MS);
}
