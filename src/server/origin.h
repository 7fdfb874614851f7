/* origin.h — which web pages may make a browser talk to this server, and under which names it answers.
 *
 * A browser sends along whose page makes it speak (Origin, RFC 6454) and whom it thinks it is speaking to
 * (Host). A page of a stranger must neither open sockets nor change anything, be it from its own address or,
 * by a name that it lets point here (DNS rebinding), from one that looks like ours. So the name must be ours
 * (an IP address, localhost, the name of this machine, or one on the list), and the page must come from that
 * same name and port, or stand on the list itself. Programs other than browsers send no Origin and pass.
 *
 * A list is "https://radio.example.org, https://example.org:8443" or "*". Pure; any thread. */
#ifndef AURALIS_SERVER_ORIGIN_H
#define AURALIS_SERVER_ORIGIN_H

#include "server/error_json.h"

#include <stdbool.h>

bool origin_list_valid(const char *list);

/* Whether the origin stands on the list itself: its pages may also read the answers (CORS). */
bool origin_listed(const char *list, const char *origin);

/* `origin` and `host` as sent, "" for none; `own_name`: of this machine, "" for none. 0, or
 * −REFUSAL_FORBIDDEN with `why` filled. */
int origin_check(const char *list, const char *own_name, const char *host, const char *origin,
                 struct refusal *why);

#endif
