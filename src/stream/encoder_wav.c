/* encoder_wav.c — 16-bit samples behind a WAV header that promises no end (see encoder.h).
 *
 * The lengths in the header are the largest there are: what players take for a stream. */
#include "stream/encoder_codec.h"

#include <string.h>

enum { UNIT = 960, HEADER = 44, FRAME_BYTES = 4 };

static unsigned char *put(unsigned char *at, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++) *at++ = (unsigned char)(value >> 8 * i);
    return at;
}

static unsigned char *put_tag(unsigned char *at, const char tag[5]) {
    memcpy(at, tag, 4);
    return at + 4;
}

static void make_header(struct encoder *e) {
    unsigned char *at = put_tag(e->header, "RIFF");
    at = put_tag(put_tag(put(at, UINT32_MAX, 4), "WAVE"), "fmt ");
    at = put(put(put(at, 16, 4), 1, 2), 2, 2); /* bytes that follow, PCM, channels */
    at = put(put(at, e->config.rate, 4), e->config.rate * FRAME_BYTES, 4);
    at = put(put(at, FRAME_BYTES, 2), 16, 2);
    put(put_tag(at, "data"), UINT32_MAX, 4);
    e->header_size = HEADER;
}

static int open(struct encoder *e) {
    make_header(e);
    return 0;
}

static int encode(struct encoder *e, const int16_t *pcm, encoder_sink *sink, void *self) {
    unsigned char bytes[UNIT * FRAME_BYTES];
    (void)e;
    for (int i = 0; i < 2 * UNIT; i++) put(bytes + 2 * i, (uint16_t)pcm[i], 2);
    sink(self, bytes, sizeof bytes, UNIT);
    return 0;
}

static void close(struct encoder *e) {
    (void)e;
}

const struct encoder_codec encoder_wav = {.unit = UNIT, .open = open, .encode16 = encode, .close = close};
