/* seam.c — from one part over to another (see seam.h). */
#include "stream/seam.h"

#include <stdint.h>
#include <string.h>
#ifdef AURALIS_WITH_FLAC
#include <FLAC/stream_decoder.h>
#endif

enum { FADE = 960, FRAME_BYTES = 4 };

bool seam_needed(int format) {
    return format == ENCODER_WAV || format == ENCODER_FLAC;
}

/* Sample i of a part that begins as `from` and is `to` in the end; a straight line, since both are the same
 * music and alike in loudness. */
static int mix(int from, int to, uint32_t frame) {
    if (frame >= FADE) return to;
    int weight = (int)frame;
    return (from * (FADE - weight) + to * weight) / FADE;
}

/* WAV ---------------------------------------------------------------------------------------------------- */

static int read_sample(const unsigned char *at) {
    return (int16_t)(at[0] | at[1] << 8);
}

static size_t mix_samples(const struct seam *s, unsigned char *to, size_t size) {
    if (s->from_size != size) return size;
    for (size_t i = 0; i + 1 < size; i += 2) {
        int mixed = mix(read_sample(s->from + i), read_sample(to + i), (uint32_t)(i / FRAME_BYTES));
        to[i] = (unsigned char)mixed;
        to[i + 1] = (unsigned char)(mixed >> 8);
    }
    return size;
}

/* FLAC --------------------------------------------------------------------------------------------------- */

#ifdef AURALIS_WITH_FLAC
enum { CHANNELS = 2, HEAD_FIXED = 4, NUMBER_MAX = 7, VERBATIM = 1 << 1, INDEPENDENT_16_BITS = 0x18 };

/* Header and a frame, read one after the other; its samples, channel by channel. Each frame has a decoder of
 * its own: one for both would fill the gap between their numbers with silence. */
struct decoded {
    const unsigned char *piece[2];
    size_t left[2];
    uint32_t frames;
    int16_t sample[CHANNELS][ENCODER_UNIT_MAX];
};

static FLAC__StreamDecoderReadStatus on_read(const FLAC__StreamDecoder *decoder, FLAC__byte bytes[],
                                             size_t *size, void *self) {
    struct decoded *d = self;
    int at = d->left[0] ? 0 : 1;
    (void)decoder;
    if (*size > d->left[at]) *size = d->left[at];
    memcpy(bytes, d->piece[at], *size);
    d->piece[at] += *size;
    d->left[at] -= *size;
    return *size ? FLAC__STREAM_DECODER_READ_STATUS_CONTINUE : FLAC__STREAM_DECODER_READ_STATUS_END_OF_STREAM;
}

static FLAC__StreamDecoderWriteStatus on_frame(const FLAC__StreamDecoder *decoder, const FLAC__Frame *frame,
                                               const FLAC__int32 *const samples[], void *self) {
    struct decoded *d = self;
    uint32_t frames = frame->header.blocksize;
    (void)decoder;
    if (d->frames || frames > ENCODER_UNIT_MAX || frame->header.channels != CHANNELS ||
        frame->header.bits_per_sample != 16)
        return FLAC__STREAM_DECODER_WRITE_STATUS_ABORT;
    for (int c = 0; c < CHANNELS; c++)
        for (uint32_t i = 0; i < frames; i++) d->sample[c][i] = (int16_t)samples[c][i];
    d->frames = frames;
    return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
}

static void on_error(const FLAC__StreamDecoder *decoder, FLAC__StreamDecoderErrorStatus status, void *self) {
    (void)decoder, (void)status, (void)self;
}

/* How many frames of sound it has; 0: it could not be decoded. */
static uint32_t decode(const struct seam *s, const unsigned char *bytes, size_t size, struct decoded *d) {
    FLAC__StreamDecoder *decoder = FLAC__stream_decoder_new();
    d->piece[0] = s->header, d->left[0] = s->header_size;
    d->piece[1] = bytes, d->left[1] = size;
    d->frames = 0;
    if (!decoder) return 0;
    if (FLAC__stream_decoder_init_stream(decoder, on_read, NULL, NULL, NULL, NULL, on_frame, NULL, on_error,
                                         d) == FLAC__STREAM_DECODER_INIT_STATUS_OK)
        FLAC__stream_decoder_process_until_end_of_stream(decoder);
    FLAC__stream_decoder_delete(decoder);
    return d->frames;
}

/* The frame's checksums (RFC 9639 sections 9.1.8 and 9.3): 8 bits by 0x07, 16 bits by 0x8005. */
static uint16_t checksum(const unsigned char *bytes, size_t size, int bits, uint16_t polynomial) {
    uint32_t sum = 0, top = 1u << (bits - 1), mask = 2 * top - 1;
    for (size_t i = 0; i < size; i++) {
        sum ^= (uint32_t)bytes[i] << (bits - 8);
        for (int k = 0; k < 8; k++) sum = (sum << 1 ^ (sum & top ? polynomial : 0)) & mask;
    }
    return (uint16_t)sum;
}

/* Bytes of the frame's number, which is coded as UTF-8 codes characters. */
static size_t number_bytes(unsigned char first) {
    size_t n = 0;
    while (n < NUMBER_MAX && first & 0x80 >> n) n++;
    return n ? n : 1;
}

static unsigned char *put_channel(unsigned char *at, const int16_t *from, const int16_t *to,
                                  uint32_t frames) {
    *at++ = VERBATIM;
    for (uint32_t i = 0; i < frames; i++) {
        int mixed = mix(from[i], to[i], i);
        *at++ = (unsigned char)(mixed >> 8);
        *at++ = (unsigned char)mixed;
    }
    return at;
}

/* Size of the head without its checksum; 0 where block size or rate stand behind the number, as they never do
 * in the stream's own frames. */
static size_t plain_head(const unsigned char *frame, size_t size) {
    if (size < HEAD_FIXED + NUMBER_MAX + 1) return 0;
    int block = frame[2] >> 4, rate = frame[2] & 15;
    return block == 6 || block == 7 || rate > 11 ? 0 : HEAD_FIXED + number_bytes(frame[HEAD_FIXED]);
}

static size_t mix_frames(const struct seam *s, unsigned char *to, size_t size, size_t room) {
    struct decoded from, new;
    size_t head = plain_head(to, size);
    uint32_t frames = decode(s, to, size, &new);
    if (!head || !frames || decode(s, s->from, s->from_size, &from) != frames) return size;
    if (head + 1 + CHANNELS * (1 + 2 * (size_t)frames) + 2 > room) return size;
    to[3] = INDEPENDENT_16_BITS;
    to[head] = (unsigned char)checksum(to, head, 8, 0x07);
    unsigned char *end = to + head + 1;
    for (int c = 0; c < CHANNELS; c++) end = put_channel(end, from.sample[c], new.sample[c], frames);
    uint16_t sum = checksum(to, (size_t)(end - to), 16, 0x8005);
    *end++ = (unsigned char)(sum >> 8);
    *end++ = (unsigned char)sum;
    return (size_t)(end - to);
}
#endif

size_t seam_make(const struct seam *s, unsigned char *to, size_t size, size_t room) {
    if (!size) return 0;
    if (s->format == ENCODER_WAV) return mix_samples(s, to, size);
#ifdef AURALIS_WITH_FLAC
    if (s->format == ENCODER_FLAC) return mix_frames(s, to, size, room);
#endif
    (void)room;
    return size;
}
