/* own_stream.h — opens a stream of one listener's own, as it was asked for. */
#ifndef AURALIS_SERVER_OWN_STREAM_H
#define AURALIS_SERVER_OWN_STREAM_H

#include "server/server.h"

/* Fills in what `resume` of the request stands for, if it was given. Below 0 with `why` filled. */
int own_stream_resume(const struct server *server, uint32_t rate, struct stream_request *request,
                      struct refusal *why);

/* Looks the preset up and lays the parameters over it. `spec` brings the rest (rate, depth, notify). 0, or
 * below with `why` filled. */
int own_stream_open(struct server *server, const struct stream_request *request, struct live_spec *spec,
                    struct live_stream **out, struct refusal *why);

#endif
