/* reference.c — the piece that a listener should be hearing (see reference.h). */
#include "load/reference.h"

#include <stdlib.h>
#include <string.h>

enum { STEP = 960, FURTHEST = 60 * 48000 };

struct reference {
    auralis_stream *stream;
    uint64_t seed, oldest, head; /* frames kept: [oldest, head) */
    uint32_t kept;
    bool exact;
    float ring[];
};

struct reference *reference_open(auralis_engine *engine, uint64_t seed, uint32_t rate,
                                 const auralis_parameters *parameters, uint64_t from, uint32_t kept) {
    struct reference *r = malloc(sizeof *r + sizeof(float) * 2 * kept);
    if (!r) return NULL;
    bool exact = from <= REFERENCE_EXACT;
    auralis_stream_config config = {
        .seed = seed, .sample_rate = rate, .parameters = parameters, .start = exact ? 0 : from};
    *r = (struct reference){
        .seed = seed, .kept = kept, .exact = exact, .oldest = config.start, .head = config.start};
    if (auralis_stream_open(engine, &config, &r->stream) >= 0) return r;
    free(r);
    return NULL;
}

void reference_close(struct reference *r) {
    if (!r) return;
    auralis_stream_close(r->stream);
    free(r);
}

bool reference_exact(const struct reference *r) {
    return r->exact;
}

uint64_t reference_seed(const struct reference *r) {
    return r->seed;
}

/* `kept` is a power of two; a step may run over the ring's end. */
static bool render_step(struct reference *r) {
    float audio[2 * STEP];
    if (auralis_stream_read(r->stream, audio, STEP) < 0) return false;
    uint32_t at = (uint32_t)(r->head % r->kept), first = r->kept - at < STEP ? r->kept - at : STEP;
    memcpy(r->ring + 2 * (size_t)at, audio, sizeof(float) * 2 * first);
    memcpy(r->ring, audio + 2 * first, sizeof(float) * 2 * (STEP - first));
    r->head += STEP;
    if (r->head - r->oldest > r->kept) r->oldest = r->head - r->kept;
    return true;
}

bool reference_copy(struct reference *r, uint64_t from, float *out, uint32_t frames) {
    uint64_t furthest = r->head > r->oldest ? r->head + FURTHEST : r->head + REFERENCE_EXACT;
    if (from < r->oldest || from > furthest || frames > r->kept - STEP) return false;
    while (r->head < from + frames)
        if (!render_step(r)) return false;
    if (from < r->oldest) return false;
    for (uint32_t done = 0; done < frames;) {
        uint32_t at = (uint32_t)((from + done) % r->kept), count = r->kept - at;
        if (count > frames - done) count = frames - done;
        memcpy(out + 2 * (size_t)done, r->ring + 2 * (size_t)at, sizeof(float) * 2 * count);
        done += count;
    }
    return true;
}
