/* stations.h — which stations a server has, and how they come and go while it runs.
 *
 * A station has one of CONFIG_STATIONS_MAX places in the server. Whoever uses it holds it: the server itself
 * while the station plays, every listener, and a call of the API for as long as it takes. A station that is
 * ended takes nobody new and sends its listeners away; when the last one has let go, its stream is closed and
 * its place is free. So nobody ever finds the stream gone that he is reading.
 *
 * Any thread, unless said otherwise. */
#ifndef AURALIS_SERVER_STATIONS_H
#define AURALIS_SERVER_STATIONS_H

#include "server/server.h"

/* The place of the station of that name, held, or −1. */
int stations_hold(struct server *server, const char *name);
void stations_let_go(struct server *server, int place);

/* Begins to play a station. −REFUSAL_CONFLICT: there is one of this name, or no place left. */
int stations_begin(struct server *server, const struct station_config *config, bool configured,
                   struct refusal *why);

/* Begins those that were made over the API and do not play. One whose name the configuration has taken since
 * waits until it is free again. */
void stations_open_stored(struct server *server);

/* Makes a station what `config` says: with another seed it begins anew, with other parameters it glides
 * there. −REFUSAL_NOT_FOUND, or as stations_begin. */
int stations_change(struct server *server, const struct station_config *config, bool configured,
                    struct refusal *why);

/* Ends the station of that name; its listeners are told to go, or, with `again`, to come back at once, since
 * another of the same name follows. −REFUSAL_NOT_FOUND. */
int stations_end(struct server *server, const char *name, bool again, struct refusal *why);

/* Ends all, at the end, when nobody uses them any more. */
void stations_close(struct server *server);

/* Now and then: what nobody listens to is not encoded any more. */
void stations_tend(struct server *server, int64_t now);

/* Whether listeners have to go. The caller holds the station. */
bool station_ended(const struct station *station);

/* The names of all that play, in the order of their places; returns how many. */
int stations_list(struct server *server, char names[CONFIG_STATIONS_MAX][STATION_NAME_MAX + 1]);

#endif
