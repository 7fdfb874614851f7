/* encoder_opus.c — Opus packets of 20 ms (see encoder.h), RFC 6716, by libopus.
 *
 * The packets are bare: v2 sends them as they are, ogg_stream.h puts them into pages. Variable bitrate around
 * the target: quiet minutes cost less. The encoder is told that sixteen bits count, as in a listener's PCM:
 * at its highest complexity it then spends no bits on what lies below them, which brings the rest 0.8 dB
 * closer and takes a few per cent less time (96 kb/s: sleep, rain, deep and focus; bright stays the same).
 *
 * What else would be cheaper was tried and left. Without prediction (OPUS_SET_PREDICTION_DISABLED) libopus
 * spares the search for a pitch, a seventh of its work at complexity 10 and a fifth at 5, but noise comes
 * half a decibel closer to what masks it: as much as complexity 5 lies behind 10. For LOWDELAY, with a fixed
 * bandwidth, without variable bitrate or in packets of 40 ms it works as much as it does now, within a
 * hundredth. */
#include "stream/encoder_codec.h"

#include <opus.h>

enum { UNIT = 960 };

static int open(struct encoder *e) {
    int error;
    OpusEncoder *opus = opus_encoder_create((opus_int32)e->config.rate, 2, OPUS_APPLICATION_AUDIO, &error);
    if (error != OPUS_OK) return AURALIS_ENOMEM;
    e->state = opus;
    opus_int32 lookahead = 0;
    opus_encoder_ctl(opus, OPUS_SET_BITRATE((opus_int32)e->config.bitrate * 1000));
    opus_encoder_ctl(opus, OPUS_SET_LSB_DEPTH(16));
    opus_encoder_ctl(opus, OPUS_GET_LOOKAHEAD(&lookahead));
    e->delay = (uint32_t)lookahead;
    return 0;
}

static int encode(struct encoder *e, const float *audio, encoder_sink *sink, void *self) {
    unsigned char packet[ENCODER_OPUS_MAX];
    OpusEncoder *opus = e->state;
    opus_encoder_ctl(opus, OPUS_SET_COMPLEXITY(atomic_load_explicit(&e->complexity, memory_order_relaxed)));
    opus_int32 size = opus_encode_float(opus, audio, UNIT, packet, ENCODER_OPUS_MAX);
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
