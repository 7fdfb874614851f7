/* pcm16.h — float samples to 16 bits with triangular dither.
 *
 * The noise is a hash of the seed and the sample's number in the piece: the same for a file and for the live
 * stream, wherever delivery began. Exact silence stays silence. Any thread. */
#ifndef AURALIS_STREAM_PCM16_H
#define AURALIS_STREAM_PCM16_H

#include <stddef.h>
#include <stdint.h>

/* The key of a piece's noise; compute once a stream. */
uint64_t pcm16_key(uint64_t seed);

/* `frames` interleaved stereo frames; `frame`: number of the first one in the piece. Out of range is clipped,
 * NaN is 0. out in host order. */
void pcm16_convert(int16_t *out, const float *in, size_t frames, uint64_t key, uint64_t frame);

#endif
