/* http_head.h — the head of an HTTP answer, put together and written. On the loop's thread. */
#ifndef AURALIS_SERVER_HTTP_HEAD_H
#define AURALIS_SERVER_HTTP_HEAD_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>

enum { HTTP_HEAD_MAX = 3072 };

struct http_head {
    struct lws *wsi;
    unsigned char buffer[LWS_PRE + HTTP_HEAD_MAX], *at, *end;
    bool failed;
};

/* Begins one, with what every answer has. `type` may be NULL. A body of known length, … */
void http_head_begin(struct http_head *head, struct lws *wsi, int status, const char *type, size_t length);
/* … or one without an end: over HTTP/1 the connection closes after it. */
void http_head_begin_endless(struct http_head *head, struct lws *wsi, int status, const char *type);

/* "cache-control:", "no-store": lower case, with the colon. */
void http_head_add(struct http_head *head, const char *name, const char *value);

/* Writes it; below 0: hang up. */
int http_head_finish(struct http_head *head);

#endif
