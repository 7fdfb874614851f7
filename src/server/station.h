/* station.h — a named live stream that many listeners share.
 *
 * Rendered once, by the clock; every listener copies from its ring at a place of its own. Its parameters
 * belong to everybody: a change is recorded in the station's history (undo) and told to all. Which stations
 * there are, and for how long, stations.h knows. Any thread. */
#ifndef AURALIS_SERVER_STATION_H
#define AURALIS_SERVER_STATION_H

#include "server/broadcast.h"
#include "server/history.h"
#include "stream/live.h"

#include <pthread.h>

enum {
    STATION_RATE = 48000,
    STATION_HISTORY_MS = 4000, /* what a listener that joins may be given at once */
    /* What is there of its sound, 384 KB a second: where the deepest tier begins, and ten seconds that its
       line may be blocked; the first seconds of whoever encodes it. */
    STATION_SOUND_MS = 14000,
};

enum station_phase { STATION_NONE, STATION_PLAYING, STATION_ENDED, STATION_REPLACED };

struct station {
    _Atomic int phase;            /* enum station_phase */
    uint32_t holders;             /* see stations.h */
    bool configured;              /* of the configuration file, not to be changed over the API */
    struct station_config config; /* what it is to begin as; its parameters under `lock` */
    struct live_stream *stream;
    struct broadcast *broadcast; /* its sound, encoded */
    pthread_mutex_t lock; /* of the history, of `wanted` and of the definition; never taken while rendering */
    struct history history;
    auralis_parameters wanted; /* as last asked for */
    _Atomic uint32_t listeners;
};

/* Opens the stream at 48,000 Hz. `notify` as in live_spec. An auralis result. */
int station_open(struct station *station, const struct station_config *config, struct live *live,
                 void (*notify)(void *self), void *self);
void station_close(struct station *station);

/* Records and asks for a change; the ticket (see live_set), 0 when it must be tried again later. */
uint64_t station_change(struct station *station, const auralis_parameters *values, auralis_parameter_set set);

/* One step of undo (−1) or redo (+1): true, the parameters and the ticket (0: try again), or false: there is
 * none. */
bool station_step(struct station *station, int direction, auralis_parameters *out, uint64_t *ticket);

/* Gives it other parameters to begin with, and changes to them now. What it began as, or was given so. */
void station_redefine(struct station *station, const struct station_config *config);
struct station_config station_definition(struct station *station);

/* The parameters as last asked for. */
void station_parameters(struct station *station, auralis_parameters *out);

#endif
