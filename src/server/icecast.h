/* icecast.h — a station fed to an Icecast server, whose listeners then cost this one nothing.
 *
 * A thread per feed takes the parts of the station's encoding as they fall due and hands them to libshout.
 * What goes wrong is said on standard error and shown by the status; the feed comes back after 1, 2, 4 … 60
 * seconds, for as long as it takes. With MP3 it keeps the title up to date. */
#ifndef AURALIS_SERVER_ICECAST_H
#define AURALIS_SERVER_ICECAST_H

#include "server/server.h"

#include <jansson.h>

struct icecast_feed;

#ifdef AURALIS_WITH_ICECAST

/* Starts to feed the station of that name; `url` has been checked. NULL without memory or threads. */
struct icecast_feed *icecast_start(struct server *server, const char *station, const char *url);

/* Tells it to end, which may take until its network has answered; whether it has. NULL is fine. */
void icecast_end(struct icecast_feed *feed);
bool icecast_ended(const struct icecast_feed *feed);

/* Waits until it has ended, if it was told to. NULL is fine. */
void icecast_free(struct icecast_feed *feed);

/* Any thread. {station, server "HOST:PORT/MOUNT", state "connecting" | "connected" | "waiting", connects,
 * failures, sent_bytes, error (of the last failure, or null)}; NULL without memory. */
json_t *icecast_status(struct icecast_feed *feed);

#else

static inline struct icecast_feed *icecast_start(struct server *server, const char *station,
                                                 const char *url) {
    (void)server, (void)station, (void)url;
    return NULL;
}
static inline void icecast_end(struct icecast_feed *feed) {
    (void)feed;
}
static inline bool icecast_ended(const struct icecast_feed *feed) {
    (void)feed;
    return true;
}
static inline void icecast_free(struct icecast_feed *feed) {
    (void)feed;
}
static inline json_t *icecast_status(struct icecast_feed *feed) {
    (void)feed;
    return json_null();
}

#endif

#endif
