/* test_encoder.c — the encoders of live streams: packets tile time, can be cut anywhere, and carry the sound.
 */
#include "cmocka_c.h"

#include "stream/encoder.h"
#include "synth/pcm16.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef AURALIS_WITH_OPUS
#include <opus.h>
#endif

enum { SECONDS = 3, RATE = 48000, ROOM = SECONDS * RATE * 4 + 65536 };

struct heap {
    unsigned char bytes[ROOM];
    size_t size, packets;
    uint64_t frames;
    size_t length[4096];
};

static void keep(void *self, const unsigned char *bytes, size_t size, uint32_t frames) {
    struct heap *h = self;
    assert_true(size <= ENCODER_PACKET_MAX && h->size + size <= ROOM && h->packets < 4096);
    memcpy(h->bytes + h->size, bytes, size);
    h->length[h->packets++] = size;
    h->size += size;
    h->frames += frames;
}

static void make_sound(float *audio, uint64_t frame, uint32_t frames) {
    for (uint32_t i = 0; i < frames; i++) {
        double t = (double)(frame + i) / RATE;
        audio[2 * i] = (float)(0.3 * sin(6.28318530718 * 220 * t));
        audio[2 * i + 1] = (float)(0.3 * sin(6.28318530718 * 330 * t));
    }
}

/* Three seconds through an encoder, with the complexity turned down half-way. */
static void run(int format, struct encoder *e, struct heap *h) {
    float audio[2 * ENCODER_UNIT_MAX];
    int16_t pcm[2 * ENCODER_UNIT_MAX];
    uint32_t unit = encoder_unit(e);
    assert_true(unit > 0 && unit <= ENCODER_UNIT_MAX);
    memset(h, 0, sizeof *h);
    for (uint64_t frame = 0; frame + unit <= SECONDS * RATE; frame += unit) {
        if (frame > SECONDS * RATE / 2) encoder_set_complexity(e, 0);
        make_sound(audio, frame, unit);
        if (encoder_takes16(format)) pcm16_convert(pcm, audio, unit, pcm16_key(9), frame);
        assert_int_equal(encoder_takes16(format) ? encoder_encode16(e, pcm, keep, h)
                                                 : encoder_encode(e, audio, keep, h),
                         0);
    }
    assert_true(h->frames <= SECONDS * RATE && h->frames + 3 * unit > SECONDS * RATE);
}

static struct encoder *open_format(int format) {
    struct encoder *e = NULL;
    if (!encoder_available(format)) skip();
    assert_int_equal(encoder_create(&(struct encoder_config){.format = format}, &e), 0);
    return e;
}

static void opus_packets_decode(void **state) {
    (void)state;
#ifdef AURALIS_WITH_OPUS
    struct encoder *e = open_format(ENCODER_OPUS);
    struct heap *h = malloc(sizeof *h);
    run(ENCODER_OPUS, e, h);
    assert_int_equal(h->packets, SECONDS * 50);
    assert_in_range(h->size, SECONDS * 6000, SECONDS * 16000);
    OpusDecoder *decoder = opus_decoder_create(RATE, 2, NULL);
    float *sound = calloc(SECONDS * RATE * 2, sizeof *sound), wanted[2];
    size_t at = 0;
    for (size_t i = 0; i < h->packets; at += h->length[i++])
        assert_int_equal(
            opus_decode_float(decoder, h->bytes + at, (opus_int32)h->length[i], sound + 2 * 960 * i, 960, 0),
            960);
    double error = 0, power = 0;
    uint32_t delay = encoder_delay(e);
    for (uint64_t f = RATE / 2; f + delay < SECONDS * RATE; f++) {
        make_sound(wanted, f, 1);
        for (int c = 0; c < 2; c++) {
            double difference = sound[2 * (f + delay) + (uint64_t)c] - wanted[c];
            error += difference * difference;
            power += wanted[c] * wanted[c];
        }
    }
    assert_true(error < 0.01 * power);
    opus_decoder_destroy(decoder);
    free(sound);
    free(h);
    encoder_destroy(e);
#else
    skip();
#endif
}

static void mp3_frames_stand_alone(void **state) {
    (void)state;
    struct encoder *e = open_format(ENCODER_MP3);
    struct heap *h = malloc(sizeof *h);
    run(ENCODER_MP3, e, h);
    size_t at = 0;
    for (size_t i = 0; i < h->packets; at += h->length[i++]) {
        const unsigned char *frame = h->bytes + at;
        assert_int_equal(h->length[i], 3 * 160); /* 24 ms at 160 kbit/s */
        assert_int_equal(frame[0], 0xff);
        assert_int_equal(frame[4] << 1 | frame[5] >> 7,
                         0); /* main_data_begin: nothing lies in earlier frames */
    }
    assert_int_equal(h->frames, h->packets * 1152);
    free(h);
    encoder_destroy(e);
}

static void flac_has_a_header_and_frames(void **state) {
    (void)state;
    struct encoder *e = open_format(ENCODER_FLAC);
    struct heap *h = malloc(sizeof *h);
    const unsigned char *header;
    run(ENCODER_FLAC, e, h);
    size_t size = encoder_header(e, &header), at = 0;
    assert_true(size > 42);
    assert_memory_equal(header, "fLaC", 4);
    for (size_t i = 0; i < h->packets; at += h->length[i++]) {
        assert_int_equal(h->bytes[at], 0xff);
        assert_int_equal(h->bytes[at + 1], 0xf8); /* fixed block size */
    }
    free(h);
    encoder_destroy(e);
}

static void wav_is_the_samples(void **state) {
    (void)state;
    struct encoder *e = open_format(ENCODER_WAV);
    struct heap *h = malloc(sizeof *h);
    const unsigned char *header;
    run(ENCODER_WAV, e, h);
    assert_int_equal(encoder_header(e, &header), 44);
    assert_memory_equal(header, "RIFF\xff\xff\xff\xffWAVE", 12);
    float *audio = malloc(sizeof *audio * 2 * SECONDS * RATE);
    int16_t *pcm = malloc(sizeof *pcm * 2 * SECONDS * RATE);
    make_sound(audio, 0, SECONDS * RATE);
    pcm16_convert(pcm, audio, SECONDS * RATE, pcm16_key(9), 0);
    for (size_t i = 0; i < h->size / 2; i++)
        assert_int_equal((int16_t)(h->bytes[2 * i] | h->bytes[2 * i + 1] << 8), pcm[i]);
    free(audio);
    free(pcm);
    free(h);
    encoder_destroy(e);
}

static void bad_settings_are_refused(void **state) {
    struct encoder *e = NULL;
    (void)state;
    assert_int_equal(encoder_create(&(struct encoder_config){.format = ENCODER_FORMATS}, &e),
                     AURALIS_EUNSUPPORTED);
    for (int format = 0; format < 2; format++)
        if (encoder_available(format))
            assert_int_equal(encoder_create(&(struct encoder_config){.format = format, .bitrate = 5}, &e),
                             AURALIS_EINVAL);
    assert_null(e);
    assert_int_equal(encoder_find("flac"), ENCODER_FLAC);
    assert_int_equal(encoder_find("ogg"), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opus_packets_decode), cmocka_unit_test(mp3_frames_stand_alone),
        cmocka_unit_test(flac_has_a_header_and_frames), cmocka_unit_test(wav_is_the_samples),
        cmocka_unit_test(bad_settings_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
