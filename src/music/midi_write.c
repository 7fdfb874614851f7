/* midi_write.c — a score as a Standard MIDI File, format 1.
 *
 * Source of the format: MIDI Manufacturers Association, "Standard MIDI Files 1.0" (RP-001).
 *
 * One track for the tempo and one for each instrument. MIDI knows a sounding note only by its channel and
 * key, and pan by its channel alone, so an instrument may use up to three channels: a note goes to the first
 * on which its key is free, and only if there is none shares one. Kicks are drum keys on channel 10, where
 * length means nothing to other programs. Velocities are rounded to 1/127, pitches to keys, times to 1/960 of
 * a beat. */
#include "music/gm.h"
#include "music/score.h"

#include "base/exact.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

enum { TICKS_PER_BEAT = 960, CHANNELS_EACH = 3, DELTA_MAX = 0x0fffffff };

struct bytes {
    uint8_t *data;
    size_t size, capacity;
    bool failed; /* out of memory, or larger than a chunk may be */
};

static void put(struct bytes *b, const void *data, size_t size) {
    if (b->failed) return;
    if (b->size + size > b->capacity) {
        size_t capacity = (b->size + size) * 2;
        uint8_t *grown = capacity < UINT32_MAX ? realloc(b->data, capacity) : NULL;
        if (!grown) {
            b->failed = true;
            return;
        }
        b->data = grown;
        b->capacity = capacity;
    }
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static void put3(struct bytes *b, int status, int first, int second) {
    put(b, (uint8_t[]){(uint8_t)status, (uint8_t)first, (uint8_t)second}, 3);
}

static void put_u32(struct bytes *b, uint32_t v) {
    put(b, (uint8_t[]){(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v}, 4);
}

static void put_u16(struct bytes *b, uint32_t v) {
    put(b, (uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

/* A variable-length quantity: seven bits a byte, all but the last with the top bit set. */
static void put_quantity(struct bytes *b, uint32_t v) {
    uint8_t text[4];
    size_t n = 0;
    for (int shift = 21; shift > 0; shift -= 7)
        if (v >> shift) text[n++] = (uint8_t)((v >> shift & 127) | 128);
    text[n++] = (uint8_t)(v & 127);
    put(b, text, n);
}

static void put_meta(struct bytes *b, int type, const void *data, size_t size) {
    put(b, (uint8_t[]){0xff, (uint8_t)type}, 2);
    put_quantity(b, (uint32_t)size);
    put(b, data, size);
}

/* Time since the last event of the track. A wait longer than a quantity can hold is bridged by empty texts.
 */
static void put_wait(struct bytes *b, uint64_t *now, uint64_t tick) {
    for (; tick - *now > DELTA_MAX; *now += DELTA_MAX) {
        put_quantity(b, DELTA_MAX);
        put_meta(b, 0x01, "", 0);
    }
    put_quantity(b, (uint32_t)(tick - *now));
    *now = tick;
}

static size_t begin_track(struct bytes *b) {
    put(b, "MTrk", 4);
    put_u32(b, 0);
    return b->size;
}

static void end_track(struct bytes *b, size_t start, uint64_t *now, uint64_t tick) {
    put_wait(b, now, tick > *now ? tick : *now);
    put_meta(b, 0x2f, "", 0);
    if (b->failed) return;
    size_t size = b->size - start;
    for (int i = 0; i < 4; i++) b->data[start - 4 + (size_t)i] = (uint8_t)(size >> (24 - 8 * i));
}

struct timebase {
    uint64_t rate;
    uint32_t tempo; /* microseconds a beat: what the file says, so what is read back */
};

static uint64_t tick_at(struct timebase t, uint64_t frame) {
    u128 denominator = (u128)t.rate * t.tempo;
    return (uint64_t)(((u128)frame * 1000000 * TICKS_PER_BEAT + denominator / 2) / denominator);
}

static uint64_t end_tick(struct timebase t, const auralis_note *n) {
    uint64_t on = tick_at(t, n->onset), off = tick_at(t, n->onset + n->duration);
    return off > on ? off : on + 1;
}

/* Either end of a note. Ends come before beginnings of the same tick; otherwise in order of the notes. */
struct event {
    uint64_t key;  /* tick × 2 + 1 for a beginning */
    uint32_t note; /* index in the score */
};

static int compare(const void *a, const void *b) {
    const struct event *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return x->note < y->note ? -1 : x->note > y->note;
}

struct channel {
    uint8_t number;
    int program, pan;   /* as last sent; −1: not yet */
    uint64_t busy[128]; /* tick at which each key's last note ends */
};

struct track {
    struct channel channel[CHANNELS_EACH];
    uint8_t *taken; /* channel (index above) of each note of the score */
};

static int key_of(const auralis_note *n) {
    if (n->instrument == AURALIS_KICK) return gm_program_of(AURALIS_KICK, n->timbre);
    return (int)exact_round(n->pitch);
}

static int rounded(double x, int low, int high) {
    int v = (int)exact_round(x);
    return v < low ? low : v > high ? high : v;
}

static void put_begin(struct bytes *b, struct track *t, uint64_t *now, uint64_t tick, uint64_t end,
                      uint32_t index, const auralis_note *n) {
    int key = key_of(n), pan = rounded(64 + 63 * n->pan, 1, 127), use = 0;
    int channels = n->instrument == AURALIS_KICK ? 1 : CHANNELS_EACH;
    while (use < channels && t->channel[use].busy[key] > tick) use++;
    if (use == channels) use = 0;
    struct channel *c = &t->channel[use];
    t->taken[index] = (uint8_t)use;
    if (end > c->busy[key]) c->busy[key] = end;
    if (c->program < 0) {
        put_wait(b, now, tick);
        put3(b, 0xb0 | c->number, 7, 127); /* full channel volume: the velocities say it all */
    }
    int program = n->instrument == AURALIS_KICK ? 0 : gm_program_of(n->instrument, n->timbre);
    if (program != c->program) {
        put_wait(b, now, tick);
        put(b, (uint8_t[]){(uint8_t)(0xc0 | c->number), (uint8_t)program}, 2);
        c->program = program;
    }
    if (pan != c->pan) {
        put_wait(b, now, tick);
        put3(b, 0xb0 | c->number, 10, pan);
        c->pan = pan;
    }
    put_wait(b, now, tick);
    put3(b, 0x90 | c->number, key, rounded(127 * n->velocity, 1, 127));
}

static void put_end(struct bytes *b, struct track *t, uint64_t *now, uint64_t tick, uint32_t index,
                    const auralis_note *n) {
    put_wait(b, now, tick);
    put3(b, 0x80 | t->channel[t->taken[index]].number, key_of(n), 64);
}

/* Both ends of the instrument's notes in order of time, or NULL. A silent note is left out: MIDI has no
 * velocity 0. */
static struct event *events_of(auralis_score *score, int instrument, struct timebase base, size_t *count) {
    const auralis_note *note = auralis_score_notes(score);
    size_t n = 0;
    for (size_t i = 0; i < score->count; i++) n += note[i].instrument == instrument && note[i].velocity > 0;
    struct event *event = malloc((2 * n + 1) * sizeof *event);
    if (!event) return NULL;
    *count = 0;
    for (size_t i = 0; i < score->count; i++) {
        if (note[i].instrument != instrument || !(note[i].velocity > 0)) continue;
        event[(*count)++] = (struct event){tick_at(base, note[i].onset) * 2 + 1, (uint32_t)i};
        event[(*count)++] = (struct event){end_tick(base, &note[i]) * 2, (uint32_t)i};
    }
    qsort(event, *count, sizeof *event, compare);
    return event;
}

static void put_track(struct bytes *b, auralis_score *score, int instrument, struct timebase base,
                      const struct event *event, size_t count, uint8_t *taken) {
    static const char *const names[AURALIS_INSTRUMENTS] = {"Pad", "Lead", "Bass", "Bell", "Kick", "Swell"};
    static const uint8_t channels[AURALIS_INSTRUMENTS][CHANNELS_EACH] = {
        {0, 5, 10}, {1, 6, 11}, {2, 7, 12}, {3, 8, 13}, {GM_DRUM_CHANNEL}, {4, 14, 15}};
    const auralis_note *note = auralis_score_notes(score);
    struct track t = {.taken = taken};
    for (int c = 0; c < CHANNELS_EACH; c++) {
        t.channel[c].number = channels[instrument][c];
        t.channel[c].program = t.channel[c].pan = -1;
    }
    uint64_t now = 0;
    size_t start = begin_track(b);
    put_quantity(b, 0);
    put_meta(b, 0x03, names[instrument], strlen(names[instrument]));
    for (size_t i = 0; i < count; i++) {
        uint64_t tick = event[i].key >> 1;
        const auralis_note *n = &note[event[i].note];
        if (event[i].key & 1)
            put_begin(b, &t, &now, tick, end_tick(base, n), event[i].note, n);
        else
            put_end(b, &t, &now, tick, event[i].note, n);
    }
    end_track(b, start, &now, now);
}

static void put_header(struct bytes *b, uint32_t tracks) {
    put(b, "MThd", 4);
    put_u32(b, 6);
    put_u16(b, 1);
    put_u16(b, tracks);
    put_u16(b, TICKS_PER_BEAT);
}

static void put_tempo_track(struct bytes *b, struct timebase base, uint64_t length) {
    uint64_t now = 0;
    size_t start = begin_track(b);
    put_quantity(b, 0);
    put_meta(b, 0x03, "Auralis", 7);
    put_quantity(b, 0);
    put_meta(b, 0x51,
             (uint8_t[]){(uint8_t)(base.tempo >> 16), (uint8_t)(base.tempo >> 8), (uint8_t)base.tempo}, 3);
    put_quantity(b, 0);
    put_meta(b, 0x58, (uint8_t[]){4, 2, 24, 8}, 4); /* 4/4 */
    end_track(b, start, &now, tick_at(base, length));
}

int auralis_score_write_midi(auralis_score *score, double bpm, void **bytes, size_t *size) {
    if (!(bpm >= 4 && bpm <= 1000)) return AURALIS_EINVAL;
    struct timebase base = {score->rate, (uint32_t)exact_round(60e6 / bpm)};
    struct bytes b = {0};
    uint32_t tracks = 1;
    uint8_t *taken = malloc(score->count + 1);
    if (!taken) return AURALIS_ENOMEM;
    put_header(&b, 0);
    put_tempo_track(&b, base, auralis_score_length(score));
    for (int instrument = 0; instrument < AURALIS_INSTRUMENTS; instrument++) {
        size_t count = 0;
        struct event *event = events_of(score, instrument, base, &count);
        if (!event) b.failed = true;
        if (event && count) {
            put_track(&b, score, instrument, base, event, count, taken);
            tracks++;
        }
        free(event);
    }
    free(taken);
    if (b.failed) {
        free(b.data);
        return AURALIS_ENOMEM;
    }
    b.data[11] = (uint8_t)tracks;
    *bytes = b.data;
    *size = b.size;
    return AURALIS_OK;
}
