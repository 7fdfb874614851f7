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

/* Number of the next chunk's first packet. */
static uint64_t packet_of(const struct feed *f) {
    return (f->own ? f->frame - f->first : f->frame) / FEED_PACKET;
}

static uint64_t oldest_of(const struct feed *f) {
    if (f->encoding) return part_ring_oldest(encoding_parts(f->encoding)) * FEED_PACKET;
    return f->lane ? lane_oldest(f->lane) * f->chunk : live_oldest(f->stream);
}

static uint64_t round_up(uint64_t frames, uint32_t chunk) {
    return (frames + chunk - 1) / chunk * chunk;
}

bool feed_ready(struct feed *f, bool *lost) {
    if (f->own && !f->encoding) {
        settle(f);
        return !f->owed && live_filled(f->stream) >= f->chunk;
    }
    uint64_t oldest = oldest_of(f);
    if (!f->own && f->frame < oldest) {
        f->frame += round_up(oldest - f->frame, f->chunk);
        *lost = true;
    }
    if (f->encoding)
        return part_ring_head(encoding_parts(f->encoding)) >= packet_of(f) + f->chunk / FEED_PACKET;
    if (f->lane) return lane_chunk(f->lane, f->frame / f->chunk) != NULL;
    return live_head(f->stream) >= f->frame + f->chunk;
}

bool feed_leaving(const struct feed *f) {
    uint64_t oldest = f->own ? 0 : oldest_of(f);
    return oldest && f->frame < oldest + f->rate / 2;
}

void feed_want(struct feed *f) {
    if (f->encoding)
        encoding_wait(f->encoding);
    else if (f->own)
        live_want(f->stream);
}

bool feed_copy(struct feed *f, float *audio) {
    return f->own ? live_copy(f->stream, audio, f->chunk)
                  : live_copy_at(f->stream, f->frame, audio, f->chunk);
}

bool feed_copy16(struct feed *f, int16_t *pcm) {
    return f->own ? live_copy16(f->stream, pcm, f->chunk)
                  : live_copy16_at(f->stream, f->frame, pcm, f->chunk);
}

size_t feed_packets(struct feed *f, unsigned char *out, size_t room) {
    uint64_t first = packet_of(f);
    size_t at = 0;
    for (uint64_t number = first; number < first + f->chunk / FEED_PACKET; number++) {
        struct part part;
        unsigned char packet[ENCODER_PACKET_MAX];
        if (part_ring_read(encoding_parts(f->encoding), number, &part, packet, sizeof packet) != PART_READ ||
            at + 2 + part.size > room)
            return 0;
        out[at++] = (unsigned char)part.size;
        out[at++] = (unsigned char)(part.size >> 8);
        memcpy(out + at, packet, part.size);
        at += part.size;
    }
    return at;
}

void feed_advance(struct feed *f) {
    f->frame += f->chunk;
    if (!f->own) return;
    if (f->encoding)
        encoding_taken(f->encoding, packet_of(f));
    else
        live_skip(f->stream, f->chunk);
}

void feed_pass(struct feed *f) {
    if (f->encoding) {
        feed_advance(f);
        return;
    }
    f->frame += f->chunk;
    if (!f->own) return;
    f->owed += f->chunk;
    settle(f);
}

void feed_close(struct feed *f) {
    if (f->encoding)
        encoding_close(f->encoding);
    else
        live_close(f->stream);
    *f = (struct feed){0};
}

int64_t feed_position(const struct feed *f) {
    return monotonic_span(f->frame - f->first, f->rate);
}
