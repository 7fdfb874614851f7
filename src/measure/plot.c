/* plot.c — see plot.h.
 *
 * Frequency and level are logarithmic, as hearing is. The spectrogram's colours are steps of 4 dB: finer ones
 * cannot be told apart and would only make the file larger. */
#include "measure/plot.h"

#include <auralis/error.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEFT = 56,
    TOP = 26,
    BETWEEN = 14,
    LEVELS = 96, /* height of the lower part */
    RIGHT = 62,
    BOTTOM = 30,
    WIDTH = LEFT + ANALYSIS_COLUMNS + RIGHT,
    LOWER = TOP + ANALYSIS_ROWS + BETWEEN,
    HEIGHT = LOWER + LEVELS + BOTTOM,
    SPECTRUM_FLOOR = -112, /* dB */
    LEVEL_FLOOR = -60,
    SHADE = 4
};

static int shade(double db) {
    double step = floor((fmin(db, 0) - SPECTRUM_FLOOR) / SHADE), most = -SPECTRUM_FLOOR / SHADE;
    return COLOUR_DARKEST + (int)(fmax(step, 0) / most * (COLOUR_BRIGHTEST - COLOUR_DARKEST));
}

static void right_text(struct picture *p, int x, int y, const char *text) {
    picture_text(p, x - picture_text_width(text), y - LETTER_HEIGHT / 2, text, COLOUR_INK);
}

static void draw_spectrogram(struct picture *p, const struct analysis *a) {
    static const struct {
        int hz;
        const char *text;
    } marks[] = {{50, "50"},   {100, "100"}, {200, "200"},   {500, "500"},  {1000, "1k"},
                 {2000, "2k"}, {5000, "5k"}, {10000, "10k"}, {20000, "20k"}};
    for (int c = 0; c < ANALYSIS_COLUMNS; c++) {
        const struct analysis_column *column = analysis_column(a, c);
        for (int r = 0; r < ANALYSIS_ROWS; r++)
            picture_dot(p, LEFT + c, TOP + r, shade(10 * log10((double)column->power[r] + 1e-20)));
    }
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        double row = analysis_hz_row(a, marks[i].hz);
        if (row < -1 || row > ANALYSIS_ROWS) continue;
        int y = TOP + (int)fmax(row, 0);
        picture_box(p, LEFT - 6, y, 4, 1, COLOUR_INK);
        right_text(p, LEFT - 9, y, marks[i].text);
    }
    picture_text(p, LEFT - picture_text_width("Hz") - 9, TOP - 22, "Hz", COLOUR_INK);
}

static void draw_colours(struct picture *p) {
    int x = LEFT + ANALYSIS_COLUMNS + 8;
    for (int y = 0; y < ANALYSIS_ROWS; y++) {
        double db = (double)SPECTRUM_FLOOR * y / ANALYSIS_ROWS;
        picture_box(p, x, TOP + y, 10, 1, shade(db));
    }
    for (int db = 0; db > SPECTRUM_FLOOR; db -= 20) {
        char text[16];
        snprintf(text, sizeof text, "%d", db);
        int y = TOP + ANALYSIS_ROWS * db / SPECTRUM_FLOOR;
        picture_box(p, x + 10, y, 3, 1, COLOUR_INK);
        picture_text(p, x + 16, y - (db ? LETTER_HEIGHT / 2 : 0), text, COLOUR_INK);
    }
    picture_text(p, x + 2, TOP - 22, "dB", COLOUR_INK);
}

/* Row of a level in dB in the lower part. */
static int level_y(double db) {
    double part = fmin(fmax(db / LEVEL_FLOOR, 0), 1);
    return LOWER + (int)(part * (LEVELS - 1) + 0.5);
}

static double db(float x) {
    return 20 * log10((double)x + 1e-10);
}

static void draw_levels(struct picture *p, const struct analysis *a) {
    for (int level = 0; level > LEVEL_FLOOR; level -= 12) {
        char text[16];
        snprintf(text, sizeof text, "%d", level);
        picture_box(p, LEFT, level_y(level), ANALYSIS_COLUMNS, 1, COLOUR_GRID);
        right_text(p, LEFT - 9, level_y(level), text);
    }
    int before = -1;
    for (int c = 0; c < ANALYSIS_COLUMNS; c++) {
        const struct analysis_column *column = analysis_column(a, c);
        int bottom = LOWER + LEVELS, peak = level_y(db(column->peak)), rms = level_y(db(column->rms));
        if (column->peak > 0) picture_box(p, LEFT + c, peak, 1, bottom - peak, COLOUR_SECOND);
        if (column->rms > 0) picture_box(p, LEFT + c, rms, 1, bottom - rms, COLOUR_FIRST);
        int y = isfinite(column->loudness) ? level_y((double)column->loudness) : -1;
        if (y >= 0 && before < 0) before = y;
        if (y >= 0) picture_box(p, LEFT + c, y < before ? y : before, 1, abs(y - before) + 2, COLOUR_THIRD);
        before = y;
    }
    int x = LEFT + ANALYSIS_COLUMNS + 8, y = LOWER + 2;
    static const char *const names[] = {"PEAK", "RMS", "LUFS"};
    static const int colours[] = {COLOUR_SECOND, COLOUR_FIRST, COLOUR_THIRD};
    for (int i = 0; i < 3; i++, y += 18) {
        picture_box(p, x, y, 8, LETTER_HEIGHT, colours[i]);
        picture_text(p, x + 12, y, names[i], COLOUR_INK);
    }
}

/* Time between two marks: as many as fit without touching. */
static double mark_seconds(double seconds) {
    static const double steps[] = {0.1, 0.2, 0.5, 1,    2,    5,    10,   20,    30,   60,
                                   120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (seconds / steps[i] <= 10) return steps[i];
    return seconds / 10;
}

static void draw_time(struct picture *p, double seconds) {
    double step = mark_seconds(seconds);
    for (int i = 0; i * step <= seconds && seconds > 0; i++) {
        char text[32];
        double t = i * step;
        int x = LEFT + (int)(t / seconds * (ANALYSIS_COLUMNS - 1)), whole = (int)(t + 1e-9);
        if (step < 1)
            snprintf(text, sizeof text, "%.1f s", t);
        else if (seconds < 3600)
            snprintf(text, sizeof text, "%d:%02d", whole / 60, whole % 60);
        else
            snprintf(text, sizeof text, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
        picture_box(p, x, LOWER + LEVELS, 1, 5, COLOUR_INK);
        picture_text(p, x - picture_text_width(text) / 2, LOWER + LEVELS + 9, text, COLOUR_INK);
    }
}

int plot_analysis(const struct analysis *a, const char *title, struct picture *out) {
    int result = picture_init(out, WIDTH, HEIGHT);
    if (result < 0) return result;
    char cut[(ANALYSIS_COLUMNS - 40) / LETTER_WIDTH + 1];
    size_t length = strlen(title), room = sizeof cut - 1;
    snprintf(cut, sizeof cut, "%s", length > room ? title + length - room : title);
    for (char *c = cut; *c; c++) /* few small letters exist, and among capitals they are no beauty */
        if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 'a' + 'A');
    picture_text(out, LEFT + 16, 6, cut, COLOUR_INK);
    draw_spectrogram(out, a);
    draw_colours(out);
    draw_levels(out, a);
    draw_time(out, (double)analysis_frames(a) / analysis_rate(a));
    return AURALIS_OK;
}
