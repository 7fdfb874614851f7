/* tone.h — the waves of wave.h as they are: the voices of the original, which has no filter. All along time.
 */
#ifndef AURALIS_KERNELS_TONE_H
#define AURALIS_KERNELS_TONE_H

#include "kernels/wave.h"

struct tone_control {
    float amp[VOICE_RUN_MAX], step[VOICE_RUN_MAX];
};

static void tone_voices(const struct voice_run *run) {
    struct tone_control c;
    waves(run, TONE_WAVE);
    for (uint32_t v = 0; v < run->count; v += LANES) {
        vf envelope;
        struct ramp ramp = advance_amplitude(run, v, word_i(run, VOICE_RUN, v), &envelope);
        vf_store(c.amp + v, ramp.from);
        vf_store(c.step + v, ramp.step);
    }
    for (uint32_t v = 0; v < run->count; v++) {
        float *row = run->rows + v * VOICE_ROW;
        if (!*WORD(run, VOICE_RUN, v)) continue;
        for (int i = 0; i < BLOCK; i += LANES) {
            vf amp = vf_max(c.amp[v] + (vf_ramp() + (float)i) * c.step[v], vf_set(0.0f));
            vf_store(row + i, vf_load(row + i) * amp);
        }
    }
}

#endif
