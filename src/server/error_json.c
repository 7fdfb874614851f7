/* error_json.c — the one shape in which the server says no (see error_json.h).
 *
 * The text may quote what a client sent, so it is made harmless when it is stored: from there on it is UTF-8
 * without control characters, and neither JSON nor a log can be broken by it. */
#include "server/error_json.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int status;
} CODES[REFUSAL_CODES] = {
    [REFUSAL_NONE] = {"INTERNAL_ERROR", 500},
    [REFUSAL_INVALID_JSON] = {"INVALID_JSON", 400},
    [REFUSAL_INVALID_VALUE] = {"INVALID_VALUE", 400},
    [REFUSAL_UNKNOWN_FIELD] = {"UNKNOWN_FIELD", 400},
    [REFUSAL_INVALID_MESSAGE] = {"INVALID_MESSAGE", 400},
    [REFUSAL_UNAUTHORIZED] = {"UNAUTHORIZED", 401},
    [REFUSAL_FORBIDDEN] = {"FORBIDDEN", 403},
    [REFUSAL_NOT_FOUND] = {"NOT_FOUND", 404},
    [REFUSAL_METHOD_NOT_ALLOWED] = {"METHOD_NOT_ALLOWED", 405},
    [REFUSAL_CONFLICT] = {"CONFLICT", 409},
    [REFUSAL_TOO_LARGE] = {"TOO_LARGE", 413},
    [REFUSAL_UNSUPPORTED_MEDIA] = {"UNSUPPORTED_MEDIA_TYPE", 415},
    [REFUSAL_RATE_LIMITED] = {"RATE_LIMIT_EXCEEDED", 429},
    [REFUSAL_INTERNAL] = {"INTERNAL_ERROR", 500},
    [REFUSAL_OVERLOADED] = {"SERVER_OVERLOAD", 503},
    [REFUSAL_STORAGE] = {"STORAGE_UNAVAILABLE", 507},
};

const char *refusal_name(int code) {
    return CODES[code > 0 && code < REFUSAL_CODES ? code : REFUSAL_NONE].name;
}

int refusal_status(int code) {
    return CODES[code > 0 && code < REFUSAL_CODES ? code : REFUSAL_NONE].status;
}

/* Replaces, in place, every byte that does not belong to a printable character of UTF-8. A character that the
 * end of the buffer cut off goes the same way. */
static void make_printable(char *text) {
    uint32_t character = 0;
    for (int bytes; *text; text += bytes) {
        bytes = utf8_next(text, &character);
        if (bytes && character >= 0x20 && (character < 0x7f || character > 0x9f)) continue;
        for (int i = 0; i < (bytes ? bytes : 1); i++) text[i] = '?';
        bytes = bytes ? bytes : 1;
    }
}

int refuse_with(struct refusal *why, int code, const char *field, const char *format, ...) {
    if (!why) return -code;
    va_list args;
    va_start(args, format);
    why->code = code;
    *why->nearest = 0;
    snprintf(why->field, sizeof why->field, "%s", field ? field : "");
    vsnprintf(why->message, sizeof why->message, format, args);
    va_end(args);
    make_printable(why->field);
    make_printable(why->message);
    return -code;
}

json_t *refusal_json(const struct refusal *why) {
    json_t *details = json_object();
    if (*why->field) json_object_set_new(details, "field", json_string(why->field));
    if (*why->nearest) json_object_set_new(details, "nearest", json_string(why->nearest));
    return json_pack("{s:{s:s, s:s, s:o}}", "error", "code", refusal_name(why->code), "message", why->message,
                     "details", details);
}

static char *put(char *at, const char *text) {
    size_t length = strlen(text);
    memcpy(at, text, length);
    return at + length;
}

/* Only these two need escaping: make_printable left no control characters. */
static char *put_quoted(char *at, const char *text) {
    *at++ = '"';
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') *at++ = '\\';
        *at++ = *text;
    }
    *at++ = '"';
    return at;
}

/* At most 2 × (64 + 64 + 256) characters of text and about 120 around them: less than REFUSAL_BODY_MAX. */
size_t refusal_body(const struct refusal *why, char *out, size_t size) {
    if (size < REFUSAL_BODY_MAX) return 0;
    char *at = put_quoted(put(out, "{\"error\": {\"code\": "), refusal_name(why->code));
    at = put_quoted(put(at, ", \"message\": "), why->message);
    at = put(at, ", \"details\": {");
    if (*why->field) at = put_quoted(put(at, "\"field\": "), why->field);
    if (*why->field && *why->nearest) at = put(at, ", ");
    if (*why->nearest) at = put_quoted(put(at, "\"nearest\": "), why->nearest);
    at = put(at, "}}}");
    *at = 0;
    return (size_t)(at - out);
}
