/* feed.c — where a listener's chunks come from (see feed.h). */
#include "server/feed.h"

#include "base/monotonic.h"

/* Passes over what is owed, as far as it has been rendered. */
static void settle(struct feed *f) {
    uint64_t filled = live_filled(f->stream), now = f->owed < filled ? f->owed : filled;
    if (!now) return;
    live_skip(f->stream, now);
    f->owed -= now;
}

static uint64_t round_up(uint64_t frames, uint32_t chunk) {
    return (frames + chunk - 1) / chunk * chunk;
}

bool feed_ready(struct feed *f, bool *lost) {
    if (f->own) {
        settle(f);
        return !f->owed && live_filled(f->stream) >= f->chunk;
    }
    uint64_t oldest = f->lane ? lane_oldest(f->lane) * f->chunk : live_oldest(f->stream);
    if (f->frame < oldest) {
        f->frame += round_up(oldest - f->frame, f->chunk);
        *lost = true;
    }
    if (f->lane) return lane_chunk(f->lane, f->frame / f->chunk) != NULL;
    return live_head(f->stream) >= f->frame + f->chunk;
}

void feed_want(struct feed *f) {
    if (f->own) live_want(f->stream);
}

bool feed_copy(struct feed *f, float *audio) {
    return f->own ? live_copy(f->stream, audio, f->chunk)
                  : live_copy_at(f->stream, f->frame, audio, f->chunk);
}

void feed_advance(struct feed *f) {
    if (f->own) live_skip(f->stream, f->chunk);
    f->frame += f->chunk;
}

void feed_pass(struct feed *f) {
    f->frame += f->chunk;
    if (!f->own) return;
    f->owed += f->chunk;
    settle(f);
}

int64_t feed_position(const struct feed *f) {
    return monotonic_span(f->frame - f->first, f->rate);
}
