/* parameter_audio.c — every parameter is heard, and nothing else changes with it.
 *
 * For each parameter of the table: two streams of the same seed, of which the second is told the new value
 * after some seconds and nothing else. Up to the change they are the same samples; afterwards they differ by
 * more than −60 dB of the music within the next 40 s, no other parameter reads differently, and the change
 * makes no click. What a control of the sound itself does is also checked by its direction: level in dB,
 * brightness by high frequencies, space by what rings on. */
#include "measure/clicks.h"
#include "measure/levels.h"

#include <auralis/auralis.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 48000, BEFORE = 12 * RATE, AFTER = 40 * RATE, CHUNK = 4800 };

static int failures;

static void check(bool good, const char *parameter, const char *what) {
    if (good) return;
    printf("%s: %s\n", parameter, what);
    failures++;
}

static auralis_stream *open_stream(auralis_engine *engine, const auralis_parameters *p) {
    auralis_stream *stream;
    auralis_stream_config config = {.seed = 2, .sample_rate = RATE, .parameters = p};
    if (auralis_stream_open(engine, &config, &stream) < 0) exit(2);
    return stream;
}

/* Another value that is heard: percussion at the default intensity, the harmony at its fastest. */
static double other_value(const auralis_parameter_info *info, double value) {
    if (!strcmp(info->name, "level")) return -12;
    if (info->type == AURALIS_NUMBER) return value < info->maximum ? info->maximum : info->minimum;
    return value < info->maximum ? value + 1 : info->minimum;
}

struct difference {
    struct levels a, b, gap;
    double high[2]; /* power of the first difference: high frequencies */
};

static void read_both(auralis_stream *a, auralis_stream *b, int frames, struct difference *d,
                      struct clicks *clicks) {
    static float x[2 * CHUNK], y[2 * CHUNK], gap[2 * CHUNK];
    for (int i = 0; i < frames; i += CHUNK) {
        auralis_stream_read(a, x, CHUNK);
        auralis_stream_read(b, y, CHUNK);
        for (int k = 0; k < 2 * CHUNK; k++) gap[k] = y[k] - x[k];
        for (int k = 2; k < 2 * CHUNK; k++) {
            double u = (double)x[k] - (double)x[k - 2], v = (double)y[k] - (double)y[k - 2];
            d->high[0] += u * u, d->high[1] += v * v;
        }
        levels_add(&d->a, x, CHUNK);
        levels_add(&d->b, y, CHUNK);
        levels_add(&d->gap, gap, CHUNK);
        clicks_add(clicks, y, CHUNK);
    }
}

static void begin(struct difference *d) {
    memset(d, 0, sizeof *d);
    levels_init(&d->a, RATE);
    levels_init(&d->b, RATE);
    levels_init(&d->gap, RATE);
}

/* The direction in which it is heard. */
static void check_direction(const char *name, double value, const struct difference *d) {
    double louder = levels_db(levels_rms(&d->b)) - levels_db(levels_rms(&d->a));
    double tilt = 10 * log10(d->high[1] / d->high[0]) - louder;
    if (!strcmp(name, "level"))
        check(fabs(louder - value) < 0.5, name, "the level is not what was asked for");
    if (!strcmp(name, "brightness")) check(tilt > 3, name, "brighter is not brighter");
    if (!strcmp(name, "space")) {
        double side_before = levels_width(&d->a), side_after = levels_width(&d->b);
        check(side_after > side_before, name, "a larger room is not wider");
    }
}

static void try_parameter(int index) {
    const auralis_parameter_info *info = auralis_parameter_at(index);
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT, q;
    p.intensity = 0.6;
    p.harmonic_density = 0.9;
    q = p;
    double value = other_value(info, auralis_parameters_get(&p, index));
    auralis_parameters_put(&q, index, value, NULL);
    auralis_engine *engine;
    if (auralis_engine_create(NULL, &engine) < 0) exit(2);
    auralis_stream *a = open_stream(engine, &p), *b = open_stream(engine, &p);
    struct difference d;
    struct clicks clicks;
    clicks_init(&clicks, RATE);
    begin(&d);
    read_both(a, b, BEFORE, &d, &clicks);
    check(d.gap.peak == 0, info->name, "the streams differ before the change");
    for (int k = 0; k < auralis_parameter_count(); k++) /* the rest of `q` must not matter */
        if (k != index) auralis_parameters_put(&q, k, auralis_parameter_at(k)->maximum, NULL);
    if (auralis_stream_set(b, &q, (auralis_parameter_set)1 << index, NULL, NULL) < 0) exit(2);
    begin(&d);
    read_both(a, b, AFTER, &d, &clicks);
    check(levels_rms(&d.gap) > 1e-3 * levels_rms(&d.a), info->name, "is not heard");
    check_direction(info->name, value, &d);
    clicks_finish(&clicks);
    for (uint64_t i = 0; i < clicks.count && i < CLICKS_KEPT; i++)
        if (clicks.click[i].frame < BEFORE + AFTER - 10) {
            printf("%s: click at %.4f s, %.1f dB, ratio %.1f\n", info->name,
                   (double)clicks.click[i].frame / RATE, levels_db(clicks.click[i].height),
                   clicks.click[i].ratio);
            failures++;
        }
    auralis_parameters now = auralis_stream_parameters(b);
    for (int k = 0; k < auralis_parameter_count(); k++)
        check(auralis_parameters_get(&now, k) == (k == index ? value : auralis_parameters_get(&p, k)),
              info->name, "a partial update changed another parameter");
    printf("%-26s -> %-6g difference %6.1f dB\n", info->name, value,
           levels_db(levels_rms(&d.gap) / levels_rms(&d.a)));
    auralis_engine_destroy(engine);
}

int main(void) {
    for (int i = 0; i < auralis_parameter_count(); i++) try_parameter(i);
    return failures > 0;
}
