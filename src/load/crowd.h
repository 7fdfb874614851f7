/* crowd.h — what all simulated listeners share (inside src/load only). */
#ifndef AURALIS_LOAD_CROWD_H
#define AURALIS_LOAD_CROWD_H

#include "load/load.h"
#include "load/reference.h"

enum { CROWD_SCRATCH = 1 << 18, CROWD_FRAMES_MAX = 9600 };

struct listener;

struct crowd {
    const struct load_config *config;
    struct load_results *results;
    int epoll;
    int64_t began;                        /* when the first came, ns */
    struct listener **slot;               /* by number; NULL: not there */
    struct listener *leaving, *dead;      /* said good-bye; to be freed */
    uint64_t *generation;                 /* how many a slot has had */
    auralis_engine *engine;               /* of the references */
    struct reference *station;            /* what the station plays */
    unsigned char scratch[CROWD_SCRATCH]; /* what was read last */
    float audio[2 * CROWD_FRAMES_MAX];    /* what should have been */
    int16_t pcm[2 * CROWD_FRAMES_MAX];
    char text[65536];
};

/* Counts one fault and keeps the words of the first few. */
void crowd_fault(struct crowd *crowd, uint64_t *counter, const struct listener *listener, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));

#endif
