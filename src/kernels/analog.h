/* analog.h — the waves of wave.h into the filter of filter.h. */
#ifndef AURALIS_KERNELS_ANALOG_H
#define AURALIS_KERNELS_ANALOG_H

#include "kernels/voices.h"

static void analog_voices(const struct voice_run *run) {
    wave_voices(run, ANALOG_WAVE, 1);
}

#endif
