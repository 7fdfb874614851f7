/* check_long.c — a minute of every voice program and of the effects against the float64 reference.
 *
 * Errors that grow with time do not show in two seconds. Two sets of notes: `used`, every timbre low, in the
 * middle and high in its instrument's range at the brightness that music asks for, which must come within
 * 100 dB of the reference; and `extreme`, anything that a score may hold (any pitch and brightness, bends of
 * two octaves on the move, early fades, every rate), which must come within 80 dB. After its end a voice must
 * be silent to the last bit. The fastest kernels of this machine run; they have the bits of all others. */
#include "base/random.h"
#include "device/cpu/cpu.h"
#include "measure/check.h"
#include "music/timbre.h"
#include "synth/bank.h"
#include "synth/reference/voices.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS = 60, EXTREMES = 12 };

static const double PITCHES[AURALIS_INSTRUMENTS][3] = {
    [AURALIS_PAD] = {45, 57, 76},  [AURALIS_LEAD] = {57, 74, 93}, [AURALIS_BASS] = {26, 36, 50},
    [AURALIS_BELL] = {57, 76, 98}, [AURALIS_KICK] = {36, 36, 36}, [AURALIS_SWELL] = {60, 60, 60}};
static const double BRIGHT[3] = {-2.5, 0.1, 1.7}; /* octaves: the presets' and their arcs' */

/* A voice beside its reference. */
struct pair {
    auralis_note note;
    struct reference_voice reference;
    uint32_t rate;
    int32_t life;
    double bend, bright; /* targets of those on the move */
    double signal, error;
};

struct take {
    int program;
    bool extreme;
    uint32_t count;
    struct bank bank;
    struct pair pair[VOICE_RUN_MAX];
    float rows[VOICE_RUN_MAX * VOICE_ROW] __attribute__((aligned(64)));
};

static void add(struct take *t, auralis_note note, uint32_t rate, double bright) {
    struct voice_start start;
    struct pair *p = &t->pair[t->count++];
    instrument_start(&note, rate, 17, (float)bright, 0, &start);
    start.word[VOICE_RUN] = UINT32_MAX;
    *p = (struct pair){.note = note, .rate = rate, .life = start.life, .bright = bright};
    reference_start(&p->reference, &start);
    bank_add(&t->bank, 0, &start, note.instrument, 0);
}

static void add_used(struct take *t, int instrument, int timbre) {
    for (int k = 0; k < 3; k++) {
        if (k && PITCHES[instrument][k] == PITCHES[instrument][0] && t->program == PROGRAM_DRUM) break;
        auralis_note note = {.onset = 1000,
                             .duration = 48000 * (SECONDS - 8),
                             .pitch = PITCHES[instrument][k],
                             .velocity = 1,
                             .instrument = instrument,
                             .timbre = timbre};
        add(t, note, 48000, BRIGHT[k]);
    }
}

static void add_extreme(struct take *t, int instrument, int timbres, struct random *r) {
    static const uint32_t rates[] = {44100, 48000, 96000};
    uint32_t rate = rates[random_below(r, 3)];
    auralis_note note = {.onset = random_u64(r) >> 20,
                         .duration = 1 + (uint64_t)(random_range(r, 0, 30) * rate),
                         .pitch = random_range(r, 0, 127),
                         .velocity = 1,
                         .instrument = instrument,
                         .timbre = (int32_t)random_below(r, (uint32_t)timbres + 1) - 1};
    if ((int)instrument_program(instrument, note.timbre) != t->program)
        note.timbre = t->program == PROGRAM_TONE ? -1 : 0;
    add(t, note, rate, random_range(r, -4, 4));
}

static void fill(struct take *t) {
    struct random r = random_at(11, (uint64_t)t->program, 0, 0);
    bank_init(&t->bank, (enum voice_program)t->program);
    if (bank_reserve(&t->bank, VOICE_RUN_MAX) < 0) abort();
    for (int instrument = 0; instrument < AURALIS_INSTRUMENTS; instrument++) {
        int timbres = timbre_names(instrument, NULL);
        bool plays = false;
        for (int timbre = -1; timbre < timbres; timbre++) {
            if ((int)instrument_program(instrument, timbre) != t->program) continue;
            plays = true;
            if (!t->extreme) add_used(t, instrument, timbre);
        }
        for (int i = 0; plays && t->extreme && i < EXTREMES; i++) add_extreme(t, instrument, timbres, &r);
    }
}

/* Writes a word of voice v and of its reference. */
static void put(struct take *t, uint32_t v, int word, const void *value) {
    memcpy(&t->bank.word[word][v], value, sizeof(uint32_t));
    memcpy(&t->pair[v].reference.word[word], value, sizeof(uint32_t));
}

/* Bend and brightness wander, each to a new target now and then; a few voices are told to end. */
static void disturb(struct take *t, uint32_t v, struct random *r) {
    struct pair *p = &t->pair[v];
    int bend_word = instrument_bend_word((enum voice_program)t->program);
    if (random_unit(r) < 0.01) p->bend = exp2(random_range(r, -2, 2)) - 1;
    if (random_unit(r) < 0.01) p->bright = random_range(r, -4, 4);
    float bend, bright, rate = 0.001f;
    memcpy(&bright, &t->bank.word[VOICE_BRIGHT][v], sizeof bright);
    bright += 0.02f * ((float)p->bright - bright);
    put(t, v, VOICE_BRIGHT, &bright);
    if (bend_word >= 0) {
        memcpy(&bend, &t->bank.word[bend_word][v], sizeof bend);
        bend += 0.05f * ((float)p->bend - bend);
        put(t, v, bend_word, &bend);
    }
    if (random_unit(r) < 0.0001 && t->bank.word[VOICE_KILL][v] == INT32_MAX) {
        put(t, v, VOICE_KILL_RATE, &rate);
        put(t, v, VOICE_KILL, &t->bank.word[VOICE_AGE][v]);
    }
}

static void play(struct take *t, const struct kernels *table) {
    struct random r = random_at(12, (uint64_t)t->program, 0, 0);
    struct voice_run run = {t->bank.word, t->bank.tail, 0, t->count, t->rows};
    for (int b = 0; b < 96000 * SECONDS / BLOCK; b++) {
        for (uint32_t v = 0; v < t->count && t->extreme; v++) disturb(t, v, &r);
        table->voice[t->program](&run);
        for (uint32_t v = 0; v < t->count; v++) {
            struct pair *p = &t->pair[v];
            double right[BLOCK] = {0};
            if ((uint32_t)b >= p->rate * SECONDS / BLOCK) continue;
            if ((int32_t)t->bank.word[VOICE_AGE][v] < p->life + 2 * BLOCK)
                reference_block(&p->reference, right);
            for (int i = 0; i < BLOCK; i++) {
                double d = t->rows[v * VOICE_ROW + (uint32_t)i] - right[i];
                p->signal += right[i] * right[i];
                p->error += d * d;
            }
        }
    }
}

/* Prints the worst of a take; returns whether it is too far off. */
static int judge(FILE *out, const struct take *t) {
    double least = INFINITY, least_wanted = t->extreme ? 80 : 100;
    const auralis_note *worst = &t->pair[0].note;
    for (uint32_t v = 0; v < t->count; v++) {
        const struct pair *p = &t->pair[v];
        if (p->signal == 0 && p->error == 0) continue; /* above all hearing, and left out */
        double snr = 10 * log10(p->signal / (p->error + 1e-300));
        if (!(snr >= least)) least = snr, worst = &p->note;
    }
    const char *const *names;
    timbre_names(worst->instrument, &names);
    static const char *const instruments[AURALIS_INSTRUMENTS] = {"pad",  "lead", "bass",
                                                                 "bell", "kick", "swell"};
    fprintf(out, "%-8s %-8s %2u voices %7.1f dB%s  (least: %s %s at %.1f)\n", CHECK_PROGRAMS[t->program].name,
            t->extreme ? "extreme" : "used", t->count, least, least >= least_wanted ? "" : "  FAR",
            instruments[worst->instrument], worst->timbre < 0 ? "as in the original" : names[worst->timbre],
            worst->pitch);
    fflush(out);
    return !(least >= least_wanted);
}

int check_voices_long(FILE *out) {
    const struct kernels *table;
    struct take *t = aligned_alloc(64, (sizeof *t + 63) / 64 * 64);
    int failures = 0;
    if (!t || cpu_kernels(NULL, &table) < 0) return fprintf(out, "no memory\n"), 1;
    for (int program = 0; program < VOICE_PROGRAMS; program++)
        for (int extreme = 0; extreme < 2; extreme++) {
            t->program = program;
            t->extreme = extreme;
            t->count = 0;
            fill(t);
            play(t, table);
            failures += judge(out, t);
            bank_free(&t->bank);
        }
    free(t);
    return failures;
}
