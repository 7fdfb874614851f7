/* message.c — an audio message taken apart (see message.h).
 *
 * The texts of v0 and v1 are 24 KB each, nearly all of it one string: a JSON parser would spend more time on
 * them than the server does. So the few fields beside the string are looked for by name, once the beginning
 * has said that it is an audio message; white space is as JSON allows it. */
#include "load/message.h"

#include "server/stream_request.h"
#include "server/tier.h"
#include "server/v1.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER = 24, FLAGS = 5, VERSION = 2, CHANNELS = 2, RATE = 48000, BEGINNING = 200 };

static uint64_t little(const unsigned char *at, int bytes) {
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--) value = value << 8 | at[i];
    return value;
}

size_t message_packet(const unsigned char *bytes, size_t n) {
    if (n < 2) return 0;
    size_t size = (size_t)little(bytes, 2);
    return size && size <= n - 2 ? size : 0;
}

/* How many packets the bytes are; 0 when they are not. */
static uint32_t packets(const unsigned char *bytes, size_t n) {
    uint32_t count = 0;
    for (size_t size; n; count++, bytes += 2 + size, n -= 2 + size)
        if (!(size = message_packet(bytes, n))) return 0;
    return count;
}

int message_read_v2(const unsigned char *bytes, size_t n, struct audio_message *out) {
    if (n < HEADER || bytes[0] != VERSION || bytes[1] > STREAM_OPUS || bytes[2] != CHANNELS ||
        bytes[3] & ~FLAGS || little(bytes + 4, 4) != RATE)
        return MESSAGE_MALFORMED;
    *out = (struct audio_message){.sequence = (uint32_t)little(bytes + 12, 4),
                                  .frames = (uint32_t)little(bytes + 8, 4),
                                  .frame = little(bytes + 16, 8),
                                  .format = bytes[1],
                                  .discontinuity = bytes[3] & 1,
                                  .faded = bytes[3] >> 2,
                                  .tier = -1,
                                  .data = bytes + HEADER,
                                  .size = n - HEADER};
    if (out->format == STREAM_OPUS)
        return out->frames && packets(out->data, out->size) * OPUS_PACKET_FRAMES == out->frames
                   ? MESSAGE_AUDIO
                   : MESSAGE_MALFORMED;
    size_t frame_size = CHANNELS * (bytes[1] ? sizeof(float) : sizeof(int16_t));
    return out->frames && out->size == out->frames * frame_size ? MESSAGE_AUDIO : MESSAGE_MALFORMED;
}

/* Where the value of "name" begins in text[0…n), or NULL. */
static const char *value_of(const char *text, size_t n, const char *name) {
    char quoted[32];
    size_t length = strlen(name);
    quoted[0] = '"';
    memcpy(quoted + 1, name, length);
    quoted[length + 1] = '"';
    const char *at = memmem(text, n, quoted, length + 2), *end = text + n;
    if (!at) return NULL;
    at += length + 2;
    while (at < end && (*at == ' ' || *at == ':')) at++;
    return at < end ? at : NULL;
}

static bool is_word(const char *at, const char *end, const char *word) {
    size_t length = strlen(word);
    return at && (size_t)(end - at) >= length + 2 && *at == '"' && !memcmp(at + 1, word, length) &&
           at[length + 1] == '"';
}

/* A whole number; the text ends in a brace, so strtoul ends too. */
static bool read_number(const char *at, uint32_t *out) {
    if (!at || *at < '0' || *at > '9') return false;
    *out = (uint32_t)strtoul(at, NULL, 10);
    return true;
}

static int read_tier(const char *tail, size_t n) {
    const char *at = value_of(tail, n, "current_tier");
    for (int i = 0; i < TIERS; i++)
        if (is_word(at, tail + n, tier_name(i))) return i;
    return -1;
}

int message_read_text(const char *text, size_t n, struct audio_message *out) {
    size_t beginning = n < BEGINNING ? n : BEGINNING;
    if (!is_word(value_of(text, beginning, "type"), text + beginning, "audio")) return MESSAGE_OTHER;
    const char *data = value_of(text, beginning, "data"), *end = text + n;
    if (!data || *data != '"' || text[n - 1] != '}') return MESSAGE_MALFORMED;
    data++;
    const char *close = memchr(data, '"', (size_t)(end - data));
    if (!close) return MESSAGE_MALFORMED;
    size_t tail = (size_t)(end - close), before = (size_t)(data - text);
    *out = (struct audio_message){.frames = V1_CHUNK_FRAMES,
                                  .tier = read_tier(close, tail),
                                  .data = (const unsigned char *)data,
                                  .size = (size_t)(close - data)};
    bool numbered = read_number(value_of(text, before, "chunk_id"), &out->sequence) ||
                    read_number(value_of(close, tail, "chunk_id"), &out->sequence) ||
                    read_number(value_of(close, tail, "sequence"), &out->sequence);
    return numbered && out->size == V1_AUDIO_BASE64 ? MESSAGE_AUDIO : MESSAGE_MALFORMED;
}
