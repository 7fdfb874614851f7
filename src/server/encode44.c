/* encode44.c — 100 ms of a v0 or v1 listener's feed as base64 (see encode44.h). */
#include "server/encode44.h"

#include "base/monotonic.h"
#include "stream/pcm16.h"

const char *encode44(struct listener *l) {
    struct loop *loop = l->loop;
    if (l->feed.lane) return lane_chunk(l->feed.lane, l->feed.frame / l->feed.chunk);
    if (!feed_copy(&l->feed, loop->audio)) return NULL;
    int64_t begin = monotonic_now();
    int16_t pcm[V1_SAMPLES_PER_CHUNK];
    pcm16_convert(pcm, loop->audio, V1_CHUNK_FRAMES, pcm16_key(listener_seed(l)), l->feed.frame);
    base64_encode(loop->text, pcm, sizeof pcm);
    histogram_add(&loop->server->metrics.encoding, monotonic_now() - begin, 1);
    return loop->text;
}

double encode44_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
