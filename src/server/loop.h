/* loop.h — an event loop: one libwebsockets context, the listeners that came in through it, and their
 * schedule.
 *
 * libwebsockets is used from one thread per context. Several loops share a port (SO_REUSEPORT) and share the
 * stations and the render workers, nothing else. Other threads reach a loop only by loop_wake. */
#ifndef AURALIS_SERVER_LOOP_H
#define AURALIS_SERVER_LOOP_H

#include "server/reactor.h"
#include "server/schedule.h"
#include "server/server.h"
#include "server/v1.h"

#include <libwebsockets.h>

struct listener;
struct connection;
struct http_stream;
struct round;

enum {
    /* A message in the making: the largest chunk of v2, or of v1 as JSON. */
    LOOP_MESSAGE = 24 + CHUNK_FRAMES_MAX * 2 * (int)sizeof(float),
};

struct loop {
    struct server *server;
    struct reactor reactor; /* its context */
    struct lws_vhost *vhost;
    struct schedule schedule;
    struct connection *connections;                  /* all of them, see connection.h */
    struct listener *listeners;                      /* all of them */
    struct http_stream *streams;                     /* those who listen over plain HTTP */
    struct round *rounds;                            /* of audience.h */
    struct listener *waiting;                        /* for a worker: audio, or an answer */
    uint32_t station_listeners[CONFIG_STATIONS_MAX]; /* of this loop */
    uint64_t seen[CONFIG_STATIONS_MAX];              /* newest change of each station that was passed on */
    struct lane *lanes[CONFIG_STATIONS_MAX];
    uint32_t lane_users[CONFIG_STATIONS_MAX];
    _Atomic(struct errand *) brought; /* by clerks */
    uint32_t errands;                 /* of this loop, not yet answered */
    _Atomic bool woken;
    _Atomic int64_t alive; /* when it last did its housekeeping */
    SSL_CTX *tls;          /* NULL: plain HTTP */
    uint32_t certificates; /* number of the one that it shows */
    int reserve;           /* a descriptor held back (listening.h) */
    bool draining;
    int64_t drained_by;
    int64_t shed_next; /* when the late are looked for again: a walk over all connections */
    int64_t armed;     /* what the alarm is set to */
    float audio[2 * CHUNK_FRAMES_MAX];
    char text[V1_AUDIO_BASE64];
    unsigned char message[LWS_PRE + LOOP_MESSAGE];
};

/* A loop that takes its connections from a listening socket, which is the loop's from now on, also when it
 * fails. */
int loop_create(struct server *server, int listening, struct loop **out);

/* Ends all connections. Nobody may wake it any more. NULL is fine. */
void loop_destroy(struct loop *loop);

/* Serves until the server stops. */
void loop_run(struct loop *loop);

/* Any thread: a worker has something for this loop. */
void loop_wake(void *loop);

/* Any thread: an errand of one of the loop's exchanges comes back. */
void loop_bring(struct loop *loop, struct errand *errand);

/* Sets the loop's alarm to the earliest wake-up. */
void loop_rearm(struct loop *loop);

/* A listener of this loop joins a station, or leaves it. */
void loop_station_enter(struct loop *loop, uint32_t station);
void loop_station_leave(struct loop *loop, uint32_t station);

/* The lane of a station on this loop, made on first use; NULL without memory. Each user lets go of it once.
 */
struct lane *loop_lane(struct loop *loop, uint32_t station);
void loop_lane_release(struct loop *loop, uint32_t station);

#endif
