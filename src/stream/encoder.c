/* encoder.c — sound in, packets out (see encoder.h): which formats there are, and what they have in common.
 */
#include "stream/encoder_codec.h"

#include "base/random.h"

#include <stdlib.h>
#include <string.h>

static const struct encoder_codec *const CODECS[ENCODER_FORMATS] = {
#ifdef AURALIS_WITH_OPUS
    [ENCODER_OPUS] = &encoder_opus,
#endif
#ifdef AURALIS_WITH_MP3
    [ENCODER_MP3] = &encoder_mp3,
#endif
#ifdef AURALIS_WITH_FLAC
    [ENCODER_FLAC] = &encoder_flac,
#endif
    [ENCODER_WAV] = &encoder_wav};

static const char *const NAMES[ENCODER_FORMATS] = {"opus", "mp3", "flac", "wav"};

bool encoder_available(int format) {
    return format >= 0 && format < ENCODER_FORMATS && CODECS[format];
}

const char *encoder_name(int format) {
    return NAMES[format];
}

int encoder_find(const char *name) {
    for (int i = 0; i < ENCODER_FORMATS; i++)
        if (!strcmp(NAMES[i], name)) return i;
    return -1;
}

static int fill_in(const struct encoder_codec *codec, struct encoder_config *c) {
    if (!c->rate) c->rate = 48000;
    if (!c->bitrate) c->bitrate = codec->bitrate;
    if (codec->rate && c->rate != codec->rate) return AURALIS_EINVAL;
    if (codec->bitrate && (c->bitrate < codec->lowest || c->bitrate > codec->highest)) return AURALIS_EINVAL;
    return 0;
}

int encoder_create(const struct encoder_config *config, struct encoder **out) {
    if (!encoder_available(config->format)) return AURALIS_EUNSUPPORTED;
    struct encoder *e = calloc(1, sizeof *e);
    if (!e) return AURALIS_ENOMEM;
    e->codec = CODECS[config->format];
    e->config = *config;
    atomic_store(&e->complexity, ENCODER_COMPLEXITY_MAX);
    int result = fill_in(e->codec, &e->config);
    if (result == 0) result = e->codec->open(e);
    if (result == 0)
        *out = e;
    else
        encoder_destroy(e);
    return result;
}

void encoder_destroy(struct encoder *e) {
    if (!e) return;
    e->codec->close(e);
    free(e);
}

uint32_t encoder_unit(const struct encoder *e) {
    return e->codec->unit;
}

uint32_t encoder_unit_of(int format) {
    return CODECS[format]->unit;
}

bool encoder_takes16(int format) {
    return CODECS[format]->encode16 != NULL;
}

int encoder_encode(struct encoder *e, const float *audio, encoder_sink *sink, void *self) {
    return e->codec->encode(e, audio, sink, self);
}

int encoder_encode16(struct encoder *e, const int16_t *pcm, encoder_sink *sink, void *self) {
    return e->codec->encode16(e, pcm, sink, self);
}

uint32_t encoder_delay(const struct encoder *e) {
    return e->delay;
}

size_t encoder_header(const struct encoder *e, const unsigned char **bytes) {
    *bytes = e->header;
    return e->header_size;
}

void encoder_set_complexity(struct encoder *e, int complexity) {
    int most = ENCODER_COMPLEXITY_MAX;
    atomic_store(&e->complexity, complexity < 0 ? 0 : complexity > most ? most : complexity);
}

static void drop_packet(void *self, const unsigned char *bytes, size_t size, uint32_t frames) {
    (void)self, (void)bytes, (void)size, (void)frames;
}

void encoder_rehearse(void) {
    enum { UNITS = 10 };
    float noise[2 * ENCODER_UNIT_MAX];
    int16_t pcm[2 * ENCODER_UNIT_MAX];
    struct random random = random_at(0, 0, 0, 0);
    for (int i = 0; i < 2 * ENCODER_UNIT_MAX; i++) {
        noise[i] = (float)random_range(&random, -0.1, 0.1);
        pcm[i] = (int16_t)(noise[i] * 32767);
    }
    for (int format = 0; format < ENCODER_FORMATS; format++) {
        struct encoder *e;
        if (encoder_create(&(struct encoder_config){.format = format}, &e) < 0) continue;
        for (int i = 0; i < UNITS; i++)
            encoder_takes16(format) ? encoder_encode16(e, pcm, drop_packet, NULL)
                                    : encoder_encode(e, noise, drop_packet, NULL);
        encoder_destroy(e);
    }
}
