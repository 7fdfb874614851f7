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

KERNEL int32_t bits_of(float x) {
    int32_t i;
    __builtin_memcpy(&i, &x, sizeof i);
    return i;
}

/* The greater of two floats that are not negative. */
KERNEL float greater(float a, float b) {
    return bits_of(a) < bits_of(b) ? b : a;
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

KERNEL int32_t recirculation_floor(const struct effects *fx) {
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
static const _Alignas(64) float WAY[BLOCK] = {WAY16(0), WAY16(16), WAY16(32), WAY16(48)};
KERNEL vf way(int i) {
    return vf_load(WAY + i);
}

/* Value of a gain over the frames that begin at i. */
KERNEL vf gain_at(const struct effects *fx, int gain, int i) {
    return way(i) * fx->gain_step[gain] + fx->gain[gain];
}

KERNEL float *ring_input(struct effects *fx, const struct ring *r) {
    return (float *)(void *)fx + r->start + r->write;
}

/* Where the frame lies that was written `delay` frames before the first of this block; RING_MIRROR frames may
 * be read from there. 0 < delay ≤ size. */
KERNEL const float *ring_delayed(const struct effects *fx, const struct ring *r, uint32_t delay) {
    uint32_t at = r->write + r->size - delay;
    if (at >= r->size) at -= r->size;
    return (const float *)(const void *)fx + r->start + at;
}

/* Repeats the head of the ring behind its end. */
KERNEL void ring_mirror(struct effects *fx, const struct ring *r) {
    if (r->write >= RING_MIRROR) return;
    float *from = ring_input(fx, r);
    int count = r->write + BLOCK <= RING_MIRROR ? BLOCK : RING_MIRROR - BLOCK;
    for (int i = 0; i < count; i += LANES) vf_store(from + r->size + i, vf_load(from + i));
}

KERNEL void ring_advance(struct effects *fx, struct ring *r) {
    ring_mirror(fx, r);
    r->write += BLOCK;
    if (r->write == r->size) r->write = 0;
}

/* ---- Moving taps ---- */

/* A delay during one block: whole + fraction + way × slope frames; the fraction stays within [0, 1], or
 * within [0, 2) if the tap passes a frame. */
struct moving_tap {
    uint32_t whole;
    int passes;
    float fraction, slope;
};

/* Both ends of the block come from the integer phase, so one block ends exactly where the next begins. */
static void move_taps(struct effects *fx, struct moving_tap *tap) {
    float from[EFFECT_LFOS], to[EFFECT_LFOS];
    for (int k = 0; k < EFFECT_LFOS; k += LANES) {
        vu phase = vu_load(fx->lfo_phase + k), next = phase + vu_load(fx->lfo_step + k);
        vf depth = vf_load(fx->lfo_depth + k);
        vf_store(from + k, sin_phase(phase) * depth);
        vf_store(to + k, sin_phase(next) * depth);
        vu_store(fx->lfo_phase + k, next);
    }
    for (int k = 0; k < CHORUS_TAPS + REVERB_MOVING; k++) {
        int32_t first = (int32_t)(from[k] + 512.0f), last = (int32_t)(to[k] + 512.0f);
        int32_t floor = (first < last ? first : last) - 512;
        tap[k].whole = fx->lfo_delay[k] + (uint32_t)floor;
        tap[k].passes = first != last;
        tap[k].fraction = from[k] - (float)floor;
        tap[k].slope = to[k] - from[k];
    }
}

/* Catmull-Rom interpolation at b + f × (c − b), a and d being the neighbours. */
KERNEL vf catmull_rom(vf a, vf b, vf c, vf d, vf f) {
    vf step = c - b, rise = c - a, cubic = (rise + (d - b)) - step * 4.0f;
    vf square = (step + step) - rise - cubic;
    return b + ((cubic * f + square) * f + rise) * (f * 0.5f);
}

/* A block of a moving tap. Where it passes a frame, the lanes whose fraction is beyond 1 take four taps that
 * are one frame older; the curve goes through every frame, so nothing jumps there. */
KERNEL void moving_block(const struct effects *fx, const struct ring *r, const struct moving_tap *t,
                         float *out) {
    const float *at = ring_delayed(fx, r, t->whole + 3);
    vf here = vf_load(at);
    for (int i = 0; i < BLOCK; i += LANES) {
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
static void chorus(struct effects *fx, const struct moving_tap *tap, const float *wash, float *out) {
    for (int side = 0; side < 2; side++) {
        struct ring *r = &fx->chorus[side];
        const float *x = wash + side * BLOCK;
        _Alignas(64) float first[BLOCK], second[BLOCK];
        moving_block(fx, r, tap + 2 * side, first);
        moving_block(fx, r, tap + 2 * side + 1, second);
        float *in = ring_input(fx, r), *y = out + side * BLOCK;
        for (int i = 0; i < BLOCK; i += LANES) {
            vf dry = sane(vf_load(x + i));
            vf_store(in + i, dry);
            vf_store(y + i, dry * CHORUS_DRY + (vf_load(first + i) + vf_load(second + i)) * CHORUS_WET);
        }
        ring_advance(fx, r);
    }
}

/* ---- Echo ---- */

/* One pass of the echo's taps at a given delay: what returns into the line (softened by ¼ ½ ¼), and what is
 * heard left (at half the time) and right. */
struct echo_taps {
    const float *back, *half;
    uint32_t spacing;
};

KERNEL struct echo_taps echo_at(const struct effects *fx, uint32_t delay) {
    return (struct echo_taps){.back = ring_delayed(fx, &fx->echo, delay + fx->spacing),
                              .half = ring_delayed(fx, &fx->echo, delay >> 1),
                              .spacing = fx->spacing};
}

KERNEL vf echo_back(const struct echo_taps *t, int i) {
    const float *p = t->back + i;
    vf outer = vf_load(p) + vf_load(p + 2 * t->spacing);
    return outer * 0.25f + vf_load(p + t->spacing) * 0.5f;
}

/* Adds the echo to out. The line is mono; it is heard left after half the time and right after the whole.
 * Another time is another pair of taps, reached by a crossfade. */
static void echo(struct effects *fx, const float *in, float *out) {
    if (!fx->echo_fade && fx->echo_now != fx->echo_wanted) {
        fx->echo_next = fx->echo_wanted;
        fx->echo_fade = fx->echo_fade_blocks;
    }
    struct echo_taps now = echo_at(fx, fx->echo_now), next = echo_at(fx, fx->echo_next);
    float *line = ring_input(fx, &fx->echo);
    int32_t floor_bits = recirculation_floor(fx);
    float start = (float)(fx->echo_fade_blocks - fx->echo_fade) * fx->echo_fade_step;
    for (int i = 0; i < BLOCK; i += LANES) {
        vf back = echo_back(&now, i), half = vf_load(now.half + i);
        if (fx->echo_fade) {
            vf share = way(i) * fx->echo_fade_step + start;
            back += (echo_back(&next, i) - back) * share;
            half += (vf_load(next.half + i) - half) * share;
        }
        vf x = (vf_load(in + i) + vf_load(in + BLOCK + i)) * 0.5f;
        vf_store(line + i, settled(recirculated(back, floor_bits) * gain_at(fx, GAIN_FEEDBACK, i) + x));
        vf wet = gain_at(fx, GAIN_ECHO, i);
        vf left = half + back * ECHO_CROSS, right = back + half * ECHO_CROSS;
        vf_store(out + i, vf_load(out + i) + left * wet);
        vf_store(out + BLOCK + i, vf_load(out + BLOCK + i) + right * wet);
    }
    ring_advance(fx, &fx->echo);
    if (fx->echo_fade && !--fx->echo_fade) fx->echo_now = fx->echo_next;
}

/* ---- Reverb ---- */

/* Pre-delay, then all-passes in series: a click becomes a cloud before it enters the network. */
static void reverb_input(struct effects *fx, const float *direct, const float *wash, float *out) {
    for (int side = 0; side < 2; side++) {
        struct ring *before = &fx->before[side];
        const float *delayed = ring_delayed(fx, before, fx->before_delay);
        float *in = ring_input(fx, before), *y = out + side * BLOCK;
        const float *w = wash + side * BLOCK, *d = direct + side * BLOCK;
        vf x[BLOCK / LANES];
        for (int i = 0; i < BLOCK / LANES; i++) {
            x[i] = vf_load(delayed + i * LANES);
            vf_store(in + i * LANES,
                     settled(sane(vf_load(d + i * LANES)) * DIRECT_SEND + vf_load(w + i * LANES)));
        }
        ring_advance(fx, before);
        for (int k = 0; k < REVERB_DIFFUSERS; k++) {
            struct ring *r = &fx->diffuser[side][k];
            const float *past = ring_delayed(fx, r, fx->diffuser_delay[side][k]);
            float *line = ring_input(fx, r);
            for (int i = 0; i < BLOCK / LANES; i++) {
                vf old = vf_load(past + i * LANES);
                vf v = settled(old * DIFFUSION + x[i]);
                vf_store(line + i * LANES, v);
                x[i] = old - v * DIFFUSION;
            }
            ring_advance(fx, r);
        }
        for (int i = 0; i < BLOCK / LANES; i++) vf_store(y + i * LANES, x[i]);
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
KERNEL void steady_block(const struct effects *fx, int n, int spacing, int ramping, float *out) {
    const float *p = ring_delayed(fx, &fx->line[n], fx->line_delay[n] + (uint32_t)spacing);
    vf here = vf_load(p), centre = vf_set(fx->gain[GAIN_CENTRE + n]), side = vf_set(fx->gain[GAIN_SIDE + n]);
    for (int i = 0; i < BLOCK; i += LANES) {
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

static void steady_lines(const struct effects *fx, float *out) {
    if (fx->lines_left)
        for (int n = 0; n < REVERB_STEADY; n++)
            fx->spacing == 1 ? steady_block(fx, n, 1, 1, out + n * BLOCK)
                             : steady_block(fx, n, 2, 1, out + n * BLOCK);
    else
        for (int n = 0; n < REVERB_STEADY; n++)
            fx->spacing == 1 ? steady_block(fx, n, 1, 0, out + n * BLOCK)
                             : steady_block(fx, n, 2, 0, out + n * BLOCK);
}

/* Room for a moving line's inputs: the last ones of the block before, then this block's. */
enum { TAIL = 16 };
struct line_input {
    _Alignas(64) float x[TAIL + BLOCK];
};

/* The frames that begin at i: mixes what comes out of the lines, adds the input, and writes it into the
 * steady lines and, for the moving ones, into `input`. */
KERNEL void network(const float *lines, float *const *write, struct line_input *input, const float *in,
                    float *out, int i, int32_t floor_bits) {
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
        vf_store(input[n].x + TAIL + i, recirculated(x[REVERB_STEADY + n], floor_bits));
}

/* The moving lines lose and are damped on the way in, since a filter on the way out would need the neighbours
 * of a moving place. */
KERNEL void damp_block(struct effects *fx, int n, const float *x, int ramping) {
    float *line = ring_input(fx, &fx->line[REVERB_STEADY + n]);
    int k = (int)fx->spacing, centre_gain = GAIN_CENTRE + REVERB_STEADY + n,
        side_gain = GAIN_SIDE + REVERB_STEADY + n;
    vf centre = vf_set(fx->gain[centre_gain]), side = vf_set(fx->gain[side_gain]);
    for (int i = 0; i < BLOCK; i += LANES) {
        vf outer = vf_load(x + i) + vf_load(x + i - 2 * k);
        if (ramping) {
            centre = gain_at(fx, centre_gain, i);
            side = gain_at(fx, side_gain, i);
        }
        vf_store(line + i, settled(vf_load(x + i - k) * centre + outer * side));
    }
    for (int i = 0; i < 4; i++) fx->line_tail[n][i] = x[BLOCK - 4 + i];
}

static void damp_moving(struct effects *fx, struct line_input *input) {
    if (fx->lines_left)
        for (int n = 0; n < REVERB_MOVING; n++) damp_block(fx, n, input[n].x + TAIL, 1);
    else
        for (int n = 0; n < REVERB_MOVING; n++) damp_block(fx, n, input[n].x + TAIL, 0);
}

static void reverb(struct effects *fx, const struct moving_tap *tap, const float *in, float *out) {
    _Alignas(64) float lines[REVERB_LINES * BLOCK];
    float *write[REVERB_STEADY];
    struct line_input input[REVERB_MOVING];
    int32_t floor_bits = recirculation_floor(fx);
    steady_lines(fx, lines);
    for (int n = 0; n < REVERB_STEADY; n++) write[n] = ring_input(fx, &fx->line[n]);
    for (int n = 0; n < REVERB_MOVING; n++) {
        int line = REVERB_STEADY + n;
        moving_block(fx, &fx->line[line], tap + n, lines + line * BLOCK);
        for (int i = 0; i < 4; i++) input[n].x[TAIL - 4 + i] = fx->line_tail[n][i];
    }
    for (int i = 0; i < BLOCK; i += LANES) network(lines, write, input, in, out, i, floor_bits);
    damp_moving(fx, input);
    for (int n = 0; n < REVERB_LINES; n++) ring_advance(fx, &fx->line[n]);
}

/* ---- Mix and DC blocker ---- */

static void mix_effects(const struct effects *fx, const float *direct, const float *chorused,
                        const float *wet, const float *echoes, float *out) {
    for (int i = 0; i < BLOCK; i += LANES) {
        vf level = gain_at(fx, GAIN_LEVEL, i), share = gain_at(fx, GAIN_REVERB, i);
        vf left = vf_load(wet + i), right = vf_load(wet + BLOCK + i);
        vf l = sane(vf_load(direct + i)) + vf_load(chorused + i) + vf_load(echoes + i);
        vf r =
            sane(vf_load(direct + BLOCK + i)) + vf_load(chorused + BLOCK + i) + vf_load(echoes + BLOCK + i);
        vf_store(out + i, (l + (left + right * REVERB_CROSS) * share) * level);
        vf_store(out + BLOCK + i, (r + (right + left * REVERB_CROSS) * share) * level);
    }
}

/* Mean of 64 frames: sixteen columns, then pairs of neighbours, whatever the width. */
static float block_mean(const float *x) {
    float sum[16];
    for (int i = 0; i < 16; i += LANES)
        vf_store(sum + i,
                 (vf_load(x + i) + vf_load(x + 16 + i)) + (vf_load(x + 32 + i) + vf_load(x + 48 + i)));
    for (int count = 8; count; count >>= 1)
        for (int i = 0; i < count; i++) sum[i] = sum[2 * i] + sum[2 * i + 1];
    return sum[0] * 0x1p-6f;
}

/* Follows the mean of each block with a first-order lag and takes off a straight line from the old estimate
 * to the new one: a 5 Hz high-pass whose only recursion runs once a block. Returns the largest sample left.
 */
static float block_dc(struct effects *fx, int side, const float *x, float *out) {
    float old = fx->dc[side], new = old + (block_mean(x) - old) * fx->dc_rate;
    if ((bits_of(new) & 0x7fffffff) < TINY_BITS) new = 0.0f;
    fx->dc[side] = new;
    float change = new - old, lane[LANES];
    vf peak = vf_set(0.0f);
    for (int i = 0; i < BLOCK; i += LANES) {
        vf y = settled(vf_load(x + i) - (way(i) * change + old));
        vf_store(out + i, y);
        peak = vf_max(peak, vf_abs(y));
    }
    vf_store(lane, peak);
    for (int i = 1; i < LANES; i++) lane[0] = greater(lane[0], lane[i]);
    return lane[0];
}

/* ---- Limiter ---- */

/* Peak over the frames that begin at x + i + 6 and the three points between each and the next. The pairs
 * around a point share their sums and differences: with A the part on sums and B the part on differences, the
 * points at ¼ and ¾ are A + B and A − B, and the greater of the two is |A| + |B|. */
KERNEL vf peak_fourfold(const struct limiter *m, const float *x) {
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

KERNEL vf peak_twofold(const struct limiter *m, const float *x) {
    vf half = vf_set(0.0f);
    for (int k = 0; k < LIMITER_HALF_TAPS; k++) half += (vf_load(x + k) + vf_load(x + 23 - k)) * m->half[k];
    return vf_max(vf_abs(half), vf_abs(vf_load(x + 11)));
}

/* The oversampled peak of the newest block (and of the last few frames before it, which had to wait for their
 * neighbours). */
static float block_peak(struct effects *fx) {
    struct limiter *m = &fx->limiter;
    float lane[LANES];
    vf peak = vf_set(0.0f);
    for (int side = 0; side < 2; side++) {
        const float *x = ring_delayed(fx, &m->side[side], m->twice ? 23 : 11);
        for (int i = 0; i < BLOCK; i += LANES)
            peak = vf_max(peak, m->twice ? peak_twofold(m, x + i) : peak_fourfold(m, x + i));
    }
    vf_store(lane, peak);
    for (int i = 1; i < LANES; i++) lane[0] = greater(lane[0], lane[i]);
    return lane[0];
}

/* How much must go so that this peak meets the ceiling: 1 − ceiling / peak, at least 0. */
static float reduction_for(const struct limiter *m, float peak) {
    if (bits_of(peak) <= bits_of(m->ceiling)) return 0.0f;
    float lane[LANES];
    vf_store(lane, 1.0f - reciprocal(vf_set(peak)) * m->ceiling);
    return bits_of(lane[0]) < 0 ? 0.0f : lane[0];
}

/* The greatest of the reductions of the last half second, each less what its age forgives. */
static float held_reduction(struct effects *fx, float wanted) {
    struct limiter *m = &fx->limiter;
    float *history = (float *)(void *)fx + m->wanted;
    const float *release = (const float *)(const void *)fx + m->release;
    history[m->write] = history[m->write + m->history] = wanted;
    if (++m->write == m->history) m->write = 0;
    if (bits_of(wanted) > 0) m->active = m->history;
    if (!m->active) return 0.0f;
    m->active--;
    float lane[LANES];
    vf most = vf_set(0.0f);
    const float *oldest = history + m->write;
    for (uint32_t i = 0; i < m->history; i += LANES)
        most = vf_max(most, vf_load(oldest + i) - vf_load(release + i));
    vf_store(lane, most);
    for (int i = 1; i < LANES; i++) lane[0] = greater(lane[0], lane[i]);
    return lane[0];
}

/* The reduction at the end of the block that leaves now: an average of maxima, each of which has the peaks on
 * both sides of that border in its window. So the gain is down in time, and never jumps. */
static float next_node(struct limiter *m, float held) {
    uint32_t now = m->block++, first = now - (m->window - 1);
    m->held[now % LIMITER_NODES] = held;
    float most = 0.0f, sum = 0.0f;
    for (uint32_t k = 0; k < m->window; k++) most = greater(most, m->held[(now - k) % LIMITER_NODES]);
    m->highest[first % LIMITER_NODES] = most;
    for (uint32_t k = 0; k < m->window - 2; k++)
        sum += m->highest[(first - k) % LIMITER_NODES] * m->weight[k];
    return (bits_of(sum) & 0x7fffffff) < TINY_BITS ? 0.0f : sum;
}

static void limit(struct effects *fx, float peak, float *out) {
    struct limiter *m = &fx->limiter;
    float loudest = greater(peak, m->last_peak), wanted = 0.0f;
    m->last_peak = peak;
    if (bits_of(loudest) > bits_of(m->quiet)) wanted = reduction_for(m, block_peak(fx));
    float from = m->node, to = next_node(m, held_reduction(fx, wanted));
    m->node = to;
    const float *left = ring_delayed(fx, &m->side[0], (m->window - 1) * BLOCK);
    const float *right = ring_delayed(fx, &m->side[1], (m->window - 1) * BLOCK);
    for (int i = 0; i < BLOCK; i += LANES) {
        vf gain = 1.0f - (way(i) * (to - from) + from);
        lanes_interleave(out + 2 * i, vf_load(left + i) * gain, vf_load(right + i) * gain);
    }
    ring_advance(fx, &m->side[0]);
    ring_advance(fx, &m->side[1]);
}

/* ---- All of it ---- */

/* Ends the block for gains [first, end), multiples of 16, of which `left` counts the blocks. */
KERNEL void advance_gains(struct effects *fx, int first, int end, uint32_t *left) {
    if (!*left) return;
    int last = !--*left;
    for (int k = first; k < end; k += LANES) {
        vf step = vf_load(fx->gain_step + k);
        vf_store(fx->gain + k, last ? vf_load(fx->gain_target + k) : vf_load(fx->gain + k) + step);
        if (last) vf_store(fx->gain_step + k, vf_set(0.0f));
    }
}

/* Counts the blocks in which nothing came. */
static void count_silence(struct effects *fx, const float *direct, const float *wash) {
    vi any = vi_set(0);
    for (int i = 0; i < 2 * BLOCK; i += LANES)
        any |= (vi_bits(vf_load(direct + i)) | vi_bits(vf_load(wash + i))) & 0x7fffffff;
    if (vi_any(any))
        fx->silent = 0;
    else if (fx->silent < fx->silent_limit)
        fx->silent++;
}

/* Asks memory for what a ring's block after this one reads, `delay` frames back. With many streams the rings
 * lie in no cache, and a processor's own prefetching cannot follow so many places at once. */
KERNEL void prefetch_delayed(const struct effects *fx, const struct ring *r, uint32_t delay) {
    uint32_t at = r->write + 2 * BLOCK + r->size - delay;
    if (at >= r->size) at -= r->size;
    const float *p = (const float *)(const void *)fx + r->start + at;
    for (int i = 0; i < BLOCK; i += 16) __builtin_prefetch(p + i, 0);
}

static void prefetch_next(const struct effects *fx) {
    for (int n = 0; n < REVERB_STEADY; n++)
        prefetch_delayed(fx, &fx->line[n], fx->line_delay[n] + fx->spacing);
    for (int n = REVERB_STEADY; n < REVERB_LINES; n++)
        prefetch_delayed(fx, &fx->line[n], fx->lfo_delay[LFO_REVERB + n - REVERB_STEADY]);
    prefetch_delayed(fx, &fx->echo, fx->echo_now);
    prefetch_delayed(fx, &fx->echo, fx->echo_now >> 1);
    prefetch_delayed(fx, &fx->echo, fx->echo.size - BLOCK);
}

static void effects_block(struct effects *fx, const float *direct, const float *wash, float *out) {
    _Alignas(64) float chorused[2 * BLOCK], feed[2 * BLOCK], wet[2 * BLOCK], echoes[2 * BLOCK];
    _Alignas(64) float mixed[2 * BLOCK];
    struct moving_tap tap[CHORUS_TAPS + REVERB_MOVING];
    prefetch_next(fx);
    move_taps(fx, tap);
    chorus(fx, tap + LFO_CHORUS, wash, chorused);
    reverb_input(fx, direct, chorused, feed);
    reverb(fx, tap + LFO_REVERB, feed, wet);
    for (int i = 0; i < 2 * BLOCK; i += LANES) vf_store(echoes + i, vf_set(0.0f));
    echo(fx, chorused, echoes);
    mix_effects(fx, direct, chorused, wet, echoes, mixed);
    float peak = 0.0f;
    for (int side = 0; side < 2; side++) {
        struct ring *r = &fx->limiter.side[side];
        peak = greater(peak, block_dc(fx, side, mixed + side * BLOCK, ring_input(fx, r)));
        ring_mirror(fx, r);
    }
    limit(fx, peak, out);
    advance_gains(fx, 0, GAIN_LEVEL, &fx->lines_left);
    advance_gains(fx, GAIN_LEVEL, EFFECT_GAINS, &fx->gain_left);
    count_silence(fx, direct, wash);
}

#endif
