/* kernels.c — calls one kernel of one instruction set a fixed number of times, for a tool that counts
 * instructions.
 *
 *     kernels ISA analog|bell|drum|noise|tone|mix|effects CALLS
 *
 * 64 voices that sound throughout, the same in every run; 12 rows for the mixer; noise for the effects. */
#include "base/random.h"
#include "device/cpu/cpu.h"
#include "synth/bank.h"
#include "synth/effects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 12 };

static const struct {
    const char *name;
    int instrument, timbre;
} PROGRAMS[VOICE_PROGRAMS] = {
    [PROGRAM_ANALOG] = {"analog", AURALIS_PAD, 0},
    [PROGRAM_BELL] = {"bell", AURALIS_BELL, 0},
    [PROGRAM_DRUM] = {"drum", AURALIS_KICK, 0},
    [PROGRAM_NOISE] = {"noise", AURALIS_SWELL, 0},
    [PROGRAM_TONE] = {"tone", AURALIS_PAD, AURALIS_TIMBRE_SEED},
};

static float rows[VOICE_RUN_MAX * VOICE_ROW] __attribute__((aligned(64)));

static int voices(const struct kernels *k, int program, long calls) {
    struct bank bank;
    bank_init(&bank, (enum voice_program)program);
    if (bank_reserve(&bank, VOICE_RUN_MAX) < 0) return 1;
    for (int i = 0; i < VOICE_RUN_MAX; i++) {
        struct voice_start start;
        auralis_note note = {.onset = (uint64_t)i * 1000,
                             .duration = 48000 * 20,
                             .pitch = 36 + i,
                             .velocity = 0.5,
                             .instrument = PROGRAMS[program].instrument,
                             .timbre = PROGRAMS[program].timbre};
        instrument_start(&note, 48000, 0, 0, 0, &start);
        start.word[VOICE_RUN] = UINT32_MAX;
        bank_add(&bank, 0, &start, note.instrument, 0);
    }
    struct voice_run run = {bank.word, bank.tail, 0, VOICE_RUN_MAX, rows};
    while (calls--) k->voice[program](&run);
    bank_free(&bank);
    return 0;
}

static void make_noise(float *out, int count) {
    struct random r = random_at(1, 0, 0, 0);
    for (int i = 0; i < count; i++) out[i] = (float)random_range(&r, -0.3, 0.3);
}

static int mix(const struct kernels *k, long calls) {
    static float bus[STREAM_BUSES * 2 * BLOCK] __attribute__((aligned(64)));
    int32_t to[ROWS];
    float gain[ROWS];
    make_noise(rows, ROWS * VOICE_ROW);
    for (int i = 0; i < ROWS; i++) to[i] = i % 4 ? BUS_WASH : BUS_DIRECT, gain[i] = 0.1f;
    while (calls--) k->mix(bus, ALL_BUSES, rows, to, gain, gain, ROWS);
    return 0;
}

static int effects(const struct kernels *k, long calls) {
    struct effects_control c = {.level = 0.5f, .space = 0.5f, .beat = 0.857f};
    void *memory = aligned_alloc(64, (effects_size(48000) + 63) / 64 * 64);
    static float in[2][2 * BLOCK] __attribute__((aligned(64))), out[2 * BLOCK] __attribute__((aligned(64)));
    if (!memory) return 1;
    make_noise(in[0], 4 * BLOCK);
    struct effects *fx = effects_init(memory, 48000, 0, &c);
    while (calls--) k->effects(fx, in[0], in[1], out);
    free(memory);
    return 0;
}

int main(int argc, char **argv) {
    const struct kernels *k;
    if (argc != 4 || cpu_kernels(argv[1], &k) < 0) return 2;
    long calls = atol(argv[3]);
    for (int p = 0; p < VOICE_PROGRAMS; p++)
        if (!strcmp(argv[2], PROGRAMS[p].name)) return voices(k, p, calls);
    if (!strcmp(argv[2], "mix")) return mix(k, calls);
    if (!strcmp(argv[2], "effects")) return effects(k, calls);
    return 2;
}
