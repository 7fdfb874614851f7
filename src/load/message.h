/* message.h — an audio message of any protocol, taken apart as far as a listener must understand it. Any
 * thread. */
#ifndef AURALIS_LOAD_MESSAGE_H
#define AURALIS_LOAD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct audio_message {
    uint32_t sequence, frames;
    uint64_t frame;            /* v2: of the stream */
    int format;                /* v2: enum stream_format */
    bool discontinuity, faded; /* v2: faded: its first MESSAGE_FADE frames go over from another place */
    int tier;                  /* v1: what the server holds it to be; else −1 */
    const unsigned char *data; /* v2: samples, or packets after their sizes; v0, v1: base64 */
    size_t size;
};

enum { MESSAGE_FADE = 960 };
enum { MESSAGE_MALFORMED = -1, MESSAGE_OTHER = 0, MESSAGE_AUDIO = 1 };

/* Size of the Opus packet that begins after its size at `bytes`; 0: there is no whole one. */
size_t message_packet(const unsigned char *bytes, size_t n);

/* v2, a binary message: MESSAGE_AUDIO or MESSAGE_MALFORMED. */
int message_read_v2(const unsigned char *bytes, size_t n, struct audio_message *out);

/* v0 and v1, a text: MESSAGE_OTHER if it is not about audio. */
int message_read_text(const char *text, size_t n, struct audio_message *out);

#endif
