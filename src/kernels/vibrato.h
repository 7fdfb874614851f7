/* vibrato.h — where the pitch of waves goes in a block; apart from their sound, for a voice that only moves
 * on (synth/late.h). */
#ifndef AURALIS_KERNELS_VIBRATO_H
#define AURALIS_KERNELS_VIBRATO_H

#include "kernels/bend.h"
#include "kernels/envelope.h"

/* Where bend and vibrato take the pitch of waves whose words begin at `at`; moves WAVE_BENT on. */
KERNEL vf wave_bend(const struct voice_run *run, const int at, uint32_t v, vi running) {
    vf bend = word_f(run, at + WAVE_BEND, v), depth = word_f(run, at + WAVE_VIBRATO_DEPTH, v);
    vi vibrates = ~vi_eq(vi_bits(depth) & INT32_MAX, vi_set(0));
    if (vi_any(vibrates)) {
        vi end = vi_add(word_i(run, VOICE_AGE, v), vi_set(BLOCK));
        vf rise = vf_min(vf_from_i(end) * word_f(run, at + WAVE_VIBRATO_RISE, v), vf_set(1.0f));
        vf vibrato = depth * rise * sin_phase(vu_from_i(end) * word_u(run, at + WAVE_VIBRATO_INC, v));
        bend = vf_select(vibrates, bend + vibrato + bend * vibrato, bend);
    }
    keep_f(run, at + WAVE_BENT, v, running, bend);
    return bend;
}

#endif
