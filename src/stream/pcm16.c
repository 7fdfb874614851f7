/* pcm16.c — float samples to 16 bits with triangular dither (see pcm16.h). The work is a kernel's
 * (kernels/dither.h); here the sample's 64-bit number is taken apart into the key of a stretch and a number
 * in it. */
#include "stream/pcm16.h"
#include "base/random.h"
#include "device/cpu/cpu.h"

enum { CHANNELS = 2, DITHER_PURPOSE = 0x64697468, STRETCH_BITS = 24 };

uint64_t pcm16_key(uint64_t seed) {
    return random_at(seed, 0, 0, DITHER_PURPOSE).key;
}

void pcm16_convert(int16_t *out, const float *in, size_t frames, uint64_t key, uint64_t frame) {
    const struct kernels *kernels;
    if (cpu_kernels(NULL, &kernels) < 0) cpu_kernels("scalar", &kernels);
    uint64_t first = frame * CHANNELS, end = first + frames * CHANNELS, stretch = (uint64_t)1 << STRETCH_BITS;
    while (first < end) {
        uint64_t number = first >> STRETCH_BITS, inside = first & (stretch - 1), count = stretch - inside;
        if (count > end - first) count = end - first;
        uint32_t stretch_key = (uint32_t)random_mix(key ^ random_mix(number));
        kernels->dither(out, in, (uint32_t)count, stretch_key, (uint32_t)inside);
        out += count;
        in += count;
        first += count;
    }
}
