/* websocket.c — the client's side of a WebSocket (see websocket.h).
 *
 * The nonce of the handshake is the one of the standard's own example, whose answer is known: it shall
 * protect against caches in between, and a load generator has none. */
#include "load/websocket.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char NONCE[] = "dGhlIHNhbXBsZSBub25jZQ==", ANSWER[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

static uint64_t big_endian(const unsigned char *bytes, int count) {
    uint64_t value = 0;
    for (int i = 0; i < count; i++) value = value << 8 | bytes[i];
    return value;
}

/* Control frames are short and whole; the three reserved bits and the mask are not for servers. */
static bool allowed(const struct websocket_frame *f, unsigned char first, unsigned char second) {
    if (first & 0x70 || second & 0x80 || f->length > WEBSOCKET_FRAME_MAX) return false;
    if (f->opcode <= WEBSOCKET_BINARY) return true;
    return f->opcode >= WEBSOCKET_CLOSE && f->opcode <= WEBSOCKET_PONG && f->final && f->length <= 125;
}

long websocket_next(const unsigned char *bytes, size_t n, struct websocket_frame *frame) {
    if (n < 2) return 0;
    unsigned small = bytes[1] & 0x7f;
    int more = small == 127 ? 8 : small == 126 ? 2 : 0;
    size_t head = 2 + (size_t)more;
    if (n < head) return 0;
    *frame = (struct websocket_frame){.final = bytes[0] & 0x80,
                                      .opcode = bytes[0] & 0x0f,
                                      .payload = bytes + head,
                                      .length = more ? big_endian(bytes + 2, more) : small};
    if (!allowed(frame, bytes[0], bytes[1])) return -1;
    return n - head < frame->length ? 0 : (long)(head + frame->length);
}

size_t websocket_frame(unsigned char *out, int opcode, const void *payload, size_t length, uint32_t mask) {
    unsigned char key[4] = {(unsigned char)mask, (unsigned char)(mask >> 8), (unsigned char)(mask >> 16),
                            (unsigned char)(mask >> 24)};
    const unsigned char *in = payload;
    size_t at = 0;
    out[at++] = (unsigned char)(0x80 | opcode);
    if (length < 126) {
        out[at++] = (unsigned char)(0x80 | length);
    } else {
        out[at++] = 0x80 | 126;
        out[at++] = (unsigned char)(length >> 8);
        out[at++] = (unsigned char)length;
    }
    memcpy(out + at, key, 4);
    at += 4;
    for (size_t i = 0; i < length; i++) out[at++] = in[i] ^ key[i % 4];
    return at;
}

int websocket_request(char *out, size_t size, const char *host, const char *path, const char *protocol) {
    bool offers = *protocol != 0;
    return snprintf(out, size,
                    "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n%s%s%s\r\n",
                    path, host, NONCE, offers ? "Sec-WebSocket-Protocol: " : "", protocol,
                    offers ? "\r\n" : "");
}

/* Whether the head has the field with exactly this value; absent counts as the empty value. */
static bool has_field(const char *head, size_t length, const char *name, const char *value) {
    size_t name_length = strlen(name), value_length = strlen(value);
    const char *end = head + length;
    for (const char *line = head; line < end;) {
        const char *stop = memchr(line, '\r', (size_t)(end - line));
        if (!stop) break;
        if ((size_t)(stop - line) > name_length && line[name_length] == ':' &&
            !strncasecmp(line, name, name_length)) {
            const char *text = line + name_length + 1;
            while (text < stop && *text == ' ') text++;
            return (size_t)(stop - text) == value_length && !memcmp(text, value, value_length);
        }
        line = stop + 2;
    }
    return !value_length;
}

bool websocket_read_answer(const char *bytes, size_t n, const char *protocol,
                           struct websocket_answer *answer) {
    const char *end = memmem(bytes, n, "\r\n\r\n", 4);
    *answer = (struct websocket_answer){0};
    if (!end) return false;
    answer->length = (size_t)(end - bytes) + 4;
    char line[16] = "";
    memcpy(line, bytes, answer->length < 15 ? answer->length : 15);
    if (sscanf(line, "HTTP/1.%*1[01] %d", &answer->status) != 1) answer->status = 0;
    answer->accepted = answer->status == 101 &&
                       has_field(bytes, answer->length, "Sec-WebSocket-Accept", ANSWER) &&
                       has_field(bytes, answer->length, "Sec-WebSocket-Protocol", protocol);
    return true;
}
