/* analysis.c — one pass through all instruments (see analysis.h).
 *
 * What is not a number is counted and goes to the instruments as silence, so that one bad sample does not
 * spoil every reading after it. The picture's columns are parts of the expected length; each gathers what
 * falls into it, and a column that nothing fell into (a very short recording) repeats the one before. */
#include "measure/analysis.h"
#include "measure/alias_estimate.h"
#include "measure/correlation.h"
#include "measure/levels.h"
#include "measure/loudness_meter.h"
#include "measure/noise_floor.h"
#include "measure/spectrum.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 1024, HOP_MIN = 512, HOP_MAX = SPECTRUM_SIZE / 2 };
static const double LOW_HZ = 25, HIGH_HZ = 20000,
                    QUIET = 1e-7; /* −70 dB: a frame that counts for the centroid */

struct analysis {
    uint32_t rate;
    int channels;
    uint64_t expected;
    double low, high; /* Hz: edges of the rows */

    struct levels levels;
    struct clicks clicks;
    struct gaps gaps;
    struct noise_floor noise_floor;
    struct correlation correlation;
    struct loudness_meter *loudness;
    struct alias_estimate *alias;
    struct spectrum *spectrum;

    double begin, end;               /* heights of the clicks there */
    double magnitude[SPECTRUM_BINS]; /* summed over frames with sound */
    struct analysis_column column[ANALYSIS_COLUMNS];
    double square[ANALYSIS_COLUMNS]; /* sums of both channels */
    uint64_t samples[ANALYSIS_COLUMNS], spectra[ANALYSIS_COLUMNS];
};

static int column_of(const struct analysis *a, uint64_t frame) {
    uint64_t c = frame * ANALYSIS_COLUMNS / a->expected;
    return c < ANALYSIS_COLUMNS ? (int)c : ANALYSIS_COLUMNS - 1;
}

double analysis_row_hz(const struct analysis *a, double row) {
    return a->high * pow(a->low / a->high, (row + 0.5) / ANALYSIS_ROWS);
}

double analysis_hz_row(const struct analysis *a, double hz) {
    return log(hz / a->high) / log(a->low / a->high) * ANALYSIS_ROWS - 0.5;
}

/* The strongest bin of each row; between bins, where rows are narrower than they, the mixture of the two. */
static void gather_rows(struct analysis *a, struct analysis_column *column, const float *power) {
    double bins = (double)SPECTRUM_SIZE / a->rate;
    for (int r = 0; r < ANALYSIS_ROWS; r++) {
        double from = analysis_row_hz(a, r + 0.5) * bins, to = analysis_row_hz(a, r - 0.5) * bins;
        int first = (int)ceil(from), last = (int)floor(to);
        float most = 0;
        for (int k = first; k <= last && k < SPECTRUM_BINS; k++) most = power[k] > most ? power[k] : most;
        if (first > last) {
            double middle = 0.5 * (from + to), part = middle - floor(middle);
            int k = (int)middle;
            most = (float)(pow((double)power[k] + 1e-20, 1 - part) * pow((double)power[k + 1] + 1e-20, part));
        }
        column->power[r] += most;
    }
}

static void on_spectrum(void *self, uint64_t first, const float *power) {
    struct analysis *a = self;
    uint64_t middle = first + SPECTRUM_SIZE / 2;
    int c = column_of(a, middle < a->expected ? middle : a->expected - 1);
    double sum = 0;
    gather_rows(a, &a->column[c], power);
    a->spectra[c]++;
    for (int k = 0; k < SPECTRUM_BINS; k++) sum += (double)power[k];
    if (sum < QUIET) return;
    for (int k = 1; k < SPECTRUM_BINS; k++) a->magnitude[k] += sqrt((double)power[k]);
}

struct analysis *analysis_new(uint32_t rate, int channels, uint64_t frames) {
    struct analysis *a = calloc(1, sizeof *a);
    if (!a) return NULL;
    a->rate = rate;
    a->channels = channels;
    a->expected = frames ? frames : 1;
    a->low = LOW_HZ;
    a->high = fmin(HIGH_HZ, 0.499 * rate);
    levels_init(&a->levels, rate);
    clicks_init(&a->clicks, rate);
    gaps_init(&a->gaps, rate);
    noise_floor_init(&a->noise_floor, rate);
    correlation_init(&a->correlation, rate);
    uint64_t hop = a->expected / ANALYSIS_COLUMNS;
    hop = hop < HOP_MIN ? HOP_MIN : hop > HOP_MAX ? HOP_MAX : hop;
    a->loudness = channels == 1 ? loudness_meter_new_mono(rate) : loudness_meter_new(rate);
    a->alias = alias_estimate_new(rate);
    a->spectrum = spectrum_new((uint32_t)hop, on_spectrum, a);
    if (a->loudness && a->alias && a->spectrum) return a;
    analysis_free(a);
    return NULL;
}

void analysis_free(struct analysis *a) {
    if (!a) return;
    loudness_meter_free(a->loudness);
    alias_estimate_free(a->alias);
    spectrum_free(a->spectrum);
    free(a);
}

static void gather_levels(struct analysis *a, const float *audio, size_t frames) {
    uint64_t at = a->levels.frames;
    for (size_t i = 0; i < frames; i++) {
        int c = column_of(a, at + i);
        float l = fabsf(audio[2 * i]), r = fabsf(audio[2 * i + 1]), most = l > r ? l : r;
        if (most > a->column[c].peak) a->column[c].peak = most;
        a->square[c] += (double)(l * l) + (double)(r * r);
        a->samples[c] += 2;
    }
    a->column[column_of(a, at + frames - 1)].loudness = (float)loudness_meter_now(a->loudness);
}

static void add(struct analysis *a, const float *audio, size_t frames) {
    float clean[2 * BATCH];
    for (size_t i = 0; i < 2 * frames; i++) clean[i] = isfinite(audio[i]) ? audio[i] : 0;
    loudness_meter_add(a->loudness, clean, frames);
    gather_levels(a, clean, frames);
    levels_add(&a->levels, audio, frames);
    clicks_add(&a->clicks, clean, frames);
    gaps_add(&a->gaps, clean, frames);
    noise_floor_add(&a->noise_floor, clean, frames);
    correlation_add(&a->correlation, clean, frames);
    alias_estimate_add(a->alias, clean, frames);
    spectrum_add(a->spectrum, clean, frames);
}

void analysis_add(struct analysis *a, const float *audio, size_t frames) {
    while (frames) {
        size_t n = frames < BATCH ? frames : BATCH;
        add(a, audio, n);
        audio += 2 * n;
        frames -= n;
    }
}

/* A recording that is cut out of music begins or ends at once: that is told apart from clicks. The edges'
 * fourth difference lies in the first four frames, and in the four after the last. */
static void part_edges(struct analysis *a) {
    struct clicks *c = &a->clicks;
    uint64_t kept = 0, listed = c->count < CLICKS_KEPT ? c->count : CLICKS_KEPT, edges = 0;
    for (uint64_t i = 0; i < listed; i++) {
        bool begin = c->click[i].frame < 4, end = c->click[i].frame >= a->levels.frames;
        if (begin) a->begin = fmax(a->begin, c->click[i].height);
        if (end) a->end = fmax(a->end, c->click[i].height);
        edges += begin || end;
        if (!begin && !end) c->click[kept++] = c->click[i];
    }
    c->count -= edges;
}

void analysis_finish(struct analysis *a) {
    clicks_finish(&a->clicks);
    part_edges(a);
    spectrum_finish(a->spectrum);
    for (int c = 0; c < ANALYSIS_COLUMNS; c++) {
        struct analysis_column *at = &a->column[c], *before = c ? at - 1 : NULL;
        for (int r = 0; r < ANALYSIS_ROWS; r++) {
            if (a->spectra[c])
                at->power[r] /= (float)a->spectra[c];
            else if (before)
                at->power[r] = before->power[r];
        }
        if (a->samples[c]) {
            at->rms = (float)sqrt(a->square[c] / (double)a->samples[c]);
        } else if (before) {
            at->peak = before->peak, at->rms = before->rms, at->loudness = before->loudness;
        }
    }
}

uint32_t analysis_rate(const struct analysis *a) {
    return a->rate;
}

uint64_t analysis_frames(const struct analysis *a) {
    return a->levels.frames;
}

const struct clicks *analysis_clicks(const struct analysis *a) {
    return &a->clicks;
}

const struct gaps *analysis_gaps(const struct analysis *a) {
    return &a->gaps;
}

const struct analysis_column *analysis_column(const struct analysis *a, int column) {
    return &a->column[column];
}

static double centroid(const struct analysis *a) {
    double sum = 0, weighted = 0;
    for (int k = 20 * SPECTRUM_SIZE / (int)a->rate + 1; k < SPECTRUM_BINS; k++) { /* above DC and its skirt */
        sum += a->magnitude[k];
        weighted += a->magnitude[k] * k * a->rate / SPECTRUM_SIZE;
    }
    return sum > 0 ? weighted / sum : NAN;
}

/* The larger mean of the two channels, over everything: sign kept. */
static double mean(const struct levels *l) {
    double most = fabs(l->sum[0]) > fabs(l->sum[1]) ? l->sum[0] : l->sum[1];
    return l->frames ? most / (double)l->frames : 0;
}

int analysis_figures(const struct analysis *a, struct figure *out) {
    const struct levels *l = &a->levels;
    bool stereo = a->channels == 2, sounds = l->peak > 0;
    const struct figure figures[] = {
        {"integrated_loudness", "Integrated loudness", "LUFS", loudness_meter_integrated(a->loudness), 1},
        {"short_term_loudness", "Loudest 3 s", "LUFS", loudness_meter_short_term(a->loudness), 1},
        {"momentary_loudness", "Loudest 400 ms", "LUFS", loudness_meter_momentary(a->loudness), 1},
        {"loudness_range", "Loudness range", "LU", loudness_meter_range(a->loudness), 1},
        {"true_peak", "True peak", "dBTP", sounds ? loudness_meter_true_peak(a->loudness) : -INFINITY, 2},
        {"sample_peak", "Sample peak", "dBFS", sounds ? levels_db(l->peak) : -INFINITY, 2},
        {"rms", "RMS level", "dBFS", sounds ? levels_db(levels_rms(l)) : -INFINITY, 2},
        {"dc_offset", "DC offset", "", mean(l), 6},
        {"dc", "DC of any 10 s", "dBFS", levels_dc(l) > 0 ? levels_db(levels_dc(l)) : -INFINITY, 1},
        {"noise_floor", "Quietest 50 ms, peak", "dBFS",
         noise_floor_level(&a->noise_floor) > 0 ? levels_db(noise_floor_level(&a->noise_floor)) : -INFINITY,
         2},
        {"correlation", "Stereo correlation", "", stereo && sounds ? levels_correlation(l) : NAN, 3},
        {"lowest_correlation", "Lowest in any second", "", stereo && sounds ? a->correlation.lowest : NAN, 3},
        {"negative_correlation", "Longest time below 0", "s", (double)a->correlation.longest, 0},
        {"spectral_centroid", "Spectral centroid", "Hz", centroid(a), 1},
        {"alias", "Alias estimate", "dB", alias_estimate_level(a->alias), 1},
        {"clicks", "Clicks", "", (double)a->clicks.count, 0},
        {"abrupt_begin", "Begins at once with", "dBFS", a->begin > 0 ? levels_db(a->begin) : -INFINITY, 1},
        {"abrupt_end", "Ends at once with", "dBFS", a->end > 0 ? levels_db(a->end) : -INFINITY, 1},
        {"gaps", "Gaps", "", (double)a->gaps.count, 0},
        {"gap_seconds", "Time in gaps", "s", (double)a->gaps.frames / a->rate, 3},
        {"not_finite", "Samples not finite", "", (double)l->not_finite, 0},
        {"denormal", "Denormal samples", "", (double)l->denormal, 0},
    };
    enum { COUNT = sizeof figures / sizeof *figures };
    _Static_assert((int)COUNT <= (int)FIGURES_MAX, "a figure too many");
    memcpy(out, figures, sizeof figures);
    return COUNT;
}
