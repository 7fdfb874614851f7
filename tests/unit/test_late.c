/* Voices that begin in the middle of their notes: as if they had played, for every timbre there is. */
#include "cmocka_c.h"

#include "base/random.h"
#include "device/cpu/cpu.h"
#include "music/timbre.h"
#include "synth/bank.h"
#include "synth/late.h"

#include <math.h>
#include <stdio.h>

enum { RATE = 48000, SETTLE = RATE / 2 / BLOCK, COMPARED = 32 };
static const int TIMBRES[AURALIS_INSTRUMENTS] = {
    [AURALIS_PAD] = PAD_TIMBRES,   [AURALIS_LEAD] = LEAD_TIMBRES, [AURALIS_BASS] = BASS_TIMBRES,
    [AURALIS_BELL] = BELL_TIMBRES, [AURALIS_KICK] = KICK_TIMBRES, [AURALIS_SWELL] = SWELL_TIMBRES};

static const struct kernels *kernels;

/* A voice that plays by itself. */
struct alone {
    struct bank bank;
    float rows[VOICE_RUN_MAX * VOICE_ROW] __attribute__((aligned(64)));
};

static void begin(struct alone *a, const struct voice_start *start) {
    bank_init(&a->bank, start->program);
    assert_int_equal(bank_reserve(&a->bank, 1), 0);
    bank_add(&a->bank, 0, start, 0, UINT64_MAX);
    bank_fill(&a->bank, 0, VOICE_RUN, UINT32_MAX);
}

static void play(struct alone *a, enum voice_program program, uint32_t blocks) {
    struct voice_run run = {a->bank.word, a->bank.tail, 0, 1, a->rows};
    for (uint32_t b = 0; b < blocks; b++) kernels->voice[program](&run);
}

static void same_words(const struct alone *a, const struct alone *b, int first, int count) {
    for (int w = first; w < first + count; w++) assert_int_equal(a->bank.word[w][0], b->bank.word[w][0]);
}

/* Age and phases to the bit at once; the sound soon. */
static void agrees(struct alone *played, struct alone *late, enum voice_program program, const char *what) {
    double signal = 0, error = 0;
    same_words(played, late, VOICE_AGE, 1);
    if (program == PROGRAM_BELL) same_words(played, late, BELL_PHASE, BELL_PARTIALS);
    if (program == PROGRAM_ANALOG) same_words(played, late, ANALOG_WAVE + WAVE_PHASE1, 3);
    if (program == PROGRAM_TONE) same_words(played, late, TONE_WAVE + WAVE_PHASE1, 3);
    play(played, program, SETTLE);
    play(late, program, SETTLE);
    for (int b = 0; b < COMPARED; b++) {
        play(played, program, 1);
        play(late, program, 1);
        for (int i = 0; i < BLOCK; i++) {
            double d = (double)played->rows[i] - (double)late->rows[i];
            signal += (double)played->rows[i] * (double)played->rows[i];
            error += d * d;
        }
    }
    assert_true(signal > 0);
    if (10 * log10((error + 1e-30) / signal) > -110)
        fail_msg("%s: %.1f dB", what, 10 * log10((error + 1e-30) / signal));
}

static auralis_note anything(struct random *r, int instrument, int timbre) {
    return (auralis_note){.onset = random_below(r, 1000000),
                          .duration = (uint64_t)(random_range(r, 5, 40) * RATE),
                          .pitch = random_range(r, 33, 84),
                          .velocity = random_range(r, 0.1, 1),
                          .pan = random_range(r, -1, 1),
                          .instrument = instrument,
                          .timbre = timbre};
}

static void a_late_voice_is_one_that_has_played(void **state) {
    (void)state;
    static struct alone played, late;
    struct random r = random_at(1, 2, 3, 4);
    for (int i = 0; i < AURALIS_INSTRUMENTS; i++)
        for (int timbre = AURALIS_TIMBRE_SEED; timbre < TIMBRES[i]; timbre++)
            for (int trial = 0; trial < 3; trial++) {
                auralis_note note = anything(&r, i, timbre);
                struct voice_start start;
                char what[64];
                uint32_t blocks = 1 + random_below(&r, 4 * RATE / BLOCK);
                instrument_start(&note, RATE, random_below(&r, BLOCK), (float)random_range(&r, -2, 2), 0,
                                 &start);
                snprintf(what, sizeof what, "instrument %d, timbre %d", i, timbre);
                begin(&played, &start);
                play(&played, start.program, blocks);
                if (late_voice(&start, blocks)) {
                    begin(&late, &start);
                    agrees(&played, &late, start.program, what);
                    bank_free(&late.bank);
                } else {
                    assert_int_equal(i, AURALIS_KICK);
                    assert_true(start.life < RATE);
                }
                bank_free(&played.bank);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_late_voice_is_one_that_has_played)};
    if (cpu_kernels(NULL, &kernels) < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
