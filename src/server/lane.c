/* lane.c — a station as v0 and v1 hear it (see lane.h).
 *
 * libsoxr runs continuously over the whole station, so that chunks join without a seam; its delay of a few
 * milliseconds is made up by reading that much further ahead. */
#include "server/lane.h"

#include "base/monotonic.h"
#include "synth/pcm16.h"

#include <soxr.h>
#include <stdlib.h>

enum { READ = 480 }; /* station frames given to the resampler at a time */

struct lane {
    struct live_stream *station;
    struct metrics *metrics;
    soxr_t soxr;
    uint64_t dither_key;
    int64_t origin; /* when lane frame 0 is due */
    uint64_t from;  /* next station frame to read */
    uint64_t made;  /* chunks */
    size_t filled;  /* frames of the chunk in the making */
    float audio[2 * V1_CHUNK_FRAMES];
    char text[LANE_CHUNKS][V1_AUDIO_BASE64];
};

struct lane *lane_create(struct live_stream *station, uint64_t seed, uint32_t ahead_ms,
                         struct metrics *metrics) {
    struct lane *lane = calloc(1, sizeof *lane);
    if (!lane) return NULL;
    soxr_error_t error;
    uint32_t rate = live_rate(station);
    soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    lane->soxr = soxr_create(rate, V1_RATE, 2, &error, NULL, &quality, NULL);
    if (!lane->soxr) {
        free(lane);
        return NULL;
    }
    int64_t now = monotonic_now();
    uint64_t due = live_due(station, now), back = (uint64_t)rate * ahead_ms / 1000,
             oldest = live_oldest(station);
    lane->station = station;
    lane->metrics = metrics;
    lane->dither_key = pcm16_key(seed);
    lane->from = due > oldest + back ? due - back : oldest;
    lane->origin = now - monotonic_span(due - lane->from, rate);
    return lane;
}

void lane_destroy(struct lane *lane) {
    if (!lane) return;
    soxr_delete(lane->soxr);
    free(lane);
}

int64_t lane_due(const struct lane *lane, uint64_t chunk) {
    return lane->origin + (int64_t)chunk * V1_CHUNK_MS * MONOTONIC_MS;
}

uint64_t lane_chunk_at(const struct lane *lane, int64_t now) {
    return now > lane->origin ? (uint64_t)((now - lane->origin) / (V1_CHUNK_MS * MONOTONIC_MS)) : 0;
}

uint64_t lane_oldest(const struct lane *lane) {
    return lane->made > LANE_CHUNKS ? lane->made - LANE_CHUNKS : 0;
}

/* Adds what the resampler gives for the next station frames to the chunk; false when there are none yet. */
static bool resample(struct lane *lane) {
    float in[2 * READ];
    size_t used, made;
    uint64_t oldest = live_oldest(lane->station);
    if (lane->from < oldest) lane->from = oldest; /* nobody listened for seconds */
    if (!live_copy_at(lane->station, lane->from, in, READ)) return false;
    soxr_process(lane->soxr, in, READ, &used, lane->audio + 2 * lane->filled, V1_CHUNK_FRAMES - lane->filled,
                 &made);
    lane->from += used;
    lane->filled += made;
    return true;
}

static void encode(struct lane *lane) {
    int64_t begin = monotonic_now();
    int16_t pcm[2 * V1_CHUNK_FRAMES];
    pcm16_convert(pcm, lane->audio, V1_CHUNK_FRAMES, lane->dither_key, lane->made * V1_CHUNK_FRAMES);
    base64_encode(lane->text[lane->made % LANE_CHUNKS], pcm, sizeof pcm);
    lane->made++;
    lane->filled = 0;
    histogram_add(&lane->metrics->encoding, monotonic_now() - begin, 1);
}

const char *lane_chunk(struct lane *lane, uint64_t chunk) {
    if (chunk < lane_oldest(lane)) return NULL;
    while (lane->made <= chunk) {
        while (lane->filled < V1_CHUNK_FRAMES)
            if (!resample(lane)) return NULL;
        encode(lane);
    }
    return lane->text[chunk % LANE_CHUNKS];
}
