/* lane.h — a station as v0 and v1 hear it: 44,100 Hz, 16 bits, base64, 100 ms at a time.
 *
 * Resampled once, encoded once a chunk, shared by every v0 and v1 listener of the station on one event loop.
 * A lane lives while it has listeners, keeps the last few seconds of chunks, and makes new ones when a
 * listener asks. Chunk c holds frames 4,410 c … of the lane and is due at lane_due(c). One thread at a time.
 */
#ifndef AURALIS_SERVER_LANE_H
#define AURALIS_SERVER_LANE_H

#include "server/metrics.h"
#include "server/v1.h"
#include "stream/live.h"

enum { LANE_CHUNKS = 140 }; /* as long as a station's sound is there; 3.3 MB */

struct lane;

/* Begins `ahead_ms` (at most the station's history) behind the clock. NULL without memory. Encoding times go
 * to `metrics`. */
struct lane *lane_create(struct live_stream *station, uint64_t seed, uint32_t ahead_ms,
                         struct metrics *metrics);
void lane_destroy(struct lane *lane); /* NULL is fine */

/* When chunk c is due, ns; the chunk that is due at `now`. */
int64_t lane_due(const struct lane *lane, uint64_t chunk);
uint64_t lane_chunk_at(const struct lane *lane, int64_t now);

/* The base64 text (V1_AUDIO_BASE64 characters, not terminated) of a chunk, valid until the next call; NULL
 * when it is not rendered yet or, see lane_oldest, gone. */
const char *lane_chunk(struct lane *lane, uint64_t chunk);
uint64_t lane_oldest(const struct lane *lane);

#endif
