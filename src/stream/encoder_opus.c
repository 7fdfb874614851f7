/* encoder_opus.c — Opus packets of 20 ms (see encoder.h), RFC 6716, by libopus.
 *
 * The packets are bare: v2 sends them as they are, ogg_stream.h puts them into pages. Variable bitrate around
 * the target: quiet minutes cost less. */
#include "stream/encoder_codec.h"

#include <opus.h>

enum { UNIT = 960, PACKET = 1500 };

static int open(struct encoder *e) {
    int error;
    OpusEncoder *opus = opus_encoder_create((opus_int32)e->config.rate, 2, OPUS_APPLICATION_AUDIO, &error);
    if (error != OPUS_OK) return AURALIS_ENOMEM;
    e->state = opus;
    opus_int32 lookahead = 0;
    opus_encoder_ctl(opus, OPUS_SET_BITRATE((opus_int32)e->config.bitrate * 1000));
    opus_encoder_ctl(opus, OPUS_GET_LOOKAHEAD(&lookahead));
    e->delay = (uint32_t)lookahead;
    return 0;
}

static int encode(struct encoder *e, const float *audio, encoder_sink *sink, void *self) {
    unsigned char packet[PACKET];
    OpusEncoder *opus = e->state;
    opus_encoder_ctl(opus, OPUS_SET_COMPLEXITY(atomic_load_explicit(&e->complexity, memory_order_relaxed)));
    opus_int32 size = opus_encode_float(opus, audio, UNIT, packet, PACKET);
    if (size < 0) return AURALIS_EINVAL;
    sink(self, packet, (size_t)size, UNIT);
    return 0;
}

static void close(struct encoder *e) {
    if (e->state) opus_encoder_destroy(e->state);
}

const struct encoder_codec encoder_opus = {.unit = UNIT,
                                           .lowest = 32,
                                           .highest = 320,
                                           .bitrate = 96,
                                           .rate = 48000,
                                           .open = open,
                                           .encode = encode,
                                           .close = close};
