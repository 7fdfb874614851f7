/* instrument.c — instruments and their timbres, as tables over the voice programs.
 *
 * All that a listener hears as "pad, warm" stands in one row here: oscillators, envelope, filter, movement,
 * gain. Rows are in seconds, hertz and cents; a note turns them into frames, increments and octaves once, in
 * double.
 *
 * No two notes are quite alike: each has its own pace of movement, width of detuning and openness, a little
 * around what the row says, so that the voices of a chord drift through each other instead of pulsing
 * together. A note that is struck harder is brighter. The original's own voices have none of this. */
#include "synth/instrument.h"

#include "base/exact.h"
#include "base/random.h"
#include "music/timbre.h"
#include "synth/brightness.h"

#include <stdbool.h>
#include <string.h>

enum { START_PURPOSE = 0x766f6963, LOW_PAD = 53 };

struct timbre {
    double gain;
    double attack, decay, sustain, release; /* s, s, 0–1, s */
    double saw[2], sine;                    /* weights */
    double detune; /* cents of the second sawtooth against the first, which lies as far below */
    double pulse;  /* 1: the second sawtooth starts half a turn on (square), 0: anywhere */
    double cutoff, track, sweep, q;  /* Hz at middle C; share of the pitch; octaves of the envelope; Q */
    double cutoff_lfo, cutoff_depth; /* Hz, octaves */
    double vibrato, vibrato_cents, vibrato_rise; /* Hz, cents, s */
    double tremolo, tremolo_depth;               /* Hz, 0–1 */
};

static const struct timbre SEED_PAD = {.gain = 1,
                                       .attack = 2.5,
                                       .decay = 3,
                                       .sustain = 0.75,
                                       .release = 3,
                                       .saw = {0, 0.5},
                                       .sine = 0.5,
                                       .detune = 5,
                                       .tremolo = 0.5,
                                       .tremolo_depth = 0.2};
static const struct timbre SEED_LEAD = {
    .gain = 1, .attack = 0.3, .decay = 0.5, .sustain = 0.8, .release = 0.8, .sine = 1};

static const struct timbre PADS[PAD_TIMBRES] = {
    [PAD_WARM] = {.gain = 0.62,
                  .attack = 2.4,
                  .decay = 5,
                  .sustain = 0.8,
                  .release = 5.5,
                  .saw = {0.42, 0.42},
                  .sine = 0.4,
                  .detune = 6,
                  .cutoff = 620,
                  .track = 0.5,
                  .sweep = 1.1,
                  .q = 0.7,
                  .cutoff_lfo = 0.09,
                  .cutoff_depth = 0.35,
                  .tremolo = 0.13,
                  .tremolo_depth = 0.1},
    [PAD_GLASS] = {.gain = 0.6,
                   .attack = 1.7,
                   .decay = 6,
                   .sustain = 0.7,
                   .release = 6.5,
                   .saw = {0.1, 0.1},
                   .sine = 0.8,
                   .detune = 4,
                   .cutoff = 2600,
                   .track = 0.4,
                   .sweep = 0.6,
                   .q = 0.8,
                   .cutoff_lfo = 0.06,
                   .cutoff_depth = 0.5,
                   .tremolo = 0.21,
                   .tremolo_depth = 0.16},
    [PAD_STRINGS] = {.gain = 0.5,
                     .attack = 1.3,
                     .decay = 4,
                     .sustain = 0.85,
                     .release = 3.8,
                     .saw = {0.5, 0.5},
                     .sine = 0.15,
                     .detune = 9,
                     .cutoff = 1350,
                     .track = 0.6,
                     .sweep = 0.7,
                     .q = 0.6,
                     .cutoff_lfo = 0.11,
                     .cutoff_depth = 0.25,
                     .vibrato = 4.7,
                     .vibrato_cents = 5,
                     .vibrato_rise = 2.5,
                     .tremolo = 0.17,
                     .tremolo_depth = 0.08},
    [PAD_HOLLOW] = {.gain = 0.62,
                    .attack = 2,
                    .decay = 5,
                    .sustain = 0.75,
                    .release = 6,
                    .saw = {0.45, -0.45},
                    .sine = 0.4,
                    .detune = 1.2,
                    .pulse = 1,
                    .cutoff = 820,
                    .track = 0.5,
                    .sweep = 0.8,
                    .q = 0.9,
                    .cutoff_lfo = 0.07,
                    .cutoff_depth = 0.4,
                    .tremolo = 0.11,
                    .tremolo_depth = 0.1},
    [PAD_CHOIR] = {.gain = 0.5,
                   .attack = 2.2,
                   .decay = 5,
                   .sustain = 0.8,
                   .release = 6,
                   .saw = {0.38, 0.38},
                   .sine = 0.3,
                   .detune = 11,
                   .cutoff = 760,
                   .track = 0.35,
                   .sweep = 0.9,
                   .q = 1.5,
                   .cutoff_lfo = 0.12,
                   .cutoff_depth = 0.45,
                   .vibrato = 5.2,
                   .vibrato_cents = 7,
                   .vibrato_rise = 3,
                   .tremolo = 0.15,
                   .tremolo_depth = 0.12},
    [PAD_VELVET] = {.gain = 0.66,
                    .attack = 3,
                    .decay = 7,
                    .sustain = 0.78,
                    .release = 7.5,
                    .saw = {0.2, 0.2},
                    .sine = 0.75,
                    .detune = 4,
                    .cutoff = 460,
                    .track = 0.45,
                    .sweep = 0.8,
                    .q = 0.6,
                    .cutoff_lfo = 0.05,
                    .cutoff_depth = 0.5,
                    .tremolo = 0.08,
                    .tremolo_depth = 0.14},
};
static const struct timbre LEADS[LEAD_TIMBRES] = {
    [LEAD_PURE] = {.gain = 0.5,
                   .attack = 0.18,
                   .decay = 1.2,
                   .sustain = 0.7,
                   .release = 2,
                   .saw = {0.06, 0.06},
                   .sine = 0.9,
                   .detune = 3,
                   .cutoff = 2400,
                   .track = 0.5,
                   .sweep = 0.4,
                   .q = 0.7,
                   .vibrato = 4.4,
                   .vibrato_cents = 5,
                   .vibrato_rise = 1.2,
                   .tremolo = 0.31,
                   .tremolo_depth = 0.06},
    [LEAD_REED] = {.gain = 0.42,
                   .attack = 0.12,
                   .decay = 0.9,
                   .sustain = 0.65,
                   .release = 0.9,
                   .saw = {0.5, -0.5},
                   .sine = 0.3,
                   .detune = 0.8,
                   .pulse = 1,
                   .cutoff = 950,
                   .track = 0.7,
                   .sweep = 1.2,
                   .q = 0.9,
                   .vibrato = 4.9,
                   .vibrato_cents = 6,
                   .vibrato_rise = 0.9},
    [LEAD_FLUTE] = {.gain = 0.54,
                    .attack = 0.14,
                    .decay = 1,
                    .sustain = 0.75,
                    .release = 1.5,
                    .saw = {0.1, -0.1},
                    .sine = 0.85,
                    .detune = 0.5,
                    .pulse = 1,
                    .cutoff = 1500,
                    .track = 0.8,
                    .sweep = 0.8,
                    .q = 0.7,
                    .vibrato = 5.1,
                    .vibrato_cents = 9,
                    .vibrato_rise = 0.8,
                    .tremolo = 5.1,
                    .tremolo_depth = 0.07},
    [LEAD_PLUCK] = {.gain = 1.05,
                    .attack = 0.006,
                    .decay = 2.6,
                    .sustain = 0,
                    .release = 1.2,
                    .saw = {0.4, 0.4},
                    .sine = 0.3,
                    .detune = 2.5,
                    .cutoff = 420,
                    .track = 0.5,
                    .sweep = 2.6,
                    .q = 0.8},
    [LEAD_CELESTA] = {.gain = 0.9,
                      .attack = 0.004,
                      .decay = 3,
                      .sustain = 0,
                      .release = 1.6,
                      .saw = {0.09, -0.09},
                      .sine = 0.85,
                      .detune = 0.6,
                      .pulse = 1,
                      .cutoff = 1700,
                      .track = 0.6,
                      .sweep = 1.6,
                      .q = 0.7,
                      .tremolo = 3.1,
                      .tremolo_depth = 0.1},
};
static const struct timbre BASSES[BASS_TIMBRES] = {
    [BASS_ROUND] = {.gain = 0.66,
                    .attack = 0.5,
                    .decay = 4,
                    .sustain = 0.75,
                    .release = 1.8,
                    .saw = {0.2, 0.12},
                    .sine = 0.75,
                    .detune = 2,
                    .cutoff = 420,
                    .track = 0.3,
                    .sweep = 0.8,
                    .q = 0.7,
                    .tremolo = 0.1,
                    .tremolo_depth = 0.05},
    [BASS_SUB] = {.gain = 0.72,
                  .attack = 0.8,
                  .decay = 5,
                  .sustain = 0.8,
                  .release = 2.2,
                  .saw = {0.05, 0.05},
                  .sine = 0.9,
                  .detune = 1,
                  .cutoff = 300,
                  .track = 0.3,
                  .sweep = 0.5,
                  .q = 0.6},
    [BASS_WOOD] = {.gain = 0.9,
                   .attack = 0.012,
                   .decay = 5,
                   .sustain = 0.3,
                   .release = 1.2,
                   .saw = {0.35, 0.2},
                   .sine = 0.6,
                   .detune = 2,
                   .cutoff = 260,
                   .track = 0.4,
                   .sweep = 1.9,
                   .q = 0.8},
};
static const struct timbre KICKS[KICK_TIMBRES] = {
    [KICK_SOFT] = {.gain = 0.55, .attack = 0.004, .release = 0.34}, /* pitches stand in KICK_PITCH */
    [KICK_DEEP] = {.gain = 0.62, .attack = 0.006, .release = 0.6},
    [KICK_FELT] = {.gain = 0.5, .attack = 0.003, .release = 0.24},
};
static const struct timbre SEED_KICK = {.gain = 1, .attack = 0.002, .release = 0.3};
static const struct timbre SWELLS[SWELL_TIMBRES] = {
    [SWELL_AIR] =
        {.gain = 0.3, .cutoff = 1500, .sweep = 1.4, .q = 0.8, .cutoff_lfo = 0.2, .cutoff_depth = 0.5},
    [SWELL_WIND] =
        {.gain = 0.45, .cutoff = 520, .sweep = 1.6, .q = 2.2, .cutoff_lfo = 0.31, .cutoff_depth = 0.7},
    [SWELL_WAVE] =
        {.gain = 0.6, .cutoff = 300, .sweep = 2.2, .q = 0.7, .cutoff_lfo = 0.12, .cutoff_depth = 0.3},
};
static const struct timbre SEED_SWELL = {.gain = 0.5,
                                         .cutoff = 1000,
                                         .q = 0.7,
                                         .cutoff_lfo = 0.2,
                                         .cutoff_depth = 0.6,
                                         .tremolo = 0.2,
                                         .tremolo_depth = 0.3};

struct bell_timbre_settings {
    double gain, attack, release;
    double ratio[BELL_PARTIALS], weight[BELL_PARTIALS];
    double half[BELL_PARTIALS]; /* seconds to fall by 6 dB at middle C */
};
static const struct bell_timbre_settings BELLS[BELL_TIMBRES] = {
    [BELL_BRONZE] = {0.44,
                     0.005,
                     3.5,
                     {0.5, 1, 1.19, 2, 2.74, 3.76},
                     {0.3, 1, 0.35, 0.4, 0.2, 0.1},
                     {1.6, 1.1, 0.7, 0.6, 0.35, 0.22}},
    [BELL_CRYSTAL] = {0.5,
                      0.004,
                      3,
                      {1, 2.0, 3.01, 4.17, 5.43, 6.79},
                      {1, 0.25, 0.3, 0.16, 0.1, 0.06},
                      {1.0, 0.7, 0.45, 0.3, 0.2, 0.14}},
    [BELL_KALIMBA] =
        {0.85, 0.005, 1.4, {1, 2.0, 5.36, 0, 0, 0}, {1, 0.16, 0.2, 0, 0, 0}, {0.42, 0.2, 0.05, 0, 0, 0}},
    [BELL_BOWL] = {0.42,
                   0.03,
                   6,
                   {1, 1.003, 2.71, 2.716, 5.15, 0},
                   {0.65, 0.5, 0.3, 0.22, 0.1, 0},
                   {2.6, 2.4, 1.3, 1.2, 0.6, 0}},
};

struct kick_pitch {
    double high, low, fall; /* Hz, Hz, seconds to fall by half */
};
static const struct kick_pitch KICK_PITCH[KICK_TIMBRES] = {
    [KICK_SOFT] = {105, 46, 0.022}, [KICK_DEEP] = {82, 36, 0.035}, [KICK_FELT] = {150, 62, 0.014}};
static const struct kick_pitch SEED_KICK_PITCH = {150, 40, 0.02};

uint32_t instrument_program_words(enum voice_program program) {
    static const uint32_t words[VOICE_PROGRAMS] = {[PROGRAM_ANALOG] = ANALOG_WORDS,
                                                   [PROGRAM_BELL] = BELL_WORDS,
                                                   [PROGRAM_DRUM] = DRUM_WORDS,
                                                   [PROGRAM_NOISE] = NOISE_WORDS,
                                                   [PROGRAM_TONE] = TONE_WORDS};
    return words[program];
}

int instrument_bend_word(enum voice_program program) {
    static const int words[VOICE_PROGRAMS] = {[PROGRAM_ANALOG] = ANALOG_WAVE + WAVE_BEND,
                                              [PROGRAM_BELL] = BELL_BEND,
                                              [PROGRAM_DRUM] = -1,
                                              [PROGRAM_NOISE] = -1,
                                              [PROGRAM_TONE] = TONE_WAVE + WAVE_BEND};
    return words[program];
}

enum voice_program instrument_program(int instrument, int timbre) {
    switch (instrument) {
    case AURALIS_BELL:
        return timbre < 0 ? PROGRAM_TONE : PROGRAM_BELL; /* the original has no bell: its lead plays it */
    case AURALIS_KICK:
        return PROGRAM_DRUM;
    case AURALIS_SWELL:
        return PROGRAM_NOISE;
    default:
        return timbre < 0 ? PROGRAM_TONE : PROGRAM_ANALOG;
    }
}

static const struct timbre *timbre_of(int instrument, int timbre) {
    bool seed = timbre < 0;
    switch (instrument) {
    case AURALIS_PAD:
        return seed ? &SEED_PAD : &PADS[timbre];
    case AURALIS_BASS:
        return seed ? &SEED_PAD : &BASSES[timbre];
    case AURALIS_KICK:
        return seed ? &SEED_KICK : &KICKS[timbre];
    case AURALIS_SWELL:
        return seed ? &SEED_SWELL : &SWELLS[timbre];
    default:
        return seed ? &SEED_LEAD : &LEADS[timbre];
    }
}

bool instrument_is_direct(int instrument, int timbre, double pitch) {
    bool low_pad = instrument == AURALIS_PAD && timbre >= 0 && pitch < LOW_PAD;
    return instrument == AURALIS_KICK || instrument == AURALIS_BASS || low_pad;
}

/* Words are written through these, so that none is forgotten to be rounded. */
static void put_f(struct voice_start *s, int word, double x) {
    float f = (float)x;
    memcpy(&s->word[word], &f, sizeof f);
}
static void put_i(struct voice_start *s, int word, int32_t x) {
    s->word[word] = (uint32_t)x;
}
static void put_turns(struct voice_start *s, int word, double turns) { /* a frame, or a phase */
    s->word[word] = (uint32_t)(int64_t)exact_round(turns * 4294967296.0);
}

struct envelope {
    double attack, decay, sustain, release; /* seconds */
    double gate;
};

static double at_least(double x, double least) {
    return x < least ? least : x;
}

static void put_envelope(struct voice_start *s, const struct envelope *e, double rate, uint32_t attack_max) {
    double attack = at_least(exact_round(e->attack * rate), 48),
           release = at_least(exact_round(e->release * rate), 64);
    if (attack_max && attack > attack_max) attack = attack_max;
    put_f(s, VOICE_ATTACK, 1.0 / attack);
    put_f(s, VOICE_ATTACK_END, attack);
    put_f(s, VOICE_DECAY, 5.0 / at_least(e->decay * rate, 1));
    put_f(s, VOICE_SUSTAIN, e->sustain);
    put_f(s, VOICE_RELEASE, 1.0 / release);
    put_i(s, VOICE_GATE, (int32_t)e->gate);
    s->life = (int32_t)(e->gate + release);
}

void instrument_place(double gain, double pan, float out[2]) {
    double angle = (pan + 1.0) / 8.0; /* unity in the middle */
    out[0] = (float)(gain * exact_cos_turns(angle) * 1.41421356237309504880);
    out[1] = (float)(gain * exact_sin_turns(angle) * 1.41421356237309504880);
}

static void put_common(struct voice_start *s, const auralis_note *n, double gain, uint32_t offset,
                       float bright) {
    float gains[2];
    s->gain = n->velocity * gain;
    s->pan = n->pan;
    s->channel = n->channel;
    instrument_place(s->gain, s->pan, gains);
    put_i(s, VOICE_AGE, -(int32_t)offset);
    put_i(s, VOICE_KILL, INT32_MAX);
    put_i(s, VOICE_BUS, instrument_is_direct(n->instrument, n->timbre, n->pitch) ? BUS_DIRECT : BUS_WASH);
    for (int side = 0; side < 2; side++) {
        put_f(s, VOICE_GAIN_L + side, gains[side]);
        put_f(s, VOICE_FROM_L + side, gains[side]);
    }
    put_f(s, VOICE_BRIGHT, bright);
}

/* Random numbers that belong to this note, whoever plays it. */
static struct random random_of(const auralis_note *n) {
    return random_at(n->onset, (uint64_t)exact_round(n->pitch * 1000), (uint64_t)n->instrument,
                     START_PURPOSE);
}

/* What is a note's own, around 1 or 0. */
struct nature {
    double pace, width, octaves; /* of LFOs; of detuning; of the cutoff */
    double tune;                 /* octaves: nobody in a choir is quite in tune */
};

static struct nature nature_of(const auralis_note *n, struct random *r) {
    if (n->timbre < 0) return (struct nature){1, 1, 0, 0};
    double cents = n->instrument == AURALIS_PAD ? 2.5 : 0.0;
    return (struct nature){.pace = exact_exp2(random_range(r, -0.4, 0.4)),
                           .width = random_range(r, 0.7, 1.3),
                           .octaves = random_range(r, -0.12, 0.12) + touch_octaves(n->velocity),
                           .tune = random_range(r, -cents, cents) / 1200.0};
}

static void put_tremolo(struct voice_start *s, const struct timbre *t, double pace, double rate) {
    put_turns(s, VOICE_TREMOLO_INC, t->tremolo * pace / rate);
    put_f(s, VOICE_TREMOLO_DEPTH, t->tremolo_depth);
}

static void put_filter(struct voice_start *s, const struct timbre *t, const struct nature *own, double pitch,
                       double rate, struct random *r) {
    put_f(s, FILTER_CUTOFF, exact_log2(t->cutoff / rate) + t->track * (pitch - 60.0) / 12.0 + own->octaves);
    put_f(s, FILTER_ENVELOPE, t->sweep);
    put_turns(s, FILTER_LFO_INC, t->cutoff_lfo * own->pace / rate);
    put_turns(s, FILTER_LFO_PHASE, random_unit(r));
    put_f(s, FILTER_LFO_DEPTH, t->cutoff_depth);
    put_f(s, FILTER_DAMPING, 1.0 / t->q);
}

static void start_waves(const auralis_note *n, const struct timbre *t, double rate, uint32_t offset,
                        struct voice_start *s) {
    struct random r = random_of(n);
    struct nature own = nature_of(n, &r);
    double hz = exact_hz(n->pitch + 12.0 * own.tune), detune = exact_exp2(t->detune * own.width / 2400.0);
    double ratio[3] = {1.0 / detune, detune, 1.0}, start[3];
    if (n->timbre < 0) ratio[0] = 1.0, ratio[1] = detune * detune;
    for (int o = 0; o < 3; o++) start[o] = random_unit(&r);
    if (t->pulse > 0) start[1] = start[0] + 0.5;
    int at = s->program == PROGRAM_TONE ? TONE_WAVE : ANALOG_WAVE;
    if (s->program == PROGRAM_ANALOG) put_filter(s, t, &own, n->pitch, rate, &r);
    put_tremolo(s, t, n->instrument == AURALIS_LEAD ? 1 : own.pace, rate);
    for (int o = 0; o < 3; o++) {
        double turns = hz * ratio[o] / rate;
        if (turns > 0.45) turns = 0.45;
        put_turns(s, at + WAVE_INC1 + o, turns);
        put_turns(s, at + WAVE_PHASE1 + o, start[o]);
        s->word[at + WAVE_PHASE1 + o] -= offset * s->word[at + WAVE_INC1 + o];
    }
    put_f(s, at + WAVE_SAW1, t->saw[0]);
    put_f(s, at + WAVE_SAW2, t->saw[1]);
    put_f(s, at + WAVE_SINE, t->sine);
    put_turns(s, at + WAVE_VIBRATO_INC, t->vibrato / rate);
    put_f(s, at + WAVE_VIBRATO_DEPTH, t->vibrato_cents * 0.00057762265047); /* ln 2 / 1200 */
    put_f(s, at + WAVE_VIBRATO_RISE, 1.0 / at_least(t->vibrato_rise * rate, 1));
}

static void start_bell(const auralis_note *n, double rate, uint32_t offset, struct voice_start *s) {
    const struct bell_timbre_settings *b = &BELLS[n->timbre];
    struct random r = random_of(n);
    double hz = exact_hz(n->pitch), faster = exact_exp2((n->pitch - 60.0) / 24.0),
           start = random_below(&r, 2) * 0.5; /* at a zero: a strike this fast would click */
    for (int k = 0; k < BELL_PARTIALS; k++) {
        double turns = hz * b->ratio[k] / rate;
        bool heard = turns > 0 && turns < 0.42;
        put_turns(s, BELL_INC + k, heard ? turns : 0);
        put_f(s, BELL_WEIGHT + k, heard ? b->weight[k] : 0);
        put_f(s, BELL_RATE + k, heard ? faster / (b->half[k] * rate) : 0);
        put_turns(s, BELL_PHASE + k, start);
        s->word[BELL_PHASE + k] -= offset * s->word[BELL_INC + k];
    }
}

static void start_drum(const auralis_note *n, double rate, uint32_t offset, struct voice_start *s) {
    const struct kick_pitch *p = n->timbre < 0 ? &SEED_KICK_PITCH : &KICK_PITCH[n->timbre];
    double low = p->low / rate * 4294967296.0, fall = (p->high - p->low) / rate * 4294967296.0;
    put_f(s, DRUM_LOW, low);
    put_f(s, DRUM_FALL, fall);
    put_f(s, DRUM_RATE, 1.0 / (p->fall * rate));
    s->word[DRUM_INC] = (uint32_t)(int64_t)(low + fall);
    s->word[DRUM_PHASE] = 0u - offset * s->word[DRUM_INC];
}

/* A swell rises over 45 % of its length and falls over the rest; the original's rises in a quarter, falls in
 * a quarter. */
static struct envelope envelope_of(const auralis_note *n, double rate) {
    const struct timbre *t = timbre_of(n->instrument, n->timbre);
    double seconds = (double)n->duration / rate;
    if (n->instrument == AURALIS_SWELL) {
        double rise = n->timbre < 0 ? 0.25 : 0.45, fall = n->timbre < 0 ? 0.25 : 0.55;
        return (struct envelope){rise * seconds, 1, 1, fall * seconds,
                                 exact_round((1 - fall) * seconds * rate)};
    }
    if (n->instrument == AURALIS_KICK) /* as long as it is, whatever the note says */
        return (struct envelope){t->attack, 1, 1, t->release, at_least(exact_round(t->attack * rate), 48)};
    if (n->instrument == AURALIS_BELL && n->timbre >= 0)
        return (struct envelope){BELLS[n->timbre].attack, 1, 1, BELLS[n->timbre].release,
                                 (double)n->duration};
    return (struct envelope){t->attack, t->decay, t->sustain, t->release, (double)n->duration};
}

void instrument_start(const auralis_note *note, uint32_t sample_rate, uint32_t offset, float bright,
                      uint32_t attack_max, struct voice_start *out) {
    double rate = sample_rate;
    const struct timbre *t = timbre_of(note->instrument, note->timbre);
    memset(out, 0, sizeof *out);
    out->program = instrument_program(note->instrument, note->timbre);
    struct envelope e = envelope_of(note, rate);
    put_envelope(out, &e, rate, attack_max);
    double gain = out->program == PROGRAM_BELL ? BELLS[note->timbre].gain : t->gain;
    put_common(out, note, gain, offset, bright);
    switch (out->program) {
    case PROGRAM_BELL:
        start_bell(note, rate, offset, out);
        break;
    case PROGRAM_DRUM:
        start_drum(note, rate, offset, out);
        break;
    case PROGRAM_NOISE: {
        struct random r = random_of(note);
        struct nature own = nature_of(note, &r);
        put_filter(out, t, &own, 60, rate, &r);
        put_tremolo(out, t, own.pace, rate);
        out->word[NOISE_SEED] = (uint32_t)random_u64(&r);
        put_f(out, NOISE_WEIGHT, 1.0);
        break;
    }
    default:
        start_waves(note, t, rate, offset, out);
    }
}

uint64_t instrument_life(const auralis_note *note, uint32_t sample_rate) {
    struct envelope e = envelope_of(note, sample_rate);
    return (uint64_t)(e.gate + at_least(exact_round(e.release * sample_rate), 64)) + BLOCK;
}
