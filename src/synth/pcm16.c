/* pcm16.c — float samples to 16 bits with triangular dither (see pcm16.h). The work is a kernel's
 * (kernels/dither.h); here the sample's 64-bit number is taken apart into the key of a stretch and a number
 * in it. */
#include "synth/pcm16.h"
#include "base/random.h"
#include "device/cpu/cpu.h"

#include <string.h>

enum { CHANNELS = 2, DITHER_PURPOSE = 0x64697468 };
static const uint64_t STRETCH = (uint64_t)1 << DITHER_STRETCH_BITS;

uint64_t pcm16_key(uint64_t seed) {
    return random_at(seed, 0, 0, DITHER_PURPOSE).key;
}

static uint32_t stretch_key(uint64_t key, uint64_t stretch) {
    return (uint32_t)random_mix(key ^ random_mix(stretch));
}

void pcm16_dither(const struct kernels *kernels, int16_t *out, const float *in, size_t frames, uint64_t key,
                  uint64_t frame) {
    uint64_t first = frame * CHANNELS, end = first + frames * CHANNELS;
    while (first < end) {
        uint64_t inside = first & (STRETCH - 1), count = STRETCH - inside;
        if (count > end - first) count = end - first;
        kernels->dither(out, in, (uint32_t)count, stretch_key(key, first >> DITHER_STRETCH_BITS),
                        (uint32_t)inside);
        out += count;
        in += count;
        first += count;
    }
}

void pcm16_convert(int16_t *out, const float *in, size_t frames, uint64_t key, uint64_t frame) {
    const struct kernels *kernels;
    if (cpu_kernels(NULL, &kernels) < 0) cpu_kernels("scalar", &kernels);
    pcm16_dither(kernels, out, in, frames, key, frame);
}

struct batch_dither pcm16_noise(uint64_t key, uint64_t frame) {
    uint64_t first = frame * CHANNELS, stretch = first >> DITHER_STRETCH_BITS;
    return (struct batch_dither){.key = stretch_key(key, stretch),
                                 .next_key = stretch_key(key, stretch + 1),
                                 .first = (uint32_t)(first & (STRETCH - 1))};
}

/* A float32 of two or more, an infinity or a NaN has the upper bit of its exponent set; nothing else has. */
bool pcm16_fault(const float *audio, size_t frames) {
    uint32_t seen = 0;
    for (size_t i = 0; i < CHANNELS * frames; i++) {
        uint32_t bits;
        memcpy(&bits, audio + i, sizeof bits);
        seen |= bits;
    }
    return seen >> 30 & 1;
}
