/* v0.h — the messages of ws://HOST/ws/stream, the oldest protocol. As v1.h; timestamps are Unix milliseconds.
 */
#ifndef AURALIS_SERVER_V0_H
#define AURALIS_SERVER_V0_H

#include "server/parameters_json.h"
#include "server/v1.h"

enum { V0_MESSAGE_MAX = 2048, V0_AUDIO_MAX = V1_AUDIO_BASE64 + 512, V0_CLIENT_MESSAGE_MAX = 1024 };

size_t v0_connected(char *out, size_t size); /* {type, message, sample_rate 44100, chunk_size_ms 100} */
/* `data` is base64 of 100 ms of int16 already. */
size_t v0_audio(char *out, size_t size, const char *data, size_t data_length, uint64_t timestamp_ms,
                uint64_t sequence);
size_t v0_pong(char *out, size_t size);
size_t v0_buffer_status(char *out, size_t size, double depth_ms);
/* The answer to `control`: {type "control", parameters, applies_at (frame, string)}. */
size_t v0_control(char *out, size_t size, const auralis_parameters *p, uint64_t applies_at);
/* {type "error", code, message, details}. */
size_t v0_error(char *out, size_t size, const struct refusal *why);

/* The same, for audio that was passed over because it was read too slowly. */
size_t v0_overrun(char *out, size_t size);

enum v0_type { V0_PING, V0_BUFFER_STATUS, V0_CONTROL };
struct v0_message {
    int type;
    auralis_parameters values; /* of a control: the fields of `set` */
    auralis_parameter_set set;
};

/* A control's parameters stand in "parameters" or beside "type". 0, or below with `why` filled. */
int v0_parse(const char *text, size_t length, struct v0_message *out, struct refusal *why);

#endif
