/* check_voices.c — the voice programs: bits against scalar C, error against the float64 reference, time.
 *
 * The voices are notes of every instrument and timbre at random pitches, lengths and rates, some told to
 * fade, some left out of a call, some bent; all words of the bank must agree after every block, not the sound
 * alone. Blocks side by side (kernels/stretch.h) must come to what blocks one after the other come to. */
#include "base/random.h"
#include "measure/check.h"
#include "music/timbre.h"
#include "synth/bank.h"
#include "synth/reference/voices.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 160, TIMED_BLOCKS = 400, REFERENCE_BLOCKS = 1500, BENT_FROM = 100 };

const struct check_program CHECK_PROGRAMS[VOICE_PROGRAMS] = {
    [PROGRAM_ANALOG] = {"analog", {AURALIS_PAD, AURALIS_LEAD, AURALIS_BASS}, 3},
    [PROGRAM_BELL] = {"bell", {AURALIS_BELL}, 1},
    [PROGRAM_DRUM] = {"drum", {AURALIS_KICK}, 1},
    [PROGRAM_NOISE] = {"noise", {AURALIS_SWELL}, 1},
    [PROGRAM_TONE] = {"tone", {AURALIS_PAD, AURALIS_LEAD}, 2},
};

static int random_instrument(int program, struct random *r) {
    return CHECK_PROGRAMS[program].instrument[random_below(r, (uint32_t)CHECK_PROGRAMS[program].count)];
}

static auralis_note random_note(int program, int instrument, struct random *r, uint32_t rate) {
    int timbres = timbre_names(instrument, NULL);
    return (auralis_note){.onset = random_u64(r) >> 20,
                          .duration = 1 + (uint64_t)(random_range(r, 0.0, 0.2) * rate),
                          .pitch = random_range(r, 21, 108),
                          .velocity = random_unit(r),
                          .pan = random_range(r, -1, 1),
                          .instrument = instrument,
                          .timbre = program == PROGRAM_TONE ? AURALIS_TIMBRE_SEED
                                                            : (int32_t)random_below(r, (uint32_t)timbres)};
}

/* Voices of all instruments of a program, or of only one: if none has more than a sine, other text runs. */
static void fill(struct bank *bank, int program, uint32_t count, struct random *r) {
    static const uint32_t rates[] = {44100, 48000, 96000};
    int instrument = random_unit(r) < 0.5 ? random_instrument(program, r) : -1;
    bank_init(bank, (enum voice_program)program);
    if (bank_reserve(bank, VOICE_RUN_MAX) < 0) abort();
    for (uint32_t i = 0; i < count; i++) {
        struct voice_start start;
        uint32_t rate = rates[random_below(r, 3)];
        auralis_note note =
            random_note(program, instrument < 0 ? random_instrument(program, r) : instrument, r, rate);
        instrument_start(&note, rate, random_below(r, BLOCK), (float)random_range(r, -3, 3), 0, &start);
        if (random_unit(r) < 0.3) {
            float fade = 1.0f / (float)(64 + random_below(r, 1000));
            start.word[VOICE_KILL] = random_below(r, 5000);
            memcpy(&start.word[VOICE_KILL_RATE], &fade, sizeof fade);
        }
        bank_add(bank, 0, &start, note.instrument, 0);
    }
}

/* Where the program has a bend, writes it into a voice of a bank. */
static void put_bend(struct bank *bank, uint32_t v, int program, double bend) {
    float word = (float)bend;
    int at = instrument_bend_word((enum voice_program)program);
    if (at >= 0) memcpy(&bank->word[at][v], &word, sizeof word);
}

/* One comparison: the same voices through two tables. */
struct trial {
    int program;
    uint64_t seed;
    const struct kernels *table[2];
    bool differs;
    struct bank bank[2];
    float rows[2][VOICE_RUN_MAX * VOICE_ROW] __attribute__((aligned(64)));
};

static bool same_words(const struct bank *a, const struct bank *b) {
    for (uint32_t w = 0; w < a->words; w++)
        if (memcmp(a->word[w], b->word[w], a->count * sizeof(uint32_t))) return false;
    return !memcmp(a->tail, b->tail, a->count * VOICE_TAIL * sizeof(float));
}

static bool same_block(struct trial *t, uint32_t count) {
    const struct bank *a = &t->bank[0], *b = &t->bank[1];
    if (!same_words(a, b)) return false;
    for (uint32_t v = 0; v < count; v++)
        if (a->word[VOICE_RUN][v] &&
            memcmp(t->rows[0] + v * VOICE_ROW, t->rows[1] + v * VOICE_ROW, BLOCK * sizeof(float)))
            return false;
    return true;
}

static void compare(void *self) {
    struct trial *t = self;
    struct random shape = random_at(t->seed, 1, 0, 0);
    uint32_t count = 1 + random_below(&shape, VOICE_RUN_MAX);
    for (int k = 0; k < 2; k++) {
        struct random r = random_at(t->seed, 0, 0, 0);
        fill(&t->bank[k], t->program, count, &r);
    }
    for (int b = 0; b < BLOCKS && !t->differs; b++) {
        for (uint32_t v = 0; v < count; v++) {
            t->bank[0].word[VOICE_RUN][v] = t->bank[1].word[VOICE_RUN][v] =
                random_unit(&shape) < 0.8 ? UINT32_MAX : 0;
            if (t->seed % 2 || random_unit(&shape) > 0.1) continue; /* in every other trial none is bent */
            double bend = random_unit(&shape) < 0.5 ? random_range(&shape, -0.003, 0.003)
                                                    : random_range(&shape, -0.75, 3); /* past the band too */
            for (int k = 0; k < 2; k++) put_bend(&t->bank[k], v, t->program, bend);
        }
        for (int k = 0; k < 2; k++) {
            struct voice_run run = {t->bank[k].word, t->bank[k].tail, 0, count, t->rows[k]};
            t->table[k]->voice[t->program](&run);
        }
        t->differs = !same_block(t, count);
    }
    for (int k = 0; k < 2; k++) bank_free(&t->bank[k]);
}

static bool same_bits(int program, const struct kernels *scalar, const struct kernels *other) {
    struct trial *t = aligned_alloc(64, (sizeof *t + 63) / 64 * 64);
    if (!t) abort();
    bool same = true;
    for (uint64_t seed = 0; seed < 12 && same; seed++)
        for (int flags = 0; flags < 2 && same; flags++) {
            memset(t, 0, sizeof *t);
            t->program = program;
            t->seed = seed;
            t->table[0] = scalar;
            t->table[1] = other;
            check_with_flags(flags, compare, t);
            same = !t->differs;
        }
    free(t);
    return same;
}

/* ---- Blocks side by side ---- */

/* A table's blocks side by side, on buses that hold something or not, against scalar C's one after the other.
 */
struct stretch_trial {
    int program;
    uint64_t seed;
    const struct kernels *scalar, *other;
    bool differs;
    struct bank bank[2];
    float rows[VOICE_RUN_MAX * VOICE_ROW] __attribute__((aligned(64)));
    float bus[2][STRETCH_BLOCKS][BUS_FLOATS] __attribute__((aligned(64)));
};

static void fill_buses(struct stretch_trial *t, struct random *r) {
    for (uint32_t i = 0; i < STRETCH_BLOCKS; i++)
        for (int n = 0; n < BUS_FLOATS; n++)
            t->bus[0][i][n] = t->bus[1][i][n] = (float)random_range(r, -1, 1);
}

/* The same voices twice, whose pitches rest, after the block in which they begin. */
static void fill_begun(struct stretch_trial *t, uint32_t count) {
    for (int k = 0; k < 2; k++) {
        struct random r = random_at(t->seed, 0, 0, 0);
        fill(&t->bank[k], t->program, count, &r);
        bank_fill(&t->bank[k], 0, VOICE_RUN, UINT32_MAX);
        for (uint32_t v = 0; v < count; v++) t->bank[k].word[VOICE_BUS][v] = random_below(&r, STREAM_BUSES);
        struct voice_run run = {t->bank[k].word, t->bank[k].tail, 0, count, t->rows};
        t->scalar->voice[t->program](&run);
    }
}

static bool same_stretch(struct stretch_trial *t, uint32_t count, uint32_t blocks, uint32_t begun) {
    const struct bank *a = &t->bank[0], *b = &t->bank[1];
    struct voice_run run = {a->word, a->tail, 0, count, t->rows}, all = {b->word, b->tail, 0, count, NULL};
    const int32_t *to = (const int32_t *)(const void *)a->word[VOICE_BUS];
    const float *left = (const float *)(const void *)a->word[VOICE_GAIN_L],
                *right = (const float *)(const void *)a->word[VOICE_GAIN_R];
    uint32_t mixed = 0, stretched = t->other->stretch[t->program](&all, blocks, t->bus[1][0], begun);
    for (uint32_t i = 0; i < blocks; i++) {
        t->scalar->voice[t->program](&run);
        mixed = t->scalar->mix(t->bus[0][i], begun, t->rows, to, left, right, count);
    }
    return mixed == stretched && same_words(a, b) &&
           !memcmp(t->bus[0], t->bus[1], blocks * sizeof *t->bus[0]);
}

static void compare_stretch(void *self) {
    enum { VOICES = 16 };
    struct stretch_trial *t = self;
    struct random shape = random_at(t->seed, 1, 0, 0);
    uint32_t count = 1 + random_below(&shape, VOICES);
    fill_begun(t, count);
    for (int b = 0; b < BLOCKS && !t->differs; b += STRETCH_BLOCKS / 2) {
        uint32_t blocks = 1 + random_below(&shape, STRETCH_BLOCKS),
                 begun = random_below(&shape, 1 + ALL_BUSES);
        fill_buses(t, &shape);
        t->differs = !same_stretch(t, count, blocks, begun);
    }
    for (int k = 0; k < 2; k++) bank_free(&t->bank[k]);
}

static bool same_bits_stretch(int program, const struct kernels *scalar, const struct kernels *other) {
    struct stretch_trial *t = aligned_alloc(64, (sizeof *t + 63) / 64 * 64);
    if (!t) abort();
    bool same = true;
    for (uint64_t seed = 0; seed < 12 && same; seed++) {
        memset(t, 0, sizeof *t);
        t->program = program;
        t->seed = seed;
        t->scalar = scalar;
        t->other = other;
        check_with_flags(seed & 1, compare_stretch, t);
        same = !t->differs;
    }
    free(t);
    return same;
}

/* ---- Error and time ---- */

/* Signal to error of one voice over some seconds, in dB. After its first tenth of a second its pitch glides
 * up a semitone and swings about that as fast as it can without going the way of those that glide far. */
static double voice_snr(const struct kernels *table, int program, const auralis_note *note) {
    struct voice_start start;
    struct reference_voice reference;
    struct bank bank;
    float rows[VOICE_RUN_MAX * VOICE_ROW] __attribute__((aligned(64)));
    double signal = 0, error = 0;
    instrument_start(note, 48000, 17, 0.25f, 0, &start);
    reference_start(&reference, &start);
    bank_init(&bank, (enum voice_program)program);
    if (bank_reserve(&bank, VOICE_RUN_MAX) < 0) abort();
    start.word[VOICE_RUN] = UINT32_MAX;
    bank_add(&bank, 0, &start, note->instrument, 0);
    int at = instrument_bend_word((enum voice_program)program);
    for (int b = 0; b < REFERENCE_BLOCKS; b++) {
        double right[BLOCK], since = fmax(0, (b - BENT_FROM) / (double)REFERENCE_BLOCKS);
        double bend = since > 0 ? 0.06 * since + 0.01 * sin(0.1 * b) : 0;
        struct voice_run run = {bank.word, bank.tail, 0, 1, rows};
        put_bend(&bank, 0, program, bend);
        if (at >= 0) reference.word[at] = bank.word[at][0];
        table->voice[program](&run);
        reference_block(&reference, right);
        for (int i = 0; i < BLOCK; i++) {
            signal += right[i] * right[i];
            error += (rows[i] - right[i]) * (rows[i] - right[i]);
        }
    }
    bank_free(&bank);
    return 10 * log10(signal / (error + 1e-300));
}

/* The worst over all timbres, low and high. */
static double worst_snr(const struct kernels *table, int program) {
    double worst = INFINITY;
    for (int i = 0; i < CHECK_PROGRAMS[program].count; i++) {
        int instrument = CHECK_PROGRAMS[program].instrument[i], timbres = timbre_names(instrument, NULL);
        for (int timbre = -1; timbre < timbres; timbre++)
            for (int high = 0; high < 2; high++) {
                auralis_note note = {.onset = 1000,
                                     .duration = 60000,
                                     .pitch = high ? 76 : 45,
                                     .velocity = 1,
                                     .instrument = instrument,
                                     .timbre = timbre};
                if ((int)instrument_program(instrument, timbre) != program) continue;
                double snr = voice_snr(table, program, &note);
                if (snr < worst) worst = snr;
            }
    }
    return worst;
}

/* Nanoseconds a voice and sample, 64 voices at once. */
static double voice_time(const struct kernels *table, int program) {
    struct random r = random_at(7, 0, 0, 0);
    struct bank bank;
    float rows[VOICE_RUN_MAX * VOICE_ROW] __attribute__((aligned(64)));
    fill(&bank, program, VOICE_RUN_MAX, &r);
    bank_fill(&bank, 0, VOICE_RUN, UINT32_MAX);
    struct voice_run run = {bank.word, bank.tail, 0, VOICE_RUN_MAX, rows};
    double begin = check_seconds();
    for (int b = 0; b < TIMED_BLOCKS; b++) table->voice[program](&run);
    double seconds = check_seconds() - begin;
    bank_free(&bank);
    return seconds * 1e9 / ((double)TIMED_BLOCKS * VOICE_RUN_MAX * BLOCK);
}

/* The same for few voices, sixteen blocks at once, with their sum. */
static double stretch_time(const struct kernels *table, int program) {
    const uint32_t VOICES = program == PROGRAM_NOISE ? 1 : 10;
    struct stretch_trial *t = aligned_alloc(64, (sizeof *t + 63) / 64 * 64);
    if (!t) abort();
    *t = (struct stretch_trial){.program = program, .scalar = table};
    fill_begun(t, VOICES);
    struct voice_run run = {t->bank[0].word, t->bank[0].tail, 0, VOICES, NULL};
    double begin = check_seconds();
    for (int b = 0; b < TIMED_BLOCKS; b += STRETCH_BLOCKS)
        table->stretch[program](&run, STRETCH_BLOCKS, t->bus[0][0], 0);
    double seconds = check_seconds() - begin;
    for (int k = 0; k < 2; k++) bank_free(&t->bank[k]);
    free(t);
    return seconds * 1e9 / ((double)TIMED_BLOCKS * VOICES * BLOCK);
}

static int check_stretch(FILE *out, bool bits, int program, const struct kernels *const *tables, int count) {
    int failures = 0;
    for (int i = 0; i < count && tables[i]->stretch[program]; i++) {
        bool same = same_bits_stretch(program, tables[0], tables[i]);
        check_print(out, "stretch", tables[i]->isa, same);
        failures += !same;
        fprintf(out, "   as %s", CHECK_PROGRAMS[program].name);
        if (!bits) fprintf(out, " %9.3f ns/sample", stretch_time(tables[i], program));
        fputc('\n', out);
    }
    return failures;
}

int check_voices(FILE *out, bool bits) {
    const struct kernels *tables[8];
    int count = check_tables(tables), failures = 0;
    for (int program = 0; program < VOICE_PROGRAMS; program++) {
        double exact = bits ? 0 : worst_snr(tables[0], program);
        for (int i = 0; i < count; i++) {
            bool same = i == 0 || same_bits(program, tables[0], tables[i]);
            check_print(out, CHECK_PROGRAMS[program].name, tables[i]->isa, same);
            failures += !same;
            if (!bits) {
                double snr = same ? exact : worst_snr(tables[i], program);
                fprintf(out, " %7.1f dB %9.3f ns/sample%s", snr, voice_time(tables[i], program),
                        snr >= 100 ? "" : "  FAR");
                failures += same && !(snr >= 100);
            }
            fputc('\n', out);
            fflush(out);
        }
    }
    for (int program = 0; program < VOICE_PROGRAMS; program++)
        failures += check_stretch(out, bits, program, tables, count);
    return failures;
}
