/* http_stream.h — music over plain HTTP, an answer without an end: /listen.opus, .mp3, .flac, .wav for a
 * stream of one's own, /stations/NAME.opus and so on for a shared one.
 *
 * Pacing. Who comes gets `burst_seconds` at once, and then as much as time passes. A stream of one's own
 * waits for a listener who reads slowly, and then goes on where it was; it runs faster than the clock by one
 * part in 5,000, so that a player whose clock is fast does not run dry in a day. A station waits for nobody:
 * who lags too far behind is moved forward to the present, at the border of a part. A listener who takes
 * nothing at all for two minutes has gone.
 *
 * All functions: on the loop's thread. */
#ifndef AURALIS_SERVER_HTTP_STREAM_H
#define AURALIS_SERVER_HTTP_STREAM_H

#include "server/request.h"
#include "server/server.h"

struct http_stream;

enum { HTTP_STREAM_HANG_UP = -1000 };

/* Whether the path names music: answered here, also when there is none of that name. */
bool http_stream_owns(const char *path);

/* Answers with a head, and with music unless `head`: `out` is NULL then. Below 0: refused with `why` and
 * `retry_seconds` filled, or HTTP_STREAM_HANG_UP. */
int http_stream_begin(struct loop *loop, struct lws *wsi, const struct request *request, bool head,
                      struct http_stream **out, struct refusal *why, uint32_t *retry_seconds);

/* The socket takes more. Below 0: hang up. */
int http_stream_writable(struct http_stream *stream);
void http_stream_end(struct http_stream *stream); /* NULL is fine */

/* The server stops: sends all of a loop away; they have what was burst to them. */
void http_stream_drain(struct loop *loop);

#endif
