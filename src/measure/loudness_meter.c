/* loudness_meter.c — libebur128, and what needs a clock: windows of 400 ms and 3 s in steps of 100 ms.
 *
 * libebur128 sums a window anew each time it is asked; ten times a second over three seconds that costs more
 * than the weighting itself. So it is asked for each step of 100 ms once, and the windows are means of steps.
 * The loudness range is a histogram of the 3 s windows in steps of 0.01 LU, which needs no more memory for a
 * day than for a minute (EBU Tech 3342: gate 20 LU below the mean of all above −70 LUFS, then the distance of
 * the 10th and the 95th percentile). */
#include "measure/loudness_meter.h"
#include "measure/levels.h"

#include <ebur128.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOMENTARY = 4, SHORT_TERM = 30, BATCH = 4096, LOWEST = -70, BINS = 10000 };

struct loudness_meter {
    ebur128_state *state;
    unsigned channels;
    size_t step, left; /* frames of a step, and until it is full */
    uint64_t steps;
    double energy[SHORT_TERM]; /* of the last steps; step n at n mod SHORT_TERM */
    double momentary, short_term, now;
    uint64_t count[BINS]; /* 3 s windows of −70 LUFS + n / 100 */
    uint64_t windows;
    double window_energy; /* sum over them */
    float mono[BATCH];
};

static struct loudness_meter *new_meter(uint32_t rate, unsigned channels) {
    struct loudness_meter *m = calloc(1, sizeof *m);
    if (!m) return NULL;
    m->state = ebur128_init(channels, rate, EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK);
    if (!m->state) {
        free(m);
        return NULL;
    }
    m->channels = channels;
    m->step = m->left = rate / 10;
    m->momentary = m->short_term = m->now = -INFINITY;
    return m;
}

struct loudness_meter *loudness_meter_new(uint32_t sample_rate) {
    return new_meter(sample_rate, 2);
}

struct loudness_meter *loudness_meter_new_mono(uint32_t sample_rate) {
    return new_meter(sample_rate, 1);
}

void loudness_meter_free(struct loudness_meter *meter) {
    if (!meter) return;
    ebur128_destroy(&meter->state);
    free(meter);
}

static double loudness(double energy) {
    return energy > 0 ? 10 * log10(energy) - 0.691 : -INFINITY;
}

static double energy_of(double lufs) {
    return pow(10, (lufs + 0.691) / 10);
}

/* Mean of the last `steps` steps; −INFINITY before there are so many. */
static double window(const struct loudness_meter *m, unsigned steps) {
    if (m->steps < steps) return -INFINITY;
    double sum = 0;
    for (uint64_t n = m->steps - steps; n < m->steps; n++) sum += m->energy[n % SHORT_TERM];
    return loudness(sum / steps);
}

static void end_step(struct loudness_meter *m) {
    double lufs = -INFINITY;
    ebur128_loudness_window(m->state, 100, &lufs);
    m->energy[m->steps++ % SHORT_TERM] = isfinite(lufs) ? energy_of(lufs) : 0;
    m->left = m->step;
    m->momentary = fmax(m->momentary, window(m, MOMENTARY));
    m->now = window(m, SHORT_TERM);
    m->short_term = fmax(m->short_term, m->now);
    if (!(m->now >= LOWEST)) return;
    int bin = (int)((m->now - LOWEST) * 100 + 0.5);
    m->count[bin < BINS ? bin : BINS - 1]++;
    m->windows++;
    m->window_energy += energy_of(m->now);
}

static void add(struct loudness_meter *m, const float *audio, size_t frames) {
    if (m->channels == 1) {
        for (size_t i = 0; i < frames; i++) m->mono[i] = audio[2 * i];
        audio = m->mono;
    }
    ebur128_add_frames_float(m->state, audio, frames);
}

void loudness_meter_add(struct loudness_meter *m, const float *audio, size_t frames) {
    while (frames) {
        size_t n = frames < m->left ? frames : m->left;
        if (n > BATCH) n = BATCH;
        add(m, audio, n);
        audio += 2 * n;
        frames -= n;
        m->left -= n;
        if (!m->left) end_step(m);
    }
}

double loudness_meter_integrated(const struct loudness_meter *m) {
    double lufs = -INFINITY;
    ebur128_loudness_global(m->state, &lufs);
    return lufs;
}

double loudness_meter_range(const struct loudness_meter *m) {
    if (!m->windows) return 0;
    double gate = loudness(m->window_energy / (double)m->windows) - 20 - LOWEST;
    int first = gate > 0 ? (int)(gate * 100 + 0.5) : 0, low = -1, high = -1;
    uint64_t above = 0, seen = 0;
    for (int i = first; i < BINS; i++) above += m->count[i];
    if (!above) return 0;
    uint64_t tenth = (uint64_t)((double)(above - 1) * 0.10 + 0.5),
             ninety_fifth = (uint64_t)((double)(above - 1) * 0.95 + 0.5);
    for (int i = first; i < BINS && high < 0; i++) {
        seen += m->count[i];
        if (low < 0 && seen > tenth) low = i;
        if (seen > ninety_fifth) high = i;
    }
    return (high - low) / 100.0;
}

double loudness_meter_true_peak(const struct loudness_meter *m) {
    double most = 0;
    for (unsigned channel = 0; channel < m->channels; channel++) {
        double peak = 0;
        ebur128_true_peak(m->state, channel, &peak);
        most = fmax(most, peak);
    }
    return levels_db(most);
}

double loudness_meter_momentary(const struct loudness_meter *m) {
    return m->momentary;
}

double loudness_meter_short_term(const struct loudness_meter *m) {
    return m->short_term;
}

double loudness_meter_now(const struct loudness_meter *m) {
    return m->now;
}
