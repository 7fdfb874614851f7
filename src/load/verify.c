/* verify.c — are these the samples of the piece? (see verify.h)
 *
 * float32 must agree bit for bit. int16 goes through the server's own dither, which is a function of the seed
 * and the frame, and must be equal; v0 and v1 are compared as base64. A piece that could only be rendered
 * from its middle (a station that plays for long) agrees to a tolerance instead. Opus is decoded and must
 * correlate with the piece. A station as v0 and v1 hear
 * it has gone through a resampler whose state is not known here: nothing to compare with. */
#include "load/verify.h"

#include "server/v1.h"
#ifdef AURALIS_WITH_OPUS
#include <opus/opus.h>
#endif
#include "synth/pcm16.h"

#include <math.h>
#include <string.h>

void verify_begin(struct listener *l, uint64_t seed, const auralis_parameters *parameters) {
    struct crowd *c = l->crowd;
    if (!l->verified) return;
    if (c->config->plant == PLANT_SEED && l->number == 0) seed++;
    if (l->shared && l->kind.version < 2) {
        l->verified = false;
    } else if (!l->shared) {
        l->own = reference_open(c->engine, seed, l->rate, parameters, l->frame, REFERENCE_SHORT);
        l->verified = l->own != NULL;
    } else if (!c->station) {
        c->station = reference_open(c->engine, seed, l->rate, parameters, l->frame, REFERENCE_LONG);
        l->verified = c->station != NULL;
    }
    c->results->verified_listeners += l->verified;
}

#ifdef AURALIS_WITH_OPUS

enum { PACKET = OPUS_PACKET_FRAMES, DELAY = 312 }; /* frames by which what is decoded lags */
static const double LIKE = 0.8, AUDIBLE = 1e-6;

static bool decode(struct listener *l, const struct audio_message *m, float *out) {
    int error;
    if (!l->decoder) l->decoder = opus_decoder_create(48000, 2, &error);
    if (!l->decoder) return false;
    const unsigned char *at = m->data, *end = at + m->size;
    for (size_t size; at < end && (size = message_packet(at, (size_t)(end - at)));
         at += 2 + size, out += 2 * PACKET)
        if (opus_decode_float(l->decoder, at + 2, (opus_int32)size, out, PACKET, 0) != PACKET) return false;
    return at == end;
}

/* 1 where what is decoded is not the piece; the decoder's first packets are not judged. */
static size_t differing_opus(struct listener *l, const struct audio_message *m) {
    float decoded[2 * OPUS_CHUNK_FRAMES_MAX];
    if (!decode(l, m, decoded)) return 1;
    double xy = 0, xx = 0, yy = 0;
    for (uint32_t i = 0; i < 2 * (m->frames - DELAY); i++) {
        double x = (double)decoded[i + 2 * DELAY], y = (double)l->crowd->audio[i];
        xy += x * y;
        xx += x * x;
        yy += y * y;
    }
    bool judged = l->count > 0 && !m->discontinuity && yy > AUDIBLE * m->frames;
    return judged && xy < LIKE * sqrt(xx * yy);
}

static void forget_decoder(struct listener *l) {
    if (l->decoder) opus_decoder_destroy(l->decoder);
    l->decoder = NULL;
}

#else

static size_t differing_opus(struct listener *l, const struct audio_message *m) {
    (void)l, (void)m;
    return 0;
}
static void forget_decoder(struct listener *l) {
    (void)l;
}

#endif

void verify_end(struct listener *l) {
    forget_decoder(l);
    reference_close(l->own);
    l->own = NULL;
    l->verified = false;
}

/* How many of the samples are not what they should be. */
static size_t differing_floats(const unsigned char *data, const float *expected, size_t count,
                               float tolerance) {
    size_t differing = 0;
    if (tolerance <= 0 && !memcmp(data, expected, count * sizeof *expected)) return 0;
    for (size_t i = 0; i < count; i++) {
        float sample;
        memcpy(&sample, data + i * sizeof sample, sizeof sample);
        bool same = tolerance > 0 ? fabsf(sample - expected[i]) <= tolerance
                                  : !memcmp(&sample, &expected[i], sizeof sample);
        differing += !same;
    }
    return differing;
}

static size_t differing_ints(const unsigned char *data, const int16_t *expected, size_t count,
                             int tolerance) {
    size_t differing = 0;
    if (!memcmp(data, expected, count * sizeof *expected)) return 0;
    for (size_t i = 0; i < count; i++) {
        int16_t sample = (int16_t)(uint16_t)(data[2 * i] | data[2 * i + 1] << 8);
        int difference = sample - expected[i];
        differing += difference > tolerance || difference < -tolerance;
    }
    return differing;
}

static size_t differing_text(struct crowd *c, const struct audio_message *m) {
    size_t length = base64_encode(c->text, c->pcm, (size_t)m->frames * 2 * sizeof(int16_t)), differing = 0;
    for (size_t i = 0; i < length; i++) differing += (unsigned char)c->text[i] != m->data[i];
    return differing;
}

void verify_message(struct listener *l, const struct audio_message *m, uint64_t frame) {
    struct crowd *c = l->crowd;
    struct reference *r = l->shared ? c->station : l->own;
    if (!l->verified || !r) return;
    if (m->frames > CROWD_FRAMES_MAX || !reference_copy(r, frame, c->audio, m->frames)) {
        c->results->unverified_messages++;
        return;
    }
    size_t count = (size_t)m->frames * 2, differing;
    size_t from = !m->faded ? 0 : m->frames < MESSAGE_FADE ? count : 2 * MESSAGE_FADE;
    bool exact = reference_exact(r);
    if (l->kind.version < 2 || l->kind.format == STREAM_INT16)
        pcm16_convert(c->pcm, c->audio, m->frames, pcm16_key(reference_seed(r)), frame);
    if (l->kind.version < 2)
        differing = differing_text(c, m);
    else if (l->kind.format == STREAM_OPUS)
        differing = differing_opus(l, m);
    else if (l->kind.format == STREAM_FLOAT32)
        differing = differing_floats(m->data + from * sizeof(float), c->audio + from, count - from,
                                     exact ? 0 : REFERENCE_TOLERANCE);
    else
        differing = differing_ints(m->data + from * sizeof(int16_t), c->pcm + from, count - from,
                                   exact ? 0 : (int)(REFERENCE_TOLERANCE * 32768) + 1);
    c->results->verified_messages++;
    c->results->verified_frames += m->frames;
    if (differing)
        crowd_fault(c, &c->results->wrong, l,
                    "%zu of %zu samples or characters from frame %llu on are not the piece's", differing,
                    count, (unsigned long long)frame);
}
