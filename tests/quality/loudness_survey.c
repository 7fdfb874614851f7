/* loudness_survey.c — how loud a hundred pieces of every mood are.
 *
 *     loudness-survey [SEEDS [MINUTES [FIRST [PRESET…]]]]      default: 100 10 1, all presets
 *
 * Prints a JSON array: of each preset the least, mean and greatest integrated loudness (LUFS), the standard
 * deviation, the greatest true peak (dBTP), the mean arc (LU), and the pieces that are not −16 ±1 LUFS or
 * exceed −1 dBTP; exit status 1 if there are any. A piece's arc is how much louder its loudest half minute is
 * than its softest, the first minute apart. About two seconds of a core for ten minutes of music.
 *
 * True peaks are measured four times oversampled, as ITU-R BS.1770-4 wants, in those chunks alone whose
 * samples come within 4 dB of the bound: elsewhere there is none that high. */
#include "k_weighting.h"

#include <auralis/auralis.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { RATE = 48000, FRAMES = RATE / 10, BLOCKS = FRAMES / AURALIS_BLOCK, CROWD = 25, MINUTES_MAX = 240 };
_Static_assert(BLOCKS *AURALIS_BLOCK == FRAMES, "a tenth of a second in whole blocks");
enum { TAPS = 12, PHASES = 4 };

struct piece {
    auralis_stream *stream;
    struct k_filter filter[2];
    float audio[2 * FRAMES],
        before[2][TAPS]; /* the last samples of the chunk before, for the interpolation */
    double *tenth;       /* K-weighted energy of each tenth of a second */
    double peak;
};

static void need(int result) {
    if (result >= 0) return;
    fprintf(stderr, "loudness-survey: %s\n", auralis_strerror(result));
    exit(2);
}

/* The greatest sample and, where it may matter, what lies between: a sinc under a Hann window. */
static double chunk_peak(struct piece *p, int channel) {
    static double tap[PHASES][TAPS];
    const double pi = 3.14159265358979323846;
    float x[TAPS + FRAMES];
    double peak = 0;
    for (int i = 0; i < TAPS; i++) x[i] = p->before[channel][i];
    for (int i = 0; i < FRAMES; i++) x[TAPS + i] = p->audio[2 * i + channel];
    for (int i = 0; i < TAPS; i++) p->before[channel][i] = x[FRAMES + i];
    for (int i = 0; i < TAPS + FRAMES; i++) peak = fmax(peak, fabs((double)x[i]));
    if (peak < pow(10, -5 / 20.0)) return peak;
    for (int phase = 1; tap[1][0] == 0 && phase < PHASES; phase++)
        for (int k = 0; k < TAPS; k++) {
            double t = k - TAPS / 2 + 1 - phase / (double)PHASES;
            tap[phase][k] = sin(pi * t) / (pi * t) * (0.5 + 0.5 * cos(pi * t / (TAPS / 2)));
        }
    for (int i = 0; i < FRAMES; i++)
        for (int phase = 1; phase < PHASES; phase++) {
            double y = 0;
            for (int k = 0; k < TAPS; k++) y += tap[phase][k] * (double)x[i + k];
            peak = fmax(peak, fabs(y));
        }
    return peak;
}

static void examine(struct piece *p, int tenth) {
    for (int channel = 0; channel < 2; channel++) {
        p->peak = fmax(p->peak, chunk_peak(p, channel));
        double sum = 0;
        for (int i = 0; i < FRAMES; i++) {
            double y = k_weighted(&p->filter[channel], (double)p->audio[2 * i + channel]);
            sum += y * y;
        }
        p->tenth[tenth] += sum / FRAMES;
    }
}

/* Integrated loudness: windows of 0.4 s that overlap by three quarters, gated at −70 LUFS and then at 10 LU
 * below the mean of the rest. */
static double integrated(const double *tenth, int count) {
    double least = pow(10, (-70 + 0.691) / 10), mean = 0;
    for (int pass = 0; pass < 2; pass++) {
        double sum = 0;
        int loud = 0;
        for (int i = 0; i + 4 <= count; i++) {
            double power = (tenth[i] + tenth[i + 1] + tenth[i + 2] + tenth[i + 3]) / 4;
            if (power > least) sum += power, loud++;
        }
        mean = loud ? sum / loud : 0;
        least = fmax(least, mean / 10);
    }
    return 10 * log10(fmax(mean, 1e-9)) - 0.691;
}

static double arc(const double *tenth, int count) {
    enum { HALF_MINUTE = 300, OPENING = 600 };
    double sum = 0, least = INFINITY, most = 0;
    for (int i = OPENING; i < count; i++) {
        sum += tenth[i];
        if (i >= OPENING + HALF_MINUTE) sum -= tenth[i - HALF_MINUTE];
        if (i + 1 >= OPENING + HALF_MINUTE) least = fmin(least, sum), most = fmax(most, sum);
    }
    return most > 0 ? 10 * log10(most / least) : 0;
}

struct result {
    double sum, squares, least, most, peak, arcs;
    int count, out;
};

static void count_piece(struct result *r, struct piece *p, uint64_t seed, int tenths, const char *name) {
    double lufs = integrated(p->tenth, tenths), peak = 20 * log10(fmax(p->peak, 1e-9));
    r->least = r->count ? fmin(r->least, lufs) : lufs;
    r->most = r->count ? fmax(r->most, lufs) : lufs;
    r->peak = r->count ? fmax(r->peak, peak) : peak;
    r->sum += lufs, r->squares += lufs * lufs, r->arcs += arc(p->tenth, tenths), r->count++;
    if (fabs(lufs + 16) <= 1 && peak <= -1) return;
    r->out++;
    fprintf(stderr, "%s, seed %llu: %.2f LUFS, %.2f dBTP\n", name, (unsigned long long)seed, lufs, peak);
}

static void survey_crowd(struct result *r, const auralis_preset *preset, uint64_t first, int count,
                         int minutes) {
    static struct piece piece[CROWD];
    auralis_stream *stream[CROWD];
    float *out[CROWD];
    int tenths = minutes * 600;
    auralis_engine *engine;
    need(auralis_engine_create(NULL, &engine));
    for (int i = 0; i < count; i++) {
        auralis_stream_config c = {
            .seed = first + (uint64_t)i, .sample_rate = RATE, .parameters = &preset->parameters};
        piece[i] = (struct piece){.tenth = calloc((size_t)tenths, sizeof(double))};
        if (!piece[i].tenth) need(AURALIS_ENOMEM);
        need(auralis_stream_open(engine, &c, &piece[i].stream));
        stream[i] = piece[i].stream, out[i] = piece[i].audio;
    }
    for (int t = 0; t < tenths; t++) {
        need(auralis_engine_render(engine, stream, (size_t)count, BLOCKS, out));
        for (int i = 0; i < count; i++) examine(&piece[i], t);
    }
    for (int i = 0; i < count; i++) {
        count_piece(r, &piece[i], first + (uint64_t)i, tenths, preset->name);
        free(piece[i].tenth);
    }
    auralis_engine_destroy(engine);
}

static bool wanted(const char *name, int argc, char **argv) {
    for (int i = 4; i < argc; i++)
        if (auralis_preset_find(argv[i]) == auralis_preset_find(name)) return true;
    return argc <= 4;
}

int main(int argc, char **argv) {
    int seeds = argc > 1 ? atoi(argv[1]) : 100, minutes = argc > 2 ? atoi(argv[2]) : 10,
        first = argc > 3 ? atoi(argv[3]) : 1, out = 0;
    if (seeds < 1 || minutes < 1 || minutes > MINUTES_MAX || first < 0) return 2;
    printf("[");
    for (int i = 0, rows = 0; i < auralis_preset_count(); i++) {
        const auralis_preset *preset = auralis_preset_at(i);
        struct result r = {0};
        if (!wanted(preset->name, argc, argv)) continue;
        for (int done = 0; done < seeds; done += CROWD)
            survey_crowd(&r, preset, (uint64_t)(first + done), seeds - done < CROWD ? seeds - done : CROWD,
                         minutes);
        double mean = r.sum / r.count, deviation = sqrt(fmax(r.squares / r.count - mean * mean, 0));
        printf("%s\n {\"preset\": \"%s\", \"first_seed\": %d, \"seeds\": %d, \"minutes\": %d, \"least\": "
               "%.2f, \"mean\": "
               "%.2f, \"greatest\": %.2f, \"deviation\": %.2f, \"true_peak\": %.2f, \"arc\": %.2f, "
               "\"outside\": %d}",
               rows++ ? "," : "", preset->name, first, r.count, minutes, r.least, mean, r.most, deviation,
               r.peak, r.arcs / r.count, r.out);
        fflush(stdout);
        out += r.out;
    }
    printf("\n]\n");
    return out > 0;
}
