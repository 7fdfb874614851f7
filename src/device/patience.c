/* patience.c — see patience.h. */
#include "device/patience.h"
#include "base/monotonic.h"

#include <unistd.h>

static const int64_t SHORT = 2 * MONOTONIC_MS, NAP_MAX = 5 * MONOTONIC_MS;

bool patience_left(struct patience *p, double seconds) {
    if (p->over) return false;
    int64_t now = monotonic_now();
    if (!p->begin) p->begin = now;
    p->over = (double)(now - p->begin) * 1e-9 > seconds;
    int64_t nap = (now - p->begin) / 40; /* what is waited for comes that much late at most */
    if (now - p->begin > SHORT) usleep((useconds_t)((nap < NAP_MAX ? nap : NAP_MAX) / 1000));
    return true;
}
