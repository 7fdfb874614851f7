/* v0.c — the messages of the oldest protocol (see v0.h). */
#include "server/v0.h"

#include <stdio.h>
#include <string.h>

/* Prints the object and releases it; 0 if it does not fit. */
static size_t print_object(char *out, size_t size, json_t *object) {
    size_t length = object ? json_dumpb(object, out, size, JSON_REAL_PRECISION(15)) : 0;
    json_decref(object);
    if (length >= size) return 0;
    out[length] = 0;
    return length;
}

size_t v0_connected(char *out, size_t size) {
    return print_object(out, size,
                        json_pack("{s:s, s:s, s:i, s:i}", "type", "connected", "message",
                                  "Connected to the Auralis stream", "sample_rate", V1_RATE, "chunk_size_ms",
                                  V1_CHUNK_MS));
}

size_t v0_audio(char *out, size_t size, const char *data, size_t data_length, uint64_t timestamp_ms,
                uint64_t sequence) {
    static const char head[] = "{\"type\": \"audio\", \"data\": \"";
    size_t at = sizeof head - 1;
    if (size <= at + data_length) return 0;
    memcpy(out, head, at);
    memcpy(out + at, data, data_length);
    at += data_length;
    int tail =
        snprintf(out + at, size - at,
                 "\", \"timestamp\": %llu, \"sequence\": %llu, \"sample_rate\": %d, \"format\": \"pcm16\"}",
                 (unsigned long long)timestamp_ms, (unsigned long long)sequence, V1_RATE);
    return tail > 0 && (size_t)tail < size - at ? at + (size_t)tail : 0;
}

size_t v0_pong(char *out, size_t size) {
    return print_object(out, size, json_pack("{s:s}", "type", "pong"));
}

size_t v0_buffer_status(char *out, size_t size, double depth_ms) {
    return print_object(out, size, json_pack("{s:s, s:f}", "type", "buffer_status", "depth_ms", depth_ms));
}

size_t v0_control(char *out, size_t size, const auralis_parameters *p, uint64_t applies_at) {
    char frame[24];
    snprintf(frame, sizeof frame, "%llu", (unsigned long long)applies_at);
    return print_object(out, size,
                        json_pack("{s:s, s:o, s:s, s:o}", "type", "control", "parameters",
                                  parameters_to_json(p), "applies_at", frame, "warnings",
                                  parameters_warnings_json(p)));
}

size_t v0_error(char *out, size_t size, const struct refusal *why) {
    json_t *body = refusal_json(why), *error = json_object_get(body, "error");
    json_t *message = json_pack("{s:s}", "type", "error");
    json_object_update(message, error);
    json_decref(body);
    return print_object(out, size, message);
}

size_t v0_overrun(char *out, size_t size) {
    return print_object(out, size,
                        json_pack("{s:s, s:s, s:s, s:{}}", "type", "error", "code",
                                  v1_error_name(V1_BUFFER_OVERRUN), "message", V1_OVERRUN_TEXT, "details"));
}

/* A control's parameters: in "parameters", or beside "type" as the first clients sent them. */
static int read_control(json_t *object, struct v0_message *out, struct refusal *why) {
    json_t *inner = json_object_get(object, "parameters");
    struct v0_message m = {.type = V0_CONTROL, .values = AURALIS_PARAMETERS_DEFAULT};
    json_object_del(object, "type");
    if (inner && json_object_size(object) > 1)
        return refuse_with(why, REFUSAL_INVALID_MESSAGE, "parameters",
                           "parameters stand either in \"parameters\" or beside \"type\", not in both");
    int result = parameters_from_json(inner ? inner : object, &m.values, &m.set, why);
    if (result == 0) *out = m;
    return result;
}

int v0_parse(const char *text, size_t length, struct v0_message *out, struct refusal *why) {
    const char *type;
    struct refusal unused;
    if (!why) why = &unused;
    json_t *object = socket_message(text, length, V0_CLIENT_MESSAGE_MAX, &type, why);
    if (!object) return -why->code;
    int result = 0;
    if (!strcmp(type, "ping"))
        *out = (struct v0_message){.type = V0_PING};
    else if (!strcmp(type, "buffer_status"))
        *out = (struct v0_message){.type = V0_BUFFER_STATUS};
    else if (!strcmp(type, "control"))
        result = read_control(object, out, why);
    else
        result =
            refuse_with(why, REFUSAL_INVALID_MESSAGE, "type",
                        "there is no message \"%.40s\"; a client sends ping, buffer_status or control", type);
    json_decref(object);
    return result;
}
