/* http.h — plain HTTP requests: the page and the API. One exchange a request; on the loop's thread. */
#ifndef AURALIS_SERVER_HTTP_H
#define AURALIS_SERVER_HTTP_H

#include "server/request.h"
#include "server/server.h"

struct exchange;

/* A request has arrived. Answers it, or waits for its body. NULL without memory; *result below 0: hang up. */
struct exchange *http_begin(struct server *server, struct lws *wsi, int *result);
/* A piece of its body; all of it is there; the socket takes more. Below 0: hang up. */
int http_body(struct exchange *exchange, struct lws *wsi, const void *bytes, size_t size);
int http_body_complete(struct exchange *exchange, struct lws *wsi);
int http_writable(struct exchange *exchange, struct lws *wsi);
void http_end(struct exchange *exchange); /* NULL is fine */

/* A clerk has brought back what one of them was waiting for. */
void http_brought(struct errand *errand);

/* What it is about: an enum connection_phase. */
int http_phase(const struct exchange *exchange);

/* Answers a handshake with a refusal at once. Below 0: hang up. */
int http_refuse(struct lws *wsi, const struct refusal *why, uint32_t retry_seconds);

#endif
