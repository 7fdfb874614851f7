/* midi_read.c — a Standard MIDI File as a score.
 *
 * Sources: "Standard MIDI Files 1.0" (RP-001) and "General MIDI" (RP-003), MIDI Manufacturers Association.
 * What makes a sound here is decided in gm.c; this file follows the channels through time:
 *
 * - Time is counted exactly, in units of 1 µs ÷ ticks a beat (SMPTE: 1,001 or 1,000 units a tick), so
 * rounding to frames happens once for each event and never adds up, whatever the tempo map.
 * - Pitch bend with its range (registered parameter 0, two semitones to begin with), modulation (1) and
 * channel pressure, volume (7, 100 to begin with), expression (11) and pan (10) become controls of the score;
 * those that move nothing become part of the notes (midi_settle.c). A program is read when a note begins.
 * - Two notes of one key may sound at once; a note-off ends the older. The sustain pedal (64, down from 64
 * on) keeps notes until it is lifted; striking a key again ends what the pedal alone kept of it, as on a
 * piano.
 * - Controllers 120 and 123 and the end of the last track end what still sounds. No note lasts longer than 96
 * s. */
#include "music/gm.h"
#include "music/midi_events.h"
#include "music/midi_settle.h"
#include "music/score.h"

#include <stdlib.h>

__extension__ typedef unsigned __int128 u128;

enum { KEYS = 128, DEFAULT_TEMPO = 500000, PEDAL_DOWN = 64 };
enum { BEND_CENTRE = 8192, BEND_RANGE_MAX = 96, NO_PARAMETER = 0x3fff };

/* A note that has begun. Links are indices + 1, 0 ends a list. */
struct sounding {
    uint32_t note; /* of the score */
    uint32_t next;
    uint64_t least; /* frames it lasts at least */
};

struct key {
    uint32_t first, last; /* held down by the player, oldest first */
    uint32_t kept;        /* by the pedal alone */
};

struct channel {
    uint8_t program, modulation, pressure;
    uint16_t bend;                      /* 0–16,383 */
    uint16_t parameter;                 /* registered parameter that data entry sets, or NO_PARAMETER */
    uint8_t semitones, cents;           /* range of the bend */
    double sent[AURALIS_CONTROL_KINDS]; /* to the score, last */
    bool pedal;
    uint32_t kept; /* notes that the pedal alone keeps */
    struct key key[KEYS];
};

struct reader {
    auralis_score *score;
    auralis_message *why;
    u128 elapsed;       /* units since the start */
    uint64_t unit_rate; /* units a second */
    uint32_t unit_tick; /* units a tick, at the present tempo */
    uint64_t tick, frame;
    struct sounding *pool;
    uint32_t pool_size, pool_free; /* free: list of slots to use again */
    struct channel channel[AURALIS_SCORE_CHANNELS];
};

static void start_clock(struct reader *r, const struct midi_file *file) {
    static const uint32_t seconds[] = {[24] = 24000, [25] = 25000, [29] = 30000, [30] = 30000};
    if (file->frame_rate) {
        r->unit_rate = (uint64_t)seconds[file->frame_rate] * file->ticks;
        r->unit_tick = file->frame_rate == 29 ? 1001 : 1000;
    } else {
        r->unit_rate = (uint64_t)1000000 * file->ticks;
        r->unit_tick = DEFAULT_TEMPO;
    }
}

static int advance(struct reader *r, const struct midi_event *e) {
    r->elapsed += (u128)(e->tick - r->tick) * r->unit_tick;
    r->tick = e->tick;
    if (r->elapsed > (u128)r->unit_rate * 3600 * SCORE_HOURS_MAX)
        return midi_refuse(r->why, AURALIS_ELIMIT, e->at, "the piece is longer than %d hours",
                           SCORE_HOURS_MAX);
    r->frame = (uint64_t)((r->elapsed * r->score->rate + r->unit_rate / 2) / r->unit_rate);
    return AURALIS_OK;
}

static uint32_t take_slot(struct reader *r) {
    if (r->pool_free) {
        uint32_t slot = r->pool_free;
        r->pool_free = r->pool[slot - 1].next;
        return slot;
    }
    if ((r->pool_size & (r->pool_size - 1)) == 0) { /* full at every power of two */
        size_t room = r->pool_size ? (size_t)r->pool_size * 2 : 1;
        struct sounding *grown = realloc(r->pool, room * sizeof *grown);
        if (!grown) return 0;
        r->pool = grown;
    }
    return ++r->pool_size;
}

/* Ends the notes of a list now. Returns how many. */
static uint32_t end_list(struct reader *r, uint32_t *list) {
    uint32_t count = 0;
    for (; *list; count++) {
        uint32_t slot = *list;
        struct sounding *s = &r->pool[slot - 1];
        uint64_t length = r->frame - r->score->note[s->note].onset;
        score_set_duration(r->score, s->note, length > s->least ? length : s->least);
        *list = s->next;
        s->next = r->pool_free;
        r->pool_free = slot;
    }
    return count;
}

static void note_off(struct reader *r, struct channel *c, int key) {
    struct key *k = &c->key[key];
    uint32_t slot = k->first;
    if (!slot) return;
    k->first = r->pool[slot - 1].next;
    if (!k->first) k->last = 0;
    r->pool[slot - 1].next = 0;
    if (c->pedal) {
        r->pool[slot - 1].next = k->kept;
        k->kept = slot;
        c->kept++;
    } else {
        end_list(r, &slot);
    }
}

static int note_on(struct reader *r, struct channel *c, int key, int velocity, size_t at) {
    struct gm_voice voice = c == &r->channel[GM_DRUM_CHANNEL] ? gm_drum(key) : gm_program(c->program);
    struct key *k = &c->key[key];
    c->kept -= end_list(r, &k->kept);
    if (voice.instrument < 0) return AURALIS_OK;
    auralis_note note = {.onset = r->frame,
                         .duration = 1,
                         .pitch = key,
                         .velocity = velocity / 127.0 * (voice.percent / 100.0),
                         .pan = c->sent[AURALIS_PAN],
                         .instrument = voice.instrument,
                         .timbre = voice.timbre,
                         .channel = (int32_t)(c - r->channel)};
    auralis_message detail;
    int result = auralis_score_add(r->score, &note, &detail);
    if (result < 0) return midi_refuse(r->why, result, at, "%s", detail.text);
    uint32_t slot = take_slot(r);
    if (!slot) return midi_refuse(r->why, AURALIS_ENOMEM, at, "out of memory");
    r->pool[slot - 1] = (struct sounding){.note = (uint32_t)(r->score->count - 1),
                                          .least = (uint64_t)voice.tenths * r->score->rate / 10};
    if (k->last)
        r->pool[k->last - 1].next = slot;
    else
        k->first = slot;
    k->last = slot;
    return AURALIS_OK;
}

static void lift_pedal(struct reader *r, struct channel *c) {
    c->pedal = false;
    for (int key = 0; key < KEYS && c->kept; key++) c->kept -= end_list(r, &c->key[key].kept);
}

static void all_notes_off(struct reader *r, struct channel *c) {
    for (int key = 0; key < KEYS; key++)
        while (c->key[key].first) note_off(r, c, key);
}

/* Hands a channel's new value on to the score. */
static int send(struct reader *r, struct channel *c, int kind, double value, size_t at) {
    if (value == c->sent[kind]) return AURALIS_OK;
    auralis_control control = {r->frame, value, kind, (int32_t)(c - r->channel)};
    auralis_message detail;
    int result = auralis_score_add_control(r->score, &control, &detail);
    if (result < 0) return midi_refuse(r->why, result, at, "%s", detail.text);
    c->sent[kind] = value;
    return AURALIS_OK;
}

static int send_bend(struct reader *r, struct channel *c, size_t at) {
    double range = c->semitones + c->cents / 100.0;
    if (range > BEND_RANGE_MAX) range = BEND_RANGE_MAX;
    return send(r, c, AURALIS_BEND, range * ((int)c->bend - BEND_CENTRE) / BEND_CENTRE, at);
}

static int send_modulation(struct reader *r, struct channel *c, size_t at) {
    int sum = c->modulation + c->pressure;
    return send(r, c, AURALIS_MODULATION, sum > 127 ? 1 : sum / 127.0, at);
}

static int send_pan(struct reader *r, struct channel *c, int value, size_t at) {
    return send(r, c, AURALIS_PAN, value ? (value - 64) / 63.0 : -1, at);
}

/* A channel before the first event. A score's volume begins at 1, a channel's at 100 of 127. */
static int begin_channel(struct reader *r, struct channel *c) {
    *c = (struct channel){.bend = BEND_CENTRE, .semitones = 2, .parameter = NO_PARAMETER};
    c->sent[AURALIS_VOLUME] = c->sent[AURALIS_EXPRESSION] = 1;
    return send(r, c, AURALIS_VOLUME, 100 / 127.0, 0);
}

/* What "reset all controllers" says: volume, pan, program and the bend's range stay (RP-015). */
static int reset_controllers(struct reader *r, struct channel *c, size_t at) {
    lift_pedal(r, c);
    c->modulation = c->pressure = 0;
    c->bend = BEND_CENTRE;
    c->parameter = NO_PARAMETER;
    int result = send(r, c, AURALIS_EXPRESSION, 1, at);
    if (result == AURALIS_OK) result = send_modulation(r, c, at);
    return result == AURALIS_OK ? send_bend(r, c, at) : result;
}

/* Data entry: of the registered parameters only the range of the bend is known. */
static int enter_data(struct reader *r, struct channel *c, uint8_t *part, uint8_t value, size_t at) {
    if (c->parameter != 0) return AURALIS_OK;
    *part = value;
    return send_bend(r, c, at);
}

static int control(struct reader *r, struct channel *c, int controller, uint8_t value, size_t at) {
    switch (controller) {
    case 1:
        c->modulation = value;
        return send_modulation(r, c, at);
    case 6:
        return enter_data(r, c, &c->semitones, value, at);
    case 7:
        return send(r, c, AURALIS_VOLUME, value / 127.0, at);
    case 10:
        return send_pan(r, c, value, at);
    case 11:
        return send(r, c, AURALIS_EXPRESSION, value / 127.0, at);
    case 38:
        return enter_data(r, c, &c->cents, value, at);
    case 64:
        if (value < PEDAL_DOWN)
            lift_pedal(r, c);
        else
            c->pedal = c != &r->channel[GM_DRUM_CHANNEL];
        return AURALIS_OK;
    case 98:
    case 99: /* parameters that are not registered */
        c->parameter = NO_PARAMETER;
        return AURALIS_OK;
    case 100:
        c->parameter = (uint16_t)((c->parameter & 0x3f80) | value);
        return AURALIS_OK;
    case 101:
        c->parameter = (uint16_t)((c->parameter & 0x7f) | value << 7);
        return AURALIS_OK;
    case 120: /* all sound off */
        lift_pedal(r, c);
        all_notes_off(r, c);
        return AURALIS_OK;
    case 121:
        return reset_controllers(r, c, at);
    case 123:
        all_notes_off(r, c);
        return AURALIS_OK;
    default:
        return AURALIS_OK;
    }
}

static int play(struct reader *r, const struct midi_event *e) {
    struct channel *c = &r->channel[e->status & 15];
    switch (e->status >> 4) {
    case 0x8:
        note_off(r, c, e->data[0]);
        return AURALIS_OK;
    case 0x9:
        if (e->data[1]) return note_on(r, c, e->data[0], e->data[1], e->at);
        note_off(r, c, e->data[0]);
        return AURALIS_OK;
    case 0xb:
        return control(r, c, e->data[0], e->data[1], e->at);
    case 0xc:
        c->program = e->data[0];
        return AURALIS_OK;
    case 0xd:
        c->pressure = e->data[0];
        return send_modulation(r, c, e->at);
    case 0xe:
        c->bend = (uint16_t)(e->data[0] | e->data[1] << 7);
        return send_bend(r, c, e->at);
    default:
        return AURALIS_OK; /* pressure of one key */
    }
}

static int read_all(struct reader *r, struct midi_file *file) {
    struct midi_event e;
    int more;
    start_clock(r, file);
    for (int i = 0; i < AURALIS_SCORE_CHANNELS; i++)
        if (begin_channel(r, &r->channel[i]) < 0) return AURALIS_ENOMEM;
    while ((more = midi_next(file, &e, r->why)) > 0) {
        int result = advance(r, &e);
        if (result == AURALIS_OK && e.status >= 0x80) result = play(r, &e);
        if (result < 0) return result;
        if (e.status == MIDI_TEMPO && !file->frame_rate) r->unit_tick = e.tempo;
    }
    if (more < 0) return more;
    for (int i = 0; i < AURALIS_SCORE_CHANNELS; i++) {
        lift_pedal(r, &r->channel[i]);
        all_notes_off(r, &r->channel[i]);
    }
    uint64_t end = auralis_score_length(r->score);
    auralis_score_set_length(r->score, end > r->frame ? end : r->frame);
    midi_settle(r->score);
    return AURALIS_OK;
}

int auralis_score_read_midi(const void *bytes, size_t size, uint32_t sample_rate, auralis_score **out,
                            auralis_message *why) {
    struct midi_file file;
    auralis_score *score;
    int result = auralis_score_create(sample_rate, &score);
    if (result < 0) {
        score_explain(why, "sample_rate", "must be from 8000 to 192000 Hz");
        return result;
    }
    result = midi_open(&file, bytes, size, why);
    if (result == AURALIS_OK) {
        struct reader *r = calloc(1, sizeof *r);
        result = AURALIS_ENOMEM;
        if (r) {
            r->score = score;
            r->why = why;
            result = read_all(r, &file);
            free(r->pool);
        } else {
            score_explain(why, "file", "out of memory");
        }
        free(r);
        midi_close(&file);
    }
    if (result < 0)
        auralis_score_free(score);
    else
        *out = score;
    return result;
}
