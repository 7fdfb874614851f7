/* tone.h — the waves of wave.h as they are: the voices of the original, which has no filter.
 *
 * Most of them are sines and nothing else. All those of a call go side by side, since a sine alone waits for
 * its own last frame most of the time. */
#ifndef AURALIS_KERNELS_TONE_H
#define AURALIS_KERNELS_TONE_H

#include "kernels/voices.h"

static void tone_voices(const struct voice_run *run) {
    struct wave_control c[VOICE_RUN_MAX / WAVE_RUN];
    int any = 0;
    for (uint32_t v = 0, k = 0; v < run->count; v += WAVE_RUN, k++) {
        const struct voice_run part = run_part(run, v, WAVE_RUN);
        waves(&part, TONE_WAVE, &c[k]);
        any |= c[k].any;
    }
    if (!any) {
        voices(run, (struct voice_parts){TONE_WAVE, 0, 0}, c, 0);
        return;
    }
    for (uint32_t v = 0, k = 0; v < run->count; v += WAVE_RUN, k++) {
        const struct voice_run part = run_part(run, v, WAVE_RUN);
        if (c[k].any)
            voices(&part, (struct voice_parts){TONE_WAVE, 1, 0}, &c[k], 0);
        else
            voices(&part, (struct voice_parts){TONE_WAVE, 0, 0}, &c[k], 0);
    }
}

#endif
