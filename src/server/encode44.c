/* encode44.c — 100 ms of a v0 or v1 listener's feed as base64 (see encode44.h). */
#include "server/encode44.h"

#include "base/monotonic.h"

#include <stdlib.h>
#include <string.h>

enum { FADE = V1_RATE / 50, FADE_TEXT = BASE64_LENGTH(4 * FADE) };
_Static_assert(4 * FADE % 3 == 0, "whole groups of base64");

/* What comes, as if nothing had been passed over. */
static const char *plain(struct listener *l) {
    struct loop *loop = l->loop;
    if (l->feed.lane) return lane_chunk(l->feed.lane, l->feed.frame / l->feed.chunk);
    int16_t pcm[V1_SAMPLES_PER_CHUNK];
    int64_t begin = monotonic_now();
    if (!feed_copy16(&l->feed, pcm)) return NULL;
    base64_encode(loop->text, pcm, sizeof pcm);
    histogram_add(&loop->server->metrics.encoding, monotonic_now() - begin, 1);
    return loop->text;
}

void encode44_passing(struct listener *l) {
    if (l->discontinuity) return;
    const char *next = plain(l);
    l->bridge = next ? malloc(FADE_TEXT) : NULL;
    if (l->bridge) memcpy(l->bridge, next, FADE_TEXT);
}

/* From the samples that are kept to those of the chunk. Little-endian, as they travel. */
static void cross(char *text, const char *kept) {
    unsigned char from[4 * FADE], to[4 * FADE];
    base64_decode(from, kept, FADE_TEXT);
    base64_decode(to, text, FADE_TEXT);
    for (size_t i = 0; i < 2 * FADE; i++) {
        float t = ((float)(i / 2) + 0.5f) / FADE, weight = t * t * (3 - 2 * t);
        float a = (int16_t)(from[2 * i] | from[2 * i + 1] << 8),
              b = (int16_t)(to[2 * i] | to[2 * i + 1] << 8);
        int16_t sum = (int16_t)(a + (b - a) * weight);
        to[2 * i] = (unsigned char)sum;
        to[2 * i + 1] = (unsigned char)(sum >> 8);
    }
    base64_encode(text, to, sizeof to);
}

const char *encode44(struct listener *l) {
    const char *data = plain(l);
    if (!data || !l->bridge) return data;
    if (data != l->loop->text) memcpy(l->loop->text, data, V1_AUDIO_BASE64);
    cross(l->loop->text, l->bridge);
    free(l->bridge);
    l->bridge = NULL;
    return l->loop->text;
}

void encode44_part(struct listener *l, const char *reason) {
    char text[V1_MESSAGE_MAX];
    listener_say(l, text, v1_shutdown_warning(text, sizeof text, reason, V1_DRAIN_SECONDS));
}

double encode44_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
