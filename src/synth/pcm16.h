/* pcm16.h — float samples to 16 bits with triangular dither.
 *
 * The noise is a hash of the seed and the sample's number in the piece: the same for a file and for the live
 * stream, on every device, wherever delivery began. Exact silence stays silence. Any thread. */
#ifndef AURALIS_SYNTH_PCM16_H
#define AURALIS_SYNTH_PCM16_H

#include "kernels/batch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernels;

/* The key of a piece's noise; compute once a stream. */
uint64_t pcm16_key(uint64_t seed);

/* `frames` interleaved stereo frames; `frame`: number of the first one in the piece. Out of range is clipped,
 * NaN is 0. out in host order. */
void pcm16_convert(int16_t *out, const float *in, size_t frames, uint64_t key, uint64_t frame);

/* The same with kernels that are at hand. */
void pcm16_dither(const struct kernels *kernels, int16_t *out, const float *in, size_t frames, uint64_t key,
                  uint64_t frame);

/* The same noise from `frame` on as a GPU is told of it, for a batch. */
struct batch_dither pcm16_noise(uint64_t key, uint64_t frame);

/* Such a sample as a float, which pcm16_back turns into the same one. */
static inline float pcm16_float(int16_t sample) {
    return (float)sample * 0x1p-15f;
}
static inline void pcm16_floats(float *out, const int16_t *in, size_t samples) {
    for (size_t i = 0; i < samples; i++) out[i] = pcm16_float(in[i]);
}
static inline int16_t pcm16_back(float sample) {
    return (int16_t)(sample * 0x1p15f);
}

/* Whether some sample of audio[2 × frames] is ±2 or beyond, infinite or not a number. */
bool pcm16_fault(const float *audio, size_t frames);

#endif
