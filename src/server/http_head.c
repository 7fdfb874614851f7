/* http_head.c — the head of an HTTP answer (see http_head.h). */
#include "server/http_head.h"

#include <string.h>

void http_head_add(struct http_head *h, const char *name, const char *value) {
    if (lws_add_http_header_by_name(h->wsi, (const unsigned char *)name, (const unsigned char *)value,
                                    (int)strlen(value), &h->at, h->end))
        h->failed = true;
}

static void begin(struct http_head *h, struct lws *wsi, int status, const char *type) {
    h->wsi = wsi;
    h->at = h->buffer + LWS_PRE;
    h->end = h->at + HTTP_HEAD_MAX;
    h->failed = lws_add_http_header_status(wsi, (unsigned int)status, &h->at, h->end) != 0;
    if (type) http_head_add(h, "content-type:", type);
    http_head_add(h, "x-content-type-options:", "nosniff");
    http_head_add(h, "referrer-policy:", "no-referrer");
}

void http_head_begin(struct http_head *h, struct lws *wsi, int status, const char *type, size_t length) {
    begin(h, wsi, status, type);
    if (status != 304 && lws_add_http_header_content_length(wsi, length, &h->at, h->end)) h->failed = true;
}

/* A stream of HTTP/2 has a connection above it, which stays. */
void http_head_begin_endless(struct http_head *h, struct lws *wsi, int status, const char *type) {
    begin(h, wsi, status, type);
    if (lws_get_network_wsi(wsi) == wsi) http_head_add(h, "connection:", "close");
}

int http_head_finish(struct http_head *h) {
    if (h->failed) return -1;
    return lws_finalize_write_http_header(h->wsi, h->buffer + LWS_PRE, &h->at, h->end) ? -1 : 0;
}
