/* effects.c — lays out a stream's effects and turns its controls into the kernel's targets.
 *
 * This runs once a stream and once a parameter change, in double, with base/exact.h only, so that every
 * machine gets the same numbers. All times are given in seconds or in frames at 48 kHz and scaled with the
 * rate; the lines of the reverb, which runs at half the rate, are then moved to the nearest prime, so that
 * their echoes do not fall together.
 *
 * The reverb's lines keep their lengths whatever the controls say: `space` sets the loss of each, 10^(−3
 * d/RT60) for a line of d seconds, and the wet level. Their damping is that of air: a loss a second that
 * depends on frequency alone, 23 dB a second more at 6 kHz than at the bottom. So a small room sounds about
 * as bright as it did, and in a large one the high end is gone long before the low.
 *
 * The echo's feedback never decays more slowly than the reverb: after 1.7 × RT60 the past is 100 dB down, and
 * that is how far a stream must be rolled forward to be started anywhere. */
#include "synth/effects.h"

#include "base/exact.h"
#include "kernels/effects_state.h"

#include <stdbool.h>
#include <string.h>

static const uint16_t LINE_FRAMES[REVERB_LINES] = {/* at 48 kHz; the last four move */
                                                   811,  877,  1019, 1091, 1171, 1259, 1459, 1567,
                                                   1811, 1949, 2089, 2417, 947,  1361, 1687, 2251};
static const uint16_t DIFFUSER_FRAMES[2][REVERB_DIFFUSERS] = {{113, 179, 263, 401}, {127, 191, 283, 379}};

#define BEFORE_SECONDS 0.018
#define ECHO_SECONDS 0.75
#define FADE_SECONDS 0.15
#define RELEASE_SECONDS 0.5
#define DC_HZ 2.0   /* either of two lags */
#define AIR_DB 23.0 /* a second, at AIR_HZ */
#define AIR_HZ 6000.0
#define CEILING_DB (-1.25) /* oversampled peak; −1 dBTP is promised */
#define REVERB_ENERGY 0.18 /* power of the bare network's response a second of RT60, for music */
#define LET_GO 1.6         /* of RT60: silence after which the tails may end */

struct lfo {
    double hz, phase, delay, depth; /* turns, seconds, seconds */
};
static const struct lfo CHORUS_LFO[CHORUS_TAPS] = {{0.31, 0.00, 0.0093, 0.0016},
                                                   {0.47, 0.50, 0.0157, 0.0013},
                                                   {0.31, 0.25, 0.0093, 0.0016},
                                                   {0.47, 0.75, 0.0157, 0.0013}};
static const struct lfo LINE_LFO[REVERB_MOVING] = {
    {0.17, 0.00, 0, 0.00055}, {0.23, 0.25, 0, 0.00055}, {0.29, 0.50, 0, 0.00050}, {0.37, 0.75, 0, 0.00045}};

static double clamp(double x, double low, double high) {
    if (!(x > low)) return low; /* not a number is low */
    return x < high ? x : high;
}

static uint32_t frames_of(double seconds, uint32_t rate) {
    return (uint32_t)exact_round(seconds * rate);
}

static uint32_t blocks_of(double seconds, uint32_t rate) {
    return (frames_of(seconds, rate) + BLOCK / 2) / BLOCK;
}

static bool is_prime(uint32_t n) {
    for (uint32_t d = 2; d * d <= n; d++)
        if (n % d == 0) return false;
    return n > 1;
}

/* The prime nearest to what `frames` at 48 kHz are at this rate. */
static uint32_t prime_at(uint32_t frames, uint32_t rate) {
    uint32_t n = frames_of(frames / 48000.0, rate);
    for (uint32_t away = 0;; away++) {
        if (is_prime(n + away)) return n + away;
        if (is_prime(n - away)) return n - away;
    }
}

static bool high_rate(uint32_t rate) {
    return rate > 72000;
}

/* ---- Layout ---- */

static uint32_t multiple(uint32_t n, uint32_t of) {
    return (n + of - 1) / of * of;
}

/* Reserves a ring that can give back what was written up to `frames` ago. */
static void place_ring(struct effects *fx, int ring, uint32_t frames, uint32_t *end) {
    uint32_t step = ring >= RING_BEFORE && ring < RING_LIMITER ? HALF_BLOCK : BLOCK;
    fx->ring.start[ring] = *end;
    fx->ring.size[ring] = multiple(frames, step);
    fx->ring.step[ring] = step;
    fx->ring.write[ring] = 0;
    *end += fx->ring.size[ring] + 2 * step;
}

static uint32_t moving_reach(const struct lfo *l, uint32_t delay, uint32_t rate) {
    return delay + frames_of(l->depth, rate) + 6;
}

/* All at half the rate. The half-band's delay is taken off the pre-delay. */
static void place_reverb(struct effects *fx, uint32_t *end) {
    uint32_t rate = fx->sample_rate / 2;
    fx->before_delay = frames_of(BEFORE_SECONDS, rate) - (2 * HALF_PAIRS - 1);
    for (int side = 0; side < 2; side++) {
        place_ring(fx, RING_BEFORE + side, fx->before_delay + HALF_BLOCK, end);
        for (int k = 0; k < REVERB_DIFFUSERS; k++) {
            uint32_t delay = prime_at(DIFFUSER_FRAMES[side][k], rate), reach = delay + HALF_BLOCK;
            fx->diffuser_delay[side][k] = delay;
            /* Longer than need be, so that its head comes by less often. */
            place_ring(fx, RING_DIFFUSER + side * REVERB_DIFFUSERS + k, reach < 256 ? 256 : reach, end);
        }
    }
    for (int n = 0; n < REVERB_LINES; n++) {
        uint32_t delay = prime_at(LINE_FRAMES[n], rate), reach = delay + fx->spacing;
        fx->line_delay[n] = delay;
        if (n >= REVERB_STEADY) {
            /* Its damping, on the way in, takes `spacing` frames of the length. */
            fx->lfo_delay[LFO_REVERB + n - REVERB_STEADY] = delay - fx->spacing;
            reach = moving_reach(&LINE_LFO[n - REVERB_STEADY], delay, rate);
        }
        place_ring(fx, RING_LINE + n, reach, end);
    }
}

static void place_limiter(struct effects *fx, uint32_t rate, uint32_t *end) {
    struct limiter *m = &fx->limiter;
    m->twice = high_rate(rate);
    m->window = m->twice ? 18 : 10;
    m->history = multiple(blocks_of(RELEASE_SECONDS, rate), 16);
    for (int side = 0; side < 2; side++) place_ring(fx, RING_LIMITER + side, m->window * BLOCK, end);
    m->wanted = *end;
    m->release = *end + 2 * m->history;
    *end = m->release + m->history;
}

/* Fills in every ring's place and length; returns the floats of the whole. */
static uint32_t place(struct effects *fx, uint32_t rate) {
    uint32_t end = multiple(sizeof *fx, 64) / sizeof(float);
    fx->sample_rate = rate;
    fx->spacing = high_rate(rate) ? 2 : 1;
    for (int k = 0; k < CHORUS_TAPS; k++)
        fx->lfo_delay[LFO_CHORUS + k] = frames_of(CHORUS_LFO[k].delay, rate);
    for (int side = 0; side < 2; side++)
        place_ring(fx, RING_CHORUS + side, moving_reach(&CHORUS_LFO[1], fx->lfo_delay[LFO_CHORUS + 1], rate),
                   &end);
    place_ring(fx, RING_ECHO, frames_of(ECHO_SECONDS, rate) + fx->spacing, &end);
    place_reverb(fx, &end);
    place_limiter(fx, rate, &end);
    fx->floats = multiple(end, 16);
    return fx->floats;
}

size_t effects_size(uint32_t rate) {
    struct effects fx = {0};
    return place(&fx, rate) * sizeof(float);
}

/* ---- Constants ---- */

static void set_lfo(struct effects *fx, int k, const struct lfo *l, uint32_t rate, uint64_t frame) {
    uint32_t step = (uint32_t)exact_round(l->hz / fx->sample_rate * 0x1p32);
    fx->lfo_phase[k] = (uint32_t)(l->phase * 0x1p32) + (uint32_t)(frame * step);
    fx->lfo_step[k] = step * BLOCK;
    fx->lfo_depth[k] = (float)(l->depth * rate);
}

/* Taps of the interpolator: a sinc under a Hann window, 49 points at the oversampled rate. */
static double interpolation(int point, int factor) {
    const double pi = 3.14159265358979323846;
    double m = (point - 24) / (double)factor;
    double sinc = point == 24 ? 1.0 : exact_sin_turns(m / 2) / (pi * m);
    return sinc * 0.5 * (1 - exact_cos_turns(point / 48.0));
}

static double magnitude(double x) {
    return x < 0 ? -x : x;
}

static void set_limiter_taps(struct limiter *m) {
    double sum = 1.0, half = 0, quarter = 0;
    if (m->twice)
        for (int k = 0; k < 12; k++) {
            m->half[k] = (float)interpolation(1 + 2 * k, 2);
            half += 2 * magnitude(interpolation(1 + 2 * k, 2));
        }
    else
        for (int k = 0; k < 6; k++) {
            double early = interpolation(1 + 4 * k, 4), late = interpolation(1 + 4 * (11 - k), 4);
            m->half[k] = (float)interpolation(2 + 4 * k, 4);
            m->even[k] = (float)((early + late) / 2);
            m->odd[k] = (float)((early - late) / 2);
            half += 2 * magnitude(interpolation(2 + 4 * k, 4));
            quarter += magnitude(early) + magnitude(late);
        }
    if (half > sum) sum = half;
    if (quarter > sum) sum = quarter;
    m->quiet = (float)(exact_db(CEILING_DB) / sum * 0.999);
}

/* The average that smooths the gain is a triangle; the release is half a cosine from 0 to 1. */
static void set_limiter(struct effects *fx) {
    struct limiter *m = &fx->limiter;
    float *release = (float *)(void *)fx + m->release;
    uint32_t taps = m->window - 2;
    double total = 0;
    for (uint32_t k = 0; k < taps; k++) total += k < taps / 2 ? k + 1 : taps - k;
    for (uint32_t k = 0; k < taps; k++) m->weight[k] = (float)((k < taps / 2 ? k + 1 : taps - k) / total);
    for (uint32_t age = 0; age < m->history; age++)
        release[m->history - 1 - age] =
            (float)(0.5 - 0.5 * exact_cos_turns(0.5 * age / (double)(m->history - 1)));
    m->ceiling = (float)exact_db(CEILING_DB);
    set_limiter_taps(m);
}

/* ---- Controls ---- */

double effects_rt60(double space) {
    return 1.5 * exact_exp2(3 * clamp(space, 0, 1));
}

/* −14 dB in the smallest room, 0 dB in the largest. */
double effects_reverb_power(double space) {
    return exact_exp2((-14 + 14 * clamp(space, 0, 1)) / 3.0103);
}

static void target(struct effects *fx, int gain, double value) {
    fx->gain_target[gain] = value < 0x1p-30 ? 0.0f : (float)value;
}

/* The share b of either neighbour such that a pass through d frames loses what air does: at the angle w of
 * AIR_HZ the filter 1 − 2b + 2b cos w has the gain wanted. */
static double damping(const struct effects *fx, uint32_t delay) {
    double rate = fx->sample_rate / 2.0, loss = 1 - exact_db(-AIR_DB * delay / rate);
    double bend = 1 - exact_cos_turns(AIR_HZ * fx->spacing / rate);
    return clamp(loss / (2 * bend), 0, 0.25);
}

static void target_space(struct effects *fx, double space) {
    double rt60 = effects_rt60(space);
    for (int n = 0; n < REVERB_LINES; n++) {
        double gain = exact_db(-120.0 * fx->line_delay[n] / (rt60 * fx->sample_rate)) / 4;
        double side = damping(fx, fx->line_delay[n]);
        target(fx, GAIN_CENTRE + n, gain * (1 - 2 * side));
        target(fx, GAIN_SIDE + n, gain * side);
    }
    double wet = exact_exp2(0.5 * exact_log2(effects_reverb_power(space) / (REVERB_ENERGY * rt60)));
    target(fx, GAIN_REVERB, wet);
    fx->silent_limit = blocks_of(LET_GO * rt60, fx->sample_rate);
}

/* The largest note value that fits into the line, in beats. */
static double echo_beats(double beat) {
    static const double values[] = {4, 3, 2, 1.5, 1, 0.75, 0.5, 0.375, 0.25, 0.1875};
    for (size_t k = 0; k < sizeof values / sizeof *values; k++)
        if (values[k] * beat <= ECHO_SECONDS) return values[k];
    return 0.125;
}

static void target_echo(struct effects *fx, double space, double beat) {
    beat = beat > 0 ? clamp(beat, 0.05, 5) : 1;
    double seconds = echo_beats(beat) * beat;
    double feedback = exact_db(-60 * seconds / effects_rt60(space));
    fx->echo_wanted = frames_of(seconds, fx->sample_rate);
    target(fx, GAIN_FEEDBACK, feedback < 0.5 ? feedback : 0.5);
    target(fx, GAIN_ECHO, 0.12 + 0.16 * clamp(space, 0, 1));
}

static void ramp_gains(struct effects *fx, int first, int end, uint32_t *left) {
    for (int k = first; k < end; k++) ramp_gain(fx, k);
    *left = fx->gain_blocks;
}

void effects_set(struct effects *fx, const struct effects_control *c) {
    float wanted[3] = {c->level, c->space, c->beat};
    if (!memcmp(wanted, fx->control, sizeof wanted)) return;
    if (memcmp(wanted + 1, fx->control + 1, 2 * sizeof *wanted)) {
        target_space(fx, c->space);
        target_echo(fx, c->space, c->beat);
        ramp_gains(fx, 0, GAIN_LEVEL, &fx->lines_left);
    }
    target(fx, GAIN_LEVEL, clamp(c->level, 0, 64));
    memcpy(fx->control, wanted, sizeof wanted);
    ramp_gains(fx, GAIN_LEVEL, EFFECT_GAINS, &fx->gain_left);
}

struct effects *effects_init(void *memory, uint32_t rate, uint64_t frame, const struct effects_control *c) {
    struct effects *fx = memory;
    memset(memory, 0, effects_size(rate));
    place(fx, rate);
    for (int k = 0; k < CHORUS_TAPS; k++) set_lfo(fx, LFO_CHORUS + k, &CHORUS_LFO[k], rate, frame);
    for (int k = 0; k < REVERB_MOVING; k++) set_lfo(fx, LFO_REVERB + k, &LINE_LFO[k], rate / 2, frame);
    set_limiter(fx);
    fx->dc_rate = (float)(1 - exact_exp(-6.28318530717958647693 * DC_HZ * BLOCK / rate));
    fx->gain_blocks = high_rate(rate) ? 32 : 16; /* a power of two: shares of a ramp are exact */
    fx->gain_share = 1.0f / (float)fx->gain_blocks;
    fx->echo_fade_blocks = blocks_of(FADE_SECONDS, rate);
    fx->echo_fade_step = 1.0f / (float)fx->echo_fade_blocks;
    fx->control[0] = -1; /* no control is: the first targets count as new */
    fx->control[1] = fx->control[2] = -1;
    effects_set(fx, c);
    memcpy(fx->gain, fx->gain_target, sizeof fx->gain);
    memset(fx->gain_step, 0, sizeof fx->gain_step);
    fx->gain_left = fx->lines_left = 0;
    fx->echo_now = fx->echo_next = fx->echo_wanted;
    return fx;
}

enum { LINE = 64 / sizeof(float) };

static void prefetch(const float *p, uint32_t lines) {
    for (uint32_t k = 0; k < lines; k++) __builtin_prefetch(p + k * LINE, 0, 2);
}

/* The echo's line is long, and only a few places in it are near; all the rest is needed whole. */
void effects_prefetch(const struct effects *fx, uint32_t part, uint32_t parts) {
    const float *memory = (const float *)(const void *)fx, *echo = memory + fx->ring.start[RING_ECHO];
    uint32_t size = fx->ring.size[RING_ECHO], before = fx->ring.start[RING_ECHO] / LINE;
    uint32_t lines = (fx->floats - size - 2 * BLOCK) / LINE;
    uint32_t from = lines * part / parts, to = lines * (part + 1) / parts;
    if (from < before) prefetch(memory + from * LINE, (to < before ? to : before) - from);
    if (from < before) from = before;
    if (from < to) prefetch(echo + size + 2 * BLOCK + (from - before) * LINE, to - from);
    uint32_t now = fx->ring.write[RING_ECHO] + part * BLOCK;
    const uint32_t place[] = {now, now + size - fx->echo_now, now + size - fx->echo_now / 2};
    for (int i = 0; i < 3; i++) prefetch(echo + place[i] % size, BLOCK / LINE);
}

uint32_t effects_latency(uint32_t rate) {
    return (high_rate(rate) ? 17 : 9) * BLOCK;
}
