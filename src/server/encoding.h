/* encoding.h — a live stream as a row of encoded parts, made by the encoder pool.
 *
 * A *private* encoding reads a private stream of its own (which it closes in the end) and stays a few parts
 * ahead of its one reader, who says how far it has come (encoding_taken). A *shared* one follows a station's
 * clock: what is rendered is encoded at once, any number of readers copy parts at cursors of their own, and
 * the last seconds stay there. A part is what is sent in one piece: an Ogg page of 100 ms, five MP3 frames, a
 * FLAC frame, 40 ms of samples; with `bare` a single Opus packet of 20 ms, without a page around it. A part's
 * frame is that of the stream whose sound was put in; decoded, it lags by encoding_delay.
 *
 * Part numbers: 0, 1, … of a private encoding; of a shared one the part that begins at station frame f is
 * number f / (frames of a part), so that numbers go on where an earlier encoding of the station ended. A part
 * of no bytes stands for sound that was missed. */
#ifndef AURALIS_SERVER_ENCODING_H
#define AURALIS_SERVER_ENCODING_H

#include "server/encoder_pool.h"
#include "stream/encoder.h"
#include "stream/live.h"
#include "stream/part_ring.h"

enum { ENCODING_PART_MAX = 20 * 1024, ENCODING_HEADER_MAX = 512 };

struct encoding;

/* Zero-initialise, then fill what is needed. */
struct encoding_spec {
    struct encoder_config encoder;
    struct live_stream *stream; /* private: belongs to the encoding, also when it could not be opened */
    bool shared, bare;
    uint32_t keep_ms;  /* shared: what stays readable; default 10,000 */
    const char *title; /* of an Ogg chain */
    void (*notify)(
        void *self); /* private: on a pool thread; there is a part that was waited for. May be NULL */
    void *self;
};

/* Any thread. AURALIS_ELIMIT: the pool has as many as it may; else as encoder_create. */
int encoding_open(struct encoder_pool *pool, const struct encoding_spec *spec, struct encoding **out);
/* Any thread, once. A station's stream is not read any more when this returns; a private one is closed in a
 * moment. NULL is fine. */
void encoding_close(struct encoding *encoding);

/* The stream or the encoder failed: no more parts will come. */
bool encoding_failed(const struct encoding *encoding);

/* What a listener gets before the first part (at most ENCODING_HEADER_MAX bytes, 0 for none). */
size_t encoding_header(const struct encoding *encoding, const unsigned char **bytes);

/* Frames of a part; frames by which the decoded sound lags (pre-skip). */
uint32_t encoding_part_frames(const struct encoding *encoding);
uint32_t encoding_delay(const struct encoding *encoding);

/* The parts: read them with part_ring_read and its kin. Any thread. */
const struct part_ring *encoding_parts(const struct encoding *encoding);

/* Private, the reader: parts below `number` are done with. */
void encoding_taken(struct encoding *encoding, uint64_t number);
/* Private, the reader: wants a call of notify as soon as there is a part more; then looks again. */
void encoding_wait(struct encoding *encoding);

#endif
