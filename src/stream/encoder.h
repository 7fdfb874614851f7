/* encoder.h — sound in, packets out, while it plays: Opus, MP3, FLAC, or plain 16-bit samples.
 *
 *     struct encoder *e;
 *     encoder_create(&(struct encoder_config){.format = ENCODER_OPUS}, &e);
 *     … each time encoder_unit(e) frames are there:
 *     encoder_encode(e, audio, sink, self);     calls sink once for every finished packet
 *     encoder_encode16(e, pcm, sink, self);     instead, where encoder_takes16(format)
 *     encoder_destroy(e);
 *
 * A packet is what a decoder takes as one: an Opus packet of 20 ms, an MP3 frame, a FLAC frame. Every packet
 * can be decoded by itself or after a few before it (the MP3 bit reservoir is off), so a listener may begin
 * at any of them; a FLAC or WAV listener needs encoder_header first. Packets tile time: packet by packet
 * their frames add up to what was put in, less what the encoder still holds. FLAC and WAV have 16 bits and
 * take samples that were dithered where they came from (pcm16.h), so that they are those of a 16-bit file.
 *
 * An encoder belongs to one thread at a time; only encoder_set_complexity may come from any. Nothing here is
 * for render threads: the libraries allocate. */
#ifndef AURALIS_STREAM_ENCODER_H
#define AURALIS_STREAM_ENCODER_H

#include <auralis/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum encoder_format { ENCODER_OPUS, ENCODER_MP3, ENCODER_FLAC, ENCODER_WAV, ENCODER_FORMATS };

enum {
    ENCODER_UNIT_MAX = 4096,            /* frames that a unit has at most */
    ENCODER_PACKET_MAX = 4 * 4096 + 64, /* bytes that a packet has at most, … */
    ENCODER_OPUS_MAX = 1500,            /* … and one of Opus */
    ENCODER_HEADER_MAX = 256,
    ENCODER_COMPLEXITY_MAX = 10
};

/* Zero-initialise; every zero means the default. */
struct encoder_config {
    int format;       /* enum encoder_format */
    uint32_t rate;    /* Hz; default 48,000; Opus knows no other */
    uint32_t bitrate; /* kbit/s: Opus 32 to 320, default 96; MP3 64 to 320, default 160; else of no meaning */
};

struct encoder;

/* One finished packet: `frames` of time. `bytes` is only valid during the call. */
typedef void encoder_sink(void *self, const unsigned char *bytes, size_t size, uint32_t frames);

/* Whether this build has the format; its name, which is also the suffix of its files ("opus"); and back, −1
 * for none. */
bool encoder_available(int format);
const char *encoder_name(int format);
int encoder_find(const char *name);

/* AURALIS_EUNSUPPORTED: not in this build; AURALIS_EINVAL: bitrate or rate; AURALIS_ENOMEM. */
int encoder_create(const struct encoder_config *config, struct encoder **out);
void encoder_destroy(struct encoder *encoder); /* NULL is fine */

/* Stereo frames that one call takes: 960 for Opus, 1,152 for MP3, 4,096 for FLAC, 960 for WAV; of an encoder,
 * or of a format that is available. */
uint32_t encoder_unit(const struct encoder *encoder);
uint32_t encoder_unit_of(int format);

/* Whether an available format takes 16 bits (FLAC, WAV). */
bool encoder_takes16(int format);

/* Encodes encoder_unit interleaved stereo frames, as the format takes them. 0, or AURALIS_EINVAL when the
 * library fails (the stream is then over). */
int encoder_encode(struct encoder *encoder, const float *audio, encoder_sink *sink, void *self);
int encoder_encode16(struct encoder *encoder, const int16_t *pcm, encoder_sink *sink, void *self);

/* Frames by which what is decoded lags behind what was put in (Opus: the pre-skip). */
uint32_t encoder_delay(const struct encoder *encoder);

/* What has to stand before the first packet of a file or a stream; the bytes (at most ENCODER_HEADER_MAX, and
 * 0 where there are none) live as long as the encoder. */
size_t encoder_header(const struct encoder *encoder, const unsigned char **bytes);

/* Any thread: how hard Opus tries, 0 to ENCODER_COMPLEXITY_MAX (the default), from the next unit on. Other
 * formats ignore it. */
void encoder_set_complexity(struct encoder *encoder, int complexity);

/* Encodes a moment of noise in every format, for nobody: then the libraries' code and the calling thread's
 * stack are in memory, and the first listener does not wait for them. */
void encoder_rehearse(void);

#endif
