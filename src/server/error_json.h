/* error_json.h — the one shape in which the server says no.
 *
 * Whatever refuses a request — a handshake, an API call, a message on a socket — fills a `struct refusal`;
 * its code fixes the HTTP status, and its JSON is the documented body
 *
 *     {"error": {"code": "INVALID_VALUE", "message": "bpm must be a number from 40 to 120", "details":
 * {"field": "bpm"}}}
 *
 * `details` is always an object; `field` is there when one field is to blame, `nearest` when a name was
 * mistyped. All functions: any thread. */
#ifndef AURALIS_SERVER_ERROR_JSON_H
#define AURALIS_SERVER_ERROR_JSON_H

#include <jansson.h>

#include <stddef.h>

enum refusal_code {
    REFUSAL_NONE,
    REFUSAL_INVALID_JSON,       /* 400: the body is not the JSON that is wanted */
    REFUSAL_INVALID_VALUE,      /* 400: a field's value or type */
    REFUSAL_UNKNOWN_FIELD,      /* 400: a key that does not exist */
    REFUSAL_INVALID_MESSAGE,    /* 400: a socket's message of an unknown type */
    REFUSAL_UNAUTHORIZED,       /* 401: a token is needed */
    REFUSAL_FORBIDDEN,          /* 403: a page of a stranger, or a name that is not ours */
    REFUSAL_NOT_FOUND,          /* 404: path, station or preset */
    REFUSAL_METHOD_NOT_ALLOWED, /* 405 */
    REFUSAL_CONFLICT,           /* 409: the name of a built-in preset; nothing to undo */
    REFUSAL_TOO_LARGE,          /* 413: body or message over its limit */
    REFUSAL_UNSUPPORTED_MEDIA,  /* 415: a body that is not application/json */
    REFUSAL_RATE_LIMITED,       /* 429: RATE_LIMIT_EXCEEDED */
    REFUSAL_INTERNAL,           /* 500: out of memory and the like */
    REFUSAL_OVERLOADED,         /* 503: SERVER_OVERLOAD, the server is full */
    REFUSAL_STORAGE,            /* 507: the disk would not take it */
    REFUSAL_CODES
};

struct refusal {
    int code;          /* enum refusal_code */
    char field[64];    /* the field to blame, or "" */
    char nearest[64];  /* what was probably meant, or "" */
    char message[256]; /* one sentence, with what is allowed */
};

/* Fills `why` (NULL is fine) and returns −code, so that a function can `return refuse_with(…)`: results of
 * functions that take a struct refusal are 0 or below. `field` may be NULL. Bytes that are not UTF-8 (a piece
 * of what the client sent) are replaced by '?'. */
int refuse_with(struct refusal *why, int code, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

const char *refusal_name(int code); /* "INVALID_VALUE" */
int refusal_status(int code);       /* its HTTP status, 400 … 507 */

/* The body as a new reference; NULL without memory. */
json_t *refusal_json(const struct refusal *why);

/* The body as text into out[size], terminated, without allocating; returns its length (never more than
 * REFUSAL_BODY_MAX − 1). `size` must be REFUSAL_BODY_MAX or more. */
enum { REFUSAL_BODY_MAX = 1536 };
size_t refusal_body(const struct refusal *why, char *out, size_t size);

#endif
