/* tone.h — the waves of wave.h as they are: the voices of the original, which has no filter. */
#ifndef AURALIS_KERNELS_TONE_H
#define AURALIS_KERNELS_TONE_H

#include "kernels/voices.h"

static void tone_voices(const struct voice_run *run) {
    wave_voices(run, TONE_WAVE, 0);
}

#endif
