/* counting.cc — the kernels' text once more, as scalar code that counts what it computes (see counting.h).
 *
 * This is the one file in C++: its lane is a number whose + − × count, which C cannot say. Nothing is known of
 * the kernels here but their text; a call gives the same samples as the scalar kernels. */
#define KERNEL_SCALAR
#define KERNEL_COUNTING
#include "measure/counting.h"

#include "kernels/analog.h"
#include "kernels/bell.h"
#include "kernels/mix.h"
#include "kernels/tone.h"
#include "measure/lean.h"

uint64_t counted_operations;

void counting_kernels(struct kernels *out) {
    *out = {};
    out->isa = "counting";
    out->lanes = LANES;
    out->voice[PROGRAM_ANALOG] = analog_voices;
    out->voice[PROGRAM_BELL] = bell_voices;
    out->voice[PROGRAM_TONE] = tone_voices;
    out->mix = mix_rows;
}

const struct lean_kernels lean_counting = {"counting", lean_voices, lean_bus};
