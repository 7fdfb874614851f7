/* quality.c — what every mood must sound like, measured: ten minutes of it, several seeds at once.
 *
 *     quality PRESET [SEEDS [MINUTES [FIRST]]]
 *
 * Prints a line of figures for each seed and says what is out of bounds; exit status 1 if anything is. The
 * bounds: no click, nothing that is not a number or denormal, DC at most −60 dB, true peak at most −1 dBTP,
 * −16 ±1 LUFS integrated, left ≠ right but not opposed. A survey of loudness over many seeds, and nothing
 * else, is loudness_survey.c. */
#include "measure/clicks.h"
#include "measure/levels.h"
#include "measure/loudness_meter.h"

#include <auralis/auralis.h>

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { RATE = 48000, BLOCKS = 75, SEEDS_MAX = 128 };

struct piece {
    auralis_stream *stream;
    float *audio;
    struct clicks clicks;
    struct levels levels;
    struct loudness_meter *meter;
    uint64_t mono; /* chunks in which left and right are the same, and not silent */
    uint64_t seed;
    bool bad;
};

static void fail(const char *what) {
    fprintf(stderr, "quality: %s\n", what);
    exit(2);
}

static void open_piece(struct piece *piece, auralis_engine *engine, const auralis_preset *preset,
                       uint64_t seed) {
    auralis_stream_config config = {.seed = seed, .sample_rate = RATE, .parameters = &preset->parameters};
    piece->seed = seed;
    piece->audio = malloc(sizeof(float) * 2 * BLOCKS * AURALIS_BLOCK);
    piece->meter = loudness_meter_new(RATE);
    if (!piece->audio || !piece->meter || auralis_stream_open(engine, &config, &piece->stream) < 0)
        fail("no memory");
    clicks_init(&piece->clicks, RATE);
    levels_init(&piece->levels, RATE);
}

static void close_piece(struct piece *piece) {
    loudness_meter_free(piece->meter);
    free(piece->audio);
}

static void examine(struct piece *piece) {
    size_t frames = BLOCKS * AURALIS_BLOCK;
    struct levels before = piece->levels;
    clicks_add(&piece->clicks, piece->audio, frames);
    levels_add(&piece->levels, piece->audio, frames);
    loudness_meter_add(piece->meter, piece->audio, frames);
    double different = piece->levels.difference - before.difference,
           power = piece->levels.square[0] - before.square[0];
    bool first = before.square[0] == 0; /* a bass in the middle, whose first echo is still to come */
    piece->mono += !first && power > 1e-5 * BLOCKS * AURALIS_BLOCK && different < 1e-6 * power;
}

static void complain(struct piece *piece, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void complain(struct piece *piece, const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("    out of bounds: ");
    vprintf(format, args);
    printf("\n");
    va_end(args);
    piece->bad = true;
}

static void judge(struct piece *piece, const char *preset) {
    const struct levels *l = &piece->levels;
    double lufs = loudness_meter_integrated(piece->meter), peak = loudness_meter_true_peak(piece->meter);
    double dc = levels_db(levels_dc(l)), correlation = levels_correlation(l);
    printf("%-12s seed %-4llu %6.2f LUFS  range %4.1f LU  true peak %6.2f dBTP  DC %6.1f dB  correlation "
           "%5.2f  clicks %llu\n",
           preset, (unsigned long long)piece->seed, lufs, loudness_meter_range(piece->meter), peak, dc,
           correlation, (unsigned long long)piece->clicks.count);
    if (!(fabs(lufs + 16) <= 1)) complain(piece, "loudness is not -16 ±1 LUFS");
    if (!(peak <= -1)) complain(piece, "true peak above -1 dBTP");
    if (!(dc <= -60)) complain(piece, "DC above -60 dB");
    if (l->not_finite) complain(piece, "%llu samples are no numbers", (unsigned long long)l->not_finite);
    if (l->denormal) complain(piece, "%llu samples are denormal", (unsigned long long)l->denormal);
    if (piece->mono) complain(piece, "left = right in %llu chunks", (unsigned long long)piece->mono);
    if (levels_width(l) < 1e-3) complain(piece, "nearly mono");
    if (correlation < 0) complain(piece, "left and right are opposed");
    for (uint64_t i = 0; i < piece->clicks.count && i < CLICKS_KEPT; i++) {
        const struct click *c = &piece->clicks.click[i];
        complain(piece, "click at %.4f s, channel %d, %.1f dB, %.1f times what is usual there",
                 (double)c->frame / RATE, c->channel, levels_db(c->height), c->ratio);
    }
}

int main(int argc, char **argv) {
    const auralis_preset *preset = argc > 1 ? auralis_preset_find(argv[1]) : NULL;
    int seeds = argc > 2 ? atoi(argv[2]) : 5, minutes = argc > 3 ? atoi(argv[3]) : 10,
        first = argc > 4 ? atoi(argv[4]) : 1;
    if (!preset || seeds < 1 || seeds > SEEDS_MAX || minutes < 1)
        fail("usage: quality PRESET [SEEDS [MINUTES [FIRST]]]");
    static struct piece piece[SEEDS_MAX];
    auralis_stream *stream[SEEDS_MAX];
    float *audio[SEEDS_MAX];
    auralis_engine *engine;
    if (auralis_engine_create(NULL, &engine) < 0) fail("no engine");
    for (int i = 0; i < seeds; i++) {
        open_piece(&piece[i], engine, preset, (uint64_t)(first + i));
        stream[i] = piece[i].stream;
        audio[i] = piece[i].audio;
    }
    for (int chunk = 0; chunk < minutes * 60 * RATE / (BLOCKS * AURALIS_BLOCK); chunk++) {
        if (auralis_engine_render(engine, stream, (size_t)seeds, BLOCKS, audio) < 0) fail("rendering failed");
        for (int i = 0; i < seeds; i++) examine(&piece[i]);
    }
    bool bad = false;
    for (int i = 0; i < seeds; i++) {
        judge(&piece[i], preset->name);
        close_piece(&piece[i]);
        bad |= piece[i].bad;
    }
    auralis_engine_destroy(engine);
    return bad;
}
