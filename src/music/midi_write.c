/* midi_write.c — a score as a Standard MIDI File, format 1.
 *
 * Source of the format: MIDI Manufacturers Association, "Standard MIDI Files 1.0" (RP-001).
 *
 * One track for the tempo and one for each instrument. MIDI knows a sounding note only by its channel and
 * key, and pan by its channel alone, so an instrument may use up to three channels: a note goes to the first
 * on which its key is free, and only if there is none shares one. Kicks are drum keys on channel 10, where
 * length means nothing to other programs. A score with controls has a track for each of its channels instead,
 * and the controls on it. Velocities and controls are rounded to 1/127, bend to 1/8,192 of its range, pitches
 * to keys, times to 1/960 of a beat. */
#include "music/gm.h"
#include "music/score.h"

#include "base/exact.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

enum { TICKS_PER_BEAT = 960, CHANNELS_EACH = 3, DELTA_MAX = 0x0fffffff, BEND_CENTRE = 8192 };

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

/* Where a note or a control of the score goes: a track of its own channels. */
struct part {
    const char *name;
    uint8_t channel[CHANNELS_EACH];
    int channels;
    int controls; /* channel of the score whose controls it takes along, or −1 */
};

enum { PARTS_MAX = AURALIS_SCORE_CHANNELS };

struct parts {
    struct part part[PARTS_MAX];
    int count;
    uint8_t *of; /* part of each note of the score */
};

/* Without controls: a track for each instrument. */
static void part_by_instrument(struct parts *p, const auralis_note *note, size_t count) {
    static const struct part parts[AURALIS_INSTRUMENTS] = {
        {"Pad", {0, 5, 10}, 3, -1},  {"Lead", {1, 6, 11}, 3, -1},        {"Bass", {2, 7, 12}, 3, -1},
        {"Bell", {3, 8, 13}, 3, -1}, {"Kick", {GM_DRUM_CHANNEL}, 1, -1}, {"Swell", {4, 14, 15}, 3, -1}};
    memcpy(p->part, parts, sizeof parts);
    p->count = AURALIS_INSTRUMENTS;
    for (size_t i = 0; i < count; i++) p->of[i] = (uint8_t)note[i].instrument;
}

/* With controls: the channels as they are, but for kicks, which must be on the drum channel, and what must
 * not be there, which goes to the first free channel. */
static void part_by_channel(struct parts *p, const auralis_note *note, size_t count) {
    static const char *const names[PARTS_MAX] = {"Channel 1",  "Channel 2",  "Channel 3",  "Channel 4",
                                                 "Channel 5",  "Channel 6",  "Channel 7",  "Channel 8",
                                                 "Channel 9",  "Channel 10", "Channel 11", "Channel 12",
                                                 "Channel 13", "Channel 14", "Channel 15", "Channel 16"};
    bool used[PARTS_MAX] = {false};
    int spare = 0;
    for (size_t i = 0; i < count; i++) used[note[i].channel] = true;
    while (spare < PARTS_MAX - 1 && (used[spare] || spare == GM_DRUM_CHANNEL)) spare++;
    p->count = PARTS_MAX;
    for (int c = 0; c < PARTS_MAX; c++) p->part[c] = (struct part){names[c], {(uint8_t)c}, 1, c};
    p->part[GM_DRUM_CHANNEL].controls = -1;
    for (size_t i = 0; i < count; i++) {
        int channel = note[i].channel, to = channel;
        if (note[i].instrument == AURALIS_KICK)
            to = GM_DRUM_CHANNEL;
        else if (channel == GM_DRUM_CHANNEL)
            to = spare;
        if (p->part[to].controls < 0 || !used[to]) p->part[to].controls = channel;
        p->of[i] = (uint8_t)to;
    }
}

/* Either end of a note, or a control. Of one tick the ends come first, then the controls, then the
 * beginnings; otherwise in order of the score. */
enum event_kind { END, CONTROL, BEGIN };
struct event {
    uint64_t tick;
    enum event_kind kind;
    uint32_t index; /* in the score */
};

static int compare(const void *a, const void *b) {
    const struct event *x = a, *y = b;
    if (x->tick != y->tick) return x->tick < y->tick ? -1 : 1;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

struct channel {
    uint8_t number;
    int program, pan; /* as last sent; −1: not yet */
    bool begun, ranged;
    int range;          /* of the bend, semitones */
    uint64_t busy[128]; /* tick at which each key's last note ends */
};

struct track {
    struct channel channel[CHANNELS_EACH];
    int channels;
    double note_pan, control_pan; /* of the last note, and of the last control */
    uint8_t *taken;               /* channel (index above) of each note of the score */
};

static int key_of(const auralis_note *n) {
    if (n->instrument == AURALIS_KICK) return gm_program_of(AURALIS_KICK, n->timbre);
    return (int)exact_round(n->pitch);
}

static int rounded(double x, int low, int high) {
    int v = (int)exact_round(x);
    return v < low ? low : v > high ? high : v;
}

static void put_control(struct bytes *b, const struct channel *c, uint64_t *now, uint64_t tick,
                        int controller, int value) {
    put_wait(b, now, tick);
    put3(b, 0xb0 | c->number, controller, value);
}

/* Full volume before anything else: the velocities say it all. */
static void put_first(struct bytes *b, struct channel *c, uint64_t *now, uint64_t tick) {
    if (!c->begun) put_control(b, c, now, tick, 7, 127);
    c->begun = true;
}

static void put_pan(struct bytes *b, const struct track *t, struct channel *c, uint64_t *now, uint64_t tick) {
    int pan = rounded(64 + 63 * (t->note_pan + t->control_pan), 1, 127);
    if (pan != c->pan) put_control(b, c, now, tick, 10, pan);
    c->pan = pan;
}

static void put_begin(struct bytes *b, struct track *t, uint64_t *now, uint64_t tick, uint64_t end,
                      uint32_t index, const auralis_note *n) {
    int key = key_of(n), use = 0;
    while (use < t->channels && t->channel[use].busy[key] > tick) use++;
    if (use == t->channels) use = 0;
    struct channel *c = &t->channel[use];
    t->taken[index] = (uint8_t)use;
    t->note_pan = n->pan;
    if (end > c->busy[key]) c->busy[key] = end;
    put_first(b, c, now, tick);
    int program = n->instrument == AURALIS_KICK ? 0 : gm_program_of(n->instrument, n->timbre);
    if (program != c->program) {
        put_wait(b, now, tick);
        put(b, (uint8_t[]){(uint8_t)(0xc0 | c->number), (uint8_t)program}, 2);
        c->program = program;
    }
    put_pan(b, t, c, now, tick);
    put_wait(b, now, tick);
    put3(b, 0x90 | c->number, key, rounded(127 * n->velocity, 1, 127));
}

static void put_end(struct bytes *b, struct track *t, uint64_t *now, uint64_t tick, uint32_t index,
                    const auralis_note *n) {
    put_wait(b, now, tick);
    put3(b, 0x80 | t->channel[t->taken[index]].number, key_of(n), 64);
}

static void put_bend(struct bytes *b, struct channel *c, uint64_t *now, uint64_t tick, double semitones) {
    if (!c->ranged) { /* registered parameter 0, and then none */
        const int entry[][2] = {{101, 0}, {100, 0}, {6, c->range}, {38, 0}, {101, 127}, {100, 127}};
        for (size_t i = 0; i < sizeof entry / sizeof *entry; i++)
            put_control(b, c, now, tick, entry[i][0], entry[i][1]);
        c->ranged = true;
    }
    int bend = rounded(BEND_CENTRE + semitones * BEND_CENTRE / c->range, 0, 2 * BEND_CENTRE - 1);
    put_wait(b, now, tick);
    put3(b, 0xe0 | c->number, bend & 127, bend >> 7);
}

static void put_moved(struct bytes *b, struct track *t, uint64_t *now, uint64_t tick,
                      const auralis_control *control) {
    static const int controller[AURALIS_CONTROL_KINDS] = {
        [AURALIS_MODULATION] = 1, [AURALIS_VOLUME] = 7, [AURALIS_EXPRESSION] = 11};
    struct channel *c = &t->channel[0];
    if (control->kind == AURALIS_VOLUME) c->begun = true;
    put_first(b, c, now, tick);
    if (control->kind == AURALIS_PAN) {
        t->control_pan = control->value;
        put_pan(b, t, c, now, tick);
    } else if (control->kind == AURALIS_BEND) {
        put_bend(b, c, now, tick, control->value);
    } else {
        put_control(b, c, now, tick, controller[control->kind], rounded(127 * control->value, 0, 127));
    }
}

/* Both ends of the part's notes and its controls in order of time, or NULL. A silent note is left out: MIDI
 * has no velocity 0. */
static struct event *events_of(auralis_score *score, const struct parts *parts, int part,
                               struct timebase base, size_t *count) {
    const auralis_note *note = auralis_score_notes(score);
    size_t n = 0, room = 0;
    for (size_t i = 0; i < score->count; i++) room += parts->of[i] == part ? 2 : 0;
    struct event *event = malloc((room + score->controls + 1) * sizeof *event);
    if (!event) return NULL;
    for (size_t i = 0; i < score->count; i++) {
        if (parts->of[i] != part || !(note[i].velocity > 0)) continue;
        event[n++] = (struct event){tick_at(base, note[i].onset), BEGIN, (uint32_t)i};
        event[n++] = (struct event){end_tick(base, &note[i]), END, (uint32_t)i};
    }
    for (size_t i = 0; i < score->controls && n; i++)
        if (score->control[i].channel == parts->part[part].controls)
            event[n++] = (struct event){tick_at(base, score->control[i].frame), CONTROL, (uint32_t)i};
    qsort(event, n, sizeof *event, compare);
    *count = n;
    return event;
}

/* The narrowest usual range that the channel's bends fit into; what came from a file keeps its exact values.
 */
static int range_of(const auralis_score *score, int channel) {
    static const int ranges[] = {2, 12, 24, 48, 96};
    int widest = 0;
    for (size_t i = 0; i < score->controls; i++) {
        const auralis_control *c = &score->control[i];
        if (c->kind == AURALIS_BEND && c->channel == channel)
            while (c->value > ranges[widest] || -c->value > ranges[widest]) widest++;
    }
    return ranges[widest];
}

static void put_track(struct bytes *b, auralis_score *score, const struct part *part, struct timebase base,
                      const struct event *event, size_t count, uint8_t *taken) {
    const auralis_note *note = auralis_score_notes(score);
    struct track t = {.taken = taken, .channels = part->channels};
    for (int c = 0; c < part->channels; c++)
        t.channel[c] = (struct channel){part->channel[c], -1, -1, .range = range_of(score, part->controls)};
    uint64_t now = 0;
    size_t start = begin_track(b);
    put_quantity(b, 0);
    put_meta(b, 0x03, part->name, strlen(part->name));
    for (size_t i = 0; i < count; i++) {
        const struct event *e = &event[i];
        if (e->kind == BEGIN)
            put_begin(b, &t, &now, e->tick, end_tick(base, &note[e->index]), e->index, &note[e->index]);
        else if (e->kind == END)
            put_end(b, &t, &now, e->tick, e->index, &note[e->index]);
        else
            put_moved(b, &t, &now, e->tick, &score->control[e->index]);
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
    struct parts parts = {.of = malloc(score->count + 1)};
    if (!taken || !parts.of) b.failed = true;
    put_header(&b, 0);
    put_tempo_track(&b, base, auralis_score_length(score));
    if (!b.failed)
        (score->controls ? part_by_channel : part_by_instrument)(&parts, auralis_score_notes(score),
                                                                 score->count);
    for (int part = 0; part < parts.count; part++) {
        size_t count = 0;
        struct event *event = events_of(score, &parts, part, base, &count);
        if (!event) b.failed = true;
        if (event && count) {
            put_track(&b, score, &parts.part[part], base, event, count, taken);
            tracks++;
        }
        free(event);
    }
    free(taken);
    free(parts.of);
    if (b.failed) {
        free(b.data);
        return AURALIS_ENOMEM;
    }
    b.data[11] = (uint8_t)tracks;
    *bytes = b.data;
    *size = b.size;
    return AURALIS_OK;
}
