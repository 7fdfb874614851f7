/* isa.c — the table of kernels for one instruction set: this file is compiled once for each, with the
 * compiler's target options and KERNELS_ISA set to its name. */
#include "kernels/kernels.h"
#include "kernels/lanes.h"

#include "kernels/analog.h"
#include "kernels/bell.h"
#include "kernels/dither.h"
#include "kernels/drum.h"
#include "kernels/effects.h"
#include "kernels/mix.h"
#include "kernels/noise.h"
#include "kernels/noise_stretch.h"
#include "kernels/stretch.h"
#include "kernels/tone.h"

#define TABLE_NAME_(isa) kernels_##isa
#define TABLE_NAME(isa) TABLE_NAME_(isa)
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

extern const struct kernels TABLE_NAME(KERNELS_ISA);

const struct kernels TABLE_NAME(KERNELS_ISA) = {
    .isa = TEXT(KERNELS_ISA),
    .lanes = LANES,
    .voice = {[PROGRAM_ANALOG] = analog_voices,
              [PROGRAM_BELL] = bell_voices,
              [PROGRAM_DRUM] = drum_voices,
              [PROGRAM_NOISE] = noise_voices,
              [PROGRAM_TONE] = tone_voices},
    .stretch = {[PROGRAM_NOISE] = noise_stretch, [PROGRAM_TONE] = tone_stretch},
    .mix = mix_rows,
    .mix_ramp = mix_ramp_rows,
    .effects = effects_block,
    .softclip = softclip,
    .dither = dither,
};
