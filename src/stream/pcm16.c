/* pcm16.c — float samples to 16 bits with triangular dither (see pcm16.h).
 *
 * The noise is the difference of two uniform numbers, ±1 step: it makes the error's mean and variance
 * independent of the signal (Lipshitz, Wannamaker and Vanderkooy, "Quantization and dither: a theoretical
 * survey", JAES 1992). */
#include "stream/pcm16.h"
#include "base/exact.h"
#include "base/random.h"

enum { CHANNELS = 2, DITHER_PURPOSE = 0x64697468 };

uint64_t pcm16_key(uint64_t seed) {
    return random_at(seed, 0, 0, DITHER_PURPOSE).key;
}

static int16_t convert(float sample, uint64_t noise) {
    if (sample == 0 || sample != sample) return 0;
    double triangle = ((double)(noise >> 32) - (double)(noise & UINT32_MAX)) * 0x1p-32;
    double x = (double)sample * 32768 + triangle + 0.5;
    return (int16_t)(x >= 32767 ? 32767 : x <= -32768 ? -32768 : exact_floor(x));
}

void pcm16_convert(int16_t *out, const float *in, size_t frames, uint64_t key, uint64_t frame) {
    uint64_t first = frame * CHANNELS;
    for (size_t i = 0; i < frames * CHANNELS; i++)
        out[i] = convert(in[i], random_mix(key ^ random_mix(first + i)));
}
