/* icecast_feeds.h — which stations are fed to Icecast servers, and changing that while the server runs.
 *
 * A feed is a station's name and an address. What another configuration has as well goes on undisturbed; what
 * it lacks ends, and what is new begins. Ending takes as long as a feed hangs on its network, which nobody
 * waits for but the end of the server. */
#ifndef AURALIS_SERVER_ICECAST_FEEDS_H
#define AURALIS_SERVER_ICECAST_FEEDS_H

#include "server/icecast.h"

struct icecast_feeds;

/* No feed yet; NULL without memory. */
struct icecast_feeds *icecast_feeds_create(struct server *server);

/* Ends all and waits until they have. NULL is fine. */
void icecast_feeds_destroy(struct icecast_feeds *feeds);

/* One thread: from now on what the configuration says. Below 0: the last one could not be begun, for want of
 * memory, threads or, with too many that still end, of room (AURALIS_ENOMEM); the others were. */
int icecast_feeds_apply(struct icecast_feeds *feeds, const struct server_config *config);

/* The same thread, now and then: lets go of those that have ended. */
void icecast_feeds_tend(struct icecast_feeds *feeds);

/* Any thread. icecast_status of each that has not been told to end; NULL: there is none. */
json_t *icecast_feeds_status(struct icecast_feeds *feeds);

#endif
