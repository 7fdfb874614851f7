/* loudness_meter.h — loudness and true peak of stereo audio, as ITU-R BS.1770-4 and EBU R 128 define them,
 * measured by libebur128. One thread. */
#ifndef AURALIS_MEASURE_LOUDNESS_METER_H
#define AURALIS_MEASURE_LOUDNESS_METER_H

#include <stddef.h>
#include <stdint.h>

struct loudness_meter; /* opaque */

/* NULL if there is no memory. */
struct loudness_meter *loudness_meter_new(uint32_t sample_rate);
void loudness_meter_free(struct loudness_meter *meter);

void loudness_meter_add(struct loudness_meter *meter, const float *audio,
                        size_t frames); /* interleaved stereo */

/* Of everything so far. */
double loudness_meter_integrated(const struct loudness_meter *meter); /* LUFS; −INFINITY for silence */
double loudness_meter_range(const struct loudness_meter *meter);      /* LU */
double loudness_meter_true_peak(
    const struct loudness_meter *meter); /* dBTP of the louder channel; −200 for silence */

#endif
