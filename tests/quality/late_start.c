/* late_start.c — half a minute, six hours into a piece: opened there, and come to by playing all of it. The
 * two agree to −100 dB, from the first tenth of a second on, and opening takes less than a second of work.
 *
 *     late_start PRESET HOURS */
#include <auralis/auralis.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RATE = 48000, SECONDS = 30 };

static float *read_half_a_minute(auralis_stream *s) {
    float *audio = calloc((size_t)RATE * SECONDS, 2 * sizeof *audio);
    if (!audio || auralis_stream_read(s, audio, (size_t)RATE * SECONDS) < 0) exit(3);
    return audio;
}

static auralis_stream *open_at(auralis_engine *e, const auralis_preset *p, uint64_t frame) {
    auralis_stream *s;
    auralis_stream_config c = {.seed = 7, .parameters = &p->parameters, .start = frame};
    if (auralis_stream_open(e, &c, &s) < 0) exit(3);
    return s;
}

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The error of the first `frames` frames against what is right. */
static double decibels(const float *is, const float *right, size_t frames) {
    double signal = 0, error = 0;
    for (size_t i = 0; i < 2 * frames; i++) {
        double d = (double)is[i] - (double)right[i];
        signal += (double)right[i] * (double)right[i];
        error += d * d;
    }
    return 10 * log10(error / signal + 1e-30);
}

int main(int argc, char **argv) {
    const auralis_preset *p = argc > 2 ? auralis_preset_find(argv[1]) : NULL;
    auralis_engine *e;
    static float minute[2 * RATE];
    if (!p || auralis_engine_create(NULL, &e) < 0) return 2;
    uint64_t start = (uint64_t)(atof(argv[2]) * 3600) * RATE;
    double begin = cpu_seconds();
    float *late = read_half_a_minute(open_at(e, p, start));
    double seconds = cpu_seconds() - begin;
    auralis_stream *whole = open_at(e, p, 0);
    for (uint64_t done = 0; done < start; done += RATE) auralis_stream_read(whole, minute, RATE);
    float *right = read_half_a_minute(whole);
    double db = decibels(late, right, (size_t)RATE * SECONDS), first = decibels(late, right, RATE / 10);
    printf("%s from %s h: %.1f dB from having played on, %.1f dB at first, %.3f s\n", argv[1], argv[2], db,
           first, seconds);
    free(late);
    free(right);
    auralis_engine_destroy(e);
    return db <= -100 && first <= -100 && seconds < 1 ? 0 : 1;
}
