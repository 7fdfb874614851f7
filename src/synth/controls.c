/* controls.c — what moves notes of a score while they sound (see controls.h).
 *
 * When a stream opens, the controls of each channel and kind become a curve of straight pieces: a value moves
 * to the next one in 10 ms, or at once while the channel is silent, so that a bend that is set up for the
 * next note is not heard as a slide. The curve is a closed form of the frame, like everything that moves in a
 * stream, so one that starts in the middle agrees with one that came there by playing.
 *
 * Once a block each voice is told where its pitch and its gains go by the end of it. The kernels get there in
 * a straight line: increments glide in integers, gains are ramped by the mixer. */
#include "synth/controls.h"

#include "base/exact.h"
#include "music/score.h"
#include "synth/stream.h"

#include <stdlib.h>
#include <string.h>

static const double REST[AURALIS_CONTROL_KINDS] = {[AURALIS_VOLUME] = 1, [AURALIS_EXPRESSION] = 1};
static const double MOVE_SECONDS = 0.01, VIBRATO_SEMITONES = 0.5;
enum { VIBRATO_HZ = 5 };

struct curve {
    struct glide *point; /* in order of time */
    size_t count;
};

struct controls {
    uint32_t channels; /* bit c: channel c has any */
    struct curve curve[AURALIS_SCORE_CHANNELS][AURALIS_CONTROL_KINDS];
    struct glide point[];
};

struct ordered {
    auralis_control control;
    size_t order;
};

static int compare(const void *a, const void *b) {
    const struct ordered *x = a, *y = b;
    if (x->control.frame != y->control.frame) return x->control.frame < y->control.frame ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static struct ordered *in_order(const auralis_score *score) {
    size_t count;
    const auralis_control *control = auralis_score_controls(score, &count);
    struct ordered *list = malloc(count * sizeof *list);
    if (!list) return NULL;
    for (size_t i = 0; i < count; i++) list[i] = (struct ordered){control[i], i};
    qsort(list, count, sizeof *list, compare);
    return list;
}

/* Gives each curve its part of the points. */
static void divide(struct controls *c, const struct ordered *list, size_t count) {
    struct glide *next = c->point;
    for (size_t i = 0; i < count; i++) {
        c->channels |= 1u << list[i].control.channel;
        c->curve[list[i].control.channel][list[i].control.kind].count++;
    }
    for (int channel = 0; channel < AURALIS_SCORE_CHANNELS; channel++)
        for (int kind = 0; kind < AURALIS_CONTROL_KINDS; kind++) {
            struct curve *curve = &c->curve[channel][kind];
            curve->point = next;
            next += curve->count;
            curve->count = 0;
        }
}

static void draw(struct controls *c, auralis_score *score, const struct ordered *list, size_t count) {
    const auralis_note *note = auralis_score_notes(score);
    uint64_t silent[AURALIS_SCORE_CHANNELS] = {0}, move = (uint64_t)(MOVE_SECONDS * score->rate);
    for (size_t i = 0, n = 0; i < count; i++) {
        const auralis_control *to = &list[i].control;
        struct curve *curve = &c->curve[to->channel][to->kind];
        for (; n < score->count && note[n].onset < to->frame; n++) {
            uint64_t end = note[n].onset + instrument_life(&note[n], score->rate);
            if (end > silent[note[n].channel]) silent[note[n].channel] = end;
        }
        struct glide *point = &curve->point[curve->count];
        *point = (struct glide){.from = REST[to->kind], .to = REST[to->kind]};
        if (curve->count++) *point = point[-1];
        glide_to(point, to->value, to->frame, to->frame < silent[to->channel] ? move : 0);
    }
}

int controls_open(auralis_score *score, struct controls **out) {
    *out = NULL;
    if (!score->controls) return AURALIS_OK;
    struct ordered *list = in_order(score);
    struct controls *c = calloc(1, sizeof *c + score->controls * sizeof *c->point);
    if (list && c) {
        divide(c, list, score->controls);
        draw(c, score, list, score->controls);
        *out = c;
    } else {
        free(c);
    }
    free(list);
    return *out ? AURALIS_OK : AURALIS_ENOMEM;
}

void controls_close(struct controls *controls) {
    free(controls);
}

static double value_at(const struct controls *c, int channel, int kind, uint64_t frame) {
    const struct curve *curve = &c->curve[channel][kind];
    size_t low = 0, high = curve->count; /* the last point not after the frame is the one before `low` */
    while (low < high) {
        size_t half = low + (high - low) / 2;
        if (curve->point[half].start <= frame)
            low = half + 1;
        else
            high = half;
    }
    if (!low) return REST[kind];
    const struct glide *g = &curve->point[low - 1];
    return g->length ? glide_at(g, frame) : g->to;
}

/* Relative frequency − 1. */
static float bend_at(const struct auralis_stream *s, int channel, uint64_t frame) {
    double semitones = value_at(s->controls, channel, AURALIS_BEND, frame),
           depth = value_at(s->controls, channel, AURALIS_MODULATION, frame);
    if (depth > 0)
        semitones += VIBRATO_SEMITONES * depth *
                     exact_sin_turns((double)(frame % s->rate * VIBRATO_HZ % s->rate) / s->rate);
    return (float)(exact_exp2(semitones / 12.0) - 1.0);
}

struct place {
    double gain, pan;
};

static struct place place_at(const struct auralis_stream *s, int channel, uint64_t frame) {
    return (struct place){value_at(s->controls, channel, AURALIS_VOLUME, frame) *
                              value_at(s->controls, channel, AURALIS_EXPRESSION, frame),
                          value_at(s->controls, channel, AURALIS_PAN, frame)};
}

static bool same_place(struct place a, struct place b) {
    return a.gain == b.gain && a.pan == b.pan;
}

static void put_f(struct bank *bank, int word, uint32_t v, float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bank_set(bank, v, word, bits);
}

static void put_gains(struct bank *bank, uint32_t v, int word, struct place channel) {
    const struct voice_info *info = &bank->info[v];
    float gain[2];
    double pan = info->pan + channel.pan;
    instrument_place(info->gain * channel.gain, pan < -1 ? -1 : pan > 1 ? 1 : pan, gain);
    put_f(bank, word, v, gain[0]);
    put_f(bank, word + 1, v, gain[1]);
}

/* What a channel does in the coming block. */
struct channel_block {
    struct place from, to;
    float bend;
};

/* A voice that begins in the block is where its channel is at the onset. */
static void begin_voice(struct auralis_stream *s, int program, uint32_t v, struct place *from) {
    struct bank *bank = &s->shard->bank[program];
    int32_t age = (int32_t)bank->word[VOICE_AGE][v], channel = bank->info[v].channel;
    uint64_t onset = s->frame + (uint64_t)-age;
    int at = instrument_bend_word((enum voice_program)program);
    *from = place_at(s, channel, onset);
    put_gains(bank, v, VOICE_GAIN_L, *from);
    if (at < 0) return;
    float bend = bend_at(s, channel, onset);
    put_f(bank, at + 1, v, bend);
    if (program != PROGRAM_BELL) return;
    for (int k = 0; k < BELL_PARTIALS; k++) /* a bell begins at a zero of its partials */
        bank_set(bank, v, BELL_PHASE + k,
                 bank->word[BELL_PHASE + k][v] +
                     (uint32_t)age * (uint32_t)(int64_t)((double)bank->word[BELL_INC + k][v] * (double)bend));
}

static void advance_voice(struct auralis_stream *s, int program, uint32_t v, const struct channel_block *c) {
    struct bank *bank = &s->shard->bank[program];
    struct place from = c->from;
    int at = instrument_bend_word((enum voice_program)program);
    if ((int32_t)bank->word[VOICE_AGE][v] <= 0) begin_voice(s, program, v, &from);
    bank_set(bank, v, VOICE_FROM_L, bank->word[VOICE_GAIN_L][v]);
    bank_set(bank, v, VOICE_FROM_R, bank->word[VOICE_GAIN_R][v]);
    if (at >= 0) put_f(bank, at, v, c->bend);
    if (same_place(from, c->to)) return;
    put_gains(bank, v, VOICE_GAIN_L, c->to);
    s->gains_move = true;
}

void controls_advance(struct auralis_stream *s) {
    struct channel_block block[AURALIS_SCORE_CHANNELS];
    s->gains_move = false;
    if (!s->controls) return;
    for (int c = 0; c < AURALIS_SCORE_CHANNELS; c++)
        if (s->controls->channels >> c & 1)
            block[c] = (struct channel_block){place_at(s, c, s->frame), place_at(s, c, s->frame + BLOCK),
                                              bend_at(s, c, s->frame + BLOCK)};
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        struct bank *bank = &s->shard->bank[p];
        for (uint32_t v = bank->first[s->place]; v < bank->first[s->place + 1]; v++)
            if (s->controls->channels >> bank->info[v].channel & 1)
                advance_voice(s, p, v, &block[bank->info[v].channel]);
    }
}
