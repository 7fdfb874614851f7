/* effects.h — what shapes a stream's mix: chorus, tempo delay, reverb, DC blocker, limiter.
 *
 * The lanes are consecutive frames of one stream. That works because every delay is at least a block long, so
 * within a block nothing feeds back: whatever recirculates was written in an earlier block, and every filter
 * inside a loop is a short symmetric FIR instead of a recursion. One stream alone fills the widest vector, a
 * ring is read where it lies, and nothing depends on which streams happen to share a shard.
 *
 * The signal: wash → chorus → mix; chorus → echo → mix; chorus and a little of direct → pre-delay →
 * all-passes → feedback delay network → mix; direct → mix; mix × level → DC blocker → limiter.
 *
 * Sources: M. R. Schroeder, "Natural sounding artificial reverberation" (JAES 1962) for the all-pass; J.-M.
 * Jot and A. Chaigne, "Digital delay networks for designing artificial reverberators" (AES 90, 1991) for the
 * network and its losses; ITU-R BS.1770-4 for the true peak.
 *
 * Denormals: what recirculates is written as zero below 2^-60, and no coefficient is so small that a product
 * with such a value comes near 2^-126. */
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

/* +0.0 in place of whatever is smaller than 2^-60. */
KERNEL vf settled(vf x) {
    return vf_mask(vi_lt(vi_set(TINY_BITS - 1), vi_bits(x) & 0x7fffffff), x);
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

/* How far through the block frame i and the ones after it are: 0, 1/64, 2/64 … */
#define WAY4(n) (n) / 64.0f, (n + 1) / 64.0f, (n + 2) / 64.0f, (n + 3) / 64.0f
#define WAY16(n) WAY4(n), WAY4(n + 4), WAY4(n + 8), WAY4(n + 12)
CONSTANT ALIGNED float WAY[BLOCK] = {WAY16(0), WAY16(16), WAY16(32), WAY16(48)};
KERNEL vf way(int i) {
    return vf_load(WAY + i);
}

/* Value of a gain over the frames that begin at i. */
KERNEL vf gain_at(MEMORY const struct effects *fx, int gain, int i) {
    return way(i) * fx->gain_step[gain] + fx->gain[gain];
}

KERNEL MEMORY float *ring_input(MEMORY struct effects *fx, MEMORY const struct ring *r) {
    return (MEMORY float *)(MEMORY void *)fx + r->start + r->write;
}

/* Where the frame lies that was written `delay` frames before the first of this block; RING_MIRROR frames may
 * be read from there. 0 < delay ≤ size. */
KERNEL MEMORY const float *ring_delayed(MEMORY const struct effects *fx, MEMORY const struct ring *r,
                                        uint32_t delay) {
    uint32_t at = r->write + r->size - delay;
    if (at >= r->size) at -= r->size;
    return (MEMORY const float *)(MEMORY const void *)fx + r->start + at;
}

/* Repeats the head of the ring behind its end. */
KERNEL void ring_mirror(MEMORY struct effects *fx, MEMORY const struct ring *r) {
    if (r->write >= RING_MIRROR) return;
    MEMORY float *from = ring_input(fx, r);
    int count = r->write + BLOCK <= RING_MIRROR ? BLOCK : RING_MIRROR - BLOCK;
    SOME_FRAMES (i, count) vf_store(from + r->size + i, vf_load(from + i));
}

/* At the end of the block, when nobody asks any more where the rings stand. */
KERNEL void advance_rings(MEMORY struct ring *r, const int count) {
    ITEMS (k, count) {
        uint32_t write = r[k].write + BLOCK;
        r[k].write = write == r[k].size ? 0 : write;
    }
}

/* ---- What one part of a block leaves for the next ---- */

/* A delay during one block: whole + fraction + way × slope frames; the fraction stays within [0, 1], or
 * within [0, 2) if the tap passes a frame. */
struct moving_tap {
    uint32_t whole;
    int passes;
    float fraction, slope;
};

/* Room for a moving line's inputs: the last ones of the block before, then this block's. */
enum { TAIL = 16 };
struct line_input {
    ALIGNED float x[TAIL + BLOCK];
};

/* On a GPU, what the items of a stream show each other. */
struct effects_scratch {
    ALIGNED float chorused[2 * BLOCK];
    ALIGNED float feed[2 * BLOCK];
    ALIGNED float wet[2 * BLOCK];
    ALIGNED float echoes[2 * BLOCK];
    ALIGNED float mixed[2 * BLOCK];
    ALIGNED float lines[REVERB_LINES * BLOCK];
    ALIGNED float first[BLOCK];
    ALIGNED float second[BLOCK];
    struct line_input input[REVERB_MOVING];
    struct moving_tap tap[CHORUS_TAPS + REVERB_MOVING];
    float from[EFFECT_LFOS], to[EFFECT_LFOS];
    float column[2][16];
    float lane[KERNEL_ITEMS ? BLOCK : LANES];
    float eighth[8];
};

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
    vf_store(s->lane, x);
    for (int half = LANES / 2; half; half /= 2) /* a tree: its few steps do not wait for each other */
        for (int i = 0; i < half; i++) s->lane[i] = greater(s->lane[i], s->lane[i + half]);
    return s->lane[0];
#endif
}

/* ---- Moving taps ---- */

/* Both ends of the block come from the integer phase, so one block ends exactly where the next begins. */
static void move_taps(MEMORY struct effects *fx, GROUP struct effects_scratch *s) {
    SOME_FRAMES (k, EFFECT_LFOS) {
        vu phase = vu_load(fx->lfo_phase + k), next = phase + vu_load(fx->lfo_step + k);
        vf depth = vf_load(fx->lfo_depth + k);
        vf_store(s->from + k, sin_phase(phase) * depth);
        vf_store(s->to + k, sin_phase(next) * depth);
        vu_store(fx->lfo_phase + k, next);
    }
    TOGETHER;
    ITEMS (k, CHORUS_TAPS + REVERB_MOVING) {
        float from = s->from[k], to = s->to[k];
        int32_t first = (int32_t)(from + 512.0f), last = (int32_t)(to + 512.0f);
        int32_t floor = (first < last ? first : last) - 512;
        s->tap[k].whole = fx->lfo_delay[k] + (uint32_t)floor;
        s->tap[k].passes = first != last;
        s->tap[k].fraction = from - (float)floor;
        s->tap[k].slope = to - from;
    }
    TOGETHER;
}

/* Catmull-Rom interpolation at b + f × (c − b), a and d being the neighbours. */
KERNEL vf catmull_rom(vf a, vf b, vf c, vf d, vf f) {
    vf step = c - b, rise = c - a, cubic = (rise + (d - b)) - step * 4.0f;
    vf square = (step + step) - rise - cubic;
    return b + ((cubic * f + square) * f + rise) * (f * 0.5f);
}

/* A block of a moving tap. Where it passes a frame, the lanes whose fraction is beyond 1 take four taps that
 * are one frame older; the curve goes through every frame, so nothing jumps there. */
KERNEL void moving_block(MEMORY const struct effects *fx, MEMORY const struct ring *r,
                         GROUP const struct moving_tap *t, GROUP float *out) {
    MEMORY const float *at = ring_delayed(fx, r, t->whole + 3);
    vf here = vf_load(at + FRAME_FIRST);
    FRAMES (i) {
        vf next = vf_load(at + i + LANES), f = way(i) * t->slope + t->fraction;
        vf a = lanes_ahead(at + i, here, next, 4), b = lanes_ahead(at + i, here, next, 3);
        vf c = lanes_ahead(at + i, here, next, 2), d = lanes_ahead(at + i, here, next, 1);
        if (t->passes) {
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

/* Two moving taps a side beside the dry sound; left and right move a quarter turn apart. */
static void chorus(MEMORY struct effects *fx, GROUP struct effects_scratch *s, MEMORY const float *wash) {
    for (int side = 0; side < 2; side++) {
        MEMORY struct ring *r = &fx->chorus[side];
        MEMORY const float *x = wash + side * BLOCK;
        moving_block(fx, r, s->tap + LFO_CHORUS + 2 * side, s->first);
        moving_block(fx, r, s->tap + LFO_CHORUS + 2 * side + 1, s->second);
        MEMORY float *in = ring_input(fx, r);
        GROUP float *y = s->chorused + side * BLOCK;
        TOGETHER;
        FRAMES (i) {
            vf dry = sane(vf_load(x + i));
            vf_store(in + i, dry);
            vf_store(y + i, dry * CHORUS_DRY + (vf_load(s->first + i) + vf_load(s->second + i)) * CHORUS_WET);
        }
        ring_mirror(fx, r);
    }
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
    t.back = ring_delayed(fx, &fx->echo, delay + fx->spacing);
    t.half = ring_delayed(fx, &fx->echo, delay >> 1);
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
    MEMORY float *line = ring_input(fx, &fx->echo);
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
        vf_store(line + i, settled(recirculated(back, floor_bits) * gain_at(fx, GAIN_FEEDBACK, i) + x));
        vf wet = gain_at(fx, GAIN_ECHO, i);
        vf left = half + back * ECHO_CROSS, right = back + half * ECHO_CROSS;
        vf_store(s->echoes + i, 0.0f + left * wet);
        vf_store(s->echoes + BLOCK + i, 0.0f + right * wet);
    }
    ring_mirror(fx, &fx->echo);
}

/* ---- Reverb ---- */

/* Pre-delay, then all-passes in series: a click becomes a cloud before it enters the network. */
static void reverb_input(MEMORY struct effects *fx, GROUP struct effects_scratch *s,
                         MEMORY const float *direct) {
    for (int side = 0; side < 2; side++) {
        MEMORY struct ring *before = &fx->before[side];
        MEMORY const float *delayed = ring_delayed(fx, before, fx->before_delay), *d = direct + side * BLOCK;
        MEMORY float *in = ring_input(fx, before);
        GROUP const float *w = s->chorused + side * BLOCK;
        vf x[FRAME_GROUPS];
        for (int g = 0; g < FRAME_GROUPS; g++) {
            int i = FRAME_FIRST + g * LANES;
            x[g] = vf_load(delayed + i);
            TOGETHER;
            vf_store(in + i, settled(sane(vf_load(d + i)) * DIRECT_SEND + vf_load(w + i)));
        }
        ring_mirror(fx, before);
        for (int k = 0; k < REVERB_DIFFUSERS; k++) {
            MEMORY struct ring *r = &fx->diffuser[side][k];
            MEMORY const float *past = ring_delayed(fx, r, fx->diffuser_delay[side][k]);
            MEMORY float *line = ring_input(fx, r);
            for (int g = 0; g < FRAME_GROUPS; g++) {
                int i = FRAME_FIRST + g * LANES;
                vf old = vf_load(past + i);
                vf v = settled(old * DIFFUSION + x[g]);
                TOGETHER;
                vf_store(line + i, v);
                x[g] = old - v * DIFFUSION;
            }
            ring_mirror(fx, r);
        }
        GROUP float *y = s->feed + side * BLOCK;
        for (int g = 0; g < FRAME_GROUPS; g++) vf_store(y + FRAME_FIRST + g * LANES, x[g]);
    }
}

/* One stage of the Hadamard matrix: sum and difference of lines `step` apart. */
KERNEL void butterflies(vf x[REVERB_LINES], int step) {
    for (int i = 0; i < REVERB_LINES; i += 2 * step)
        for (int k = i; k < i + step; k++) {
            vf a = x[k], b = x[k + step];
            x[k] = a + b;
            x[k + step] = a - b;
        }
}

/* A block of a steady line as it comes out, lossy and damped. */
KERNEL void steady_block(MEMORY const struct effects *fx, int n, int spacing, int ramping, GROUP float *out) {
    MEMORY const float *p = ring_delayed(fx, &fx->line[n], fx->line_delay[n] + (uint32_t)spacing);
    vf here = vf_load(p + FRAME_FIRST), centre = vf_set(fx->gain[GAIN_CENTRE + n]),
       side = vf_set(fx->gain[GAIN_SIDE + n]);
    FRAMES (i) {
        vf next = vf_load(p + i + LANES);
        vf middle = lanes_ahead(p + i, here, next, spacing);
        vf outer = here + lanes_ahead(p + i, here, next, 2 * spacing);
        if (ramping) {
            centre = gain_at(fx, GAIN_CENTRE + n, i);
            side = gain_at(fx, GAIN_SIDE + n, i);
        }
        vf_store(out + i, middle * centre + outer * side);
        here = next;
    }
}

/* The same with what does not change known to the compiler, where it pays for the code. */
static void steady_lines(MEMORY const struct effects *fx, GROUP float *out) {
#if KERNEL_ITEMS
    for (int n = 0; n < REVERB_STEADY; n++) steady_block(fx, n, (int)fx->spacing, 1, out + n * BLOCK);
#else
    if (fx->lines_left)
        for (int n = 0; n < REVERB_STEADY; n++)
            fx->spacing == 1 ? steady_block(fx, n, 1, 1, out + n * BLOCK)
                             : steady_block(fx, n, 2, 1, out + n * BLOCK);
    else
        for (int n = 0; n < REVERB_STEADY; n++)
            fx->spacing == 1 ? steady_block(fx, n, 1, 0, out + n * BLOCK)
                             : steady_block(fx, n, 2, 0, out + n * BLOCK);
#endif
}

/* The frames that begin at i: mixes what comes out of the lines, adds the input, and writes it into the
 * steady lines and, for the moving ones, into `input`. */
KERNEL void network(GROUP struct effects_scratch *s, MEMORY float *const *write, int i, int32_t floor_bits) {
    GROUP const float *lines = s->lines, *in = s->feed;
    GROUP float *out = s->wet;
    vf x[REVERB_LINES];
    for (int n = 0; n < REVERB_LINES; n++) x[n] = vf_load(lines + n * BLOCK + i);
    butterflies(x, 8);
    butterflies(x, 4);
    butterflies(x, 2);
    vf_store(out + i, x[6]);          /* of even lines only … */
    vf_store(out + BLOCK + i, x[11]); /* … and of odd ones: uncorrelated */
    butterflies(x, 1);
    vf left = vf_load(in + i), right = vf_load(in + BLOCK + i);
    for (int n = 0; n < REVERB_FED; n += 2) {
        x[n] = n & 4 ? x[n] - left : x[n] + left;
        x[n + 1] = n & 4 ? x[n + 1] - right : x[n + 1] + right;
    }
    for (int n = 0; n < REVERB_STEADY; n++) vf_store(write[n] + i, recirculated(x[n], floor_bits));
    for (int n = 0; n < REVERB_MOVING; n++)
        vf_store(s->input[n].x + TAIL + i, recirculated(x[REVERB_STEADY + n], floor_bits));
}

/* The moving lines lose and are damped on the way in, since a filter on the way out would need the neighbours
 * of a moving place. */
KERNEL void damp_block(MEMORY struct effects *fx, int n, GROUP const float *x, int ramping) {
    MEMORY float *line = ring_input(fx, &fx->line[REVERB_STEADY + n]);
    int k = (int)fx->spacing, centre_gain = GAIN_CENTRE + REVERB_STEADY + n,
        side_gain = GAIN_SIDE + REVERB_STEADY + n;
    vf centre = vf_set(fx->gain[centre_gain]), side = vf_set(fx->gain[side_gain]);
    FRAMES (i) {
        vf outer = vf_load(x + i) + vf_load(x + i - 2 * k);
        if (ramping) {
            centre = gain_at(fx, centre_gain, i);
            side = gain_at(fx, side_gain, i);
        }
        vf_store(line + i, settled(vf_load(x + i - k) * centre + outer * side));
    }
    ITEMS (i, 4) fx->line_tail[n][i] = x[BLOCK - 4 + i];
}

static void damp_moving(MEMORY struct effects *fx, GROUP const struct line_input *input) {
    if (KERNEL_ITEMS || fx->lines_left)
        for (int n = 0; n < REVERB_MOVING; n++) damp_block(fx, n, input[n].x + TAIL, 1);
    else
        for (int n = 0; n < REVERB_MOVING; n++) damp_block(fx, n, input[n].x + TAIL, 0);
}

static void reverb(MEMORY struct effects *fx, GROUP struct effects_scratch *s) {
    MEMORY float *write[REVERB_STEADY];
    int32_t floor_bits = recirculation_floor(fx);
    steady_lines(fx, s->lines);
    for (int n = 0; n < REVERB_STEADY; n++) write[n] = ring_input(fx, &fx->line[n]);
    for (int n = 0; n < REVERB_MOVING; n++) {
        int line = REVERB_STEADY + n;
        moving_block(fx, &fx->line[line], s->tap + LFO_REVERB + n, s->lines + line * BLOCK);
        ITEMS (i, 4) s->input[n].x[TAIL - 4 + i] = fx->line_tail[n][i];
    }
    TOGETHER;
    FRAMES (i) network(s, write, i, floor_bits);
    TOGETHER;
    damp_moving(fx, s->input);
    for (int n = 0; n < REVERB_LINES; n++) ring_mirror(fx, &fx->line[n]);
}

/* ---- Mix and DC blocker ---- */

static void mix_effects(MEMORY const struct effects *fx, GROUP struct effects_scratch *s,
                        MEMORY const float *direct) {
    FRAMES (i) {
        vf level = gain_at(fx, GAIN_LEVEL, i), share = gain_at(fx, GAIN_REVERB, i);
        vf left = vf_load(s->wet + i), right = vf_load(s->wet + BLOCK + i);
        vf l = sane(vf_load(direct + i)) + vf_load(s->chorused + i) + vf_load(s->echoes + i);
        vf r = sane(vf_load(direct + BLOCK + i)) + vf_load(s->chorused + BLOCK + i) +
               vf_load(s->echoes + BLOCK + i);
        vf_store(s->mixed + i, (l + (left + right * REVERB_CROSS) * share) * level);
        vf_store(s->mixed + BLOCK + i, (r + (right + left * REVERB_CROSS) * share) * level);
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

KERNEL float block_mean(GROUP const float column[16]) {
    float sum[8];
    for (int i = 0; i < 8; i++) sum[i] = column[2 * i] + column[2 * i + 1];
    for (int count = 4; count; count >>= 1)
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
        MEMORY float *out = ring_input(fx, &fx->limiter.side[side]);
        float change = to[side] - from[side];
        FRAMES (i) {
            vf y = settled(vf_load(x + i) - (way(i) * change + from[side]));
            vf_store(out + i, y);
            peak = vf_max(peak, vf_abs(y));
        }
        ring_mirror(fx, &fx->limiter.side[side]);
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
        MEMORY const float *x = ring_delayed(fx, &m->side[side], m->twice ? 23 : 11);
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
    TOGETHER;
    ONE_ITEM {
        m->last_peak = peak;
        m->node = next_node(m, held);
    }
    TOGETHER;
    float to = m->node;
    MEMORY const float *left = ring_delayed(fx, &m->side[0], (m->window - 1) * BLOCK);
    MEMORY const float *right = ring_delayed(fx, &m->side[1], (m->window - 1) * BLOCK);
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

/* Whether anything came. */
static int any_sound(GROUP struct effects_scratch *s, MEMORY const float *direct, MEMORY const float *wash) {
    vi any = vi_set(0);
    for (int side = 0; side < 2 * BLOCK; side += BLOCK)
        FRAMES (i)
            any |= (vi_bits(vf_load(direct + side + i)) | vi_bits(vf_load(wash + side + i))) & 0x7fffffff;
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

/* Asks memory for what a ring's block after this one reads, `delay` frames back. With many streams the rings
 * lie in no cache, and a processor's own prefetching cannot follow so many places at once. */
KERNEL void prefetch_delayed(MEMORY const struct effects *fx, MEMORY const struct ring *r, uint32_t delay) {
    uint32_t at = r->write + 2 * BLOCK + r->size - delay;
    if (at >= r->size) at -= r->size;
    MEMORY const float *p = (MEMORY const float *)(MEMORY const void *)fx + r->start + at;
    for (int i = 0; i < BLOCK; i += 16) PREFETCH(p + i);
}

static void prefetch_next(MEMORY const struct effects *fx) {
    for (int n = 0; n < REVERB_STEADY; n++)
        prefetch_delayed(fx, &fx->line[n], fx->line_delay[n] + fx->spacing);
    for (int n = REVERB_STEADY; n < REVERB_LINES; n++)
        prefetch_delayed(fx, &fx->line[n], fx->lfo_delay[LFO_REVERB + n - REVERB_STEADY]);
    prefetch_delayed(fx, &fx->echo, fx->echo_now);
    prefetch_delayed(fx, &fx->echo, fx->echo_now >> 1);
    prefetch_delayed(fx, &fx->echo, fx->echo.size - BLOCK);
}

static void shape_block(MEMORY struct effects *fx, GROUP struct effects_scratch *s,
                        MEMORY const float *direct, MEMORY const float *wash, MEMORY float *out) {
    prefetch_next(fx);
    ONE_ITEM echo_begin(fx);
    move_taps(fx, s);
    chorus(fx, s, wash);
    reverb_input(fx, s, direct);
    reverb(fx, s);
    echo(fx, s);
    mix_effects(fx, s, direct);
    float peak = block_dc(fx, s);
    TOGETHER;
    limit(fx, s, peak, out);
    advance_gains(fx, 0, GAIN_LEVEL, fx->lines_left);
    advance_gains(fx, GAIN_LEVEL, EFFECT_GAINS, fx->gain_left);
    int sounds = any_sound(s, direct, wash);
    TOGETHER;
    ONE_ITEM count_block(fx, sounds);
    advance_rings(fx->chorus, 2);
    advance_rings(&fx->echo, 1);
    advance_rings(fx->before, 2);
    advance_rings(fx->diffuser[0], 2 * REVERB_DIFFUSERS);
    advance_rings(fx->line, REVERB_LINES);
    advance_rings(fx->limiter.side, 2);
    TOGETHER;
}

#if !KERNEL_ITEMS
static void effects_block(struct effects *fx, const float *direct, const float *wash, float *out) {
    struct effects_scratch scratch;
    shape_block(fx, &scratch, direct, wash, out);
}
#endif

#endif
