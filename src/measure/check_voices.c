/* check_voices.c — the voice programs: bits against scalar C, error against the float64 reference, time.
 *
 * The voices are notes of every instrument and timbre at random pitches, lengths and rates, some told to
 * fade, some left out of a call, some bent; all words of the bank must agree after every block, not the sound
 * alone. */
#include "base/random.h"
#include "measure/check.h"
#include "music/timbre.h"
#include "synth/bank.h"
#include "synth/reference/voices.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 160, TIMED_BLOCKS = 400, REFERENCE_BLOCKS = 1500 };

const struct check_program CHECK_PROGRAMS[VOICE_PROGRAMS] = {
    [PROGRAM_ANALOG] = {"analog", {AURALIS_PAD, AURALIS_LEAD, AURALIS_BASS}, 3},
    [PROGRAM_BELL] = {"bell", {AURALIS_BELL}, 1},
    [PROGRAM_DRUM] = {"drum", {AURALIS_KICK}, 1},
    [PROGRAM_NOISE] = {"noise", {AURALIS_SWELL}, 1},
    [PROGRAM_TONE] = {"tone", {AURALIS_PAD, AURALIS_LEAD}, 2},
};

static auralis_note random_note(int program, struct random *r, uint32_t rate) {
    int instrument =
        CHECK_PROGRAMS[program].instrument[random_below(r, (uint32_t)CHECK_PROGRAMS[program].count)];
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

static void fill(struct bank *bank, int program, uint32_t count, struct random *r) {
    static const uint32_t rates[] = {44100, 48000, 96000};
    bank_init(bank, (enum voice_program)program);
    if (bank_reserve(bank, VOICE_RUN_MAX) < 0) abort();
    for (uint32_t i = 0; i < count; i++) {
        struct voice_start start;
        uint32_t rate = rates[random_below(r, 3)];
        auralis_note note = random_note(program, r, rate);
        instrument_start(&note, rate, random_below(r, BLOCK), (float)random_range(r, -3, 3), 0, &start);
        if (random_unit(r) < 0.3) {
            float fade = 1.0f / (float)(64 + random_below(r, 1000));
            start.word[VOICE_KILL] = random_below(r, 5000);
            memcpy(&start.word[VOICE_KILL_RATE], &fade, sizeof fade);
        }
        bank_add(bank, 0, &start, note.instrument, 0);
    }
}

/* Where the program has a bend, writes it into a voice's words, which lie `apart` from each other. */
static void put_bend(uint32_t *words, size_t apart, int program, double bend) {
    float word = (float)bend;
    int at = instrument_bend_word((enum voice_program)program);
    if (at >= 0) memcpy(words + (size_t)at * apart, &word, sizeof word);
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

static bool same_block(struct trial *t, uint32_t count) {
    const struct bank *a = &t->bank[0], *b = &t->bank[1];
    for (uint32_t w = 0; w < a->words; w++)
        if (memcmp(a->word[w], b->word[w], a->count * sizeof(uint32_t))) return false;
    if (memcmp(a->tail, b->tail, a->count * VOICE_TAIL * sizeof(float))) return false;
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
            if (random_unit(&shape) > 0.1) continue;
            double bend = random_range(&shape, -0.75, 3); /* two octaves either way, and past the band */
            for (int k = 0; k < 2; k++)
                put_bend(t->bank[k].word[0] + v, t->bank[k].capacity, t->program, bend);
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
    for (uint64_t seed = 0; seed < 6 && same; seed++)
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

/* Signal to error of one voice over some seconds, in dB. In the second half its pitch glides up a semitone.
 */
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
    for (int b = 0; b < REFERENCE_BLOCKS; b++) {
        double right[BLOCK], bend = b < REFERENCE_BLOCKS / 2 ? 0 : 0.06 * (2.0 * b / REFERENCE_BLOCKS - 1);
        struct voice_run run = {bank.word, bank.tail, 0, 1, rows};
        put_bend(bank.word[0], bank.capacity, program, bend);
        put_bend(reference.word, 1, program, bend);
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
    return failures;
}
