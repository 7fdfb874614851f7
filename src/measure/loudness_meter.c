/* loudness_meter.c — libebur128 behind four functions. */
#include "measure/loudness_meter.h"
#include "measure/levels.h"

#include <ebur128.h>
#include <math.h>

struct loudness_meter *loudness_meter_new(uint32_t sample_rate) {
    return (struct loudness_meter *)ebur128_init(2, sample_rate,
                                                 EBUR128_MODE_I | EBUR128_MODE_LRA | EBUR128_MODE_TRUE_PEAK);
}

static ebur128_state *state_of(const struct loudness_meter *meter) {
    return (ebur128_state *)(uintptr_t)meter;
}

void loudness_meter_free(struct loudness_meter *meter) {
    ebur128_state *state = state_of(meter);
    if (state) ebur128_destroy(&state);
}

void loudness_meter_add(struct loudness_meter *meter, const float *audio, size_t frames) {
    ebur128_add_frames_float(state_of(meter), audio, frames);
}

double loudness_meter_integrated(const struct loudness_meter *meter) {
    double lufs = -INFINITY;
    ebur128_loudness_global(state_of(meter), &lufs);
    return lufs;
}

double loudness_meter_range(const struct loudness_meter *meter) {
    double lu = 0;
    ebur128_loudness_range(state_of(meter), &lu);
    return lu;
}

double loudness_meter_true_peak(const struct loudness_meter *meter) {
    double most = 0;
    for (unsigned channel = 0; channel < 2; channel++) {
        double peak = 0;
        ebur128_true_peak(state_of(meter), channel, &peak);
        most = fmax(most, peak);
    }
    return levels_db(most);
}
