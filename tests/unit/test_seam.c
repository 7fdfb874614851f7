/* test_seam.c — from one part over to another: it begins as the one and ends as the other, without a step
 * between, and a FLAC decoder has nothing to complain of. */
#include "cmocka_c.h"

#include "stream/seam.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef AURALIS_WITH_FLAC
#include <FLAC/stream_decoder.h>
#endif

enum { FADE = 960, WAV_FRAMES = 1920, ROOM = 20 * 1024 };

/* Slow waves, the second elsewhere than the first: what moves between them by a step would be seen. The
 * channels are so alike that an encoder puts down their difference. */
static int wave(int which, int i, int channel) {
    int at = (i * 2 + which * 5000) % 20000, up = at < 10000 ? at : 20000 - at;
    return up - 5000 + (which ? 3000 : -3000) + (channel ? up / 50 : 0);
}

static int sample(const unsigned char *bytes, int i) {
    return (int16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
}

/* Frame i of the seam lies where it should between frame i of the one and of the other. */
static void assert_between(int from, int to, int got, int i) {
    if (i >= FADE) {
        assert_int_equal(got, to);
        return;
    }
    int wanted = from + (to - from) * i / FADE, off = got - wanted;
    assert_in_range(off + 1, 0, 2);
}

static void wav_fades_over(void **state) {
    static unsigned char from[4 * WAV_FRAMES], to[4 * WAV_FRAMES], kept[4 * WAV_FRAMES];
    (void)state;
    for (int i = 0; i < 2 * WAV_FRAMES; i++)
        for (int which = 0; which < 2; which++) {
            int x = wave(which, i / 2, i % 2);
            (which ? to : from)[2 * i] = (unsigned char)x;
            (which ? to : from)[2 * i + 1] = (unsigned char)(x >> 8);
        }
    memcpy(kept, to, sizeof to);
    struct seam seam = {.format = ENCODER_WAV, .from = from, .from_size = sizeof from};
    assert_true(seam_needed(ENCODER_WAV));
    assert_int_equal(seam_make(&seam, to, sizeof to, sizeof to), sizeof to);
    assert_int_equal(sample(to, 0), sample(from, 0));
    for (int i = 0; i < 2 * WAV_FRAMES; i++)
        assert_between(sample(from, i), sample(kept, i), sample(to, i), i / 2);
    /* Parts that do not fit together stay as they are, and so does one that stands for nothing. */
    memcpy(to, kept, sizeof to);
    seam.from_size -= 4;
    assert_int_equal(seam_make(&seam, to, sizeof to, sizeof to), sizeof to);
    assert_memory_equal(to, kept, sizeof to);
    assert_int_equal(seam_make(&seam, to, 0, sizeof to), 0);
    assert_false(seam_needed(ENCODER_OPUS) || seam_needed(ENCODER_MP3));
}

#ifdef AURALIS_WITH_FLAC
enum { PACKETS = 140, UNIT = 4096 };

struct packets {
    int count;
    size_t size[PACKETS];
    unsigned char bytes[PACKETS][ROOM];
};

static void keep(void *self, const unsigned char *bytes, size_t size, uint32_t frames) {
    struct packets *p = self;
    (void)frames;
    assert_true(p->count < PACKETS && size <= ROOM);
    memcpy(p->bytes[p->count], bytes, size);
    p->size[p->count++] = size;
}

struct heard {
    const unsigned char *piece[2];
    size_t left[2];
    int frames, errors;
    uint32_t number;
    int sample[2 * UNIT];
};

static FLAC__StreamDecoderReadStatus on_read(const FLAC__StreamDecoder *decoder, FLAC__byte bytes[],
                                             size_t *size, void *self) {
    struct heard *h = self;
    int at = h->left[0] ? 0 : 1;
    (void)decoder;
    if (*size > h->left[at]) *size = h->left[at];
    memcpy(bytes, h->piece[at], *size);
    h->piece[at] += *size;
    h->left[at] -= *size;
    return *size ? FLAC__STREAM_DECODER_READ_STATUS_CONTINUE : FLAC__STREAM_DECODER_READ_STATUS_END_OF_STREAM;
}

static FLAC__StreamDecoderWriteStatus on_frame(const FLAC__StreamDecoder *decoder, const FLAC__Frame *frame,
                                               const FLAC__int32 *const samples[], void *self) {
    struct heard *h = self;
    (void)decoder;
    assert_int_equal(h->frames, 0);
    h->frames = (int)frame->header.blocksize;
    h->number = (uint32_t)(frame->header.number_type == FLAC__FRAME_NUMBER_TYPE_FRAME_NUMBER
                               ? frame->header.number.frame_number
                               : frame->header.number.sample_number / UNIT);
    for (int i = 0; i < 2 * h->frames; i++) h->sample[i] = samples[i % 2][i / 2];
    return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
}

static void on_error(const FLAC__StreamDecoder *decoder, FLAC__StreamDecoderErrorStatus status, void *self) {
    (void)decoder, (void)status;
    ((struct heard *)self)->errors++;
}

static void hear(struct encoder *e, const unsigned char *bytes, size_t size, struct heard *h) {
    *h = (struct heard){0};
    h->left[0] = encoder_header(e, &h->piece[0]);
    h->piece[1] = bytes;
    h->left[1] = size;
    FLAC__StreamDecoder *decoder = FLAC__stream_decoder_new();
    FLAC__stream_decoder_init_stream(decoder, on_read, NULL, NULL, NULL, NULL, on_frame, NULL, on_error, h);
    FLAC__stream_decoder_process_until_end_of_stream(decoder);
    FLAC__stream_decoder_delete(decoder);
}

/* Numbers of one byte and of two: the head is as long as its number. */
static void flac_fades_over(void **state) {
    static int16_t pcm[2 * UNIT];
    static unsigned char out[ROOM];
    static struct heard from, to, seam;
    struct packets *p = calloc(1, sizeof *p);
    struct encoder *e;
    (void)state;
    assert_int_equal(encoder_create(&(struct encoder_config){.format = ENCODER_FLAC}, &e), 0);
    for (int k = 0; k < PACKETS + 1; k++) {
        for (int i = 0; i < 2 * UNIT; i++) pcm[i] = (int16_t)wave(k % 2, i / 2, i % 2);
        if (p->count < PACKETS) assert_int_equal(encoder_encode16(e, pcm, keep, p), 0);
    }
    assert_true(p->count > 130 && seam_needed(ENCODER_FLAC));
    for (int at = 3; at < 140; at += 128) {
        hear(e, p->bytes[2], p->size[2], &from);
        hear(e, p->bytes[at], p->size[at], &to);
        assert_int_equal(from.frames, UNIT);
        struct seam join = {.format = ENCODER_FLAC, .from = p->bytes[2], .from_size = p->size[2]};
        join.header_size = encoder_header(e, &join.header);
        memcpy(out, p->bytes[at], p->size[at]);
        size_t size = seam_make(&join, out, p->size[at], ROOM);
        assert_true(size > p->size[at]);
        hear(e, out, size, &seam);
        assert_int_equal(seam.errors, 0);
        assert_int_equal(seam.frames, UNIT);
        assert_int_equal(seam.number, to.number);
        for (int i = 0; i < 2 * UNIT; i++)
            assert_between(from.sample[i], to.sample[i], seam.sample[i], i / 2);
        /* No room, or nothing to begin with: the part stays as it is. */
        memcpy(out, p->bytes[at], p->size[at]);
        assert_int_equal(seam_make(&join, out, p->size[at], p->size[at]), p->size[at]);
        join.from_size /= 2;
        assert_int_equal(seam_make(&join, out, p->size[at], ROOM), p->size[at]);
        assert_memory_equal(out, p->bytes[at], p->size[at]);
    }
    encoder_destroy(e);
    free(p);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wav_fades_over),
#ifdef AURALIS_WITH_FLAC
        cmocka_unit_test(flac_fades_over),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
