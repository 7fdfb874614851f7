/* noise_floor.h — the quietest moment: the smallest peak that any 50 ms have; of two channels, the louder's.
 *
 * One thread. */
#ifndef AURALIS_MEASURE_NOISE_FLOOR_H
#define AURALIS_MEASURE_NOISE_FLOOR_H

#include <stddef.h>
#include <stdint.h>

enum { NOISE_FLOOR_WINDOW_MAX = 9600 };

struct noise_floor {
    uint32_t window; /* frames */
    uint64_t frames;
    struct noise_floor_channel {
        uint32_t first, count; /* ring of what may still be the largest: falling, the oldest first */
        uint64_t frame[NOISE_FLOOR_WINDOW_MAX];
        float peak[NOISE_FLOOR_WINDOW_MAX];
        double lowest; /* amplitude, 1 is full scale; INFINITY before the first 50 ms are over */
    } channel[2];
};

/* Sample rates of 8,000–192,000 Hz. */
void noise_floor_init(struct noise_floor *n, uint32_t sample_rate);
void noise_floor_add(struct noise_floor *n, const float *audio, size_t frames); /* interleaved stereo */

/* In amplitude; 0 where there is no sound. */
double noise_floor_level(const struct noise_floor *n);

#endif
