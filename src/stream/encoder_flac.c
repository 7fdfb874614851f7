/* encoder_flac.c — FLAC frames of 16 bits (see encoder.h), RFC 9639, by libFLAC.
 *
 * The header is "fLaC" with a STREAMINFO that promises no length and no checksum, since the stream has no
 * end; a listener who joins late gets it before a frame from the middle. */
#include "stream/encoder_codec.h"

#include <FLAC/stream_encoder.h>
#include <stdlib.h>
#include <string.h>

enum { UNIT = 4096, LEVEL = 5 };

struct flac {
    FLAC__StreamEncoder *flac;
    encoder_sink *sink; /* of the call at hand */
    void *self;
    FLAC__int32 samples[2 * UNIT];
};

/* Everything libFLAC writes comes here; `frames` is 0 for the header's blocks. */
static FLAC__StreamEncoderWriteStatus on_bytes(const FLAC__StreamEncoder *flac, const FLAC__byte bytes[],
                                               size_t size, uint32_t frames, uint32_t index, void *self) {
    struct encoder *e = self;
    struct flac *f = e->state;
    (void)flac, (void)index;
    if (frames) {
        if (f->sink) f->sink(f->self, bytes, size, frames);
        return FLAC__STREAM_ENCODER_WRITE_STATUS_OK;
    }
    if (size > ENCODER_HEADER_MAX - e->header_size) return FLAC__STREAM_ENCODER_WRITE_STATUS_FATAL_ERROR;
    memcpy(e->header + e->header_size, bytes, size);
    e->header_size += size;
    return FLAC__STREAM_ENCODER_WRITE_STATUS_OK;
}

static int open(struct encoder *e) {
    struct flac *f = calloc(1, sizeof *f);
    if (!f) return AURALIS_ENOMEM;
    e->state = f;
    f->flac = FLAC__stream_encoder_new();
    if (!f->flac) return AURALIS_ENOMEM;
    FLAC__stream_encoder_set_channels(f->flac, 2);
    FLAC__stream_encoder_set_bits_per_sample(f->flac, 16);
    FLAC__stream_encoder_set_sample_rate(f->flac, e->config.rate);
    FLAC__stream_encoder_set_compression_level(f->flac, LEVEL);
    FLAC__stream_encoder_set_blocksize(f->flac, UNIT);
    FLAC__StreamEncoderInitStatus status =
        FLAC__stream_encoder_init_stream(f->flac, on_bytes, NULL, NULL, NULL, e);
    return status == FLAC__STREAM_ENCODER_INIT_STATUS_OK ? 0 : AURALIS_ENOMEM;
}

static int encode(struct encoder *e, const int16_t *pcm, encoder_sink *sink, void *self) {
    struct flac *f = e->state;
    for (int i = 0; i < 2 * UNIT; i++) f->samples[i] = pcm[i];
    f->sink = sink;
    f->self = self;
    bool done = FLAC__stream_encoder_process_interleaved(f->flac, f->samples, UNIT);
    f->sink = NULL;
    return done ? 0 : AURALIS_EINVAL;
}

static void close(struct encoder *e) {
    struct flac *f = e->state;
    if (!f) return;
    if (f->flac) FLAC__stream_encoder_delete(f->flac);
    free(f);
}

const struct encoder_codec encoder_flac = {.unit = UNIT, .open = open, .encode16 = encode, .close = close};
