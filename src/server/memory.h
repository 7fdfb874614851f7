/* memory.h — memory that listeners needed goes back to the system when they leave. */
#ifndef AURALIS_SERVER_MEMORY_H
#define AURALIS_SERVER_MEMORY_H

#include <stdint.h>

/* Once, before threads: what is large is mapped and unmapped by itself. */
void memory_prepare(void);

/* When to give back the rest; zero-initialise. One thread. */
struct memory_tide {
    uint64_t seen, given; /* departures: at the last look, and when memory was last given back */
    int64_t at;           /* of that, ns */
    int64_t again;        /* when to do it once more; 0: not */
};

/* Now and then, with how many listeners have ever left: gives back what lies free in the heaps once many have
 * left and the leaving has paused, or has gone on for ten seconds. */
void memory_ebb(struct memory_tide *tide, uint64_t departures, int64_t now);

#endif
