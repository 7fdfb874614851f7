/* v1.h — the messages of the auralis-v1 socket: builders of what the server says, the parser of what clients
 * say.
 *
 * Builders write JSON text into out[size] and return its length (0 if it does not fit: V1_MESSAGE_MAX, and
 * V1_AUDIO_MAX for audio, always do). They allocate nothing; times are Unix seconds. Any thread. */
#ifndef AURALIS_SERVER_V1_H
#define AURALIS_SERVER_V1_H

#include "base/base64.h"
#include "server/error_json.h"
#include "server/tier.h"

enum {
    V1_RATE = 44100,
    V1_CHUNK_FRAMES = 4410, /* 100 ms */
    V1_CHUNK_MS = 100,
    V1_SAMPLES_PER_CHUNK = 8820,
    V1_CHUNK_BYTES = 2 * V1_SAMPLES_PER_CHUNK,
    V1_AUDIO_BASE64 = BASE64_LENGTH(V1_CHUNK_BYTES), /* 23,520 */
    V1_MESSAGE_MAX = 1024,
    V1_AUDIO_MAX = V1_AUDIO_BASE64 + 512,
    V1_CLIENT_MESSAGE_MAX = 1024, /* bytes of a client's message; longer: 1008 */
    V1_STATUS_SECONDS = 5,
    V1_UNDERRUNS_MAX = 10, /* more than these: PERSISTENT_UNDERRUNS */
    V1_DRAIN_SECONDS = 5,
};

/* Close codes, of all protocols. */
enum close_code {
    CLOSE_NORMAL = 1000,
    CLOSE_GOING_AWAY = 1001,
    CLOSE_PROTOCOL = 1002,
    CLOSE_POLICY = 1008,
    CLOSE_INTERNAL = 1011,
    CLOSE_TRY_AGAIN = 1013
};

enum v1_error {
    V1_BUFFER_OVERRUN,
    V1_RATE_LIMIT_EXCEEDED,
    V1_PERSISTENT_UNDERRUNS,
    V1_SERVER_OVERLOAD,
    V1_INVALID_MESSAGE,
    V1_ERRORS
};
enum v1_severity { V1_WARNING, V1_ERROR, V1_CRITICAL };

/* connection_established: the first message. client_id must have passed client_id_check. */
size_t v1_connection_established(char *out, size_t size, const char *client_id, double now, int tier,
                                 uint32_t target_ms);

/* audio. `data` is base64 already (encode once, send to many). buffer_depth in chunks. */
struct v1_audio {
    uint64_t chunk_id;
    const char *data;
    size_t data_length;
    double timestamp;
    double buffer_depth;
    int tier;
};
size_t v1_audio(char *out, size_t size, const struct v1_audio *audio);

struct v1_status {
    const char *client_id;
    double timestamp;
    double depth_chunks, target_chunks;
    int tier;
    double jitter_ms;
    double underrun_rate; /* 0–1 */
    uint64_t chunks_sent, bytes_sent, underruns;
    double uptime_seconds;
};
/* buffer_status, every 5 s. health_status: critical when the buffer is below a quarter of its target or more
 * than 5 % underran, warning below a half, above 1 % or above 30 ms of jitter, else healthy. */
size_t v1_buffer_status(char *out, size_t size, const struct v1_status *status);
const char *v1_health(const struct v1_status *status);

size_t v1_buffer_control_ack(char *out, size_t size, int previous, int next);
size_t v1_error(char *out, size_t size, int error, const char *message, int severity, double now);
size_t v1_shutdown_warning(char *out, size_t size, const char *reason, double drain_seconds);
const char *v1_error_name(int error); /* "BUFFER_OVERRUN" */
#define V1_OVERRUN_TEXT "you read too slowly: audio was passed over"

/* The JSON object that a client's message of any protocol is, with its "type" (static while the object
 * lives): a new reference, or NULL with `why` filled (not NULL) when it is longer than `limit` bytes, no JSON
 * or has no type. */
json_t *socket_message(const char *text, size_t length, size_t limit, const char **type, struct refusal *why);

/* What a client said. */
enum v1_type { V1_BUFFER_CONTROL };
struct v1_message {
    int type;
    int requested_tier;
};

/* 0, or below with `why` filled: answer INVALID_MESSAGE and carry on. */
int v1_parse(const char *text, size_t length, struct v1_message *out, struct refusal *why);

#endif
