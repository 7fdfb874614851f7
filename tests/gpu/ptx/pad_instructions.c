/* pad_instructions.c — how many instructions of the PTX a pad takes for a sample: prints the mean of many
 * pads over some seconds, of all that the kernel carries out, with the work of each block and what a
 * predicate skips. The chip's own instructions are made of these: mostly one of one (docs/gpu.md). */
#include "kernels/batch.h"
#include "measure/bench_voices.h"

#include <stdio.h>
#include <stdlib.h>

extern unsigned long ptx_executed;
int shim_run(const char *entry, unsigned groups, void **arguments); /* shim.h */

enum { PADS = 64, BLOCKS = 8, LAUNCHES = 50, WARM = 2 };

static uint32_t words[ANALOG_WORDS * PADS];
static float tail[VOICE_TAIL * PADS], rows[BLOCKS * BLOCK * PADS], sheets[BLOCKS * SHEET_WORDS * PADS];
static const float bright[BLOCKS];
static struct batch_voice voices[PADS];
static struct batch_change none;

static int launch(void) {
    void *memory[] = {words, tail, voices, words, &none, (void *)(uintptr_t)bright, rows, sheets};
    uint32_t number[] = {PADS, 0, PADS, PADS, 1};
    void *arguments[8 + 5];
    for (int i = 0; i < 8; i++) arguments[i] = &memory[i];
    for (int i = 0; i < 5; i++) arguments[8 + i] = &number[i];
    return shim_run("run_analog", 1, arguments);
}

int main(void) {
    struct random r = random_at(1, 2, 3, 4);
    float loudest = 0;
    for (uint32_t v = 0; v < PADS; v++) {
        struct voice_start start;
        bench_pad(v, &r, &start);
        for (uint32_t w = 0; w < ANALOG_WORDS; w++) words[w * PADS + v] = start.word[w];
        voices[v] = (struct batch_voice){.place = v, .to = BLOCKS};
    }
    for (int i = 0; i < WARM + LAUNCHES; i++) {
        if (i == WARM) ptx_executed = 0;
        if (launch() < 0) return 1;
        for (size_t n = 0; n < sizeof rows / sizeof *rows; n++)
            if (rows[n] > loudest) loudest = rows[n];
    }
    printf("%.1f\n", (double)ptx_executed / ((double)LAUNCHES * PADS * BLOCKS * BLOCK));
    return loudest > 0 ? 0 : 1;
}
