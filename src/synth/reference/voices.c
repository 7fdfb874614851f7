/* reference/voices.c — see reference/voices.h. Written for clarity; nothing here is fast.
 *
 * Increments that move with the control period (vibrato, a drum's fall) are taken from the kernels' own
 * float32 arithmetic, because a difference of one unit would grow into another phase within minutes. */
#include "synth/reference/voices.h"

#define KERNEL_SCALAR
#include "kernels/bend.h"
#include "kernels/polynomials.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static const double TAU = 6.283185307179586476925;
enum { EDGE_TAPS = 16 };
static const double EDGE_BETA = 8.2;

static double word(const struct reference_voice *v, int w) {
    float x;
    memcpy(&x, &v->word[w], sizeof x);
    return x;
}

static float single(const struct reference_voice *v, int w) {
    return (float)word(v, w);
}

static double clamp(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

static double sine(uint32_t phase) {
    return sin((double)phase * (TAU / 4294967296.0));
}

static double envelope_of(const struct reference_voice *v, int32_t age) {
    int32_t gate = (int32_t)v->word[VOICE_GATE];
    double held = age < gate ? age : gate, sustain = word(v, VOICE_SUSTAIN);
    double attack = (1 - exp2(-4 * fmin(held * word(v, VOICE_ATTACK), 1))) / (1 - exp2(-4));
    double after = fmax(held - word(v, VOICE_ATTACK_END), 0);
    double decay = sustain + (1 - sustain) * exp2(-after * word(v, VOICE_DECAY));
    double u = fmin((age > gate ? age - gate : 0) * word(v, VOICE_RELEASE), 1);
    return attack * decay * (exp2(-10 * u) - exp2(-10)) / (1 - exp2(-10));
}

static double amplitude_of(const struct reference_voice *v, int32_t age, double envelope) {
    double tremolo = 1 + word(v, VOICE_TREMOLO_DEPTH) * sine((uint32_t)age * v->word[VOICE_TREMOLO_INC]);
    double faded = ((double)age - (int32_t)v->word[VOICE_KILL]) * word(v, VOICE_KILL_RATE);
    return envelope * tremolo * (1 - clamp(faded, 0, 1));
}

/* Amplitude of the block's 64 frames. */
static double advance_amplitude(struct reference_voice *v, double amp[BLOCK]) {
    int32_t age = (int32_t)v->word[VOICE_AGE], end = age + BLOCK;
    double envelope = envelope_of(v, end), to = amplitude_of(v, end, envelope);
    for (int i = 0; i < BLOCK; i++)
        amp[i] = age <= 0 ? fmax(to * (age + i) / end, 0) : fmax(v->amp + (to - v->amp) * i / BLOCK, 0);
    v->amp = to;
    v->word[VOICE_AGE] = (uint32_t)end;
    return envelope;
}

static double bessel(double x) {
    double sum = 1, term = 1;
    for (int k = 1; term > 1e-18 * sum; k++) {
        term *= x / 2 / k * (x / 2 / k);
        sum += term;
    }
    return sum;
}

static double edge_kernel(double x) {
    if (fabs(x) >= EDGE_TAPS / 2) return 0;
    double r = x / (EDGE_TAPS / 2);
    double window = bessel(EDGE_BETA * sqrt(1 - r * r)) / bessel(EDGE_BETA);
    return window * (fabs(x) < 1e-12 ? 1 : sin(TAU / 2 * x) / (TAU / 2 * x));
}

/* The band-limited step and its slope from −8 to 0, by Simpson's rule; the other half mirrors it. Between
 * nodes a cubic through both is within 1e-9. */
static void draw_step(struct reference_voice *v) {
    enum { PARTS = 8 };
    double sum = 0, h = 1.0 / REFERENCE_FINE / PARTS;
    for (int i = 0; i <= REFERENCE_NODES; i++) {
        double x = -EDGE_TAPS / 2 + (double)i / REFERENCE_FINE;
        v->step[i] = sum;
        v->slope[i] = edge_kernel(x) / REFERENCE_FINE;
        for (int part = 0; part < PARTS; part++, x += h)
            sum += h / 6 * (edge_kernel(x) + 4 * edge_kernel(x + h / 2) + edge_kernel(x + h));
    }
    double total = 2 * v->step[REFERENCE_NODES];
    for (int i = 0; i <= REFERENCE_NODES; i++) v->step[i] /= total, v->slope[i] /= total;
}

static double step_at(const struct reference_voice *v, double x) {
    if (x > 0) return 1 - step_at(v, -x);
    double place = (x + EDGE_TAPS / 2) * REFERENCE_FINE;
    int i = (int)place < REFERENCE_NODES ? (int)place : REFERENCE_NODES - 1;
    double t = place - i, a = v->step[i], b = v->step[i + 1], rise = v->slope[i], fall = v->slope[i + 1];
    return a + t * (rise + t * (3 * (b - a) - 2 * rise - fall + t * (2 * (a - b) + rise + fall)));
}

/* An increment that glides over a block, in the kernels' arithmetic. */
struct moving {
    uint32_t phase, inc, glide;
};

static struct moving move(uint32_t phase, uint32_t inc, float from, float to) {
    struct glide_lanes g = glide_between((int32_t)inc, from, to);
    return (struct moving){phase, (uint32_t)g.inc, (uint32_t)g.glide};
}

static uint32_t phase_after(const struct moving *m, uint32_t n) {
    return m->phase + n * m->inc + n * (n - 1) / 2 * m->glide;
}

static void add_saw(const struct reference_voice *v, double *wave, const struct moving *m, double weight) {
    for (uint32_t i = 0; i < BLOCK; i++)
        wave[EDGE_TAPS / 2 + i] += weight * (double)(int32_t)phase_after(m, i) / 2147483648.0;
    for (uint32_t n = 1; n <= BLOCK; n++) {
        uint32_t now = phase_after(m, n) ^ 0x80000000u, inc = m->inc + (n - 1) * m->glide;
        if (now >= inc) continue; /* no edge between frames n − 1 and n */
        for (int j = 0; j < EDGE_TAPS; j++) {
            double step = step_at(v, (double)now / inc + j - EDGE_TAPS / 2);
            wave[n + (uint32_t)j] -= 2 * weight * (step - (j >= EDGE_TAPS / 2));
        }
    }
}

static void waves(struct reference_voice *v, int at, double x[BLOCK]) {
    double wave[BLOCK + EDGE_TAPS] = {0};
    memcpy(wave, v->tail, sizeof v->tail);
    int32_t age = (int32_t)v->word[VOICE_AGE];
    vf rise = vf_min((float)(age + BLOCK) * single(v, at + WAVE_VIBRATO_RISE), 1.0f);
    vf vibrato = single(v, at + WAVE_VIBRATO_DEPTH) * rise *
                 sin_phase((uint32_t)(age + BLOCK) * v->word[at + WAVE_VIBRATO_INC]);
    vf from = single(v, at + WAVE_BENT), bend = single(v, at + WAVE_BEND);
    bend = bend + vibrato + bend * vibrato;
    for (int o = 0; o < 3; o++) {
        struct moving m = move(v->word[at + WAVE_PHASE1 + o], v->word[at + WAVE_INC1 + o], from, bend);
        double weight = word(v, at + WAVE_SAW1 + o);
        if (o < 2 && weight != 0) add_saw(v, wave, &m, weight);
        if (o == 2)
            for (uint32_t i = 0; i < BLOCK; i++) wave[EDGE_TAPS / 2 + i] += weight * sine(phase_after(&m, i));
        v->word[at + WAVE_PHASE1 + o] = phase_after(&m, BLOCK);
    }
    memcpy(&v->word[at + WAVE_BENT], &bend, sizeof bend);
    memcpy(x, wave, BLOCK * sizeof *x);
    memcpy(v->tail, wave + BLOCK, sizeof v->tail);
}

static void noise_wave(const struct reference_voice *v, double x[BLOCK]) {
    for (uint32_t i = 0; i < BLOCK; i++) {
        uint32_t h = (v->word[VOICE_AGE] + i) * 0x9e3779b9u + v->word[NOISE_SEED];
        h = (h ^ h >> 16) * 0x85ebca6bu;
        h = (h ^ h >> 13) * 0xc2b2ae35u;
        h ^= h >> 16;
        x[i] = word(v, NOISE_WEIGHT) * (double)(int32_t)h / 2147483648.0;
    }
}

static void filter(struct reference_voice *v, const double x[BLOCK], double out[BLOCK]) {
    double amp[BLOCK];
    bool begins = (int32_t)v->word[VOICE_AGE] <= 0;
    double envelope = advance_amplitude(v, amp);
    uint32_t lfo = v->word[FILTER_LFO_PHASE] + v->word[VOICE_AGE] * v->word[FILTER_LFO_INC];
    double octaves = word(v, FILTER_CUTOFF) + word(v, VOICE_BRIGHT) + word(v, FILTER_ENVELOPE) * envelope +
                     word(v, FILTER_LFO_DEPTH) * sine(lfo);
    double g = tan(TAU / 2 * exp2(clamp(octaves, -12, -1.13)));
    double to1 = 1 / (1 + g * (g + word(v, FILTER_DAMPING))), to2 = g * to1, to3 = g * to2;
    if (begins) v->a1 = to1, v->a2 = to2, v->a3 = to3;
    for (int i = 0; i < BLOCK; i++) {
        double a1 = v->a1 + (to1 - v->a1) * i / BLOCK, a2 = v->a2 + (to2 - v->a2) * i / BLOCK,
               a3 = v->a3 + (to3 - v->a3) * i / BLOCK;
        double v3 = x[i] - v->s2, v1 = a1 * v->s1 + a2 * v3, v2 = v->s2 + a2 * v->s1 + a3 * v3;
        v->s1 = 2 * v1 - v->s1;
        v->s2 = 2 * v2 - v->s2;
        out[i] = v2 * amp[i];
    }
    v->a1 = to1, v->a2 = to2, v->a3 = to3;
}

static void bell_block(struct reference_voice *v, double out[BLOCK]) {
    double amp[BLOCK];
    int32_t age = (int32_t)v->word[VOICE_AGE];
    advance_amplitude(v, amp);
    for (int i = 0; i < BLOCK; i++) out[i] = 0;
    for (int k = 0; k < BELL_PARTIALS; k++) {
        struct moving m =
            move(v->word[BELL_PHASE + k], v->word[BELL_INC + k], single(v, BELL_BENT), single(v, BELL_BEND));
        double weight = word(v, BELL_WEIGHT + k) * exp2(word(v, VOICE_BRIGHT) * 0.4 * k);
        if ((int32_t)m.inc >= PARTIAL_MAX) weight = 0;
        double to = weight * exp2(-(double)(age + BLOCK) * word(v, BELL_RATE + k));
        double from = age <= 0 ? weight : v->level[k];
        for (int i = 0; i < BLOCK; i++)
            out[i] += sine(phase_after(&m, (uint32_t)i)) * (from + (to - from) * i / BLOCK);
        v->word[BELL_PHASE + k] = phase_after(&m, BLOCK);
        v->level[k] = to;
    }
    v->word[BELL_BENT] = v->word[BELL_BEND];
    for (int i = 0; i < BLOCK; i++) out[i] *= amp[i];
}

static void drum_block(struct reference_voice *v, double out[BLOCK]) {
    double amp[BLOCK];
    float end = (float)((int32_t)v->word[VOICE_AGE] + BLOCK);
    vf fall = single(v, DRUM_FALL) * exp2_lanes(0.0f - end * single(v, DRUM_RATE));
    int32_t from = (int32_t)v->word[DRUM_INC], to = (int32_t)(single(v, DRUM_LOW) + fall);
    int32_t glide = (to - from) >> 6;
    advance_amplitude(v, amp);
    for (int i = 0; i < BLOCK; i++) {
        uint32_t n = (uint32_t)i;
        out[i] = amp[i] * sine(v->word[DRUM_PHASE] + n * (uint32_t)from + n * (n - 1) / 2 * (uint32_t)glide);
    }
    v->word[DRUM_PHASE] += (uint32_t)from * BLOCK + (uint32_t)glide * (BLOCK * (BLOCK - 1) / 2);
    v->word[DRUM_INC] = (uint32_t)(from + glide * BLOCK);
}

void reference_start(struct reference_voice *voice, const struct voice_start *start) {
    memset(voice, 0, sizeof *voice);
    voice->program = start->program;
    memcpy(voice->word, start->word, sizeof voice->word);
    if (start->program == PROGRAM_ANALOG || start->program == PROGRAM_TONE) draw_step(voice);
}

void reference_block(struct reference_voice *v, double out[BLOCK]) {
    double x[BLOCK];
    switch (v->program) {
    case PROGRAM_BELL:
        bell_block(v, out);
        break;
    case PROGRAM_DRUM:
        drum_block(v, out);
        break;
    case PROGRAM_NOISE:
        noise_wave(v, x);
        filter(v, x, out);
        break;
    case PROGRAM_TONE: {
        double amp[BLOCK];
        waves(v, TONE_WAVE, x);
        advance_amplitude(v, amp);
        for (int i = 0; i < BLOCK; i++) out[i] = x[i] * amp[i];
        break;
    }
    default:
        waves(v, ANALOG_WAVE, x);
        filter(v, x, out);
    }
}
