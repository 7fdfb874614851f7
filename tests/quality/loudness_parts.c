/* loudness_parts.c — how far the loudness estimate (synth/loudness.h) is off, instrument by instrument.
 *
 *     loudness-parts PRESET [SEEDS [MINUTES [FIRST [NAME VALUE]…]]]
 *
 * Every instrument is rendered alone, with the gain that the whole piece has, and its K-weighted power is
 * compared with what its notes were expected to give. A diagnosis, not a test: it tells which figure to
 * improve when `quality` finds a mood too loud or too soft. */
#include "k_weighting.h"
#include "music/clock.h"
#include "synth/loudness.h"

#include <auralis/auralis.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { RATE = 48000, BLOCKS = 75, PARTS = AURALIS_INSTRUMENTS };

static double expected[PARTS], measured[PARTS];

static void need(int result) {
    if (result >= 0) return;
    fprintf(stderr, "loudness-parts: %s\n", auralis_strerror(result));
    exit(1);
}

static void expect(uint64_t seed, const auralis_parameters *p, double seconds) {
    double from = loudness_trim(seed, p, 0), to = loudness_trim(seed, p, 1);
    for (uint64_t b = 0; (double)b * 240 / p->bpm < seconds; b++) {
        struct composer_bar bar;
        double energy[PARTS], part = (double)(b % LOUDNESS_BARS) / LOUDNESS_BARS, gain;
        if (b && b % LOUDNESS_BARS == 0) from = to, to = loudness_trim(seed, p, b / LOUDNESS_BARS + 1);
        composer_bar(seed, p, b / SECTION_BARS, (uint32_t)(b % SECTION_BARS), &bar);
        loudness_bar(&bar, p, energy);
        gain = from + (to - from) * part;
        for (int i = 0; i < PARTS; i++) expected[i] += energy[i] * gain * gain;
    }
}

static void measure(uint64_t seed, const auralis_parameters *p, double seconds) {
    static float buffer[PARTS][2 * BLOCKS * AURALIS_BLOCK];
    struct k_filter filter[PARTS][2] = {0};
    auralis_engine *engine;
    auralis_stream *stream[PARTS];
    float *out[PARTS];
    need(auralis_engine_create(NULL, &engine));
    for (int i = 0; i < PARTS; i++) {
        auralis_stream_config c = {
            .seed = seed, .sample_rate = RATE, .parameters = p, .instruments = 1u << i};
        need(auralis_stream_open(engine, &c, &stream[i]));
        out[i] = buffer[i];
    }
    for (double now = 0; now < seconds; now += BLOCKS * (double)AURALIS_BLOCK / RATE) {
        need(auralis_engine_render(engine, stream, PARTS, BLOCKS, out));
        for (int i = 0; i < PARTS; i++)
            for (int f = 0; f < BLOCKS * AURALIS_BLOCK; f++)
                for (int c = 0; c < 2; c++) {
                    double y = k_weighted(&filter[i][c], (double)buffer[i][2 * f + c]);
                    measured[i] += y * y / RATE;
                }
    }
    auralis_engine_destroy(engine);
}

int main(int argc, char **argv) {
    static const char *const name[PARTS] = {"pad", "lead", "bass", "bell", "kick", "swell"};
    const auralis_preset *preset = argc > 1 ? auralis_preset_find(argv[1]) : NULL;
    int seeds = argc > 2 ? atoi(argv[2]) : 2, minutes = argc > 3 ? atoi(argv[3]) : 10,
        first = argc > 4 ? atoi(argv[4]) : 1001;
    if (!preset) return 2;
    auralis_parameters p = preset->parameters;
    for (int i = 5; i + 1 < argc; i += 2) need(auralis_parameters_set(&p, argv[i], argv[i + 1], NULL));
    for (int i = 0; i < seeds; i++) {
        expect((uint64_t)(first + i), &p, 60.0 * minutes);
        measure((uint64_t)(first + i), &p, 60.0 * minutes);
    }
    double sum[2] = {0}, all = 60.0 * minutes * seeds;
    printf("%-11s", preset->name);
    for (int i = 0; i < PARTS; i++) {
        sum[0] += expected[i], sum[1] += measured[i];
        if (expected[i] > 0)
            printf("  %s %5.1f %+5.2f dB", name[i], 10 * log10(measured[i] / all) - 0.691,
                   10 * log10(measured[i] / expected[i]));
    }
    printf("  sum %5.1f %+5.2f dB\n", 10 * log10(sum[1] / all) - 0.691, 10 * log10(sum[1] / sum[0]));
    return 0;
}
