/* analog.h — the waves of wave.h into the filter of filter.h. */
#ifndef AURALIS_KERNELS_ANALOG_H
#define AURALIS_KERNELS_ANALOG_H

#include "kernels/filter.h"
#include "kernels/wave.h"

static void analog_voices(const struct voice_run *run) {
    waves(run, ANALOG_WAVE);
    filter_rows(run);
}

#endif
