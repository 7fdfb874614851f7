/* clock.c — beats to frames and back, exactly.
 *
 * A double is an integer times a power of two. With bpm = m × 2^−s, beat b begins at the rational number
 * b × 60 × rate × 2^s ÷ m, which 128-bit integers hold and round without error. */
#include "music/clock.h"
#include "base/exact.h"

#include <string.h>

__extension__ typedef unsigned __int128 u128;

struct tempo {
    uint64_t m; /* bpm × 2^s */
    int s;
};

static struct tempo tempo_of(double bpm) {
    uint64_t bits;
    memcpy(&bits, &bpm, sizeof bits);
    int exponent = (int)(bits >> 52 & 0x7ff) - 1023; /* 0 … 9 for 1 ≤ bpm < 1,024 */
    return (struct tempo){(bits & 0xfffffffffffffu) | (uint64_t)1 << 52, 52 - exponent};
}

uint64_t clock_beat_frame(uint64_t anchor_frame, uint64_t beats, double bpm, uint32_t rate) {
    struct tempo t = tempo_of(bpm);
    uint64_t steps = 60ull * rate; /* < 2^26, so that 2^48 beats × 2^26 × 2^52 stays below 2^127 */
    u128 frames2 = ((u128)beats * steps) << (t.s + 1), m = t.m;
    return anchor_frame + (uint64_t)((frames2 + m) / (m * 2));
}

uint64_t clock_beat_at(uint64_t anchor_frame, uint64_t frame, double bpm, uint32_t rate) {
    struct tempo t = tempo_of(bpm);
    /* round(x) ≤ f exactly where x < f + ½: the largest b below (2f + 1) × m ÷ (2 × 60 × rate × 2^s). */
    u128 numerator = (u128)(2 * (frame - anchor_frame) + 1) * t.m;
    u128 denominator = (u128)(120ull * rate) << t.s;
    return (uint64_t)((numerator + denominator - 1) / denominator) - 1;
}

uint64_t clock_onset_frames(double beats, double bpm, uint32_t rate) {
    return (uint64_t)exact_floor(beats * (60.0 * rate) / bpm + 0.5);
}

uint64_t clock_duration_frames(double seconds, uint32_t rate) {
    double frames = exact_floor(seconds * rate + 0.5);
    return frames < 1.0 ? 1 : (uint64_t)frames;
}
