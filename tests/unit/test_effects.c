/* test_effects.c — what the effects promise: same bits everywhere, no peak above −1 dBTP, no click, a reverb
 * as long as it says, silence that is silent, a start anywhere that agrees. */
#include "base/random.h"
#include "device/cpu/cpu.h"
#include "kernels/effects_state.h"
#include "measure/check.h"
#include "measure/clicks.h"
#include "measure/loudness_meter.h"
#include "synth/effects.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#ifdef __SSE2__
#include <xmmintrin.h>
#endif

static const double TURN = 6.283185307179586;
static const uint32_t RATES[] = {44100, 48000, 96000};
enum { LINE = 2 * BLOCK };

struct rig {
    const struct kernels *k;
    struct effects *fx;
    uint32_t rate;
    uint64_t frame;
    struct effects_control c;
    float direct[LINE], wash[LINE], out[LINE];
};

static void rig_open(struct rig *g, uint32_t rate, uint64_t frame, float level, float space, float beat) {
    memset(g, 0, sizeof *g);
    g->c = (struct effects_control){.level = level, .space = space, .beat = beat};
    g->rate = rate;
    g->frame = frame;
    assert_int_equal(cpu_kernels(NULL, &g->k), 0);
    void *memory = aligned_alloc(64, (effects_size(rate) + 63) / 64 * 64);
    assert_non_null(memory);
    g->fx = effects_init(memory, rate, frame, &g->c);
}

static void rig_close(struct rig *g) {
    free(g->fx);
}

static void rig_block(struct rig *g) {
    effects_set(g->fx, &g->c);
    g->k->effects(g->fx, g->direct, g->wash, g->out);
    g->frame += BLOCK;
}

static void rig_silent(struct rig *g) {
    memset(g->direct, 0, sizeof g->direct);
    memset(g->wash, 0, sizeof g->wash);
    rig_block(g);
}

static void rig_noise(struct rig *g, float scale) {
    struct random r = random_at(3, g->frame, 0, 0);
    for (int i = 0; i < LINE; i++) {
        g->wash[i] = (float)random_range(&r, -1, 1) * scale;
        g->direct[i] = (float)random_range(&r, -1, 1) * scale * 0.3f;
    }
    rig_block(g);
}

static double decibels(double power) {
    return 10 * log10(power + 1e-300);
}

/* ---- Same bits, and the reference ---- */

static void kernels_agree(void **state) {
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    int failures = check_effects(out, false);
    fclose(out);
    if (failures) fputs(text, stderr);
    free(text);
    assert_int_equal(failures, 0);
}

static void processor_flags_stay(void **state) {
    (void)state;
#ifdef __SSE2__
    struct rig g;
    rig_open(&g, 48000, 0, 1, 0.5f, 1);
    unsigned before = _mm_getcsr() & 0xffc0; /* without the sticky exceptions */
    for (int b = 0; b < 100; b++) rig_noise(&g, 1);
    assert_int_equal(_mm_getcsr() & 0xffc0, before);
    rig_close(&g);
#endif
}

/* ---- Limiter ---- */

/* Signals that are hard on a limiter, 20 dB above full scale. */
static double hard(int kind, uint64_t n, struct random *r) {
    double noise = random_range(r, -1, 1);
    switch (kind) {
    case 0: /* squares, from low to high */
        return n / (n / 8000 * 3 + 5) % 2 ? 10 : -10;
    case 1: /* the largest samples lie between the samples */
        return 10 * sin(TURN * ((double)n / 4 + 0.125));
    case 2: /* bursts out of silence */
        return n / 3000 % 3 == 1 ? 10 * noise : 0.001 * noise;
    case 3: /* clicks */
        return n % 997 == 0 ? 10 : 0;
    case 4: /* random signs */
        return noise < 0 ? -10 : 10;
    case 5: /* alternating, turning over now and then: the interpolator's worst */
        return ((n + n / 13) & 1) ? 10 : -10;
    case 6: /* steps in level */
        return (n / 777 % 2 ? 10 : 0.9) * sin(TURN * (double)n * 0.0171);
    default: /* near the Nyquist frequency */
        return 3 * sin(TURN * (double)n * 0.4987);
    }
}

static void limiter_keeps_the_ceiling(void **state) {
    (void)state;
    for (int rate = 0; rate < 3; rate++)
        for (int kind = 0; kind < 8; kind++) {
            struct rig g;
            struct loudness_meter *meter = loudness_meter_new(RATES[rate]);
            rig_open(&g, RATES[rate], 0, 1, (float)(kind & 1), 1);
            for (int b = 0; b < 1500; b++) {
                struct random r = random_at(5, g.frame, 0, 0);
                for (int i = 0; i < BLOCK; i++) {
                    double x = hard(kind, g.frame + (uint64_t)i, &r);
                    g.direct[i] = (float)x;
                    g.direct[BLOCK + i] = b & 512 ? (float)-x : (float)(0.2 * x);
                    g.wash[i] = g.wash[BLOCK + i] = kind > 3 ? (float)x : 0;
                }
                rig_block(&g);
                loudness_meter_add(meter, g.out, BLOCK);
            }
            double peak = loudness_meter_true_peak(meter);
            if (!(peak <= -1) || peak < -3) fail_msg("%u Hz, signal %d: %.2f dBTP", RATES[rate], kind, peak);
            loudness_meter_free(meter);
            rig_close(&g);
        }
}

/* A quarter of the level gives a quarter of every sample, to the bit: the limiter did nothing. */
static void limiter_is_transparent_below(void **state) {
    (void)state;
    struct rig full, quarter;
    rig_open(&full, 48000, 0, 1, 0.5f, 1);
    rig_open(&quarter, 48000, 0, 0.25f, 0.5f, 1);
    for (int b = 0; b < 2000; b++) {
        rig_noise(&full, 0.12f);
        rig_noise(&quarter, 0.12f);
        for (int i = 0; i < LINE; i++) full.out[i] *= 0.25f;
        assert_memory_equal(full.out, quarter.out, sizeof full.out);
    }
    rig_close(&full);
    rig_close(&quarter);
}

static void latency_is_as_said(void **state) {
    (void)state;
    for (int k = 0; k < 3; k++) {
        struct rig g;
        rig_open(&g, RATES[k], 0, 1, 0, 1);
        uint32_t latency = effects_latency(RATES[k]);
        assert_int_equal(latency % BLOCK, 0);
        g.direct[0] = 0.5f;
        for (uint32_t n = 0; n <= latency; n += BLOCK) {
            rig_block(&g);
            g.direct[0] = 0;
            if (n < latency)
                for (int i = 0; i < LINE; i++) assert_true(g.out[i] == 0);
        }
        assert_true(g.out[0] > 0.49f);
        rig_close(&g);
    }
}

static void no_direct_current(void **state) {
    (void)state;
    struct rig g;
    double sum = 0, power = 0;
    rig_open(&g, 48000, 0, 1, 0.5f, 1);
    for (int b = 0; b < 750 * 6; b++) {
        for (int i = 0; i < BLOCK; i++) {
            float x = 0.2f + 0.2f * (float)sin(TURN * 30 * (double)(g.frame + (uint64_t)i) / 48000);
            g.direct[i] = g.direct[BLOCK + i] = x;
        }
        rig_block(&g);
        for (int i = 0; b >= 750 * 5 && i < BLOCK; i++)
            sum += g.out[2 * i], power += g.out[2 * i] * g.out[2 * i];
    }
    assert_true(fabs(sum / 48000) < 0.0005);
    assert_true(sqrt(power / 48000) > 0.13); /* 30 Hz stays: 0.2 / √2 = 0.141, and a little more of reverb */
    rig_close(&g);
}

/* ---- Changes ---- */

static void chord(struct rig *g, double level) {
    static const double hz[] = {110, 164.8, 220, 277.2, 329.6};
    for (int i = 0; i < BLOCK; i++) {
        double t = (double)(g->frame + (uint64_t)i) / g->rate, fade = t < 0.5 ? t * 2 : 1, left = 0,
               right = 0;
        for (int k = 0; k < 5; k++) {
            left += sin(TURN * hz[k] * t);
            right += sin(TURN * (hz[k] * 1.003 * t + 0.2));
        }
        g->wash[i] = (float)(fade * level * left);
        g->wash[BLOCK + i] = (float)(fade * level * right);
        g->direct[i] = g->direct[BLOCK + i] = (float)(fade * level * sin(TURN * 55 * t));
    }
    rig_block(g);
}

static void changes_do_not_click(void **state) {
    (void)state;
    for (int rate = 0; rate < 3; rate++) {
        struct rig g;
        struct clicks clicks;
        clicks_init(&clicks, RATES[rate]);
        rig_open(&g, RATES[rate], 0, 1, 0.5f, 0.857f);
        uint32_t second = RATES[rate] / BLOCK, b = 0;
        for (; b < 16 * second; b++) {
            uint32_t s = b / second;
            static const float levels[] = {1, 0.1f, 0, 0.7f}, spaces[] = {0.5f, 1, 0, 0.2f},
                               beats[] = {0.857f, 0.5f, 1.2f, 0.61f};
            if (s >= 2 && s < 6) g.c.level = levels[s % 4];
            if (s >= 6 && s < 10) g.c.space = spaces[s % 4];
            if (s >= 10) g.c.beat = beats[b * 4 / second % 4];
            chord(&g, 0.06);
            clicks_add(&clicks, g.out, BLOCK);
        }
        g.c.level = 0;
        for (b = 0; b < second / 4; b++) {
            chord(&g, 0.06);
            clicks_add(&clicks, g.out, BLOCK);
        }
        clicks_finish(&clicks);
        if (clicks.count)
            fail_msg("%u Hz: click at %.3f s, height %g", RATES[rate],
                     (double)clicks.click[0].frame / RATES[rate], clicks.click[0].height);
        rig_close(&g);
    }
}

/* However the level is turned, within 21 ms it is there, and to silence means to zero. */
static void level_zero_is_silence(void **state) {
    (void)state;
    struct rig g;
    rig_open(&g, 48000, 0, 1, 0.5f, 1);
    for (int b = 0; b < 500; b++) rig_noise(&g, 0.3f);
    g.c.level = 0;
    for (int b = 0; b < 750 * 4; b++) rig_noise(&g, 0.3f);
    for (int i = 0; i < LINE; i++) assert_true(g.out[i] == 0);
    rig_close(&g);
}

/* ---- Silence ---- */

static void assert_no_denormals(const struct rig *g) {
    const uint32_t *words = (const void *)g->fx;
    for (size_t i = g->fx->ring.start[RING_CHORUS]; i < effects_size(g->rate) / 4; i++) {
        uint32_t magnitude = words[i] & 0x7fffffff;
        if (magnitude && magnitude < 0x00800000) fail_msg("word %zu is the denormal %08x", i, words[i]);
    }
    for (int k = 0; k < EFFECT_GAINS; k++) assert_int_not_equal(fpclassify(g->fx->gain[k]), FP_SUBNORMAL);
    for (int i = 0; i < LINE; i++) assert_int_not_equal(fpclassify(g->out[i]), FP_SUBNORMAL);
}

static void silence_becomes_exact(void **state) {
    (void)state;
    static const struct { float space, seconds; } cases[] = {{0, 5}, {0.5f, 10}, {1, 22}};
    for (int k = 0; k < 3; k++) {
        struct rig g;
        rig_open(&g, 48000, 0, 1, cases[k].space, 0.7f);
        for (int b = 0; b < 1500; b++) rig_noise(&g, 0.5f);
        for (int b = 0; b < (int)(750 * cases[k].seconds); b++) {
            rig_silent(&g);
            if (b % 97 == 0) assert_no_denormals(&g);
        }
        for (int b = 0; b < 100; b++) {
            rig_silent(&g);
            for (int i = 0; i < LINE; i++) assert_true(g.out[i] == 0);
        }
        rig_noise(&g, 0.5f); /* and it wakes */
        for (int b = 0; b < 20; b++) rig_noise(&g, 0.5f);
        assert_true(g.out[5] != 0);
        rig_close(&g);
    }
}

/* A tail that falls through all magnitudes, and input already there. */
static void denormals_do_not_arise(void **state) {
    (void)state;
    struct rig g;
    rig_open(&g, 48000, 0, 1, 1, 0.7f);
    float scale = 1;
    for (int b = 0; b < 3000; b++, scale *= 0.9f) {
        rig_noise(&g, scale);
        if (b % 53 == 0) assert_no_denormals(&g);
        g.c.level = b % 40 < 20 ? 1e-20f : 1;
        g.c.space = (float)(b % 7) / 6;
    }
    rig_close(&g);
}

static void bad_samples_do_not_stay(void **state) {
    (void)state;
    struct rig g, clean;
    rig_open(&g, 48000, 0, 1, 0.5f, 1);
    rig_open(&clean, 48000, 0, 1, 0.5f, 1);
    for (int b = 0; b < 100; b++) {
        rig_noise(&g, 0.1f);
        rig_noise(&clean, 0.1f);
    }
    g.wash[3] = NAN, g.wash[70] = INFINITY, g.direct[9] = -INFINITY, g.direct[99] = 1e30f;
    clean.wash[3] = clean.wash[70] = clean.direct[9] = clean.direct[99] = 0;
    for (int b = 0; b < 100; b++) {
        rig_block(&g);
        rig_block(&clean);
        assert_memory_equal(g.out, clean.out, sizeof g.out);
        memcpy(g.wash, clean.wash, sizeof g.wash);
        memcpy(g.direct, clean.direct, sizeof g.direct);
    }
    rig_close(&g);
    rig_close(&clean);
}

/* ---- Reverb ---- */

/* Seconds in which the sound of a band falls by 60 dB, from −5 to −35 dB of the backward integral. */
static double decay_time(const float *x, size_t count, double hz, double rate) {
    double w = TURN * hz / rate, alpha = sin(w) / 4, a0 = 1 + alpha,
           *energy = calloc(count + 1, sizeof *energy);
    double s[2][4] = {{0}};
    assert_non_null(energy);
    for (size_t i = 0; i < count; i++) {
        double y = x[i];
        for (int k = 0; k < 2; k++) { /* two band-passes of Q 2 */
            double in = y;
            y = (alpha * (in - s[k][1]) + 2 * cos(w) * s[k][2] - (1 - alpha) * s[k][3]) / a0;
            s[k][1] = s[k][0], s[k][0] = in, s[k][3] = s[k][2], s[k][2] = y;
        }
        energy[i] = y * y;
    }
    for (size_t i = count; i-- > 0;) energy[i] += energy[i + 1];
    size_t from = 0, to = 0;
    while (from < count && energy[from] > energy[0] * 0.3162) from++;
    while (to < count && energy[to] > energy[0] * 0.0003162) to++;
    free(energy);
    return 2.0 * (double)(to - from) / rate;
}

static void reverb_time_is_as_said(void **state) {
    (void)state;
    for (int rate = 0; rate < 3; rate++)
        for (int s = 0; s <= 2; s++) {
            float space = (float)s / 2;
            double nominal = effects_rt60(space);
            struct rig g;
            size_t count = (size_t)(nominal * 0.9 * RATES[rate]) / BLOCK * BLOCK;
            float *tail = calloc(count, sizeof *tail);
            assert_non_null(tail);
            rig_open(&g, RATES[rate], 0, 1, space, 1);
            g.fx->gain[GAIN_ECHO] = 0; /* the reverb alone */
            for (int b = 0; b < 500; b++) rig_noise(&g, 0.1f);
            for (uint32_t n = 0; n < RATES[rate] / 20 + effects_latency(RATES[rate]); n += BLOCK)
                rig_silent(&g);
            for (size_t n = 0; n < count; n += BLOCK) {
                rig_silent(&g);
                for (int i = 0; i < BLOCK; i++) tail[n + (size_t)i] = g.out[2 * i];
            }
            double low = decay_time(tail, count, 500, RATES[rate]),
                   high = decay_time(tail, count, 5000, RATES[rate]);
            if (fabs(low / nominal - 1) > 0.15 || high > low * 0.8 || high < low * 0.2)
                fail_msg("%u Hz, space %.1f: %.2f s at 500 Hz, %.2f s at 5 kHz, should be %.2f s",
                         RATES[rate], (double)space, low, high, nominal);
            free(tail);
            rig_close(&g);
        }
}

/* The wet sound of two independent sides: never against itself in mono, and not mono either. */
static void reverb_is_wide_and_mono_compatible(void **state) {
    (void)state;
    struct rig g;
    double left = 0, right = 0, both = 0;
    rig_open(&g, 48000, 0, 1, 1, 1);
    for (int b = 0; b < 750; b++) rig_noise(&g, 0.1f);
    for (int b = 0; b < 60; b++) rig_silent(&g);
    for (int b = 0; b < 750 * 4; b++) {
        rig_silent(&g);
        for (int i = 0; i < BLOCK; i++) {
            double l = g.out[2 * i], r = g.out[2 * i + 1];
            left += l * l, right += r * r, both += l * r;
        }
    }
    double correlation = both / sqrt(left * right);
    if (correlation < 0 || correlation > 0.6) fail_msg("correlation %.2f", correlation);
    assert_true(fabs(decibels(left / right)) < 2);
    rig_close(&g);
}

/* A click becomes noise: the share of samples beyond one standard deviation nears that of a Gaussian. */
static void reverb_is_dense(void **state) {
    (void)state;
    struct rig g;
    static float tail[48000];
    rig_open(&g, 48000, 0, 1, 0.5f, 1);
    g.fx->gain[GAIN_ECHO] = 0; /* the reverb alone */
    g.wash[0] = g.wash[BLOCK] = 1;
    for (int b = 0; b < 750; b++) {
        rig_block(&g);
        g.wash[0] = g.wash[BLOCK] = 0;
        for (int i = 0; i < BLOCK; i++) tail[b * BLOCK + i] = g.out[2 * i];
    }
    uint32_t start = effects_latency(48000) + 4800 + 864; /* 100 ms after the pre-delay */
    for (uint32_t at = start; at + 960 <= 24000; at += 960) {
        double power = 0, outside = 0;
        for (int i = 0; i < 960; i++) power += tail[at + (uint32_t)i] * tail[at + (uint32_t)i] / 960;
        for (int i = 0; i < 960; i++) outside += fabs(tail[at + (uint32_t)i]) > sqrt(power);
        if (outside / 960 / 0.3173 < 0.8)
            fail_msg("echo density %.2f at frame %u", outside / 960 / 0.3173, at);
    }
    rig_close(&g);
}

/* Amplitude of what lies around a frequency, in turns a frame. */
static double amplitude_at(const float *x, int count, double turns) {
    double re = 0, im = 0, total = 0;
    for (int i = 0; i < count; i++) {
        double t = TURN * i / count; /* Blackman and Harris: 92 dB down beside the main lobe */
        double w = 0.35875 - 0.48829 * cos(t) + 0.14128 * cos(2 * t) - 0.01168 * cos(3 * t);
        re += w * x[i] * cos(TURN * turns * i), im += w * x[i] * sin(TURN * turns * i), total += w;
    }
    return 2 * sqrt(re * re + im * im) / total;
}

/* The reverb runs at half the rate: what lies above a third of the whole one must not be folded down, nor
 * what lies below a sixth come back mirrored. */
static void reverb_has_no_mirror(void **state) {
    (void)state;
    static const double tone[] = {0.46, 0.41, 0.36, 0.338, 0.04, 0.1, 0.162}; /* turns a frame */
    enum { BLOCKS = 1500, HEARD = 256 };
    static float tail[HEARD * BLOCK];
    for (int rate = 0; rate < 3; rate++)
        for (size_t k = 0; k < sizeof tone / sizeof *tone; k++) {
            struct rig g;
            rig_open(&g, RATES[rate], 0, 1, 0.5f, 1);
            g.fx->gain[GAIN_ECHO] = 0;
            for (int b = 0; b < BLOCKS + HEARD; b++) {
                for (int i = 0; i < BLOCK; i++)
                    g.wash[i] = g.wash[BLOCK + i] =
                        (float)(0.25 * sin(TURN * fmod(tone[k] * (double)(g.frame + (uint64_t)i), 1)));
                rig_block(&g);
                for (int i = 0; b >= BLOCKS && i < BLOCK; i++) tail[(b - BLOCKS) * BLOCK + i] = g.out[2 * i];
            }
            double there = 20 * log10(amplitude_at(tail, HEARD * BLOCK, 0.5 - tone[k]) / 0.25 + 1e-20);
            if (there > -90)
                fail_msg("%u Hz: a tone at %.0f Hz is heard at %.0f Hz, %.1f dB", RATES[rate],
                         tone[k] * RATES[rate], (0.5 - tone[k]) * RATES[rate], there);
            rig_close(&g);
        }
}

/* ---- Starting anywhere ---- */

static void a_late_start_agrees(void **state) {
    (void)state;
    for (int s = 0; s <= 1; s++) {
        struct rig whole, late;
        rig_open(&whole, 48000, 0, 0.5f, (float)s * 0.5f, 0.75f);
        uint64_t from = 48000 * 8 / BLOCK * BLOCK, preroll = (uint64_t)(1.7 * effects_rt60(s * 0.5) * 48000);
        rig_open(&late, 48000, from, 0.5f, (float)s * 0.5f, 0.75f);
        double signal = 0, error = 0;
        while (whole.frame < from + preroll + 48000) {
            if (whole.frame >= from) rig_noise(&late, 0.3f);
            rig_noise(&whole, 0.3f);
            if (whole.frame < from + preroll) continue;
            for (int i = 0; i < LINE; i++) {
                signal += whole.out[i] * whole.out[i];
                error += (double)(whole.out[i] - late.out[i]) * (whole.out[i] - late.out[i]);
            }
        }
        if (decibels(error / signal) > -100) fail_msg("%.1f dB", decibels(error / signal));
        rig_close(&whole);
        rig_close(&late);
    }
}

static void memory_is_bounded(void **state) {
    (void)state;
    assert_true(effects_size(48000) <= 256 * 1024);
    struct rig g;
    rig_open(&g, 48000, 0, 1, 0.5f, 1);
    const struct rings *r = &g.fx->ring;
    enum { LAST = RING_LINE + REVERB_LINES - 1 };
    assert_true((r->start[LAST] + r->size[LAST] + 2 * HALF_BLOCK - r->start[RING_BEFORE]) * 4 <= 72 * 1024);
    rig_close(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_agree),
        cmocka_unit_test(processor_flags_stay),
        cmocka_unit_test(limiter_keeps_the_ceiling),
        cmocka_unit_test(limiter_is_transparent_below),
        cmocka_unit_test(latency_is_as_said),
        cmocka_unit_test(no_direct_current),
        cmocka_unit_test(changes_do_not_click),
        cmocka_unit_test(level_zero_is_silence),
        cmocka_unit_test(silence_becomes_exact),
        cmocka_unit_test(denormals_do_not_arise),
        cmocka_unit_test(bad_samples_do_not_stay),
        cmocka_unit_test(reverb_time_is_as_said),
        cmocka_unit_test(reverb_is_wide_and_mono_compatible),
        cmocka_unit_test(reverb_is_dense),
        cmocka_unit_test(reverb_has_no_mirror),
        cmocka_unit_test(a_late_start_agrees),
        cmocka_unit_test(memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
