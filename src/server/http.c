/* http.c — plain HTTP requests (see http.h).
 *
 * The page is a fixed set of files inside the program, so no path of a request ever meets a file system. Its
 * policy lets scripts, styles and worklets come from here only, and talks only to here; the page is isolated
 * (COOP, COEP), which gives it shared memory between its worklet and its scripts. Bodies are bounded before
 * they are kept.
 *
 * What of the API takes time is done by a clerk (clerk.h). Until he brings it back the exchange is his: the
 * loop leaves it alone, and if whoever asked goes meanwhile it is freed when it returns. */
#include "server/http.h"
#include "base/text.h"
#include "server/connection.h"
#include "server/gate.h"
#include "server/hls.h"
#include "server/http_head.h"
#include "server/http_stream.h"
#include "server/loop.h"
#include "server/playlists.h"
#include "server/web.h"

#include "base/monotonic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { PIECE = 16 * 1024, HEAR_OUT_SECONDS = 2 };

static const char POLICY[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; media-src 'self'; connect-src 'self'; worker-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct exchange {
    struct server *server;
    struct loop *loop;
    struct request request;
    struct caller caller;
    char content_type[REQUEST_HEADER], if_none_match[REQUEST_HEADER];
    char *body;
    size_t body_length; /* counts on past the limit */
    struct api_response response;
    const char *bytes; /* to send */
    size_t length, sent;
    uint32_t retry_seconds;     /* with a refusal; 0: nothing is said */
    struct http_stream *stream; /* music without an end */
    struct lws *wsi;
    struct wake retry; /* for what is not there yet, until … */
    int64_t retry_until;
    bool head, done;
    struct errand errand;
    bool away, returned; /* with a clerk; and his answer is to be sent */
    bool awaited;        /* until then the loop does not end */
    bool hang_up;        /* after the answer: what follows on this connection cannot be understood */
    bool hear_out;       /* first: what is on its way would wipe the answer out as it meets a closed door */
};

/* Answering ---------------------------------------------------------------------------------------------- */

/* Says that nothing more will be said, and lets go by what still comes, until the other side has done or has
 * had its time. */
static int hear_out(struct lws *wsi) {
    if (!lws_is_ssl(wsi)) shutdown(lws_get_socket_fd(wsi), SHUT_WR);
    lws_set_timeout(wsi, PENDING_TIMEOUT_SHUTDOWN_FLUSH, HEAR_OUT_SECONDS);
    return 0;
}

static void count_off(struct exchange *x) {
    x->loop->errands -= x->awaited;
    x->awaited = false;
}

static int complete(struct exchange *x, struct lws *wsi) {
    x->done = true;
    count_off(x);
    if (x->hear_out) return hear_out(wsi);
    return x->hang_up || lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int send_body(struct exchange *x, struct lws *wsi) {
    if (x->head || !x->length) {
        return complete(x, wsi);
    }
    lws_callback_on_writable(wsi);
    return 0;
}

static int answer_page(struct exchange *x, struct lws *wsi) {
    struct http_head h;
    const void *bytes;
    size_t length;
    const char *type;
    if (web_file(x->request.path, &bytes, &length, &type) < 0) return 1;
    const char *etag = web_etag(x->request.path);
    bool same = etag && !strcmp(etag, x->if_none_match);
    x->bytes = bytes;
    x->length = same ? 0 : length;
    http_head_begin(&h, wsi, same ? 304 : 200, same ? NULL : type, length);
    if (etag) http_head_add(&h, "etag:", etag);
    http_head_add(&h, "cache-control:", "no-cache");
    http_head_add(&h, "content-security-policy:", POLICY);
    http_head_add(&h, "cross-origin-opener-policy:", "same-origin");
    http_head_add(&h, "cross-origin-embedder-policy:", "require-corp");
    return http_head_finish(&h) < 0 ? -1 : send_body(x, wsi);
}

/* What a page that is not ours, but may read here, has to be told. */
static void add_cors(struct http_head *h, const struct exchange *x) {
    if (!trust_reader(x->server->trust, &x->caller)) return;
    http_head_add(h, "access-control-allow-origin:", x->caller.origin);
    http_head_add(h, "vary:", "origin");
    if (!x->request.method || strcmp(x->request.method, "OPTIONS") != 0) return;
    http_head_add(h, "access-control-allow-methods:", "GET, HEAD, POST, PUT, DELETE");
    http_head_add(h, "access-control-allow-headers:", "authorization, content-type");
    http_head_add(h, "access-control-max-age:", "600");
}

static int answer_response(struct exchange *x, struct lws *wsi) {
    struct api_response *r = &x->response;
    struct http_head h;
    http_head_begin(&h, wsi, r->status, r->body ? r->content_type : NULL, r->length);
    http_head_add(&h, "cache-control:", "no-store");
    if (*r->allow) http_head_add(&h, "allow:", r->allow);
    if (*r->location) http_head_add(&h, "location:", r->location);
    if (x->retry_seconds) {
        char seconds[16];
        snprintf(seconds, sizeof seconds, "%u", x->retry_seconds);
        http_head_add(&h, "retry-after:", seconds);
    }
    if (r->status == 401) http_head_add(&h, "www-authenticate:", "Bearer");
    add_cors(&h, x);
    x->bytes = r->body;
    x->length = r->body ? r->length : 0;
    x->head = r->head;
    return http_head_finish(&h) < 0 ? -1 : send_body(x, wsi);
}

static struct api_request api_request_of(const struct exchange *x, const struct refusal *denied) {
    return (struct api_request){.denied = denied,
                                .method = x->request.method,
                                .path = x->request.path,
                                .query = x->request.query,
                                .content_type = *x->content_type ? x->content_type : NULL,
                                .body = x->body,
                                .body_length = x->body_length};
}

static struct exchange *exchange_of(struct errand *errand) {
    return lws_container_of(errand, struct exchange, errand);
}

/* On the clerk's thread. */
static void run_errand(struct errand *errand) {
    struct exchange *x = exchange_of(errand);
    struct api_request request = api_request_of(x, NULL);
    api_handle(&x->server->host, &request, &x->response);
}

static void bring_back(struct errand *errand) {
    loop_bring(exchange_of(errand)->loop, errand);
}

/* Over HTTP/2 the connection must be read, since others use it too. */
static void listen_to_socket(struct lws *wsi, bool listen) {
    if (lws_get_network_wsi(wsi) == wsi) lws_rx_flow_control(wsi, listen);
}

/* While it waits nothing is read: it would not be taken, and be told of again and again. libwebsockets' own
 * time for a request counts no more; see http_phase. */
static bool send_away(struct exchange *x, struct lws *wsi, struct clerk *clerk) {
    x->errand = (struct errand){.run = run_errand, .done = bring_back};
    x->wsi = wsi;
    x->away = clerk_take(clerk, &x->errand);
    if (!x->away) return false;
    x->awaited = true;
    x->loop->errands++;
    listen_to_socket(wsi, false);
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
    return true;
}

static void free_exchange(struct exchange *x) {
    count_off(x);
    free(x->body);
    api_response_clear(&x->response);
    free(x);
}

void http_brought(struct errand *errand) {
    struct exchange *x = exchange_of(errand);
    x->away = false;
    x->returned = true;
    if (!x->wsi) {
        free_exchange(x);
        return;
    }
    listen_to_socket(x->wsi, true);
    lws_callback_on_writable(x->wsi);
}

static int answer_returned(struct exchange *x, struct lws *wsi) {
    x->returned = false;
    return answer_response(x, wsi);
}

static int answer_refused(struct exchange *x, struct lws *wsi, const struct refusal *why) {
    x->response = (struct api_response){.status = refusal_status(why->code),
                                        .content_type = "application/json",
                                        .body = malloc(REFUSAL_BODY_MAX)};
    if (!x->response.body) return -1;
    x->response.length = refusal_body(why, x->response.body, REFUSAL_BODY_MAX);
    x->response.head = x->head;
    if (why->code == REFUSAL_METHOD_NOT_ALLOWED) strcpy(x->response.allow, "GET, HEAD");
    return answer_response(x, wsi);
}

static int answer_refusal(struct exchange *x, struct lws *wsi, int code, const char *message) {
    struct refusal why;
    refuse_with(&why, code, NULL, "%s", message);
    return answer_refused(x, wsi, &why);
}

static int answer_overload(struct exchange *x, struct lws *wsi, uint32_t retry_seconds, const char *message) {
    x->retry_seconds = retry_seconds;
    return answer_refusal(x, wsi, REFUSAL_OVERLOADED, message);
}

static int answer_api(struct exchange *x, struct lws *wsi) {
    struct refusal denied;
    bool may = trust_control(x->server->trust, &x->caller, &denied) == 0;
    struct api_request request = api_request_of(x, may ? NULL : &denied);
    int desk = api_desk(&request);
    if (desk != API_DESK_NONE) {
        if (send_away(x, wsi, x->server->clerk[desk])) return 0;
        atomic_fetch_add_explicit(&x->server->metrics.refused, 1, memory_order_relaxed);
        return answer_overload(x, wsi, SERVER_RETRY_SECONDS,
                               "too many changes wait already; try again later");
    }
    api_handle(&x->server->host, &request, &x->response);
    return answer_response(x, wsi);
}

/* What has to be said where anybody's page may listen, before its script may ask for titles. */
static int answer_preflight(struct exchange *x, struct lws *wsi) {
    struct http_head h;
    http_head_begin(&h, wsi, 204, NULL, 0);
    http_head_add(&h, "access-control-allow-origin:", "*");
    http_head_add(&h, "access-control-allow-methods:", "GET, HEAD, OPTIONS");
    http_head_add(&h, "access-control-allow-headers:", "Icy-MetaData, Range");
    http_head_add(&h, "access-control-max-age:", "86400");
    http_head_add(&h, "allow:", "GET, HEAD, OPTIONS");
    return http_head_finish(&h) < 0 ? -1 : complete(x, wsi);
}

/* A file of music, or of where music is. */
static int answer_file(struct exchange *x, struct lws *wsi, const char *type, const char *cache, char *bytes,
                       size_t length) {
    struct http_head h;
    x->response.body = bytes; /* which frees it */
    x->bytes = bytes;
    x->length = length;
    http_head_begin(&h, wsi, 200, type, length);
    http_head_add(&h, "cache-control:", cache);
    http_head_add(&h, "access-control-allow-origin:", "*");
    http_head_add(&h, "cross-origin-resource-policy:", "cross-origin");
    return http_head_finish(&h) < 0 ? -1 : send_body(x, wsi);
}

static int answer_playlist(struct exchange *x, struct lws *wsi) {
    struct refusal why;
    char root[sizeof x->caller.host + 16];
    const char *type, *host = *x->caller.host ? x->caller.host : server_address(x->server);
    char *text = malloc(PLAYLIST_MAX);
    if (!text) return -1;
    bool usual =
        strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") == strlen(host);
    snprintf(root, sizeof root, "http%s://%s", lws_is_ssl(lws_get_network_wsi(wsi)) ? "s" : "",
             usual ? host : server_address(x->server));
    if (playlist_write(x->request.path, x->request.query, root, text, &type, &why) == 0)
        return answer_file(x, wsi, type, "no-store", text, strlen(text));
    free(text);
    return answer_refused(x, wsi, &why);
}

static int answer_hls(struct exchange *x, struct lws *wsi);

static void on_retry(struct wake *retry, int64_t now) {
    struct exchange *x = lws_container_of(retry, struct exchange, retry);
    (void)now;
    schedule_cancel(&x->loop->schedule, retry);
    if (answer_hls(x, x->wsi) < 0) lws_set_timeout(x->wsi, PENDING_TIMEOUT_HTTP_CONTENT, LWS_TO_KILL_ASYNC);
}

/* Who asks first waits until there are segments. */
static int answer_hls(struct exchange *x, struct lws *wsi) {
    static const int64_t PATIENCE = 5 * MONOTONIC_SECOND, AGAIN = 20 * MONOTONIC_MS;
    struct hls_answer answer;
    struct refusal why;
    int64_t now = monotonic_now();
    int result = hls_get(x->server, x->request.path, &answer, &why);
    if (result == 0) return answer_file(x, wsi, answer.type, answer.cache, answer.bytes, answer.length);
    if (result < 0) return answer_refused(x, wsi, &why);
    if (!x->retry_until) x->retry_until = now + PATIENCE;
    x->wsi = wsi;
    x->retry.tick = on_retry;
    if (now < x->retry_until) schedule_set(&x->loop->schedule, &x->retry, now + AGAIN);
    if (x->retry.place) return 0;
    return answer_overload(x, wsi, 1, "the station has only just begun; try again");
}

static int answer_music(struct exchange *x, struct lws *wsi) {
    struct refusal why;
    uint32_t retry_seconds = 0;
    if (!strcmp(x->request.method, "OPTIONS")) return answer_preflight(x, wsi);
    if (strcmp(x->request.method, "GET") && !x->head)
        return answer_refusal(x, wsi, REFUSAL_METHOD_NOT_ALLOWED, "music is only to be listened to");
    if (playlist_owns(x->request.path)) return answer_playlist(x, wsi);
    if (hls_owns(x->request.path)) return answer_hls(x, wsi);
    int result = http_stream_begin(x->loop, wsi, &x->request, x->head, &x->stream, &why, &retry_seconds);
    if (result == 0) return x->head ? complete(x, wsi) : 0;
    if (result == HTTP_STREAM_HANG_UP) return -1;
    if (why.code == REFUSAL_OVERLOADED && !retry_seconds) retry_seconds = SERVER_RETRY_SECONDS;
    if (why.code == REFUSAL_RATE_LIMITED || why.code == REFUSAL_OVERLOADED)
        atomic_fetch_add_explicit(&x->server->metrics.refused, 1, memory_order_relaxed);
    x->retry_seconds = retry_seconds;
    return answer_refused(x, wsi, &why);
}

static int answer(struct exchange *x, struct lws *wsi) {
    const char *method = x->request.method;
    if (http_stream_owns(x->request.path)) return answer_music(x, wsi);
    if (api_owns(x->request.path)) return answer_api(x, wsi);
    if (strcmp(method, "GET") && !x->head)
        return answer_refusal(x, wsi, REFUSAL_METHOD_NOT_ALLOWED, "the page is only to be read");
    int result = answer_page(x, wsi);
    return result <= 0 ? result
                       : answer_refusal(x, wsi, REFUSAL_NOT_FOUND, "there is nothing at this address");
}

/* libwebsockets reads bodies of a stated length only. */
static bool is_chunked(struct lws *wsi) {
    return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
}

/* The stated length of the body, into *length; false when it is no number. */
static bool read_length(struct lws *wsi, uint64_t *length) {
    char text[32] = "";
    *length = 0;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) <= 0) return true;
    return lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0 &&
           parse_whole(text, 0, UINT64_MAX, length);
}

/* A body that will not be read: what follows on this connection is no request. */
static int refuse_body(struct exchange *x, struct lws *wsi, int code, const char *message) {
    x->hang_up = true;
    return answer_refusal(x, wsi, code, message);
}

static bool changes(const struct exchange *x) {
    const char *method = x->request.method;
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0 && strcmp(method, "OPTIONS") != 0;
}

/* Everything that can be said before its body is there; a body of some length is waited for, if it is one
 * that may come. */
static int begin_answer(struct exchange *x, struct lws *wsi, bool fits) {
    struct refusal why;
    uint32_t retry_seconds;
    uint64_t length;
    if (is_chunked(wsi))
        return refuse_body(x, wsi, REFUSAL_INVALID_VALUE, "a body needs a Content-Length here, not chunks");
    if (!read_length(wsi, &length))
        return refuse_body(x, wsi, REFUSAL_INVALID_VALUE, "Content-Length must be a whole number");
    x->hear_out = length > API_BODY_MAX && lws_get_network_wsi(wsi) == wsi; /* HTTP/2 ends a stream alone */
    if (length > API_BODY_MAX)
        return refuse_body(x, wsi, REFUSAL_TOO_LARGE, "a body has at most 16384 bytes");
    if (!fits) return answer_refusal(x, wsi, REFUSAL_TOO_LARGE, "the address is too long");
    x->hang_up = length > 0;
    if (gate_request(x->server, wsi, &why, &retry_seconds) < 0) {
        atomic_fetch_add_explicit(&x->server->metrics.refused, 1, memory_order_relaxed);
        x->retry_seconds = retry_seconds;
        return answer_refused(x, wsi, &why);
    }
    if (changes(x) && trust_origin(x->server->trust, &x->caller, &why) < 0)
        return answer_refused(x, wsi, &why);
    x->hang_up = false;
    return length > 0 && changes(x) ? 0 : answer(x, wsi);
}

struct exchange *http_begin(struct server *server, struct lws *wsi, int *result) {
    struct exchange *x = calloc(1, sizeof *x);
    *result = -1;
    if (!x) return NULL;
    x->server = server;
    x->loop = lws_context_user(lws_get_context(wsi));
    atomic_fetch_add_explicit(&server->metrics.requests, 1, memory_order_relaxed);
    bool fits = request_read(wsi, &x->request);
    request_header(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, x->content_type, sizeof x->content_type);
    request_header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, x->if_none_match, sizeof x->if_none_match);
    request_caller(wsi, &x->caller);
    if (!x->request.method) return x;
    x->head = !strcmp(x->request.method, "HEAD");
    *result = begin_answer(x, wsi, fits);
    return x;
}

int http_body(struct exchange *x, struct lws *wsi, const void *bytes, size_t size) {
    (void)wsi;
    if (!size) return 0;
    x->body_length += size;
    if (x->body_length > API_BODY_MAX) return 0; /* answered, and not kept */
    char *body = realloc(x->body, x->body_length);
    if (!body) return -1;
    memcpy(body + x->body_length - size, bytes, size);
    x->body = body;
    return 0;
}

int http_body_complete(struct exchange *x, struct lws *wsi) {
    return x->done || x->bytes || x->away || x->returned ? 0 : answer(x, wsi);
}

int http_writable(struct exchange *x, struct lws *wsi) {
    if (x->stream) return http_stream_writable(x->stream);
    if (x->returned) return answer_returned(x, wsi);
    unsigned char piece[LWS_PRE + PIECE];
    size_t left = x->length - x->sent, size = left < PIECE ? left : PIECE;
    if (x->done || !x->bytes) return 0;
    int allowed = (int)lws_get_peer_write_allowance(wsi); /* under HTTP/2; below 0: as much as there is */
    if (allowed == 0) return 0;                           /* the peer's word for more calls again */
    if (allowed > 0 && (size_t)allowed < size) size = (size_t)allowed;
    memcpy(piece + LWS_PRE, x->bytes + x->sent, size);
    x->sent += size;
    bool last = x->sent == x->length;
    if (lws_write(wsi, piece + LWS_PRE, size, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0) return -1;
    if (!last) {
        lws_callback_on_writable(wsi);
        return 0;
    }
    return complete(x, wsi);
}

void http_end(struct exchange *x) {
    if (!x) return;
    schedule_cancel(&x->loop->schedule, &x->retry);
    http_stream_end(x->stream);
    x->wsi = NULL;
    if (!x->away) free_exchange(x);
}

int http_phase(const struct exchange *x) {
    if (x->stream) return CONNECTION_LISTENING;
    if (x->done) return CONNECTION_IDLE;
    return x->bytes || x->away || x->returned ? CONNECTION_TAKING : CONNECTION_SENDING;
}

int http_refuse(struct lws *wsi, const struct refusal *why, uint32_t retry_seconds) {
    struct http_head h;
    unsigned char body[LWS_PRE + REFUSAL_BODY_MAX];
    size_t length = refusal_body(why, (char *)body + LWS_PRE, REFUSAL_BODY_MAX);
    http_head_begin(&h, wsi, refusal_status(why->code), "application/json", length);
    http_head_add(&h, "cache-control:", "no-store");
    http_head_add(&h, "connection:", "close");
    if (retry_seconds) {
        char seconds[16];
        snprintf(seconds, sizeof seconds, "%u", retry_seconds);
        http_head_add(&h, "retry-after:", seconds);
    }
    if (http_head_finish(&h) < 0) return -1;
    return lws_write(wsi, body + LWS_PRE, length, LWS_WRITE_HTTP_FINAL) < 0 ? -1 : 0;
}
