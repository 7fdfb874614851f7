/* encoder_mp3.c — MP3 frames (see encoder.h), by LAME.
 *
 * Constant bitrate without bit reservoir: every frame carries its own sound, so a listener can begin, and an
 * HLS segment can end, at any of them. LAME hands out bytes as they come; here they are cut at the frames,
 * whose length stands in their headers (ISO 11172-3 §2.4.1.3). */
#include "stream/encoder_codec.h"

#include <lame/lame.h>
#include <stdlib.h>
#include <string.h>

enum { UNIT = 1152, FRAME_HEADER = 4, SPACE = 16384, DECODER_DELAY = 529 };

struct mp3 {
    lame_t lame;
    size_t held;
    unsigned char bytes[SPACE]; /* from the last cut on */
};

static int set_up(const struct encoder *e, lame_t lame) {
    lame_set_in_samplerate(lame, (int)e->config.rate);
    lame_set_out_samplerate(lame, (int)e->config.rate);
    lame_set_num_channels(lame, 2);
    lame_set_mode(lame, JOINT_STEREO);
    lame_set_brate(lame, (int)e->config.bitrate);
    lame_set_disable_reservoir(lame, 1);
    lame_set_bWriteVbrTag(lame, 0);
    lame_set_quality(lame, 4);
    return lame_init_params(lame) < 0 ? AURALIS_EINVAL : 0;
}

static int open(struct encoder *e) {
    struct mp3 *m = calloc(1, sizeof *m);
    if (!m) return AURALIS_ENOMEM;
    e->state = m;
    m->lame = lame_init();
    if (!m->lame) return AURALIS_ENOMEM;
    int result = set_up(e, m->lame);
    if (result < 0) return result;
    e->delay = (uint32_t)lame_get_encoder_delay(m->lame) + DECODER_DELAY;
    return 0;
}

/* Bytes of the MPEG-1 layer III frame that begins here; 0: none does. */
static size_t frame_size(const unsigned char *h) {
    static const uint32_t KBITS[16] = {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0},
                          RATES[4] = {44100, 48000, 32000, 0};
    uint32_t kbits = KBITS[h[2] >> 4], rate = RATES[h[2] >> 2 & 3];
    if (h[0] != 0xff || (h[1] & 0xfe) != 0xfa || !kbits || !rate) return 0;
    return 144000 * kbits / rate + (h[2] >> 1 & 1);
}

static int cut(struct mp3 *m, encoder_sink *sink, void *self) {
    size_t at = 0;
    while (m->held - at >= FRAME_HEADER) {
        size_t size = frame_size(m->bytes + at);
        if (!size) return AURALIS_EINVAL;
        if (size > m->held - at) break;
        sink(self, m->bytes + at, size, UNIT);
        at += size;
    }
    m->held -= at;
    memmove(m->bytes, m->bytes + at, m->held);
    return 0;
}

static int encode(struct encoder *e, const float *audio, encoder_sink *sink, void *self) {
    struct mp3 *m = e->state;
    int size = lame_encode_buffer_interleaved_ieee_float(m->lame, audio, UNIT, m->bytes + m->held,
                                                         (int)(SPACE - m->held));
    if (size < 0) return AURALIS_EINVAL;
    m->held += (size_t)size;
    return cut(m, sink, self);
}

static void close(struct encoder *e) {
    struct mp3 *m = e->state;
    if (!m) return;
    if (m->lame) lame_close(m->lame);
    free(m);
}

const struct encoder_codec encoder_mp3 = {.unit = UNIT,
                                          .lowest = 64,
                                          .highest = 320,
                                          .bitrate = 160,
                                          .open = open,
                                          .encode = encode,
                                          .close = close};
