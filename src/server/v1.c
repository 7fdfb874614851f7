/* v1.c — the messages of the auralis-v1 socket (see v1.h).
 *
 * The texts are printed from templates: every value in them is a number, one of our own words, or a
 * client_id, whose alphabet needs no escaping. Only messages with free text go through a JSON string of their
 * own. */
#include "server/v1.h"
#include "base/text.h"

#include <auralis/error.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* snprintf, but 0 when it did not fit. */
static size_t print(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static size_t print(char *out, size_t size, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int length = vsnprintf(out, size, format, args);
    va_end(args);
    return length > 0 && (size_t)length < size ? (size_t)length : 0;
}

size_t v1_connection_established(char *out, size_t size, const char *client_id, double now, int tier,
                                 uint32_t target_ms) {
    return print(
        out, size,
        "{\"type\": \"connection_established\", \"client_id\": \"%s\", \"server_time\": %.3f, "
        "\"buffer_config\": {\"initial_tier\": \"%s\", \"target_buffer_ms\": %u, "
        "\"chunk_duration_ms\": %d, \"samples_per_chunk\": %d, \"sample_rate\": %d, \"channels\": 2}, "
        "\"server_version\": \"%s\"}",
        client_id, now, tier_name(tier), target_ms, V1_CHUNK_MS, V1_SAMPLES_PER_CHUNK, V1_RATE,
        auralis_version());
}

size_t v1_audio(char *out, size_t size, const struct v1_audio *audio) {
    size_t head = print(out, size, "{\"type\": \"audio\", \"chunk_id\": %llu, \"data\": \"",
                        (unsigned long long)audio->chunk_id);
    if (!head || size - head <= audio->data_length) return 0;
    memcpy(out + head, audio->data, audio->data_length);
    size_t at = head + audio->data_length;
    size_t tail = print(out + at, size - at,
                        "\", \"timestamp\": %.3f, \"buffer_depth\": %.2f, \"current_tier\": \"%s\"}",
                        audio->timestamp, audio->buffer_depth, tier_name(audio->tier));
    return tail ? at + tail : 0;
}

const char *v1_health(const struct v1_status *s) {
    double full = s->target_chunks > 0 ? s->depth_chunks / s->target_chunks : 1;
    if (full < 0.25 || s->underrun_rate > 0.05) return "critical";
    if (full < 0.5 || s->underrun_rate > 0.01 || s->jitter_ms > 30) return "warning";
    return "healthy";
}

size_t v1_buffer_status(char *out, size_t size, const struct v1_status *s) {
    return print(
        out, size,
        "{\"type\": \"buffer_status\", \"client_id\": \"%s\", \"timestamp\": %.3f, \"buffer_health\": "
        "{\"current_depth_chunks\": %.2f, \"target_depth_chunks\": %.2f, \"current_tier\": \"%s\", "
        "\"jitter_ms\": %.3f, \"underrun_rate\": %.4f, \"health_status\": \"%s\"}, \"performance\": "
        "{\"chunks_sent\": %llu, \"bytes_sent\": %llu, \"underruns\": %llu, \"connection_uptime_sec\": "
        "%.3f}}",
        s->client_id, s->timestamp, s->depth_chunks, s->target_chunks, tier_name(s->tier), s->jitter_ms,
        s->underrun_rate, v1_health(s), (unsigned long long)s->chunks_sent, (unsigned long long)s->bytes_sent,
        (unsigned long long)s->underruns, s->uptime_seconds);
}

size_t v1_buffer_control_ack(char *out, size_t size, int previous, int next) {
    return print(out, size,
                 "{\"type\": \"buffer_control_ack\", \"previous_tier\": \"%s\", \"new_tier\": \"%s\"}",
                 tier_name(previous), tier_name(next));
}

const char *v1_error_name(int error) {
    static const char *const names[V1_ERRORS] = {
        [V1_BUFFER_OVERRUN] = "BUFFER_OVERRUN",
        [V1_RATE_LIMIT_EXCEEDED] = "RATE_LIMIT_EXCEEDED",
        [V1_PERSISTENT_UNDERRUNS] = "PERSISTENT_UNDERRUNS",
        [V1_SERVER_OVERLOAD] = "SERVER_OVERLOAD",
        [V1_INVALID_MESSAGE] = "INVALID_MESSAGE",
    };
    return names[error];
}

/* `text` as the inside of a JSON string, cut to what fits. */
static void escape(const char *text, char out[600]) {
    size_t n = 0;
    uint32_t character;
    for (int bytes; *text && n < 590; text += bytes) {
        bytes = utf8_next(text, &character);
        bool plain = bytes && character >= 0x20;
        if (*text == '"' || *text == '\\') out[n++] = '\\';
        bytes = bytes ? bytes : 1;
        for (int i = 0; i < bytes; i++) out[n++] = plain ? text[i] : '?';
    }
    out[n] = 0;
}

size_t v1_error(char *out, size_t size, int error, const char *message, int severity, double now) {
    static const char *const severities[] = {"warning", "error", "critical"};
    char text[600];
    escape(message, text);
    return print(
        out, size,
        "{\"type\": \"error\", \"error_code\": \"%s\", \"error_message\": \"%s\", \"severity\": \"%s\", "
        "\"timestamp\": %.3f}",
        v1_error_name(error), text, severities[severity], now);
}

size_t v1_shutdown_warning(char *out, size_t size, const char *reason, double drain_seconds) {
    char text[600];
    escape(reason, text);
    return print(out, size, "{\"type\": \"shutdown_warning\", \"reason\": \"%s\", \"drain_period_sec\": %g}",
                 text, drain_seconds);
}

/* The object that a message is; NULL with `why` filled. */
json_t *socket_message(const char *text, size_t length, size_t limit, const char **type,
                       struct refusal *why) {
    if (length > limit) {
        refuse_with(why, REFUSAL_TOO_LARGE, NULL, "a message has at most %zu bytes", limit);
        return NULL;
    }
    json_error_t error;
    json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    *type = json_string_value(json_object_get(object, "type"));
    if (*type) return object;
    if (!object)
        refuse_with(why, REFUSAL_INVALID_JSON, NULL, "not JSON: %s at byte %d", error.text, error.position);
    else
        refuse_with(why, REFUSAL_INVALID_MESSAGE, "type", "a message is an object with a \"type\"");
    json_decref(object);
    return NULL;
}

static int read_buffer_control(const json_t *object, struct v1_message *out, struct refusal *why) {
    const char *name = json_string_value(json_object_get(object, "requested_tier"));
    int tier = name ? tier_find(name) : -1;
    if (tier < 0)
        return refuse_with(why, REFUSAL_INVALID_VALUE, "requested_tier",
                           "requested_tier must be minimal, normal, stable or defensive");
    *out = (struct v1_message){.type = V1_BUFFER_CONTROL, .requested_tier = tier};
    return 0;
}

int v1_parse(const char *text, size_t length, struct v1_message *out, struct refusal *why) {
    const char *type;
    struct refusal unused;
    if (!why) why = &unused;
    json_t *object = socket_message(text, length, V1_CLIENT_MESSAGE_MAX, &type, why);
    if (!object) return -why->code;
    int result;
    if (!strcmp(type, "buffer_control"))
        result = read_buffer_control(object, out, why);
    else
        result = refuse_with(why, REFUSAL_INVALID_MESSAGE, "type",
                             "there is no message \"%.40s\"; a client sends buffer_control", type);
    json_decref(object);
    return result;
}
