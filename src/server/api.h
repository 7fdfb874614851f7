/* api.h — the HTTP API as a function of the request.
 *
 * Knows nothing of sockets: a request goes in, a response comes out, and what the API reads and changes is
 * reached through `struct api_host`. Everything under /api, /metrics, /healthz, /readyz is answered here
 * (also with 404, 405 …); api_owns tells which paths those are.
 *
 * api_handle may be called from several threads at once if the callbacks may. Some of what is asked takes
 * time: api_desk tells which of it no event loop should do. */
#ifndef AURALIS_SERVER_API_H
#define AURALIS_SERVER_API_H

#include "server/metrics.h"
#include "server/config.h"
#include "server/preset_store.h"

enum { API_BODY_MAX = 16 * 1024 }; /* bytes of a request's body; more: 413 */

struct station_info {
    struct station_config definition; /* what it began as */
    auralis_parameters parameters;    /* now */
    uint32_t listeners;
    bool configured; /* by the configuration file */
};

struct api_host {
    void *self; /* handed to the callbacks */

    /* The parameters of a station. False: there is no such station. */
    bool (*parameters)(void *self, const char *station, auralis_parameters *out);

    /* Changes the fields of `set` (already in range). 0 and the frame at which the last takes effect; below 0
     * with `why` filled. Must record the change in the station's history. */
    int (*change)(void *self, const char *station, const auralis_parameters *values,
                  auralis_parameter_set set, uint64_t *applies_at, struct refusal *why);

    /* Undo (−1) or redo (+1) of the station's history: applies it. −REFUSAL_CONFLICT when there is no step.
     */
    int (*step)(void *self, const char *station, int direction, auralis_parameters *out, uint64_t *applies_at,
                struct refusal *why);

    /* The stations that play, into out[CONFIG_STATIONS_MAX]; returns how many. */
    int (*stations)(void *self, struct station_info *out);

    /* Begins a station, changes one (a new seed begins it anew, new parameters are glided to), ends one; kept
     * before it happens. 0, or below with `why` filled. */
    int (*begin_station)(void *self, const struct station_config *station, struct refusal *why);
    int (*change_station)(void *self, const struct station_config *station, struct refusal *why);
    int (*end_station)(void *self, const char *name, struct refusal *why);

    void (*gauges)(void *self, struct gauges *out);
    bool (*ready)(void *self); /* audio flows: /readyz; NULL: always */

    json_t *(*feeds)(void *self); /* to Icecast: an array for the status; NULL: none ever */

    const struct metrics *metrics;
    struct store *store; /* NULL: built-in ones only */
};

struct api_request {
    const char *method;           /* "GET" */
    const char *path;             /* as sent, %-escaped, without the query */
    const char *query;            /* without '?'; NULL or "" for none */
    const char *content_type;     /* NULL when there is none */
    const char *body;             /* need not be terminated */
    const struct refusal *denied; /* why this caller may not change what is everybody's; NULL: it may */
    size_t body_length;           /* more than API_BODY_MAX is answered by 413 without looking at it */
};

/* What to send. For HEAD the body is made (its length counts) and must not be sent: `head` says so. */
struct api_response {
    int status;
    const char *content_type; /* static storage */
    char *body;               /* malloc'ed, terminated; NULL when there is none (204) */
    size_t length;
    bool head;
    char allow[48];     /* Allow, for 405 and OPTIONS; "" for none */
    char location[640]; /* Location, for 201; "" for none */
    /* Send with every response: Cache-Control: no-store, X-Content-Type-Options: nosniff. */
};

/* Whether the path is the API's. */
bool api_owns(const char *path);

/* What a request waits for, so that another thread should handle it: the store's disk, or the render worker
 * that takes up a change. Each has a desk of its own, since a slow disk is no reason to keep the music
 * waiting.
 */
enum api_desk { API_DESK_NONE = -1, API_DESK_STORE, API_DESK_STAGE, API_DESKS };
int api_desk(const struct api_request *request);

/* Answers; `out` need not be initialised. Returns the status. Free with api_response_clear. */
int api_handle(const struct api_host *host, const struct api_request *request, struct api_response *out);
void api_response_clear(struct api_response *response);

#endif
