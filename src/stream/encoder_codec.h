/* encoder_codec.h — what a format has to bring to be an encoder (see encoder.h): one table a file. */
#ifndef AURALIS_STREAM_ENCODER_CODEC_H
#define AURALIS_STREAM_ENCODER_CODEC_H

#include "stream/encoder.h"

#include <stdatomic.h>

struct encoder {
    const struct encoder_codec *codec;
    struct encoder_config config;
    uint32_t delay;
    size_t header_size;
    unsigned char header[ENCODER_HEADER_MAX];
    _Atomic int complexity;
    void *state; /* the format's own */
};

struct encoder_codec {
    uint32_t unit;
    uint32_t lowest, highest, bitrate; /* kbit/s allowed, and the default; 0: of no meaning */
    uint32_t rate;                     /* the only one, or 0 */
    /* Sets state, delay and header; what it left behind after a failure, close takes. */
    int (*open)(struct encoder *);
    /* Takes one or the other. */
    int (*encode)(struct encoder *, const float *audio, encoder_sink *, void *self);
    int (*encode16)(struct encoder *, const int16_t *pcm, encoder_sink *, void *self);
    void (*close)(struct encoder *);
};

#ifdef AURALIS_WITH_OPUS
extern const struct encoder_codec encoder_opus;
#endif
#ifdef AURALIS_WITH_MP3
extern const struct encoder_codec encoder_mp3;
#endif
#ifdef AURALIS_WITH_FLAC
extern const struct encoder_codec encoder_flac;
#endif
extern const struct encoder_codec encoder_wav;

#endif
