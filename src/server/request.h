/* request.h — the request line and headers of a connection, as libwebsockets holds them, as plain texts. */
#ifndef AURALIS_SERVER_REQUEST_H
#define AURALIS_SERVER_REQUEST_H

#include "server/trust.h"

#include <libwebsockets.h>
#include <stdbool.h>

enum { REQUEST_PATH = 1024, REQUEST_QUERY = 4096, REQUEST_HEADER = 256 };

struct request {
    const char *method;        /* "GET"; NULL: one that HTTP servers need not know */
    char path[REQUEST_PATH];   /* %-escaped */
    char query[REQUEST_QUERY]; /* %-escaped, without '?' */
};

/* False when path or query are too long. */
bool request_read(struct lws *wsi, struct request *out);

/* A header's text; "" when there is none or it is too long. */
void request_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size);

/* Who asks. A header that is too long to be true reads "?". */
void request_caller(struct lws *wsi, struct caller *out);

#endif
