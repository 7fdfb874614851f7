/* live_fault.c — a stream whose rendering fails (see live_fault.h).
 *
 * What was delivered cannot be taken back, so the fade comes after it: the last 20 ms once more, backwards,
 * so that they join on without a step, sinking to nothing. */
#include "stream/live_fault.h"

#include "synth/pcm16.h"

enum { FADE = LIVE_SLICE, FAULTS_MAX = 5, FORGIVEN_SECONDS = 60 };

/* From 0 to 1 without a corner at either end. */
static float rise(uint32_t i) {
    float t = ((float)i + 0.5f) * (1.0f / FADE);
    return t * t * (3 - 2 * t);
}

/* FADE frames as floats. */
static bool read_ring(const struct frame_ring *ring, uint64_t from, float *audio) {
    int16_t pcm[2 * FADE];
    if (!ring->narrow) return frame_ring_copy(ring, from, audio, FADE);
    if (!frame_ring_copy(ring, from, pcm, FADE)) return false;
    pcm16_floats(audio, pcm, 2 * FADE);
    return true;
}

void fault_fade_out(const struct live_stream *s, float *audio, uint32_t frames) {
    float last[2 * FADE];
    uint64_t head = frame_ring_head(&s->ring);
    memset(audio, 0, 2 * frames * sizeof *audio);
    if (head < FADE || !read_ring(&s->ring, head - FADE, last)) return;
    for (uint32_t i = 0; i < FADE && i < frames; i++)
        for (uint32_t c = 0; c < 2; c++) audio[2 * i + c] = last[2 * (FADE - 1 - i) + c] * rise(FADE - 1 - i);
}

void fault_fade_in(float *audio, uint32_t frames) {
    for (uint32_t i = 0; i < FADE && i < frames; i++)
        for (uint32_t c = 0; c < 2; c++) audio[2 * i + c] *= rise(i);
}

/* What waits for its beat is asked for once more: with it, the beats before would lie elsewhere. */
static void restore_parameters(struct live_stream *s, uint64_t start) {
    s->parameters = s->current.parameters;
    if (s->current.applies_at <= start) return;
    s->parameters = s->settled;
    for (int i = 0; i < auralis_parameter_count(); i++) {
        if (s->pending_set >> i & 1) continue;
        auralis_parameters_put(&s->pending, i, auralis_parameters_get(&s->current.parameters, i), NULL);
        s->pending_set |= (auralis_parameter_set)1 << i;
    }
}

void fault_begin_again(struct live_stream *s) {
    auralis_stream_status status;
    uint64_t start = live_head(s);
    auralis_stream_get_status(s->stream, &status);
    auralis_stream_close(s->stream);
    s->stream = NULL;
    s->ready = false;
    restore_parameters(s, start);
    s->spec.stream.start = start;
    s->spec.stream.beat_frame = status.beat_frame;
    s->spec.stream.beat = status.beat;
    s->fades_in = true;
    if (start - s->faulted > (uint64_t)FORGIVEN_SECONDS * s->rate) s->faults = 0;
    s->faulted = start;
    if (++s->faults > FAULTS_MAX) atomic_store(&s->failed, true);
}
