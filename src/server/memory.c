/* memory.c — memory that listeners needed goes back to the system when they leave (see memory.h).
 *
 * A stream's rings and delay lines are hundreds of KB: mapped, they go back as soon as they are freed. Left
 * alone, glibc would take the first one freed as a sign to keep all later ones in its heaps. What is small
 * (connections, headers, queued messages) lies mixed in the heaps, where freed pages stay with the process
 * until it asks for them to be given back: 14 MB after two hundred listeners. Asking walks the heaps, a
 * millisecond or two, so it is done when a crowd has gone and not for each one who goes. */
#include "server/memory.h"

#include "base/monotonic.h"

#include <stdbool.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

enum { CROWD = 8 };
static const int64_t AGAIN = 5 * MONOTONIC_SECOND; /* what sockets and workers still held the first time */

void memory_prepare(void) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 1 << 16);
    mallopt(M_TRIM_THRESHOLD, 1 << 18);
    mallopt(M_ARENA_MAX, 2);
#endif
}

static void give_back(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

void memory_ebb(struct memory_tide *tide, uint64_t departures, int64_t now) {
    bool paused = departures == tide->seen;
    tide->seen = departures;
    if (!tide->at) tide->at = now;
    if (tide->again && now >= tide->again) {
        tide->again = 0;
        give_back();
    }
    if (departures - tide->given < CROWD || (!paused && now - tide->at < 10 * MONOTONIC_SECOND)) return;
    give_back();
    tide->given = departures;
    tide->at = now;
    tide->again = now + AGAIN;
}
