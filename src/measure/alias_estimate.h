/* alias_estimate.h — how strong aliases are, where a recording lets that be seen.
 *
 * A tone alone gives itself away: its harmonics stand in a row, and what was folded back at half the sample
 * rate stands at other, predictable places. So only frames in which one harmonic series has nearly all the
 * power are judged; chords, noise and attacks say nothing. One thread. */
#ifndef AURALIS_MEASURE_ALIAS_ESTIMATE_H
#define AURALIS_MEASURE_ALIAS_ESTIMATE_H

#include <stddef.h>
#include <stdint.h>

struct alias_estimate; /* opaque */

struct alias_estimate *alias_estimate_new(uint32_t sample_rate); /* NULL if there is no memory */
void alias_estimate_add(struct alias_estimate *a, const float *audio, size_t frames); /* interleaved stereo */
void alias_estimate_free(struct alias_estimate *a);                                   /* NULL is fine */

/* Median over the judged frames of the strongest alias below 15 kHz, in dB of the strongest harmonic, and how
 * many frames (of 32,768 samples) were judged. If that is not half of
 * all that sound, the recording is no tone and there is no estimate: NAN. */
double alias_estimate_level(const struct alias_estimate *a);
uint64_t alias_estimate_frames(const struct alias_estimate *a);

#endif
