/* broadcast.c — a station's sound in every format (see broadcast.h). */
#include "server/broadcast.h"

#include "base/monotonic.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

static const int64_t LINGER = 30 * MONOTONIC_SECOND;
/* MP3 is kept for the segments of HLS, the others for listeners who lag. */
enum { KEEP_MS = 18000, KEEP_MP3_MS = 45000 };

struct broadcast {
    struct encoder_pool *pool;
    struct live_stream *stream;
    const struct station_config *station;
    const struct server_config *config;
    uint64_t epoch;
    pthread_mutex_t lock; /* held while one is opened or closed */
    struct format {
        struct encoding *encoding;
        uint32_t users;
        int64_t left; /* when the last one did */
    } format[BROADCAST_FORMATS];
};

struct broadcast *broadcast_create(struct encoder_pool *pool, struct live_stream *stream,
                                   const struct station_config *station, const struct server_config *config) {
    struct broadcast *b = calloc(1, sizeof *b);
    if (!b) return NULL;
    b->pool = pool;
    b->epoch = (uint64_t)time(NULL);
    b->stream = stream;
    b->station = station;
    b->config = config;
    pthread_mutex_init(&b->lock, NULL);
    return b;
}

void broadcast_destroy(struct broadcast *b) {
    if (!b) return;
    for (int i = 0; i < BROADCAST_FORMATS; i++) encoding_close(b->format[i].encoding);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

static int open_format(struct broadcast *b, int which) {
    char title[64];
    int format = which == BROADCAST_PACKETS ? ENCODER_OPUS : which;
    snprintf(title, sizeof title, "Auralis: %s", b->station->name);
    struct encoding_spec spec = {.encoder = {.format = format,
                                             .bitrate = format == ENCODER_OPUS  ? b->config->opus_bitrate
                                                        : format == ENCODER_MP3 ? b->config->mp3_bitrate
                                                                                : 0},
                                 .stream = b->stream,
                                 .shared = true,
                                 .bare = which == BROADCAST_PACKETS,
                                 .keep_ms = format == ENCODER_MP3 ? KEEP_MP3_MS : KEEP_MS,
                                 .title = title};
    return encoding_open(b->pool, &spec, &b->format[which].encoding);
}

struct encoding *broadcast_join(struct broadcast *b, int format, int *result) {
    struct format *f = &b->format[format];
    pthread_mutex_lock(&b->lock);
    *result = f->encoding ? 0 : open_format(b, format);
    if (*result == 0) f->users++;
    struct encoding *encoding = *result == 0 ? f->encoding : NULL;
    pthread_mutex_unlock(&b->lock);
    return encoding;
}

void broadcast_leave(struct broadcast *b, int format) {
    pthread_mutex_lock(&b->lock);
    b->format[format].users--;
    b->format[format].left = monotonic_now();
    pthread_mutex_unlock(&b->lock);
}

uint64_t broadcast_epoch(const struct broadcast *b) {
    return b->epoch;
}

void broadcast_tend(struct broadcast *b, int64_t now) {
    pthread_mutex_lock(&b->lock);
    for (int i = 0; i < BROADCAST_FORMATS; i++) {
        struct format *f = &b->format[i];
        if (!f->encoding || f->users || now - f->left < LINGER) continue;
        encoding_close(f->encoding);
        f->encoding = NULL;
    }
    pthread_mutex_unlock(&b->lock);
}
