/* effects_reference.c — see the header. Histories are long arrays indexed by the frame's number, those of the
 * reverb by the number at half the rate; nothing here is fast. */
#define KERNEL_SCALAR
#include "synth/reference/effects_reference.h"

#include "kernels/polynomials.h"

#include <math.h>
#include <stdlib.h>

enum { LENGTH = 1 << 17, NODES = 1 << 11 }; /* frames and blocks remembered: more than any delay */

enum history_name {
    CHORUS,                                 /* 2 */
    ECHO = CHORUS + 2,                      /* 1 */
    SEND,                                   /* 2: into the reverb, at the whole rate */
    BEFORE = SEND + 2,                      /* 2: here begin those at half the rate */
    DIFFUSER = BEFORE + 2,                  /* 2 × 4 */
    LINE = DIFFUSER + 2 * REVERB_DIFFUSERS, /* 16 */
    MOVING_INPUT = LINE + REVERB_LINES,     /* 4 */
    WET = MOVING_INPUT + REVERB_MOVING,     /* 2: here they end */
    MIXED = WET + 2,                        /* 2 */
    HISTORIES = MIXED + 2
};

struct effects_reference {
    double (*x)[LENGTH];
    uint64_t frame, block;
    double dc[2], dc_lag[2], node;
    double wanted[NODES], held[NODES], highest[NODES];
};

/* What is known about the block beside the effects themselves. */
struct moment {
    const struct effects *fx;
    double way;                                /* 0–1 through the block */
    double delay[CHORUS_TAPS + REVERB_MOVING]; /* of the moving taps at this frame */
    double from[CHORUS_TAPS + REVERB_MOVING], to[CHORUS_TAPS + REVERB_MOVING];
    int asleep;
};

struct effects_reference *effects_reference_open(const struct effects *fx) {
    (void)fx;
    struct effects_reference *r = calloc(1, sizeof *r);
    if (r && !(r->x = calloc(HISTORIES, sizeof *r->x))) {
        free(r);
        return NULL;
    }
    return r;
}

void effects_reference_close(struct effects_reference *r) {
    if (!r) return;
    free(r->x);
    free(r);
}

/* The frame's number in this history. */
static uint64_t now(const struct effects_reference *r, int name) {
    return name >= BEFORE && name < MIXED ? r->frame / 2 : r->frame;
}

static double *put(struct effects_reference *r, int name) {
    return &r->x[name][now(r, name) % LENGTH];
}

static double get(const struct effects_reference *r, int name, uint64_t delay) {
    return r->x[name][(now(r, name) - delay) % LENGTH];
}

/* Catmull-Rom between the two frames around a delay. */
static double between(const struct effects_reference *r, int name, double delay) {
    double whole = floor(delay), f = delay - whole;
    uint64_t d = (uint64_t)whole;
    double a = get(r, name, d - 1), b = get(r, name, d), c = get(r, name, d + 1), e = get(r, name, d + 2);
    return b + f / 2 * ((c - a) + f * ((2 * a - 5 * b + 4 * c - e) + f * (3 * (b - c) + e - a)));
}

static double gain(const struct moment *m, int k) {
    return m->fx->gain[k] + (double)m->fx->gain_step[k] * m->way;
}

static double sane(float x) {
    return fabsf(x) < 4096 ? x : 0;
}

static double chorus(struct effects_reference *r, const struct moment *m, int side, double x) {
    *put(r, CHORUS + side) = x;
    double wet =
        between(r, CHORUS + side, m->delay[2 * side]) + between(r, CHORUS + side, m->delay[2 * side + 1]);
    return (double)CHORUS_DRY * x + (double)CHORUS_WET * wet;
}

static double diffuse(struct effects_reference *r, const struct moment *m, int side, double x) {
    const double a = DIFFUSION;
    for (int k = 0; k < REVERB_DIFFUSERS; k++) {
        int name = DIFFUSER + side * REVERB_DIFFUSERS + k;
        double old = get(r, name, m->fx->diffuser_delay[side][k]), v = x + a * old;
        *put(r, name) = v;
        x = old - a * v;
    }
    return x;
}

static double damped(const struct effects_reference *r, const struct moment *m, int name, uint64_t delay,
                     int line) {
    uint32_t k = m->fx->spacing;
    return gain(m, GAIN_CENTRE + line) * get(r, name, delay) +
           gain(m, GAIN_SIDE + line) * (get(r, name, delay - k) + get(r, name, delay + k));
}

static double sign(int bits) {
    return __builtin_parity((unsigned)bits) ? -1 : 1;
}

/* One frame through the network; in and out are left, right. */
static void network(struct effects_reference *r, const struct moment *m, const double in[2], double out[2]) {
    double x[REVERB_LINES];
    for (int n = 0; n < REVERB_LINES; n++)
        x[n] = n < REVERB_STEADY ? damped(r, m, LINE + n, m->fx->line_delay[n], n)
                                 : between(r, LINE + n, m->delay[LFO_REVERB + n - REVERB_STEADY]);
    out[0] = out[1] = 0;
    for (int n = 0; n < REVERB_LINES; n++) out[n & 1] += (n & 1 ? sign(n & 10) : sign(n & 6)) * x[n];
    for (int n = 0; n < REVERB_LINES; n++) {
        double sum = n < REVERB_FED ? (n & 4 ? -1 : 1) * in[n & 1] : 0;
        for (int k = 0; k < REVERB_LINES; k++) sum += sign(n & k) * x[k];
        if (m->asleep) sum = 0;
        if (n < REVERB_STEADY) {
            *put(r, LINE + n) = sum;
            continue;
        }
        int input = MOVING_INPUT + n - REVERB_STEADY;
        *put(r, input) = sum;
        *put(r, LINE + n) = damped(r, m, input, m->fx->spacing, n);
    }
}

/* Of frames `step` apart, the sum of the pairs around the middle, which is `delay` ago. */
static double pairs(const struct effects_reference *r, int name, uint64_t delay, uint64_t step) {
    double sum = 0;
    for (uint64_t k = 0; k < HALF_PAIRS; k++)
        sum += (double)HALF_BAND[k] * (get(r, name, delay + k * step) + get(r, name, delay - (k + 1) * step));
    return sum;
}

static double softened(const struct effects_reference *r, uint64_t delay, uint32_t k) {
    return get(r, ECHO, delay) / 2 + (get(r, ECHO, delay - k) + get(r, ECHO, delay + k)) / 4;
}

static void echo(struct effects_reference *r, const struct moment *m, double x, double out[2]) {
    const struct effects *fx = m->fx;
    uint32_t left = fx->echo_fade, next = fx->echo_next;
    if (!left && fx->echo_now != fx->echo_wanted) left = fx->echo_fade_blocks, next = fx->echo_wanted;
    double share = left ? (fx->echo_fade_blocks - left + m->way) * (double)fx->echo_fade_step : 0;
    double back =
        (1 - share) * softened(r, fx->echo_now, fx->spacing) + share * softened(r, next, fx->spacing);
    double half = (1 - share) * get(r, ECHO, fx->echo_now / 2) + share * get(r, ECHO, next / 2);
    *put(r, ECHO) = x + (m->asleep ? 0 : back * gain(m, GAIN_FEEDBACK));
    out[0] = (half + (double)ECHO_CROSS * back) * gain(m, GAIN_ECHO);
    out[1] = (back + (double)ECHO_CROSS * half) * gain(m, GAIN_ECHO);
}

/* One frame of the reverb, at half the rate: what was sent to it is known up to this odd frame. */
static void reverb(struct effects_reference *r, const struct moment *m) {
    double feed[2], wet[2];
    for (int side = 0; side < 2; side++) {
        const uint64_t middle = 2 * HALF_PAIRS; /* of the pairs; the frame in the middle is the next one */
        *put(r, BEFORE + side) = (get(r, SEND + side, middle - 1) + pairs(r, SEND + side, middle, 2)) / 2;
        feed[side] = diffuse(r, m, side, get(r, BEFORE + side, m->fx->before_delay));
    }
    network(r, m, feed, wet);
    for (int side = 0; side < 2; side++)
        *put(r, WET + side) = gain(m, GAIN_REVERB) * (wet[side] + (double)REVERB_CROSS * wet[!side]);
}

/* One frame of the mix, before the DC blocker; `half` is the moment of the even frame here. */
static void mix(struct effects_reference *r, const struct moment *m, const struct moment *half,
                const double direct[2], const double wash[2], double out[2]) {
    double chorused[2], echoes[2];
    for (int side = 0; side < 2; side++) {
        chorused[side] = chorus(r, m, side, wash[side]);
        *put(r, SEND + side) = chorused[side] + (double)DIRECT_SEND * direct[side];
    }
    int odd = (int)(r->frame & 1);
    if (odd) reverb(r, half);
    echo(r, m, (chorused[0] + chorused[1]) / 2, echoes);
    for (int side = 0; side < 2; side++) {
        double wet = odd ? pairs(r, WET + side, HALF_PAIRS, 1) : get(r, WET + side, HALF_PAIRS);
        out[side] = gain(m, GAIN_LEVEL) * (direct[side] + chorused[side] + echoes[side] + wet);
    }
}

/* The LFOs at both ends of the block. Their float32 sine is taken from the kernel's polynomial, as the gains
 * are from its memory. */
static void begin(struct moment *m, const struct effects *fx) {
    *m = (struct moment){.fx = fx, .asleep = fx->silent >= fx->silent_limit};
    for (int k = 0; k < CHORUS_TAPS + REVERB_MOVING; k++) {
        m->from[k] = (double)(sin_phase(fx->lfo_phase[k]) * fx->lfo_depth[k]);
        m->to[k] = (double)(sin_phase(fx->lfo_phase[k] + fx->lfo_step[k]) * fx->lfo_depth[k]);
    }
}

/* The moment of the block's frame i. */
static void move(struct moment *m, int i) {
    m->way = i / (double)BLOCK;
    for (int k = 0; k < CHORUS_TAPS + REVERB_MOVING; k++)
        m->delay[k] = m->fx->lfo_delay[k] + m->from[k] + (m->to[k] - m->from[k]) * m->way;
}

static double windowed_sinc(double frames, double half_width) {
    const double pi = acos(-1);
    if (fabs(frames) >= half_width) return 0;
    return sin(pi * frames) / (pi * frames) * (0.5 + 0.5 * cos(pi * frames / half_width));
}

/* The largest of the frames of this block's window and of the points between each and the next. */
static double peak(const struct effects_reference *r, const struct limiter *l) {
    int factor = l->twice ? 2 : 4, taps = 48 / factor;
    double most = 0;
    for (int side = 0; side < 2; side++)
        for (uint64_t i = 0; i < BLOCK; i++) {
            uint64_t oldest = BLOCK - i + (uint64_t)taps - 1;
            most = fmax(most, fabs(get(r, MIXED + side, oldest - (uint64_t)taps / 2 + 1)));
            for (int phase = 1; phase < factor; phase++) {
                double y = 0;
                for (int k = 0; k < taps; k++)
                    y += get(r, MIXED + side, oldest - (uint64_t)k) *
                         windowed_sinc(taps / 2 - 1 - k + phase / (double)factor, taps / 2.0);
                most = fmax(most, fabs(y));
            }
        }
    return most;
}

/* The gain's reduction at the end of the block that leaves. */
static double next_node(struct effects_reference *r, const struct limiter *l) {
    const double pi = acos(-1);
    uint64_t now = r->block, window = l->window, taps = window - 2;
    double loudest = peak(r, l), ceiling = l->ceiling, sum = 0, most = 0;
    r->wanted[now % NODES] = loudest > ceiling ? 1 - ceiling / loudest : 0;
    for (uint64_t age = 0; age < l->history; age++)
        most = fmax(most,
                    r->wanted[(now - age) % NODES] - (0.5 - 0.5 * cos(pi * (double)age / (l->history - 1))));
    r->held[now % NODES] = most;
    for (uint64_t k = 0; k < window; k++) most = fmax(most, r->held[(now - k) % NODES]);
    r->highest[(now - window + 1) % NODES] = most;
    for (uint64_t k = 0; k < taps; k++)
        sum += r->highest[(now - window + 1 - k) % NODES] * (double)(k < taps / 2 ? k + 1 : taps - k);
    return sum / (double)(taps / 2 * (taps / 2 + 1));
}

/* Takes the drift off the block just mixed. */
static void block_dc(struct effects_reference *r, const struct effects *fx, double mixed[2][BLOCK]) {
    for (int side = 0; side < 2; side++) {
        double mean = 0, old = r->dc[side];
        for (int i = 0; i < BLOCK; i++) mean += mixed[side][i] / BLOCK;
        r->dc_lag[side] += (mean - r->dc_lag[side]) * (double)fx->dc_rate;
        r->dc[side] += (r->dc_lag[side] - old) * (double)fx->dc_rate;
        for (uint64_t i = 0; i < BLOCK; i++)
            r->x[MIXED + side][(r->frame - BLOCK + i) % LENGTH] =
                mixed[side][i] - (old + (r->dc[side] - old) * (double)i / BLOCK);
    }
}

void effects_reference_block(struct effects_reference *r, const struct effects *fx, const float *direct,
                             const float *wash, double *out) {
    struct moment m, half;
    double mixed[2][BLOCK];
    begin(&m, fx);
    half = m;
    for (int i = 0; i < BLOCK; i++, r->frame++) {
        move(&m, i);
        move(&half, i & ~1);
        double d[2] = {sane(direct[i]), sane(direct[BLOCK + i])},
               w[2] = {sane(wash[i]), sane(wash[BLOCK + i])}, y[2];
        mix(r, &m, &half, d, w, y);
        mixed[0][i] = y[0];
        mixed[1][i] = y[1];
    }
    block_dc(r, fx, mixed);
    double from = r->node, to = r->node = next_node(r, &fx->limiter);
    uint64_t late = (uint64_t)fx->limiter.window * BLOCK;
    for (uint64_t i = 0; i < BLOCK; i++)
        for (int side = 0; side < 2; side++)
            out[2 * i + (uint64_t)side] =
                get(r, MIXED + side, late - i) * (1 - (from + (to - from) * (double)i / BLOCK));
    r->block++;
}
