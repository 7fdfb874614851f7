/* broadcast.h — a station's sound as Opus, MP3, FLAC and WAV: encoded once per format, for everybody.
 *
 * A format is encoded from the moment that somebody wants it until nobody has for half a minute; then the
 * next one finds the numbers of its parts going on (encoding.h). Any thread. */
#ifndef AURALIS_SERVER_BROADCAST_H
#define AURALIS_SERVER_BROADCAST_H

#include "server/config.h"
#include "server/encoding.h"

struct broadcast;

/* Formats: those of encoder.h, and Opus packets without pages, for sockets. */
enum { BROADCAST_PACKETS = ENCODER_FORMATS, BROADCAST_FORMATS };

/* `stream` is the station's and outlives the broadcast; `config` outlives it too. NULL without memory. */
struct broadcast *broadcast_create(struct encoder_pool *pool, struct live_stream *stream,
                                   const struct station_config *station, const struct server_config *config);

/* Nobody is joined any more. Afterwards the stream is not read any more. NULL is fine. */
void broadcast_destroy(struct broadcast *broadcast);

/* The encoding of that format; NULL with an auralis result. Each join is followed by one leave. */
struct encoding *broadcast_join(struct broadcast *broadcast, int format, int *result);
void broadcast_leave(struct broadcast *broadcast, int format);

/* When the station began, Unix seconds. */
uint64_t broadcast_epoch(const struct broadcast *broadcast);

/* Now and then: ends what nobody wants. */
void broadcast_tend(struct broadcast *broadcast, int64_t now);

#endif
