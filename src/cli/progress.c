/* progress.c — how far a long piece of work is (see progress.h). */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void progress_begin(struct progress *p, double total, bool quiet) {
    *p = (struct progress){.total = total, .started = now(), .terminal = !quiet && isatty(STDERR_FILENO)};
}

static void print_remaining(double seconds) {
    long s = seconds < 1e9 ? (long)(seconds + 0.5) : 1000000000;
    if (s >= 3600)
        fprintf(stderr, "%ld h %02ld min left", s / 3600, s / 60 % 60);
    else if (s >= 60)
        fprintf(stderr, "%ld min %02ld s left", s / 60, s % 60);
    else
        fprintf(stderr, "%ld s left", s);
}

static void draw(double fraction, double speed, double remaining) {
    static const char full[] = "##############################", empty[] = "..............................";
    int width = (int)sizeof full - 1, filled = (int)(fraction * width);
    fprintf(stderr, "\r[%.*s%.*s] %3d %%  %.0fx real time  ", filled, full, width - filled, empty,
            (int)(fraction * 100), speed);
    print_remaining(remaining);
    fputs("\033[K", stderr);
    fflush(stderr);
}

void progress_update(struct progress *p, double done) {
    double time = now(), elapsed = time - p->started;
    if (!p->terminal || elapsed < 0.2 || time - p->drawn < 0.1 || done <= 0) return;
    double remaining = (p->total - done) / done * elapsed;
    if (!p->visible && elapsed + remaining < 1) return;
    p->drawn = time;
    p->visible = true;
    draw(done / p->total, done / elapsed, remaining);
}

double progress_end(struct progress *p) {
    if (p->visible) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    p->visible = false;
    return now() - p->started;
}
