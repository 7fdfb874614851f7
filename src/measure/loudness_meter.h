/* loudness_meter.h — loudness and true peak, as ITU-R BS.1770-4, EBU R 128 and EBU Tech 3341 and 3342 define
 * them. The weighting, the gated mean and the oversampling are libebur128's. One thread. */
#ifndef AURALIS_MEASURE_LOUDNESS_METER_H
#define AURALIS_MEASURE_LOUDNESS_METER_H

#include <stddef.h>
#include <stdint.h>

struct loudness_meter; /* opaque */

/* For audio that is stereo, and for audio that is one channel (3 LU less than the same in both of a pair).
 * NULL if there is no memory. */
struct loudness_meter *loudness_meter_new(uint32_t sample_rate);
struct loudness_meter *loudness_meter_new_mono(uint32_t sample_rate);
void loudness_meter_free(struct loudness_meter *meter);

/* Interleaved stereo; of a mono meter the left channel counts. */
void loudness_meter_add(struct loudness_meter *meter, const float *audio, size_t frames);

/* Of everything so far. */
double loudness_meter_integrated(const struct loudness_meter *meter); /* LUFS; −INFINITY for silence */
double loudness_meter_range(const struct loudness_meter *meter);      /* LU */
double loudness_meter_true_peak(
    const struct loudness_meter *meter); /* dBTP of the louder channel; −200 for silence */

/* The loudest 400 ms and 3 s, in steps of 100 ms; LUFS, −INFINITY for silence and for less sound than that.
 */
double loudness_meter_momentary(const struct loudness_meter *meter);
double loudness_meter_short_term(const struct loudness_meter *meter);

/* The last 3 s, as of the last step; LUFS, likewise. */
double loudness_meter_now(const struct loudness_meter *meter);

#endif
