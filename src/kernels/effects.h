/* effects.h — what shapes a stream's mix: chorus, tempo delay, reverb, DC blocker, limiter.
 *
 * The lanes are consecutive frames of one stream. That works because every delay is at least a block long, so
 * within a block nothing feeds back: whatever recirculates was written in an earlier block, and every filter
 * inside a loop is a short symmetric FIR instead of a recursion. One stream alone fills the widest vector, a
 * ring is read where it lies, and nothing depends on which streams happen to share a shard.
 *
 * The signal: wash → chorus → mix; chorus → echo → mix; chorus and a little of direct → half
 * the rate → pre-delay → all-passes → feedback delay network → the whole rate → mix; direct → mix; mix ×
 * level → DC blocker → limiter.
 *
 * The reverb runs at half the rate: its sound is dull by nature, and so it has half as much to compute and to
 * remember.
 *
 * Sources: M. R. Schroeder, "Natural sounding artificial reverberation" (JAES 1962) for the all-pass; J.-M.
 * Jot and A. Chaigne, "Digital delay networks for designing artificial reverberators" (AES 90, 1991) for the
 * network and its losses; ITU-R BS.1770-4 for the true peak.
 *
 * Denormals: what recirculates is written as zero below 2^-60 (in the network: in frames where no line is
 * above that), and no coefficient is so small that a product with such a value comes near 2^-126. */
#ifndef AURALIS_KERNELS_EFFECTS_H
#define AURALIS_KERNELS_EFFECTS_H

#include "kernels/effects_state.h"
#include "kernels/polynomials.h"

#define HUGE_BITS 0x45800000 /* 4096 */
#define TINY_BITS 0x21800000 /* 2^-60 */

/* ---- Small parts ---- */

/* The greater of two floats that are not negative. */
KERNEL float greater(float a, float b) {
    return as_int(a) < as_int(b) ? b : a;
}

/* +0.0 in place of whatever is smaller than 2^-63: where neither of the exponent's upper bits is set. */
KERNEL vf settled(vf x) {
    return vf_with(x, 0x60000000);
}

/* What recirculates: +0.0 below a floor, whose bits are those of 2^-60 or, once the tails are let go, of
 * everything. */
KERNEL vf recirculated(vf x, int32_t floor_bits) {
    return vf_mask(vi_lt(vi_set(floor_bits), vi_bits(x) & 0x7fffffff), x);
}

KERNEL int32_t recirculation_floor(MEMORY const struct effects *fx) {
    return fx->silent < fx->silent_limit ? TINY_BITS - 1 : INT32_MAX;
}

/* +0.0 in place of what is that small, and of what no voice can have meant: beyond 4096, infinite, not a
 * number. */
KERNEL vf sane(vf x) {
    vi magnitude = vi_bits(x) & 0x7fffffff;
    return vf_mask(vi_lt(vi_set(TINY_BITS - 1), magnitude) & vi_lt(magnitude, vi_set(HUGE_BITS)), x);
}

/* How far through the block frame i and the ones after it are: 0, 1/64, 2/64 …, and at half the rate 0, 1/32
 * …
 */
#define WAY4(n) (n) / 64.0f, (n + 1) / 64.0f, (n + 2) / 64.0f, (n + 3) / 64.0f
#define WAY16(n) WAY4(n), WAY4(n + 4), WAY4(n + 8), WAY4(n + 12)
#define HALF_WAY4(n) (n) / 32.0f, (n + 1) / 32.0f, (n + 2) / 32.0f, (n + 3) / 32.0f
#define HALF_WAY16(n) HALF_WAY4(n), HALF_WAY4(n + 4), HALF_WAY4(n + 8), HALF_WAY4(n + 12)
CONSTANT ALIGNED float WAY[BLOCK] = {WAY16(0), WAY16(16), WAY16(32), WAY16(48)};
KERNEL vf way(int i) {
    return vf_load(WAY + i);
}

CONSTANT ALIGNED float HALF_WAY[HALF_BLOCK] = {HALF_WAY16(0), HALF_WAY16(16)};
KERNEL vf half_way(int i) {
    return vf_load(HALF_WAY + i);
}

/* Value of a gain over the frames that are so far through the block. */
KERNEL vf gain_at(MEMORY const struct effects *fx, int gain, vf through) {
    return through * fx->gain_step[gain] + fx->gain[gain];
}

/* Where this block goes. */
KERNEL MEMORY float *ring_input(MEMORY struct effects *fx, int ring) {
    return (MEMORY float *)(MEMORY void *)fx + fx->ring.start[ring] + fx->ring.write[ring];
}

/* Where the frame lies that was written `delay` frames before the first of this block; two steps of frames
 * may be read from there. 0 < delay ≤ size. */
KERNEL MEMORY const float *ring_delayed(MEMORY const struct effects *fx, int ring, uint32_t delay) {
    uint32_t size = fx->ring.size[ring], at = fx->ring.write[ring] + size - delay;
    if (at >= size) at -= size;
    return (MEMORY const float *)(MEMORY const void *)fx + fx->ring.start[ring] + at;
}

/* ---- What one part of a block leaves for the next ---- */

/* Delays during one block: whole + fraction + way × slope frames; the fraction stays within [0, 1], or within
 * [0, 2) if the tap passes a frame. */
struct moving_taps {
    ALIGNED uint32_t whole[EFFECT_LFOS];
    int32_t passes[EFFECT_LFOS];
    float fraction[EFFECT_LFOS], slope[EFFECT_LFOS];
};

/* On a GPU, what the items of a stream show each other. */
struct effects_scratch {
    ALIGNED float chorused[2 * BLOCK];
    ALIGNED float feed[2 * HALF_BLOCK];
    ALIGNED float wet[2 * BLOCK];
    ALIGNED float echoes[2 * BLOCK];
    ALIGNED float mixed[2 * BLOCK];
    ALIGNED float lines[REVERB_LINES][HALF_BLOCK];
    ALIGNED float first[BLOCK];
    ALIGNED float second[BLOCK];
    struct moving_taps tap;
    float column[2][16];
    float lane[BLOCK];
    float eighth[8];
};

ITEMS_BEGIN(shaping)

/* Repeats the head of a ring behind its end. */
KERNEL void ring_mirror(MEMORY struct effects *fx, int ring) {
    uint32_t step = fx->ring.step[ring], size = fx->ring.size[ring];
    if (fx->ring.write[ring] >= 2 * step) return;
    MEMORY float *from = ring_input(fx, ring);
    SOME_FRAMES (i, step) vf_store(from + size + i, vf_load(from + i));
}

/* The same for all rings but the limiter's, at the end of the block. Few of the long ones are at their heads,
 * and they are found all at once; the all-passes' come there so often that a processor learns when. */
static void mirror_rings(MEMORY struct effects *fx) {
    const uint32_t all = (1u << RING_LIMITER) - 1, often = (1u << RING_LINE) - (1u << RING_DIFFUSER);
    uint32_t heads = 0;
    for (int k = RING_DIFFUSER; k < RING_LINE; k++) ring_mirror(fx, k);
    for (int k = 0; k < EFFECT_RINGS_ROOM; k += LANES)
        heads |= vi_signs(vi_lt(vi_load(fx->ring.write + k), vi_load(fx->ring.step + k) << 1)) << k;
    for (heads &= all & ~often; heads; heads &= heads - 1) ring_mirror(fx, (int)LOWEST_BIT(heads));
}

/* When nobody asks any more where the rings stand. */
static void advance_rings(MEMORY struct effects *fx) {
    SOME_FRAMES (k, EFFECT_RINGS_ROOM) {
        vi write = vi_add(vi_load(fx->ring.write + k), vi_load(fx->ring.step + k));
        vi_store(fx->ring.write + k, write & ~vi_eq(write, vi_load(fx->ring.size + k)));
    }
}

/* The greatest of all lanes of all items; none may be negative. */
KERNEL float greatest(GROUP struct effects_scratch *s, vf x) {
#if KERNEL_ITEMS
    float most = 0.0f;
    vf_store(s->lane + FRAME_FIRST, x);
    TOGETHER;
    ITEMS (k, 8) {
        for (int i = 0; i < 8; i++) most = greater(most, s->lane[8 * k + i]);
        s->eighth[k] = most;
    }
    TOGETHER;
    for (int i = 0; i < 8; i++) most = greater(most, s->eighth[i]);
    return most;
#else
    (void)s;
    return lanes_greatest(x);
#endif
}

/* ---- Moving taps ---- */

/* Both ends of the block come from the integer phase, so one block ends exactly where the next begins. */
static void move_taps(MEMORY struct effects *fx, GROUP struct moving_taps *t) {
    SOME_FRAMES (k, EFFECT_LFOS) {
        vu phase = vu_load(fx->lfo_phase + k), next = phase + vu_load(fx->lfo_step + k);
        vf depth = vf_load(fx->lfo_depth + k), from = sin_phase(phase) * depth, to = sin_phase(next) * depth;
        vi first = vi_from_f(from + 512.0f), last = vi_from_f(to + 512.0f);
        vi floor = vi_sub(vi_min(first, last), vi_set(512));
        vu_store(t->whole + k, vu_load(fx->lfo_delay + k) + vu_from_i(floor));
        vi_store(t->passes + k, first ^ last);
        vf_store(t->fraction + k, from - vf_from_i(floor));
        vf_store(t->slope + k, to - from);
        vu_store(fx->lfo_phase + k, next);
    }
    TOGETHER;
}

/* Catmull-Rom interpolation at b + f × (c − b), a and d being the neighbours: the straight line from b to c,
 * bent by the second differences at either. */
KERNEL vf catmull_rom(vf a, vf b, vf c, vf d, vf f) {
    vf step = c - b, bend = step - (b - a), bend_there = (d - c) - step;
    return b + (step * f + (f * (f * 0.5f - 0.5f)) * (bend + (bend_there - bend) * f));
}

/* A block of a moving tap. Where it passes a frame, the lanes whose fraction is beyond 1 take four taps that
 * are one frame older; the curve goes through every frame, so nothing jumps there. */
KERNEL void moving_block(MEMORY const struct effects *fx, int ring, GROUP const struct moving_taps *t,
                         int tap, int count, GROUP float *out) {
    MEMORY const float *at = ring_delayed(fx, ring, t->whole[tap] + 3);
    vf here = vf_load(at + FRAME_FIRST);
    SOME_FRAMES (i, count) {
        vf next = vf_load(at + i + LANES), through = count == BLOCK ? way(i) : half_way(i);
        vf f = through * t->slope[tap] + t->fraction[tap];
        vf a = lanes_ahead(at + i, here, next, 4), b = lanes_ahead(at + i, here, next, 3);
        vf c = lanes_ahead(at + i, here, next, 2), d = lanes_ahead(at + i, here, next, 1);
        if (t->passes[tap]) {
            vi older = vi_lt(vi_set(0x3f7fffff), vi_bits(f));
            f -= vf_mask(older, vf_set(1.0f));
            a = vf_select(older, b, a);
            b = vf_select(older, c, b);
            c = vf_select(older, d, c);
            d = vf_select(older, here, d);
        }
        vf_store(out + i, catmull_rom(a, b, c, d, f));
        here = next;
    }
}

/* ---- Chorus ---- */

/* Two moving taps a side beside the dry sound; left and right move a quarter turn apart. Returns all bits
 * that came. */
static vi chorus(MEMORY struct effects *fx, GROUP struct effects_scratch *s, MEMORY const float *wash) {
    vi any = vi_set(0);
    for (int side = 0; side < 2; side++) {
        MEMORY const float *x = wash + side * BLOCK;
        moving_block(fx, RING_CHORUS + side, &s->tap, LFO_CHORUS + 2 * side, BLOCK, s->first);
        moving_block(fx, RING_CHORUS + side, &s->tap, LFO_CHORUS + 2 * side + 1, BLOCK, s->second);
        MEMORY float *in = ring_input(fx, RING_CHORUS + side);
        GROUP float *y = s->chorused + side * BLOCK;
        TOGETHER;
        FRAMES (i) {
            vf wave = vf_load(x + i), dry = sane(wave);
            any |= vi_bits(wave);
            vf_store(in + i, dry);
            vf_store(y + i, dry * CHORUS_DRY + (vf_load(s->first + i) + vf_load(s->second + i)) * CHORUS_WET);
        }
    }
    return any;
}

/* ---- Echo ---- */

/* One pass of the echo's taps at a given delay: what returns into the line (softened by ¼ ½ ¼), and what is
 * heard left (at half the time) and right. */
struct echo_taps {
    MEMORY const float *back, *half;
    uint32_t spacing;
};

KERNEL struct echo_taps echo_at(MEMORY const struct effects *fx, uint32_t delay) {
    struct echo_taps t;
    t.back = ring_delayed(fx, RING_ECHO, delay + fx->spacing);
    t.half = ring_delayed(fx, RING_ECHO, delay >> 1);
    t.spacing = fx->spacing;
    return t;
}

KERNEL vf echo_back(const struct echo_taps *t, int i) {
    MEMORY const float *p = t->back + i;
    vf outer = vf_load(p) + vf_load(p + 2 * t->spacing);
    return outer * 0.25f + vf_load(p + t->spacing) * 0.5f;
}

/* Another time is another pair of taps, reached by a crossfade: before and after a block. */
KERNEL void echo_begin(MEMORY struct effects *fx) {
    if (fx->echo_fade || fx->echo_now == fx->echo_wanted) return;
    fx->echo_next = fx->echo_wanted;
    fx->echo_fade = fx->echo_fade_blocks;
}
KERNEL void echo_end(MEMORY struct effects *fx) {
    if (fx->echo_fade && !--fx->echo_fade) fx->echo_now = fx->echo_next;
}

/* The line is mono; it is heard left after half the time and right after the whole. */
static void echo(MEMORY struct effects *fx, GROUP struct effects_scratch *s) {
    GROUP const float *in = s->chorused;
    struct echo_taps now = echo_at(fx, fx->echo_now), next = echo_at(fx, fx->echo_next);
    MEMORY float *line = ring_input(fx, RING_ECHO);
    int32_t floor_bits = recirculation_floor(fx);
    float start = (float)(fx->echo_fade_blocks - fx->echo_fade) * fx->echo_fade_step;
    FRAMES (i) {
        vf back = echo_back(&now, i), half = vf_load(now.half + i);
        if (fx->echo_fade) {
            vf share = way(i) * fx->echo_fade_step + start;
            back += (echo_back(&next, i) - back) * share;
            half += (vf_load(next.half + i) - half) * share;
        }
        TOGETHER;
        vf x = (vf_load(in + i) + vf_load(in + BLOCK + i)) * 0.5f;
        vf_store(line + i, settled(recirculated(back, floor_bits) * gain_at(fx, GAIN_FEEDBACK, way(i)) + x));
        vf wet = gain_at(fx, GAIN_ECHO, way(i));
        vf left = half + back * ECHO_CROSS, right = back + half * ECHO_CROSS;
        vf_store(s->echoes + i, 0.0f + left * wet);
        vf_store(s->echoes + BLOCK + i, 0.0f + right * wet);
    }
}

/* ---- To half the rate and back ---- */

/* The frames halfway between those HALF_PAIRS and HALF_PAIRS − 1 before the ones at x. */
KERNEL vf half_band(MEMORY const float *x) {
    vf now = vf_load(x), sum = vf_set(0.0f);
    UNROLLED
    for (int k = 0; k < HALF_PAIRS; k++) {
        vf early = lanes_behind(x, now, HALF_PAIRS + k), late = lanes_behind(x, now, HALF_PAIRS - 1 - k);
        sum += (k & 1 ? vf_add_aside(early, late) : early + late) * HALF_BAND[k];
    }
    return sum;
}

/* What the reverb takes in, every other frame apart from those between. The direct sound, looked at here, is
 * the first of the mix. Returns all its bits. */
static vi separate_input(MEMORY struct effects *fx, GROUP struct effects_scratch *s,
                         MEMORY const float *direct) {
    vi any = vi_set(0);
    for (int side = 0; side < 2; side++) {
        MEMORY const float *d = direct + side * BLOCK;
        GROUP const float *w = s->chorused + side * BLOCK;
        GROUP float *mixed = s->mixed + side * BLOCK;
        MEMORY float *even = fx->input[INPUT_EVEN + side].x, *odd = fx->input[INPUT_ODD + side].x;
        SOME_FRAMES (i, HALF_BLOCK) {
            int k = 2 * i, next = 2 * i + LANES;
            vf first = vf_load(d + k), second = vf_load(d + next), here, between;
            any |= vi_bits(first) | vi_bits(second);
            first = sane(first);
            second = sane(second);
            vf_store(mixed + k, first);
            vf_store(mixed + next, second);
            lanes_separate(first * DIRECT_SEND + vf_load(w + k), second * DIRECT_SEND + vf_load(w + next),
                           &here, &between);
            vf_store(even + LINE_TAIL + i, here);
            vf_store(odd + LINE_TAIL + i, between);
        }
    }
    return any;
}

/* The input at half the rate. */
KERNEL vf halved(MEMORY const float *even, MEMORY const float *odd) {
    return (lanes_behind(even, vf_load(even), HALF_PAIRS - 1) + half_band(odd)) * 0.5f;
}

/* The reverb's sound at the whole rate. */
static void double_wet(MEMORY const struct effects *fx, GROUP struct effects_scratch *s) {
    for (int side = 0; side < 2; side++) {
        MEMORY const float *x = fx->input[INPUT_WET + side].x + LINE_TAIL;
        GROUP float *out = s->wet + side * BLOCK;
        SOME_FRAMES (i, HALF_BLOCK) {
            vf here = lanes_behind(x + i, vf_load(x + i), HALF_PAIRS), between = half_band(x + i);
            lanes_interleave(out + 2 * i, here, between);
        }
    }
}

/* The next block's inputs follow this block's last ones. */
static void keep_tails(MEMORY struct effects *fx) {
    for (int n = 0; n < HALF_INPUTS; n++) {
        MEMORY float *x = fx->input[n].x;
        SOME_FRAMES (i, LINE_TAIL) vf_store(x + i, vf_load(x + HALF_BLOCK + i));
    }
}

/* ---- Reverb ---- */

/* Where a side's pre-delay and all-passes are read and written in this block. */
struct cloud_places {
    MEMORY const float *before, *past[REVERB_DIFFUSERS];
    MEMORY float *in, *line[REVERB_DIFFUSERS];
};

KERNEL void find_cloud(MEMORY struct effects *fx, int side, struct cloud_places *at) {
    at->before = ring_delayed(fx, RING_BEFORE + side, fx->before_delay);
    at->in = ring_input(fx, RING_BEFORE + side);
    for (int k = 0; k < REVERB_DIFFUSERS; k++) {
        int ring = RING_DIFFUSER + side * REVERB_DIFFUSERS + k;
        at->past[k] = ring_delayed(fx, ring, fx->diffuser_delay[side][k]);
        at->line[k] = ring_input(fx, ring);
    }
}

/* Pre-delay, then all-passes in series: a click becomes a cloud before it enters the network. No ring is read
 * where this block writes: each is a block longer than its delay. */
KERNEL vf cloud(const struct cloud_places *at, int i, vf in) {
    vf x = vf_load(at->before + i);
    vf_store(at->in + i, settled(in));
    for (int k = 0; k < REVERB_DIFFUSERS; k++) {
        vf past = vf_load(at->past[k] + i), v = settled(past * DIFFUSION + x);
        vf_store(at->line[k] + i, v);
        x = past - v * DIFFUSION;
    }
    return x;
}

static void reverb_input(MEMORY struct effects *fx, GROUP struct effects_scratch *s) {
    struct cloud_places left, right;
    find_cloud(fx, 0, &left);
    find_cloud(fx, 1, &right);
    MEMORY const float *even[2], *odd[2];
    for (int side = 0; side < 2; side++) {
        even[side] = fx->input[INPUT_EVEN + side].x + LINE_TAIL;
        odd[side] = fx->input[INPUT_ODD + side].x + LINE_TAIL;
    }
    SOME_FRAMES (i, HALF_BLOCK) {
        vf_store(s->feed + i, cloud(&left, i, halved(even[0] + i, odd[0] + i)));
        vf_store(s->feed + HALF_BLOCK + i, cloud(&right, i, halved(even[1] + i, odd[1] + i)));
    }
}

/* One stage of the Hadamard matrix: sum and difference of lines `step` apart. */
KERNEL void butterflies(vf x[REVERB_LINES], int step) {
    for (int i = 0; i < REVERB_LINES; i += 2 * step)
        for (int k = i; k < i + step; k++) {
            vf a = x[k], b = x[k + step];
            x[k] = a + b;
            x[k + step] = (i + k) % 4 != 3 ? vf_take_aside(a, b) : a - b;
        }
}

/* A gain of a reverb line over the frames that begin at i. */
KERNEL vf line_gain(MEMORY const struct effects *fx, int gain, int i, int ramping) {
    return ramping ? gain_at(fx, gain, half_way(i)) : vf_set(fx->gain[gain]);
}

/* A line's loss and damping: the middle one of three frames `spacing` apart, and the sum of the outer two. */
KERNEL vf damped(MEMORY const struct effects *fx, int n, vf middle, vf outer, int i, int ramping) {
    return middle * line_gain(fx, GAIN_CENTRE + n, i, ramping) +
           outer * line_gain(fx, GAIN_SIDE + n, i, ramping);
}

/* A block of a steady line as it comes out. */
KERNEL void steady_block(MEMORY const struct effects *fx, MEMORY const float *p, int n, int spacing,
                         int ramping, GROUP float *out) {
    vf here = vf_load(p + FRAME_FIRST);
    SOME_FRAMES (i, HALF_BLOCK) {
        vf next = vf_load(p + i + LANES), middle = lanes_ahead(p + i, here, next, spacing);
        vf outer = here + lanes_ahead(p + i, here, next, 2 * spacing);
        vf_store(out + i, damped(fx, n, middle, outer, i, ramping));
        here = next;
    }
}

KERNEL void steady_blocks(MEMORY struct effects *fx, GROUP struct effects_scratch *s, int spacing,
                          int ramping) {
    for (int n = 0; n < REVERB_STEADY; n++)
        steady_block(fx, ring_delayed(fx, RING_LINE + n, fx->line_delay[n] + fx->spacing), n, spacing,
                     ramping, s->lines[n]);
}

/* +0.0 into all lines at once, in frames where none has anything above the floor: what is left of one line
 * where another still sounds is far from the denormals. */
KERNEL void settle_lines(vf x[REVERB_LINES], int32_t floor_bits) {
    vi any = vi_set(0);
    for (int n = 0; n < REVERB_LINES; n++) any |= vi_bits(x[n]);
    vi sounds = vi_lt(vi_set(floor_bits), any & 0x7fffffff);
    if (!vi_any(~sounds)) return;
    for (int n = 0; n < REVERB_LINES; n++) x[n] = vf_mask(sounds, x[n]);
}

/* The frames that begin at i: mixes what comes out of the lines, adds the input, and writes it into the
 * steady lines and, for the moving ones, into `input`. */
KERNEL void network(MEMORY struct effects *fx, GROUP const struct effects_scratch *s,
                    MEMORY float *const write[REVERB_STEADY], int i, int32_t floor_bits) {
    GROUP const float *in = s->feed;
    MEMORY float *left_out = fx->input[INPUT_WET].x + LINE_TAIL,
                 *right_out = fx->input[INPUT_WET + 1].x + LINE_TAIL;
    vf x[REVERB_LINES];
    for (int n = 0; n < REVERB_LINES; n++) x[n] = vf_load(s->lines[n] + i);
    butterflies(x, 8);
    butterflies(x, 4);
    butterflies(x, 2);
    /* x[6] is of even lines only, x[11] of odd ones: uncorrelated. */
    vf share = gain_at(fx, GAIN_REVERB, half_way(i));
    vf_store(left_out + i, (x[6] + x[11] * REVERB_CROSS) * share);
    vf_store(right_out + i, (x[11] + x[6] * REVERB_CROSS) * share);
    butterflies(x, 1);
    vf left = vf_load(in + i), right = vf_load(in + HALF_BLOCK + i);
    for (int n = 0; n < REVERB_FED; n += 2) {
        x[n] = n & 4 ? x[n] - left : x[n] + left;
        x[n + 1] = n & 4 ? x[n + 1] - right : x[n + 1] + right;
    }
    settle_lines(x, floor_bits);
    for (int n = 0; n < REVERB_STEADY; n++) vf_store(write[n] + i, x[n]);
    for (int n = 0; n < REVERB_MOVING; n++)
        vf_store(fx->input[INPUT_MOVING + n].x + LINE_TAIL + i, x[REVERB_STEADY + n]);
}

/* The moving lines lose and are damped on the way in, since a filter on the way out would need the neighbours
 * of a moving place. */
KERNEL void damp_block(MEMORY const struct effects *fx, MEMORY const float *x, MEMORY float *line, int n,
                       int spacing, int ramping) {
    SOME_FRAMES (i, HALF_BLOCK) {
        vf now = vf_load(x + i), outer = now + lanes_behind(x + i, now, 2 * spacing);
        vf middle = lanes_behind(x + i, now, spacing);
        vf_store(line + i, damped(fx, n, middle, outer, i, ramping));
    }
}

KERNEL void lines_block(MEMORY struct effects *fx, GROUP struct effects_scratch *s, int spacing,
                        int ramping) {
    int32_t floor_bits = recirculation_floor(fx);
    MEMORY float *write[REVERB_STEADY];
    for (int n = 0; n < REVERB_STEADY; n++) write[n] = ring_input(fx, RING_LINE + n);
    TOGETHER; /* what is written now may lie where others still read */
    SOME_FRAMES (i, HALF_BLOCK) network(fx, s, write, i, floor_bits);
    TOGETHER;
    for (int n = 0; n < REVERB_MOVING; n++)
        damp_block(fx, fx->input[INPUT_MOVING + n].x + LINE_TAIL,
                   ring_input(fx, RING_LINE + REVERB_STEADY + n), REVERB_STEADY + n, spacing, ramping);
}

/* A part of the network with what does not change known to the compiler, where it pays for the code. */
#if KERNEL_ITEMS
#define NETWORK_PART(part) part(fx, s, (int)fx->spacing, 1)
#else
#define NETWORK_PART(part)                                                                                   \
    (fx->spacing == 1 ? fx->lines_left ? part(fx, s, 1, 1) : part(fx, s, 1, 0)                               \
     : fx->lines_left ? part(fx, s, 2, 1)                                                                    \
                      : part(fx, s, 2, 0))
#endif

/* What comes out of the lines. It depends on nothing of this block but the moving taps. */
static void reverb_lines(MEMORY struct effects *fx, GROUP struct effects_scratch *s) {
    NETWORK_PART(steady_blocks);
    for (int n = 0; n < REVERB_MOVING; n++)
        moving_block(fx, RING_LINE + REVERB_STEADY + n, &s->tap, LFO_REVERB + n, HALF_BLOCK,
                     s->lines[REVERB_STEADY + n]);
}

static void reverb(MEMORY struct effects *fx, GROUP struct effects_scratch *s) {
    NETWORK_PART(lines_block);
}

/* ---- Mix and DC blocker ---- */

static void mix_effects(MEMORY const struct effects *fx, GROUP struct effects_scratch *s) {
    FRAMES (i) {
        vf level = gain_at(fx, GAIN_LEVEL, way(i));
        for (int k = i; k < 2 * BLOCK; k += BLOCK) {
            vf dry = vf_load(s->mixed + k) + vf_load(s->chorused + k);
            vf_store(s->mixed + k, (dry + vf_load(s->echoes + k) + vf_load(s->wet + k)) * level);
        }
    }
    TOGETHER;
}

/* Mean of a side's 64 frames: sixteen columns, then pairs of neighbours, whatever the width. */
KERNEL void block_columns(GROUP struct effects_scratch *s, int side) {
    GROUP const float *x = s->mixed + side * BLOCK;
    SOME_FRAMES (i, 16)
        vf_store(s->column[side] + i,
                 (vf_load(x + i) + vf_load(x + 16 + i)) + (vf_load(x + 32 + i) + vf_load(x + 48 + i)));
}

KERNEL float block_mean(GROUP const float *column) {
    float sum[16 / LANES];
    for (int i = 0; i < 16 / LANES; i++) sum[i] = lanes_sum(vf_load(column + i * LANES));
    for (int count = 8 / LANES; count; count >>= 1)
        for (int i = 0; i < count; i++) sum[i] = sum[2 * i] + sum[2 * i + 1];
    return sum[0] * 0x1p-6f;
}

/* Follows the mean of each block with two lags and takes off a straight line from the old estimate to the new
 * one: a high-pass whose only recursion runs once a block. Means of blocks hold aliases, of 650 Hz at 100 Hz:
 * with a single lag of 5 Hz the lines left them 37 dB down, two lags of 2 Hz leave them more than 80. Both
 * sides go together, so that neither waits for the other's mean. Returns the largest sample left. */
static float block_dc(MEMORY struct effects *fx, GROUP struct effects_scratch *s) {
    float from[2], lag[2], to[2];
    for (int side = 0; side < 2; side++) block_columns(s, side);
    TOGETHER;
    for (int side = 0; side < 2; side++) {
        from[side] = fx->dc[side];
        lag[side] = fx->dc_lag[side];
        lag[side] = lag[side] + (block_mean(s->column[side]) - lag[side]) * fx->dc_rate;
        if ((as_int(lag[side]) & 0x7fffffff) < TINY_BITS) lag[side] = 0.0f;
        to[side] = from[side] + (lag[side] - from[side]) * fx->dc_rate;
        if ((as_int(to[side]) & 0x7fffffff) < TINY_BITS) to[side] = 0.0f;
    }
    TOGETHER;
    ONE_ITEM {
        for (int side = 0; side < 2; side++) {
            fx->dc_lag[side] = lag[side];
            fx->dc[side] = to[side];
        }
    }
    vf peak = vf_set(0.0f);
    for (int side = 0; side < 2; side++) {
        GROUP const float *x = s->mixed + side * BLOCK;
        MEMORY float *out = ring_input(fx, RING_LIMITER + side);
        float change = to[side] - from[side];
        FRAMES (i) {
            vf y = settled(vf_load(x + i) - (way(i) * change + from[side]));
            vf_store(out + i, y);
            peak = vf_max(peak, vf_abs(y));
        }
        ring_mirror(fx, RING_LIMITER + side);
    }
    return greatest(s, peak);
}

/* ---- Limiter ---- */

/* Peak over the frames that begin at x + i + 6 and the three points between each and the next. The pairs
 * around a point share their sums and differences: with A the part on sums and B the part on differences, the
 * points at ¼ and ¾ are A + B and A − B, and the greater of the two is |A| + |B|. */
KERNEL vf peak_fourfold(MEMORY const struct limiter *m, MEMORY const float *x) {
    vf half = vf_set(0.0f), even = vf_set(0.0f), odd = vf_set(0.0f);
    for (int k = 0; k < LIMITER_QUARTER_TAPS; k++) {
        vf early = vf_load(x + k), late = vf_load(x + 11 - k);
        vf sum = early + late, difference = early - late;
        half += sum * m->half[k];
        even += sum * m->even[k];
        odd += difference * m->odd[k];
    }
    return vf_max(vf_max(vf_abs(half), vf_abs(even) + vf_abs(odd)), vf_abs(vf_load(x + 5)));
}

KERNEL vf peak_twofold(MEMORY const struct limiter *m, MEMORY const float *x) {
    vf half = vf_set(0.0f);
    for (int k = 0; k < LIMITER_HALF_TAPS; k++) half += (vf_load(x + k) + vf_load(x + 23 - k)) * m->half[k];
    return vf_max(vf_abs(half), vf_abs(vf_load(x + 11)));
}

/* The oversampled peak of the newest block (and of the last few frames before it, which had to wait for their
 * neighbours). */
static float block_peak(MEMORY struct effects *fx, GROUP struct effects_scratch *s) {
    MEMORY struct limiter *m = &fx->limiter;
    vf peak = vf_set(0.0f);
    for (int side = 0; side < 2; side++) {
        MEMORY const float *x = ring_delayed(fx, RING_LIMITER + side, m->twice ? 23 : 11);
        FRAMES (i) peak = vf_max(peak, m->twice ? peak_twofold(m, x + i) : peak_fourfold(m, x + i));
    }
    return greatest(s, peak);
}

/* How much must go so that this peak meets the ceiling: 1 − ceiling / peak, at least 0. */
static float reduction_for(MEMORY const struct limiter *m, float peak) {
    if (as_int(peak) <= as_int(m->ceiling)) return 0.0f;
    float lane[LANES];
    vf_store(lane, 1.0f - reciprocal(vf_set(peak)) * m->ceiling);
    return as_int(lane[0]) < 0 ? 0.0f : lane[0];
}

/* The greatest of the reductions of the last half second, each less what its age forgives. */
static float held_reduction(MEMORY struct effects *fx, GROUP struct effects_scratch *s, float wanted) {
    MEMORY struct limiter *m = &fx->limiter;
    MEMORY float *history = (MEMORY float *)(MEMORY void *)fx + m->wanted;
    MEMORY const float *release = (MEMORY const float *)(MEMORY const void *)fx + m->release;
    uint32_t write = m->write, oldest = write + 1 == m->history ? 0 : write + 1;
    uint32_t active = as_int(wanted) > 0 ? m->history : m->active;
    TOGETHER;
    ONE_ITEM {
        history[write] = history[write + m->history] = wanted;
        m->write = oldest;
        m->active = active ? active - 1 : 0;
    }
    if (!active) return 0.0f;
    TOGETHER;
    vf most = vf_set(0.0f);
    SOME_FRAMES (i, m->history) most = vf_max(most, vf_load(history + oldest + i) - vf_load(release + i));
    return greatest(s, most);
}

/* The reduction at the end of the block that leaves now: an average of maxima, each of which has the peaks on
 * both sides of that border in its window. So the gain is down in time, and never jumps. When nothing has
 * been held for so long that all nodes are zero, they stay so. */
static float next_node(MEMORY struct limiter *m, float held) {
    uint32_t now = m->block++, first = now - (m->window - 1);
    m->resting = as_int(held) ? 0 : m->resting + 1;
    if (m->resting > 2 * LIMITER_NODES) {
        m->resting = 2 * LIMITER_NODES;
        return 0.0f;
    }
    m->held[now % LIMITER_NODES] = held;
    float most = 0.0f, sum = 0.0f;
    for (uint32_t k = 0; k < m->window; k++) most = greater(most, m->held[(now - k) % LIMITER_NODES]);
    m->highest[first % LIMITER_NODES] = most;
    for (uint32_t k = 0; k < m->window - 2; k++)
        sum += m->highest[(first - k) % LIMITER_NODES] * m->weight[k];
    return (as_int(sum) & 0x7fffffff) < TINY_BITS ? 0.0f : sum;
}

static void limit(MEMORY struct effects *fx, GROUP struct effects_scratch *s, float peak, MEMORY float *out) {
    MEMORY struct limiter *m = &fx->limiter;
    float loudest = greater(peak, m->last_peak), wanted = 0.0f, from = m->node;
    if (as_int(loudest) > as_int(m->quiet)) wanted = reduction_for(m, block_peak(fx, s));
    float held = held_reduction(fx, s, wanted);
    ONE_ITEM {
        m->last_peak = peak;
        m->node = next_node(m, held);
    }
    TOGETHER;
    float to = m->node;
    MEMORY const float *left = ring_delayed(fx, RING_LIMITER, (m->window - 1) * BLOCK);
    MEMORY const float *right = ring_delayed(fx, RING_LIMITER + 1, (m->window - 1) * BLOCK);
    FRAMES (i) {
        vf gain = 1.0f - (way(i) * (to - from) + from);
        lanes_interleave(out + 2 * i, vf_load(left + i) * gain, vf_load(right + i) * gain);
    }
}

/* ---- All of it ---- */

/* Ends the block for gains [first, end), multiples of 16, with `left` blocks to go. */
KERNEL void advance_gains(MEMORY struct effects *fx, int first, int end, uint32_t left) {
    if (!left) return;
    SOME_FRAMES (i, end - first) {
        int k = first + i;
        vf step = vf_load(fx->gain_step + k);
        vf_store(fx->gain + k, left == 1 ? vf_load(fx->gain_target + k) : vf_load(fx->gain + k) + step);
        if (left == 1) vf_store(fx->gain_step + k, vf_set(0.0f));
    }
}

/* Whether anything came: all bits of it. */
static int any_sound(GROUP struct effects_scratch *s, vi any) {
    any &= 0x7fffffff;
#if KERNEL_ITEMS
    return as_int(greatest(s, any ? 1.0f : 0.0f)) != 0;
#else
    (void)s;
    return vi_any(any);
#endif
}

/* What counts the blocks, when all of this one is done. */
static void count_block(MEMORY struct effects *fx, int sounds) {
    if (fx->lines_left) fx->lines_left--;
    if (fx->gain_left) fx->gain_left--;
    if (sounds)
        fx->silent = 0;
    else if (fx->silent < fx->silent_limit)
        fx->silent++;
    echo_end(fx);
}

static void shape_block(MEMORY struct effects *fx, GROUP struct effects_scratch *s,
                        MEMORY const float *direct, MEMORY const float *wash, MEMORY float *out) {
    ONE_ITEM echo_begin(fx);
    move_taps(fx, &s->tap);
    reverb_lines(fx, s); /* the steady ones do not wait for the taps, which take long */
    vi came = chorus(fx, s, wash);
    TOGETHER;
    came |= separate_input(fx, s, direct);
    TOGETHER;
    reverb_input(fx, s);
    reverb(fx, s);
    TOGETHER;
    double_wet(fx, s);
    TOGETHER;
    keep_tails(fx);
    echo(fx, s);
    mix_effects(fx, s);
    float peak = block_dc(fx, s);
    TOGETHER;
    limit(fx, s, peak, out);
    advance_gains(fx, 0, GAIN_LEVEL, fx->lines_left);
    advance_gains(fx, GAIN_LEVEL, EFFECT_GAINS, fx->gain_left);
    int sounds = any_sound(s, came);
    TOGETHER;
    ONE_ITEM count_block(fx, sounds);
    mirror_rings(fx);
    TOGETHER;
    advance_rings(fx);
    TOGETHER;
}

ITEMS_END

#if !KERNEL_ITEMS
static void effects_block(struct effects *fx, const float *direct, const float *wash, float *out) {
    struct effects_scratch scratch;
    shape_block(fx, &scratch, direct, wash, out);
}
#endif

#endif
