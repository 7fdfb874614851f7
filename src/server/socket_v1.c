/* socket_v1.c — auralis-v1: JSON texts, audio as base64 of 16-bit samples, 100 ms at 44,100 Hz. */
#include "server/encode44.h"
#include "server/sockets.h"

#include "base/monotonic.h"

#include <string.h>

static void greet(struct listener *l) {
    char text[V1_MESSAGE_MAX];
    listener_say(l, text,
                 v1_connection_established(text, sizeof text, l->client_id, encode44_time(), l->tier.tier,
                                           tier_milliseconds(l->tier.tier)));
}

static void error(struct listener *l, int code, const char *message, int severity) {
    char text[V1_MESSAGE_MAX];
    listener_say(l, text, v1_error(text, sizeof text, code, message, severity, encode44_time()));
}

static double depth_chunks(const struct listener *l) {
    return listener_ahead_ms(l, monotonic_now()) / V1_CHUNK_MS;
}

static size_t chunk(struct listener *l, unsigned char *out) {
    const char *data = encode44(l);
    if (!data) return 0;
    if (l->discontinuity) error(l, V1_BUFFER_OVERRUN, V1_OVERRUN_TEXT, V1_WARNING);
    struct v1_audio audio = {.chunk_id = l->sequence,
                             .data = data,
                             .data_length = V1_AUDIO_BASE64,
                             .timestamp = encode44_time(),
                             .buffer_depth = depth_chunks(l),
                             .tier = l->tier.tier};
    return v1_audio((char *)out, LOOP_MESSAGE, &audio);
}

/* What its lateness asks for, where that is more than it has. */
static double target_chunks(const struct listener *l) {
    uint32_t depth = tier_depth_ms(&l->tier), target = tier_target_ms(&l->tier);
    return (double)(target > depth ? target : depth) / V1_CHUNK_MS;
}

static void status(struct listener *l) {
    char text[V1_MESSAGE_MAX];
    struct v1_status s = {.client_id = l->client_id,
                          .timestamp = encode44_time(),
                          .depth_chunks = depth_chunks(l),
                          .target_chunks = target_chunks(l),
                          .tier = l->tier.tier,
                          .jitter_ms = l->tier.jitter_ms,
                          .underrun_rate = l->tier.underrun_rate,
                          .chunks_sent = l->chunks_sent,
                          .bytes_sent = l->bytes_sent,
                          .underruns = l->underruns,
                          .uptime_seconds = (double)(monotonic_now() - l->joined) * 1e-9};
    listener_say(l, text, v1_buffer_status(text, sizeof text, &s));
    if (l->underruns > V1_UNDERRUNS_MAX && !l->told_underruns) {
        l->told_underruns = true;
        error(l, V1_PERSISTENT_UNDERRUNS, "the buffer ran out more than ten times", V1_ERROR);
    }
}

static void changed(struct listener *l, const struct live_state *state, bool own) {
    (void)l, (void)state, (void)own; /* v1 has no controls */
}

static void retiered(struct listener *l) {
    (void)l; /* its next audio and buffer_status name the tier */
}

static void complain(struct listener *l, const struct refusal *why) {
    bool limited = why->code == REFUSAL_RATE_LIMITED, overload = why->code == REFUSAL_OVERLOADED;
    error(l,
          limited    ? V1_RATE_LIMIT_EXCEEDED
          : overload ? V1_SERVER_OVERLOAD
                     : V1_INVALID_MESSAGE,
          why->message,
          limited    ? V1_WARNING
          : overload ? V1_CRITICAL
                     : V1_ERROR);
    if (why->code == REFUSAL_TOO_LARGE) listener_close(l, CLOSE_POLICY, "message too large");
}

static void receive(struct listener *l, const char *text, size_t length) {
    struct v1_message message;
    struct refusal why;
    char ack[V1_MESSAGE_MAX];
    int previous = l->tier.tier;
    if (v1_parse(text, length, &message, &why) < 0) {
        complain(l, &why);
    } else if (!listener_request_tier(l, message.requested_tier)) {
        error(l, V1_RATE_LIMIT_EXCEEDED, "the tier may be changed once a second", V1_WARNING);
    } else {
        listener_say(l, ack, v1_buffer_control_ack(ack, sizeof ack, previous, l->tier.tier));
    }
}

const struct protocol socket_v1 = {.version = 1,
                                   .write = LWS_WRITE_TEXT,
                                   .rate = V1_RATE,
                                   .patience = 1,
                                   .greet = greet,
                                   .chunk = chunk,
                                   .receive = receive,
                                   .status = status,
                                   .changed = changed,
                                   .retiered = retiered,
                                   .complain = complain,
                                   .part = encode44_part,
                                   .passing = encode44_passing};
