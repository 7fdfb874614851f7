/* request.c — the request line and headers of a connection (see request.h).
 *
 * libwebsockets resolves the %-escapes of path and query itself; they are put back here, so that those who
 * read them further on meet what is usual, and a '%' or '&' inside a value stays inside it. */
#include "server/request.h"

#include <stdio.h>
#include <string.h>

static const struct {
    enum lws_token_indexes token;
    const char *name;
} METHODS[] = {{WSI_TOKEN_GET_URI, "GET"},        {WSI_TOKEN_POST_URI, "POST"},
               {WSI_TOKEN_HEAD_URI, "HEAD"},      {WSI_TOKEN_DELETE_URI, "DELETE"},
               {WSI_TOKEN_PUT_URI, "PUT"},        {WSI_TOKEN_PATCH_URI, "PATCH"},
               {WSI_TOKEN_OPTIONS_URI, "OPTIONS"}};

static bool plain(char c, const char *also) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr(also, c));
}

/* Appends `text`, escaped but for letters, digits and the characters of `also`. */
static bool escape(const char *text, const char *also, char *out, size_t size) {
    size_t used = strlen(out);
    for (; *text; text++) {
        if (used + 4 > size) return false;
        if (plain(*text, also))
            out[used++] = *text;
        else
            used += (size_t)snprintf(out + used, 4, "%%%02X", (unsigned char)*text);
        out[used] = 0;
    }
    return true;
}

static bool read_path(struct lws *wsi, struct request *r) {
    char path[REQUEST_PATH];
    r->method = NULL;
    *r->path = *path = 0;
    for (size_t i = 0; i < sizeof METHODS / sizeof *METHODS; i++) {
        if (!lws_hdr_total_length(wsi, METHODS[i].token)) continue;
        r->method = METHODS[i].name;
        if (lws_hdr_copy(wsi, path, sizeof path, METHODS[i].token) < 0) return false;
    }
    return escape(path, "/-._~", r->path, sizeof r->path);
}

static bool read_query(struct lws *wsi, struct request *r) {
    char part[REQUEST_QUERY];
    *r->query = 0;
    for (int i = 0;; i++) {
        int length = lws_hdr_copy_fragment(wsi, part, sizeof part, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (length < 0) return length == -1; /* −2: too long */
        size_t used = strlen(r->query);
        if (i && used + 1 < sizeof r->query) strcpy(r->query + used, "&");
        char *value = strchr(part, '=');
        if (value) *value++ = 0;
        if (!escape(part, "-._~", r->query, sizeof r->query)) return false;
        used = strlen(r->query);
        if (!value) continue;
        if (used + 1 >= sizeof r->query) return false;
        strcpy(r->query + used, "=");
        if (!escape(value, "-._~", r->query, sizeof r->query)) return false;
    }
}

bool request_read(struct lws *wsi, struct request *out) {
    return read_path(wsi, out) && read_query(wsi, out);
}

void request_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size) {
    if (lws_hdr_copy(wsi, out, (int)size, token) < 0) *out = 0;
}

/* What does not fit must not pass for what is not there. */
static void caller_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size) {
    int length = lws_hdr_total_length(wsi, token);
    *out = 0;
    if (length > 0 && lws_hdr_copy(wsi, out, (int)size, token) < 0) strcpy(out, "?");
}

void request_caller(struct lws *wsi, struct caller *c) {
    memset(c, 0, sizeof *c);
    lws_get_peer_simple(lws_get_network_wsi(wsi), c->peer, sizeof c->peer);
    caller_header(wsi, WSI_TOKEN_X_FORWARDED_FOR, c->forwarded, sizeof c->forwarded);
    caller_header(wsi, WSI_TOKEN_HOST, c->host, sizeof c->host);
    if (!*c->host) caller_header(wsi, WSI_TOKEN_HTTP_COLON_AUTHORITY, c->host, sizeof c->host);
    caller_header(wsi, WSI_TOKEN_ORIGIN, c->origin, sizeof c->origin);
    if (!*c->origin) caller_header(wsi, WSI_TOKEN_SWORIGIN, c->origin, sizeof c->origin);
    caller_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, c->authorization, sizeof c->authorization);
    caller_header(wsi, WSI_TOKEN_PROTOCOL, c->protocols, sizeof c->protocols);
    c->via = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_VIA) > 0;
}
