/* api_exchange.h — one request on its way through the API: what its handlers share (api.c, api_stations.c).
 * Handlers return 0 or a refusal; what they want to say is a JSON object in the exchange. */
#ifndef AURALIS_SERVER_API_EXCHANGE_H
#define AURALIS_SERVER_API_EXCHANGE_H

#include "server/api.h"

struct exchange {
    const struct api_host *host;
    const struct api_request *request;
    struct api_response *out;
    struct refusal why;
    char name[PRESET_NAME_SIZE];        /* of {name} in the path */
    char station[STATION_NAME_MAX + 1]; /* asked for in query or body; "main" unless given */
    bool station_given;
    json_t *body;   /* the request's object, NULL where there is none; "station" has been taken out */
    json_t *answer; /* what to send */
};

typedef int handler(struct exchange *e);

/* The answer so far; NULL (no memory) is answered by 500. */
int exchange_answer(struct exchange *e, int status, json_t *object);

/* Location: `folder` and the name, escaped. */
void exchange_locate(struct exchange *e, const char *folder, const char *name);

/* Stations: those that play, and making, changing and ending those that are not of the configuration. */
handler stations_get, stations_post, station_get, station_put, station_delete;

#endif
