/* server.h — the whole server: render workers, stations, event loops, presets, numbers.
 *
 *     struct server *server;
 *     if (server_create(&(struct server_options){.config = &config, …}, &server, &why) < 0) …
 *     server_run(server);      until options.stop says so, then says good-bye to everybody
 *     server_destroy(server);
 */
#ifndef AURALIS_SERVER_SERVER_H
#define AURALIS_SERVER_SERVER_H

#include "server/address_limits.h"
#include "server/api.h"
#include "server/certificate.h"
#include "server/clerk.h"
#include "server/encoder_pool.h"
#include "server/memory.h"
#include "server/station.h"
#include "server/trust.h"

struct loop;
struct icecast_feeds;

enum { SERVER_LOOPS_MAX = 64, SERVER_DRAIN_SECONDS = 5, SERVER_RETRY_SECONDS = 5 };

/* Zero-initialise; every zero means the default. */
struct server_options {
    const struct server_config *config; /* borrowed for the server's life */
    const char *isa, *device;           /* default: as in auralis_engine_config */
    bool (*stop)(void *self);           /* asked ten times a second: true ends server_run */
    bool (*reload)(void *self);         /* asked as often: true has `reread` called */
    /* Another configuration to go by from now on, or NULL. What cannot be changed while the server runs is
     * said in the log. Borrowed until it is asked next. On a thread of its own, which may wait for disks. */
    const struct server_config *(*reread)(void *self);
    void *self;
};

struct server {
    struct server_options options;
    const struct server_config *config;
    struct live *live;
    struct encoder_pool *encoders;
    struct icecast_feeds *feeds;
    struct metrics metrics;
    struct store *store;
    struct clerk *clerk[API_DESKS]; /* for what the API waits for; the store's also reads the configuration */
    struct errand reload;           /* that is, … */
    bool reload_wanted;             /* … the first loop's: when there is room for it, … */
    _Atomic bool reloading;         /* … and while he has it */
    struct resume_key resume;
    struct api_host host;
    pthread_mutex_t stations_lock;
    struct station station[CONFIG_STATIONS_MAX]; /* see stations.h */
    pthread_mutex_t limits_lock;                 /* taken when somebody comes or goes */
    struct address_limits *limits;               /* of listeners */
    struct address_limits *requests;             /* of HTTP */
    struct address_limits *sockets;              /* of TCP */
    struct trust *trust;
    struct certificate certificate; /* what the clerk has read since the server began */
    _Atomic uint32_t connections;   /* of TCP, open now */
    _Atomic uint32_t max_connections;
    _Atomic int buffer_tier; /* of listeners that ask for none */
    _Atomic uint32_t listeners;
    _Atomic uint64_t departures; /* listeners that have left, ever */
    _Atomic uint64_t depth_ms;   /* sum over listeners of what they have ahead, as of their last chunk */
    _Atomic bool stopping;
    int64_t began;
    int64_t tended; /* server_tend's own */
    uint64_t phrases_tended;
    uint64_t head_tended;
    uint64_t restarts_told;
    bool watchdog; /* somebody waits to be told that the server is alive */
    struct memory_tide tide;
    _Atomic uint64_t phrase_rate; /* composed a second, in millionths, over the last minute or so */
    char address[160];            /* "127.0.0.1:8000" */
    char device[480];             /* as server_device says */
    uint64_t faults_told;         /* server_tend's own: GPUs that failed, as the log says */
    uint32_t loop_count;
    struct loop *loop[SERVER_LOOPS_MAX];
    pthread_t thread[SERVER_LOOPS_MAX]; /* of loops but the first, which runs in server_run */
};

/* What kept the server from starting; result: an AURALIS_E… or SERVER_EADDRESS. */
enum { SERVER_EADDRESS = -100 }; /* the address is taken, or not this machine's */

/* Opens everything and listens. Below 0 with `why` filled (its place may be ""). */
int server_create(const struct server_options *options, struct server **out, auralis_message *why);
void server_run(struct server *server);
void server_destroy(struct server *server); /* NULL is fine */

/* "127.0.0.1:8000": where it listens, with the port that was chosen. */
const char *server_address(const struct server *server);

/* What it began to render on; of "auto" also why. */
const char *server_device(const struct server *server);

/* Whether a configuration can be used: certificate and tokens too. −1 with `why` filled. */
int server_check(const struct server_config *config, struct config_message *why);

/* Takes over what can be changed while the server runs; below 0 with `why` filled and nothing changed. */
int server_apply(struct server *server, const struct server_config *config, auralis_message *why);

/* The first loop's housekeeping: has another configuration taken over, if there is one. */
void server_reload(struct server *server);

/* The first loop's housekeeping; does its work once a second. */
void server_tend(struct server *server, int64_t now);

/* Waits, at most 100 ms, for a change to be taken up; false when it was not yet. */
bool server_await(const struct live_stream *stream, uint64_t ticket, struct live_state *state);

#endif
