/* analysis.h — everything that is measured of one recording, in one pass and in memory that does not grow
 * with its length (but for a few bytes every tenth of a second, which the gated loudness keeps).
 *
 *     struct analysis *a = analysis_new(&info);
 *     while (…) analysis_add(a, audio, frames);
 *     analysis_finish(a);
 *     struct figure figure[FIGURES_MAX];
 *     int count = analysis_figures(a, figure);
 *
 * One thread. */
#ifndef AURALIS_MEASURE_ANALYSIS_H
#define AURALIS_MEASURE_ANALYSIS_H

#include "measure/clicks.h"
#include "measure/gaps.h"

#include <stddef.h>
#include <stdint.h>

enum { ANALYSIS_COLUMNS = 720, ANALYSIS_ROWS = 216, FIGURES_MAX = 32 };

struct analysis; /* opaque */

/* `frames` is the length that the recording is expected to have: the width of its picture. `channels` 1: both
 * channels of the audio are the same and count once. NULL if there is no memory. */
struct analysis *analysis_new(uint32_t rate, int channels, uint64_t frames);
void analysis_add(struct analysis *a, const float *audio, size_t frames); /* interleaved stereo */
void analysis_finish(struct analysis *a);
void analysis_free(struct analysis *a); /* NULL is fine */

uint32_t analysis_rate(const struct analysis *a);
uint64_t analysis_frames(const struct analysis *a); /* that were added */
const struct clicks *analysis_clicks(const struct analysis *a);
const struct gaps *analysis_gaps(const struct analysis *a);

/* One reading. `value` is NAN or infinite where there is none. */
struct figure {
    const char *name;  /* "integrated_loudness" */
    const char *title; /* "Integrated loudness" */
    const char *unit;  /* "LUFS", "" */
    double value;
    int decimals;
};

/* After analysis_finish. Writes at most FIGURES_MAX, returns how many. */
int analysis_figures(const struct analysis *a, struct figure *out);

/* The recording over time, for pictures. Column c stands for its c-th of ANALYSIS_COLUMNS equal parts; row 0
 * is the highest band. */
struct analysis_column {
    float peak, rms, loudness;  /* amplitude, amplitude, LUFS of the 3 s before (−INFINITY: none yet) */
    float power[ANALYSIS_ROWS]; /* of the strongest bin in each band; 1 is a full-scale sine */
};
const struct analysis_column *analysis_column(const struct analysis *a, int column);

/* Middle frequency of row r (fractions allowed) in Hz, and the row that a frequency falls in. */
double analysis_row_hz(const struct analysis *a, double row);
double analysis_hz_row(const struct analysis *a, double hz);

#endif
