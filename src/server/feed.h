/* feed.h — where a listener's chunks come from, and how far it has got.
 *
 * A stream of its own, a station's ring or lane, or either of them as Opus packets: to the listener they look
 * the same, a row of chunks of equal length, of which it takes the next one or passes over it. One thread at
 * a time. */
#ifndef AURALIS_SERVER_FEED_H
#define AURALIS_SERVER_FEED_H

#include "server/encoding.h"
#include "server/lane.h"
#include "stream/live.h"

enum { FEED_PACKET = 960 };

struct feed {
    struct live_stream *stream; /* its own, or the station's */
    struct lane *lane;          /* v0 and v1 on a station, else NULL */
    struct encoding *encoding;  /* packets of FEED_PACKET frames; NULL: samples */
    bool own;
    uint32_t rate, chunk; /* chunk: frames */
    uint64_t first;       /* frame of the stream (of the lane) that the listener began with */
    uint64_t frame;       /* of the next chunk */
    uint64_t owed;        /* own: frames passed over that have not been rendered yet */
};

/* Whether the next chunk can be taken now. A feed that was left behind by the ring moves on to what is still
 * there and says so in `lost`. */
bool feed_ready(struct feed *feed, bool *lost);

/* A station's: the next chunk is about to be gone, since so much has come after it. */
bool feed_leaving(const struct feed *feed);

/* Own: asks for a wake-up when there is more. */
void feed_want(struct feed *feed);

/* The next chunk's samples (not of a lane or an encoding); false when it is not there. */
bool feed_copy(struct feed *feed, float *audio);
bool feed_copy16(struct feed *feed, int16_t *pcm); /* in 16 bits, dithered */

/* The next chunk's packets, each after its size (u16, little-endian), into out[room]; how many bytes, 0 when
 * they are not there. */
size_t feed_packets(struct feed *feed, unsigned char *out, size_t room);

/* Moves on by a chunk that was taken, or passes over one. */
void feed_advance(struct feed *feed);
void feed_pass(struct feed *feed);

/* Own: lets go of its stream and of what encodes it. */
void feed_close(struct feed *feed);

/* How long after its first frame the next chunk begins, ns. */
int64_t feed_position(const struct feed *feed);

#endif
