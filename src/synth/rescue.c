/* rescue.c — see rescue.h. */
#include "synth/rescue.h"
#include "synth/engine.h"
#include "synth/pcm16.h"

#include <string.h>

static const double SEAM_SECONDS = 0.02;

static auralis_stream_config config_of(const struct auralis_stream *s, const struct resume *r) {
    uint64_t latency = s->dry ? 0 : effects_latency(s->rate);
    return (auralis_stream_config){.seed = s->seed,
                                   .sample_rate = s->rate,
                                   .parameters = &r->playing,
                                   .start = r->preroll ? s->delivered : r->frame - latency,
                                   .score = s->score,
                                   .dry = s->dry,
                                   .instruments = s->instruments == UINT32_MAX ? 0 : s->instruments,
                                   .beat_frame = r->grid.frame,
                                   .beat = r->grid.beat};
}

/* From `back` frames before that moment on. A change of tempo within the limiter's look-ahead cannot be
 * started from: then the piece goes on as if it had always had its tempo. */
static int open_anew(struct auralis_stream *s, const struct resume *r, uint32_t back,
                     struct auralis_stream **out) {
    auralis_stream_config config = config_of(s, r);
    config.start -= back;
    if (config.beat_frame > config.start) config.beat_frame = config.beat = 0;
    int result = auralis_stream_open(s->engine, &config, out);
    if (result < 0) return result;
    auralis_stream_preroll(*out, UINT64_MAX);
    if (!s->score) auralis_stream_set(*out, &s->set, ~(auralis_parameter_set)0, NULL, NULL);
    return AURALIS_OK;
}

/* What was rendered but not yet read stays. */
static void keep_unread(struct auralis_stream *to, const struct auralis_stream *from) {
    to->delivered = from->delivered;
    to->skip = from->skip;
    to->carry_count = from->carry_count;
    to->carry_narrow = from->carry_narrow;
    memcpy(to->carry, from->carry, sizeof to->carry);
}

/* The last block that was delivered comes once more: how far its end is from what was heard is what steps. */
static void begin_seam(struct auralis_stream *anew, const struct resume *r) {
    float again[2 * BLOCK];
    int16_t narrow[2 * BLOCK];
    auralis_stream_read(anew, again, BLOCK);
    if (r->narrow) {
        pcm16_convert(narrow, again, BLOCK, pcm16_key(anew->seed), anew->delivered - BLOCK);
        pcm16_floats(again, narrow, 2 * BLOCK);
    }
    for (int side = 0; side < 2; side++) anew->seam[side] = r->last[side] - again[2 * BLOCK - 2 + side];
    anew->seam_length = anew->seam_left = (uint32_t)(SEAM_SECONDS * anew->rate);
}

static void exchange(struct auralis_stream *a, struct auralis_stream *b) {
    struct auralis_stream c = *a;
    *a = *b;
    *b = c;
    a->shard->stream[a->place] = a;
    b->shard->stream[b->place] = b;
}

bool rescue_waits(const struct auralis_stream *s) {
    return s->remote && engine_lost(s->engine);
}

int rescue(struct auralis_stream *s) {
    struct resume r = remote_resume(s);
    struct auralis_stream *anew;
    engine_one_more(s->engine, true);
    int result = open_anew(s, &r, r.heard ? BLOCK : 0, &anew);
    if (result == AURALIS_OK) {
        if (r.heard) begin_seam(anew, &r);
        if (!r.preroll) keep_unread(anew, s);
        exchange(s, anew);
        auralis_stream_close(anew);
    }
    engine_one_more(s->engine, false);
    return result;
}

void rescue_seam(struct auralis_stream *s, float *out, size_t frames) {
    for (size_t i = 0; i < frames && s->seam_left; i++, s->seam_left--) {
        float left = (float)s->seam_left / (float)s->seam_length, share = left * left * (3 - 2 * left);
        out[2 * i] += s->seam[0] * share;
        out[2 * i + 1] += s->seam[1] * share;
    }
}
