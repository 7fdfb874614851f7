/* program.h — the kernels as a GPU runs them: the entry points around the text that every device shares.
 *
 * A batch (batch.h) takes three launches: the voices, one work item each, through all its blocks; the mixer,
 * a group of 64 for each stream and block, whose items are frames; the effects, a group for each stream,
 * through all blocks. A fourth turns the samples into 16 bits. Rows of voices lie voice by voice within a
 * frame, so that neighbouring items write neighbouring memory. */
#include "kernels/batch.h"

#include "kernels/analog.h"
#include "kernels/bell.h"
#include "kernels/dither.h"
#include "kernels/drum.h"
#include "kernels/effects.h"
#include "kernels/mix.h"
#include "kernels/noise.h"
#include "kernels/tone.h"

/* What the launches for the five programs have in common. */
#define VOICE_ARGUMENTS                                                                                      \
    MEMORY uint32_t *words AT(0), MEMORY float *tail AT(1), MEMORY const struct batch_voice *voices AT(2),   \
        MEMORY const uint32_t *starts AT(3), MEMORY const struct batch_change *changes AT(4),                \
        MEMORY const float *bright AT(5), MEMORY float *rows AT(6), MEMORY float *sheets AT(7),              \
        NUMBER stride AT(8), NUMBER first AT(9), NUMBER end AT(10), NUMBER total AT(11),                     \
        NUMBER streams AT(12) ITEM_ARGUMENTS

/* The words of a voice that begins. */
static void begin_voice(const struct voice_run *run, MEMORY const uint32_t *start, int count, int edges) {
    for (int w = 0; w < count; w++) *WORD(run, w, 0) = start[w];
    for (int i = 0; edges && i < VOICE_TAIL; i++) run->tail[run->first * VOICE_TAIL + i] = 0.0f;
}

static uint32_t change_voice(const struct voice_run *run, MEMORY const struct batch_change *changes,
                             uint32_t change, uint32_t block) {
    while (change && changes[change - 1].block == block) {
        *WORD(run, changes[change - 1].word, 0) = changes[change - 1].value;
        change = changes[change - 1].next;
    }
    return change;
}

static void write_sheet(const struct voice_run *run, MEMORY float *sheet, uint32_t total) {
    float from_l = as_float(*WORD(run, VOICE_FROM_L, 0)), from_r = as_float(*WORD(run, VOICE_FROM_R, 0));
    float to_l = as_float(*WORD(run, VOICE_GAIN_L, 0)), to_r = as_float(*WORD(run, VOICE_GAIN_R, 0));
    sheet[SHEET_BUS * total] = as_float(*WORD(run, VOICE_BUS, 0));
    sheet[SHEET_LEFT * total] = from_l;
    sheet[SHEET_RIGHT * total] = from_r;
    sheet[SHEET_STEP_LEFT * total] = (to_l - from_l) * (1.0f / BLOCK);
    sheet[SHEET_STEP_RIGHT * total] = (to_r - from_r) * (1.0f / BLOCK);
}

#define VOICE_LAUNCH(name, kernel_of_program, own_words, edges)                                              \
    ENTRY void name(VOICE_ARGUMENTS) {                                                                       \
        uint32_t i = first + GROUP_NUMBER * BLOCK + (uint32_t)ITEM;                                          \
        if (i >= end) return;                                                                                \
        float row[VOICE_ROW];                                                                                \
        struct voice_run run;                                                                                \
        run.words = words, run.stride = stride, run.tail = tail;                                             \
        run.first = voices[i].place, run.count = 1, run.rows = row;                                          \
        uint32_t change = voices[i].change;                                                                  \
        if (voices[i].start) begin_voice(&run, starts + voices[i].start - 1, own_words, edges);              \
        if (voices[i].from == voices[i].to) change_voice(&run, changes, change, 0);                          \
        for (uint32_t b = voices[i].from; b < voices[i].to; b++) {                                           \
            change = change_voice(&run, changes, change, b);                                                 \
            if (b > voices[i].from || !voices[i].start) /* in its first block it knows by itself */          \
                *WORD(&run, VOICE_BRIGHT, 0) = (uint32_t)as_int(bright[b * streams + voices[i].stream]);     \
            kernel_of_program(&run);                                                                         \
            write_sheet(&run, sheets + (size_t)b * SHEET_WORDS * total + i, total);                          \
            for (int n = 0; n < BLOCK; n++) rows[((size_t)b * BLOCK + (size_t)n) * total + i] = row[n];      \
        }                                                                                                    \
    }

VOICE_LAUNCH(run_analog, analog_voices, ANALOG_WORDS, 1)
VOICE_LAUNCH(run_bell, bell_voices, BELL_WORDS, 0)
VOICE_LAUNCH(run_drum, drum_voices, DRUM_WORDS, 0)
VOICE_LAUNCH(run_noise, noise_voices, NOISE_WORDS, 0)
VOICE_LAUNCH(run_tone, tone_voices, TONE_WORDS, 1)

/* One frame of a stream's buses: the sum over its voices, in order. */
ENTRY void run_mix(MEMORY const struct batch_voice *voices AT(0),
                   MEMORY const struct batch_stream *streams AT(1), MEMORY const float *rows AT(2),
                   MEMORY const float *sheets AT(3), MEMORY float *buses AT(4), NUMBER count AT(5),
                   NUMBER total AT(6) ITEM_ARGUMENTS) {
    uint32_t s = GROUP_NUMBER % count, b = GROUP_NUMBER / count;
    float sum[STREAM_BUSES][2] = {{0.0f, 0.0f}, {0.0f, 0.0f}}, t = (float)ITEM;
    MEMORY const float *row = rows + ((size_t)b * BLOCK + (size_t)ITEM) * total;
    MEMORY const float *sheet = sheets + (size_t)b * SHEET_WORDS * total;
    for (int p = 0; p < VOICE_PROGRAMS; p++)
        for (uint32_t i = streams[s].first[p]; i < streams[s].end[p]; i++) {
            if (b < voices[i].from || b >= voices[i].to) continue;
            int bus = as_int(sheet[SHEET_BUS * total + i]);
            float left = sheet[SHEET_LEFT * total + i] + t * sheet[SHEET_STEP_LEFT * total + i];
            float right = sheet[SHEET_RIGHT * total + i] + t * sheet[SHEET_STEP_RIGHT * total + i];
            sum[bus][0] = sum[bus][0] + row[i] * left;
            sum[bus][1] = sum[bus][1] + row[i] * right;
        }
    MEMORY float *bus = buses + ((size_t)b * count + s) * (STREAM_BUSES * 2 * BLOCK) + ITEM;
    for (int k = 0; k < STREAM_BUSES; k++)
        for (int side = 0; side < 2; side++) bus[(2 * k + side) * BLOCK] = sum[k][side];
}

ITEMS_BEGIN(aiming)

/* The targets of `aim` for the effects; their ramps begin. */
static void aim_effects(MEMORY struct effects *fx, MEMORY const struct batch_aim *aim) {
    ITEMS (k, EFFECT_GAINS)
        if (aim->lines || k >= GAIN_LEVEL) {
            fx->gain_target[k] = aim->gain[k];
            ramp_gain(fx, k);
        }
    ONE_ITEM {
        if (aim->lines) {
            fx->echo_wanted = aim->echo_wanted;
            fx->silent_limit = aim->silent_limit;
            fx->lines_left = fx->gain_blocks;
        }
        fx->gain_left = fx->gain_blocks;
    }
}

ITEMS_END

ENTRY void run_effects(MEMORY float *memory AT(0), MEMORY const struct batch_stream *streams AT(1),
                       MEMORY const struct batch_aim *aims AT(2), MEMORY const float *buses AT(3),
                       MEMORY float *out AT(4), NUMBER count AT(5), NUMBER blocks AT(6) ITEM_ARGUMENTS) {
    GROUP_VARIABLE struct effects_scratch scratch;
    uint32_t s = GROUP_NUMBER, aim = streams[s].aim;
    MEMORY struct effects *fx =
        (MEMORY struct effects *)(MEMORY void *)(memory + (size_t)streams[s].effects * 16);
    for (uint32_t b = streams[s].heard; b < blocks; b++) {
        MEMORY const float *bus = buses + ((size_t)b * count + s) * (STREAM_BUSES * 2 * BLOCK);
        MEMORY float *to = out + ((size_t)s * blocks + b) * (2 * BLOCK);
        for (; aim && aims[aim - 1].block <= b; aim = aims[aim - 1].next)
            OF_ITEM(aiming) aim_effects(fx, &aims[aim - 1]);
        if (streams[s].dry)
            OF_ITEM(clipping) softclip(bus, bus + 2 * BLOCK, to);
        else
            OF_ITEM(shaping) shape_block(fx, &scratch, bus, bus + 2 * BLOCK, to);
    }
}

/* The first `count` streams to 16 bits. `pcm` holds what their noise is, as it was sent, and then receives
 * the samples, so that both come down at once. */
ENTRY void run_dither(MEMORY const float *in AT(0), MEMORY int16_t *pcm AT(1), NUMBER samples AT(2),
                      NUMBER count AT(3) ITEM_ARGUMENTS) {
    MEMORY struct batch_dither *noise = (MEMORY struct batch_dither *)(MEMORY void *)pcm;
    uint32_t groups = samples / BLOCK, s = GROUP_NUMBER / groups;
    uint32_t i = GROUP_NUMBER % groups * BLOCK + (uint32_t)ITEM, number = noise[s].first + i;
    uint32_t key = number >> DITHER_STRETCH_BITS ? noise[s].next_key : noise[s].key;
    uint32_t inside = number & ((1u << DITHER_STRETCH_BITS) - 1);
    size_t at = (size_t)s * samples + i;
    if (as_int(in[at]) >> 30 & 1) noise[s].fault = 1; /* whichever item says so */
    MEMORY int16_t *out = pcm + (size_t)count * (sizeof *noise / sizeof *pcm);
    out[at] = (int16_t)dither_lanes(in[at], inside * 0x9e3779b9u + key);
}

/* What the GPU does at best, for bench_kernel.c: PEAK_OPERATIONS products and sums a round and item, none of
 * which waits for the one before. `out` holds a factor and what is added, and takes what comes of it. */
ENTRY void run_peak(MEMORY float *out AT(0), NUMBER rounds AT(1) ITEM_ARGUMENTS) {
    float x[PEAK_CHAINS], factor = out[0], more = out[1], sum = 0.0f;
    for (int k = 0; k < PEAK_CHAINS; k++) x[k] = (float)(ITEM + k);
    for (uint32_t n = 0; n < rounds; n++)
        for (int i = 0; i < PEAK_OPERATIONS / PEAK_CHAINS / 2; i++)
            for (int k = 0; k < PEAK_CHAINS; k++) x[k] = x[k] * factor + more;
    for (int k = 0; k < PEAK_CHAINS; k++) sum = sum + x[k];
    out[2 + GROUP_NUMBER * BLOCK + (uint32_t)ITEM] = sum;
}
