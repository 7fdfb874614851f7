/* radio.c — music over plain HTTP, taken apart (see radio.h). */
#include "load/radio.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_HEAD = 27, FRAME_HEAD = 4, FRAME_MAX = 1441 };

static uint64_t little(const unsigned char *at, int bytes) {
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--) value = value << 8 | at[i];
    return value;
}

int radio_next_page(const unsigned char *bytes, size_t n, struct radio_part *part) {
    if (n < PAGE_HEAD) return 0;
    if (memcmp(bytes, "OggS", 5)) return -1; /* with the version, 0 */
    size_t segments = bytes[26], size = PAGE_HEAD + segments;
    if (n < size) return 0;
    for (size_t i = 0; i < segments; i++) size += bytes[PAGE_HEAD + i];
    *part = (struct radio_part){.size = size,
                                .numbered = true,
                                .sequence = (uint32_t)little(bytes + 18, 4),
                                .end = little(bytes + 6, 8),
                                .rate = 48000};
    return n >= size;
}

int radio_next_frame(const unsigned char *bytes, size_t n, struct radio_part *part) {
    static const uint16_t kbits[16] = {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0};
    static const uint32_t rates[4] = {44100, 48000, 32000, 0};
    if (n < FRAME_HEAD) return 0;
    uint32_t kbit = kbits[bytes[2] >> 4], rate = rates[bytes[2] >> 2 & 3];
    if (bytes[0] != 0xff || (bytes[1] & 0xfe) != 0xfa || !kbit || !rate) return -1; /* MPEG 1, layer III */
    *part =
        (struct radio_part){.size = 144000 * kbit / rate + (bytes[2] >> 1 & 1), .frames = 1152, .rate = rate};
    return n >= part->size;
}

long radio_first_frame(const unsigned char *bytes, size_t n) {
    struct radio_part one, two;
    for (size_t at = 0; at <= FRAME_MAX && at < n; at++) {
        int found = radio_next_frame(bytes + at, n - at, &one);
        if (found > 0)
            found = radio_next_frame(bytes + at + one.size, n - at - one.size, &two) < 0
                        ? -1
                        : n >= at + one.size + FRAME_HEAD;
        if (found >= 0) return found ? (long)at : -1;
    }
    return n > FRAME_MAX ? -2 : -1;
}

bool radio_answer(const char *bytes, size_t n, int *status, size_t *length) {
    const char *end = memmem(bytes, n, "\r\n\r\n", 4);
    char line[16] = "";
    if (!end) return false;
    *length = (size_t)(end - bytes) + 4;
    memcpy(line, bytes, *length < 15 ? *length : 15);
    if (sscanf(line, "HTTP/1.%*1[01] %d", status) != 1) *status = 0;
    return true;
}
