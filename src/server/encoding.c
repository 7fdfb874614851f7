/* encoding.c — a live stream as a row of encoded parts (see encoding.h).
 *
 * One run makes at most one part (or five bare packets), so that a thousand encodings share the pool fairly.
 * A private encoding that is far enough ahead sleeps until its reader has taken something; one that lacks
 * sound looks again in a moment. A shared one looks again when the sound of its next part should be there. */
#include "server/encoding.h"

#include "base/monotonic.h"
#include "base/random.h"
#ifdef AURALIS_WITH_OPUS
#include "stream/ogg_pages.h"
#endif

static const int64_t SHORT = 2 * MONOTONIC_MS;
enum { AHEAD_MS = 200, KEEP_MS = 10000, FULL_RATE = 48000 * 4, PAGE_HEAD = 27 + 255 };

/* Packets that make a part. */
static const uint32_t PACKETS[ENCODER_FORMATS] = {
    [ENCODER_OPUS] = 5, [ENCODER_MP3] = 5, [ENCODER_FLAC] = 1, [ENCODER_WAV] = 2};

struct encoding {
    struct encoder_job job;
    struct encoder_pool *pool;
    struct encoding_spec spec;
    struct encoder *encoder;
    struct ogg_pages *ogg;
    uint32_t part_frames, unit, rate, ahead; /* ahead: parts */
    uint64_t next;                           /* shared: station frame to be encoded next */
    uint64_t number, origin;                 /* of the part in the making; frame of part 0 */
    _Atomic uint64_t taken;
    _Atomic bool waited, failed;
    bool takes16;
    size_t header_size;
    unsigned char header[ENCODING_HEADER_MAX];
    struct part_ring parts;
    uint32_t size, frames; /* of the part in the making */
    uint32_t room;         /* bytes of … */
    unsigned char part[];
};

/* Making parts ------------------------------------------------------------------------------------------- */

static void finish_part(struct encoding *e) {
#ifdef AURALIS_WITH_OPUS
    if (e->ogg) e->size = (uint32_t)ogg_pages_flush(e->ogg, e->part, e->room);
#endif
    part_ring_write(&e->parts, e->origin + e->number * e->part_frames, e->frames, e->part, e->size);
    e->number++;
    e->size = e->frames = 0;
}

/* The encoder's sink. */
static void take_packet(void *self, const unsigned char *bytes, size_t size, uint32_t frames) {
    struct encoding *e = self;
#ifdef AURALIS_WITH_OPUS
    if (e->ogg) ogg_pages_add(e->ogg, bytes, size, frames);
#endif
    if (!e->ogg && size <= e->room - e->size) {
        memcpy(e->part + e->size, bytes, size);
        e->size += (uint32_t)size;
    }
    e->frames += frames;
    if (e->frames >= e->part_frames) finish_part(e);
}

/* Left behind by the station: empty parts stand for what is gone. */
static void pass_over(struct encoding *e, uint64_t oldest) {
    while (e->next < oldest) {
        e->size = 0;
        e->frames = e->part_frames;
        finish_part(e);
        e->next = e->number * e->part_frames;
    }
}

/* A unit of sound as the format takes it. */
union sound {
    float audio[2 * ENCODER_UNIT_MAX];
    int16_t pcm[2 * ENCODER_UNIT_MAX];
};

static bool copy_sound(const struct encoding *e, union sound *sound) {
    const struct live_stream *s = e->spec.stream;
    if (e->spec.shared)
        return e->takes16 ? live_copy16_at(s, e->next, sound->pcm, e->unit)
                          : live_copy_at(s, e->next, sound->audio, e->unit);
    return e->takes16 ? live_copy16(s, sound->pcm, e->unit) : live_copy(s, sound->audio, e->unit);
}

/* The next one: where it lies, or a copy in `sound`; NULL: it is not there. */
static const void *find_sound(struct encoding *e, union sound *sound) {
    const struct live_stream *s = e->spec.stream;
    if (!e->spec.shared) {
        if (live_filled(s) < e->unit) return NULL;
        const float *there = e->takes16 ? NULL : live_look(s, e->unit);
        if (there) return there;
    } else {
        pass_over(e, live_oldest(s));
        if (live_head(s) < e->next + e->unit) return NULL;
    }
    return copy_sound(e, sound) ? sound : NULL;
}

static int encode(struct encoding *e, const void *sound) {
    return e->takes16 ? encoder_encode16(e->encoder, sound, take_packet, e)
                      : encoder_encode(e->encoder, sound, take_packet, e);
}

static void move_on(struct encoding *e) {
    if (e->spec.shared)
        e->next += e->unit;
    else
        live_skip(e->spec.stream, e->unit);
}

static bool is_far_enough(const struct encoding *e) {
    return !e->spec.shared && e->number >= atomic_load(&e->taken) + e->ahead;
}

static void tell(struct encoding *e) {
    if (atomic_exchange(&e->waited, false) && e->spec.notify) e->spec.notify(e->spec.self);
}

static int64_t give_up(struct encoding *e) {
    atomic_store(&e->failed, true);
    tell(e);
    return 0;
}

/* When there should be sound for the rest of the part. */
static int64_t look_again(const struct encoding *e, int64_t now) {
    if (!e->spec.shared) {
        live_want(e->spec.stream);
        return now + SHORT;
    }
    uint64_t head = live_head(e->spec.stream), wanted = e->next + e->part_frames - e->frames;
    return now + SHORT + (wanted > head ? monotonic_span(wanted - head, e->rate) : 0);
}

static int64_t run(struct encoder_job *job, int64_t now) {
    struct encoding *e = (struct encoding *)(void *)job;
    uint64_t end = e->number + (e->spec.bare ? PACKETS[ENCODER_OPUS] : 1);
    union sound sound;
    if (live_failed(e->spec.stream)) return give_up(e);
    if (is_far_enough(e)) return 0;
    encoder_set_complexity(e->encoder, encoder_pool_complexity(e->pool));
    while (e->number < end) {
        const void *unit = find_sound(e, &sound);
        if (!unit) return look_again(e, now);
        if (encode(e, unit) < 0) return give_up(e);
        move_on(e);
    }
    tell(e);
    return is_far_enough(e) ? 0 : now;
}

/* Opening ------------------------------------------------------------------------------------------------ */

static void release(struct encoder_job *job) {
    struct encoding *e = (struct encoding *)(void *)job;
    if (!e->spec.shared) live_close(e->spec.stream);
    encoder_destroy(e->encoder);
#ifdef AURALIS_WITH_OPUS
    ogg_pages_destroy(e->ogg);
#endif
    part_ring_release(&e->parts);
    free(e);
}

static int make_header(struct encoding *e) {
    const unsigned char *bytes;
    e->header_size = encoder_header(e->encoder, &bytes);
    memcpy(e->header, bytes, e->header_size);
#ifdef AURALIS_WITH_OPUS
    if (e->spec.encoder.format == ENCODER_OPUS && !e->spec.bare) {
        uint32_t serial = (uint32_t)random_mix((uint64_t)monotonic_now() ^ (uint64_t)(uintptr_t)e);
        e->ogg =
            ogg_pages_create(serial, encoder_delay(e->encoder), e->spec.title ? e->spec.title : "Auralis");
        if (!e->ogg) return AURALIS_ENOMEM;
        e->header_size = ogg_pages_header(e->ogg, e->header);
    }
#endif
    return 0;
}

/* Bytes of a part at most: a thousand listeners' packets are not to have room for what they never are. */
static uint32_t part_bytes(const struct encoding_spec *spec) {
    if (spec->bare) return ENCODER_OPUS_MAX;
    if (spec->encoder.format == ENCODER_OPUS) return PACKETS[ENCODER_OPUS] * ENCODER_OPUS_MAX + PAGE_HEAD;
    return ENCODING_PART_MAX;
}

/* Bytes a second at most; what is not needed of it stays untouched memory. */
static size_t bytes_a_second(const struct encoding *e) {
    uint32_t bitrate = e->spec.encoder.bitrate;
    switch (e->spec.encoder.format) {
    case ENCODER_OPUS:
        return (bitrate ? bitrate : 96) * 125u * 3 / 2 + 1000;
    case ENCODER_MP3:
        return (bitrate ? bitrate : 160) * 125u;
    default:
        return FULL_RATE;
    }
}

/* Where a shared encoding begins: at the oldest whole part of sound. */
static void place(struct encoding *e) {
    uint64_t first = 0;
    if (e->spec.shared) {
        first = (live_oldest(e->spec.stream) + e->part_frames - 1) / e->part_frames;
        e->next = first * e->part_frames;
    } else {
        e->origin = live_frame(e->spec.stream);
    }
    e->number = first;
}

static int open_ring(struct encoding *e) {
    uint64_t ms = e->spec.shared ? (e->spec.keep_ms ? e->spec.keep_ms : KEEP_MS) : 2 * AHEAD_MS;
    uint32_t parts = (uint32_t)(ms * e->rate / 1000 / e->part_frames) + 4;
    uint64_t bytes = bytes_a_second(e) * (uint64_t)parts * e->part_frames / e->rate;
    e->ahead = AHEAD_MS * e->rate / 1000 / e->part_frames + 1;
    return part_ring_init(&e->parts, e->number, parts, bytes + 4 * e->room) ? 0 : AURALIS_ENOMEM;
}

static int set_up(struct encoding *e) {
    if (!encoder_available(e->spec.encoder.format)) return AURALIS_EUNSUPPORTED;
    e->takes16 = encoder_takes16(e->spec.encoder.format);
    e->rate = live_rate(e->spec.stream);
    e->spec.encoder.rate = e->rate;
    e->unit = encoder_unit_of(e->spec.encoder.format);
    e->part_frames = e->unit * (e->spec.bare ? 1 : PACKETS[e->spec.encoder.format]);
    place(e);
    int result = encoder_create(&e->spec.encoder, &e->encoder);
    if (result == 0) result = make_header(e);
    return result == 0 ? open_ring(e) : result;
}

int encoding_open(struct encoder_pool *pool, const struct encoding_spec *spec, struct encoding **out) {
    uint32_t room = part_bytes(spec);
    struct encoding *e = aligned_alloc(64, (sizeof *e + room + 63) / 64 * 64);
    if (!e) {
        if (!spec->shared) live_close(spec->stream);
        return AURALIS_ENOMEM;
    }
    memset(e, 0, sizeof *e);
    e->job = (struct encoder_job){.run = run, .free = release};
    e->pool = pool;
    e->spec = *spec;
    e->room = room;
    int result = set_up(e);
    if (result == 0 && !encoder_pool_add(pool, &e->job)) result = AURALIS_ELIMIT;
    if (result < 0)
        release(&e->job);
    else
        *out = e;
    return result;
}

void encoding_close(struct encoding *e) {
    if (e) encoder_pool_drop(e->pool, &e->job, e->spec.shared);
}

/* Reading ------------------------------------------------------------------------------------------------ */

bool encoding_failed(const struct encoding *e) {
    return atomic_load(&e->failed);
}

size_t encoding_header(const struct encoding *e, const unsigned char **bytes) {
    *bytes = e->header;
    return e->header_size;
}

uint32_t encoding_part_frames(const struct encoding *e) {
    return e->part_frames;
}

uint32_t encoding_delay(const struct encoding *e) {
    return encoder_delay(e->encoder);
}

const struct part_ring *encoding_parts(const struct encoding *e) {
    return &e->parts;
}

void encoding_taken(struct encoding *e, uint64_t number) {
    uint64_t before = atomic_exchange(&e->taken, number), left = part_ring_head(&e->parts) - number;
    if (number <= before) return;
    if (left < e->ahead / 2)
        encoder_pool_kick(e->pool, &e->job);
    else
        encoder_pool_nudge(e->pool, &e->job);
}

void encoding_wait(struct encoding *e) {
    atomic_store(&e->waited, true);
}
