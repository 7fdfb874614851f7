/* calibrate_loudness.c — measures what notes contribute to loudness and writes it as
 * src/synth/loudness_table.h.
 *
 *     calibrate-loudness > src/synth/loudness_table.h
 *
 * To be run again when instruments or effects change their level or colour. Every timbre plays notes at the
 * nodes of pitch, brightness and length (synth/loudness_nodes.h) through the whole engine in its smallest
 * room. The result is the K-weighted energy (ITU-R BS.1770-4) of both channels of one note at velocity 1, in
 * dB. Several notes are played for each figure, because oscillators that beat against each other start
 * anywhere.
 *
 * How much a larger room adds is measured by thirty notes of thirty different pitches, since a room answers
 * some pitches far more than others: with P the reverb's power as effects_reverb_power() gives it, the energy
 * grows as 1 + c P, and c is what is written down. */
#include "synth/effects.h"
#include "synth/loudness_nodes.h"

#include <auralis/auralis.h>

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { RATE = 48000, NOTES = 6, BATCH = 25, THREADS = 2, BLOCKS = 75 };
static const double VELOCITY = 0.1, SCORE_GAIN = 0.5, LARGE = 0.8;

struct setting {
    int instrument, timbre;
    double pitch, spread, bright, seconds, space; /* spread: of the notes' pitches, in semitones */
    double decibels;                              /* out */
};

/* The two filters of the standard at 48 kHz, for one channel. */
struct k_filter {
    double x[2], y[2], z[2];
};

static double k_weighted(struct k_filter *f, double in) {
    double mid = 1.53512485958697 * in - 2.69169618940638 * f->x[0] + 1.19839281085285 * f->x[1] +
                 1.69065929318241 * f->y[0] - 0.73248077421585 * f->y[1];
    double out = mid - 2 * f->y[0] + f->y[1] + 1.99004745483398 * f->z[0] - 0.99007225036621 * f->z[1];
    f->x[1] = f->x[0], f->x[0] = in;
    f->y[1] = f->y[0], f->y[0] = mid;
    f->z[1] = f->z[0], f->z[0] = out;
    return out;
}

static void need(int result) {
    if (result >= 0) return;
    fprintf(stderr, "calibrate-loudness: %s\n", auralis_strerror(result));
    exit(1);
}

static auralis_score *score_of(const struct setting *set, double apart) {
    auralis_score *score;
    need(auralis_score_create(RATE, &score));
    for (int i = 0; i < NOTES; i++) {
        auralis_note note = {.onset = (uint64_t)((i * apart + 0.1 + 0.0137 * i) * RATE),
                             .duration = (uint64_t)(set->seconds * RATE),
                             .pitch = set->pitch + set->spread * (i - 0.5 * (NOTES - 1)) / NOTES,
                             .velocity = VELOCITY,
                             .pan = i % 2 ? 0.3 : -0.3,
                             .instrument = set->instrument,
                             .timbre = set->timbre};
        need(auralis_score_add(score, &note, NULL));
    }
    return score;
}

/* All of one batch have notes of the same length. */
static void measure(struct setting *set, int count) {
    static _Thread_local float buffer[BATCH][2 * BLOCKS * AURALIS_BLOCK];
    static _Thread_local struct k_filter filter[BATCH][2];
    auralis_engine *engine;
    auralis_stream *stream[BATCH];
    auralis_score *score[BATCH];
    float *out[BATCH];
    double apart = set->seconds + 3, tail = set->space > 0 ? 16 : 5, sum[BATCH] = {0};
    need(auralis_engine_create(NULL, &engine));
    for (int i = 0; i < count; i++) {
        auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
        p.brightness = 0.5 + set[i].bright / 4, p.space = set[i].space;
        score[i] = score_of(&set[i], apart);
        auralis_stream_config config = {.sample_rate = RATE, .parameters = &p, .score = score[i]};
        need(auralis_stream_open(engine, &config, &stream[i]));
        out[i] = buffer[i];
        filter[i][0] = filter[i][1] = (struct k_filter){{0}, {0}, {0}};
    }
    for (double now = 0; now < NOTES * apart + tail; now += BLOCKS * (double)AURALIS_BLOCK / RATE) {
        need(auralis_engine_render(engine, stream, (size_t)count, BLOCKS, out));
        for (int i = 0; i < count; i++)
            for (int f = 0; f < BLOCKS * AURALIS_BLOCK; f++)
                for (int c = 0; c < 2; c++) {
                    double y = k_weighted(&filter[i][c], (double)buffer[i][2 * f + c]);
                    sum[i] += y * y;
                }
    }
    for (int i = 0; i < count; i++) {
        double energy = sum[i] / RATE / NOTES / (VELOCITY * VELOCITY * SCORE_GAIN * SCORE_GAIN);
        set[i].decibels = 10 * log10(fmax(energy, 1e-9));
        auralis_stream_close(stream[i]);
        auralis_score_free(score[i]);
    }
    auralis_engine_destroy(engine);
}

static void measure_all(struct setting *set, int count) {
    for (int i = 0; i < count; i += BATCH) measure(set + i, count - i < BATCH ? count - i : BATCH);
}

/* One timbre at one length: all pitches and brightnesses. */
static void measure_length(int instrument, int timbre, int length,
                           double out[LOUDNESS_PITCHES][LOUDNESS_BRIGHTS][LOUDNESS_LENGTHS]) {
    struct setting set[LOUDNESS_PITCHES * LOUDNESS_BRIGHTS];
    const struct loudness_nodes *n = &LOUDNESS_NODES[instrument];
    int pitches = n->apart > 0 ? LOUDNESS_PITCHES : 1, count = 0;
    for (int p = 0; p < pitches; p++)
        for (int b = 0; b < LOUDNESS_BRIGHTS; b++)
            set[count++] = (struct setting){
                instrument, timbre, n->pitch + p * n->apart, 0, LOUDNESS_BRIGHT_MIN + b, n->length[length],
                0.5,        0};
    measure_all(set, count);
    for (int p = 0; p < LOUDNESS_PITCHES; p++)
        for (int b = 0; b < LOUDNESS_BRIGHTS; b++)
            out[p][b][length] = set[(p < pitches ? p : 0) * LOUDNESS_BRIGHTS + b].decibels;
}

static double wet(int instrument, int timbre) {
    struct setting set[2 * LOUDNESS_PITCHES];
    const struct loudness_nodes *n = &LOUDNESS_NODES[instrument];
    for (int i = 0; i < 2 * LOUDNESS_PITCHES; i++)
        set[i] = (struct setting){instrument, timbre,       n->pitch + i / 2 * n->apart, n->apart,
                                  0,          n->length[0], i % 2 ? LARGE : 0,           0};
    double energy[2] = {0}, small = effects_reverb_power(0), large = effects_reverb_power(LARGE);
    for (int i = 0; i < LOUDNESS_PITCHES; i++) { /* dry ones first: a batch ends together */
        struct setting both[2] = {set[2 * i + 1], set[2 * i]};
        measure(both, 2);
        energy[0] += pow(10, both[1].decibels / 10), energy[1] += pow(10, both[0].decibels / 10);
    }
    double ratio = energy[1] / energy[0];
    return (ratio - 1) / (large - ratio * small);
}

static double notes[LOUDNESS_TIMBRES][LOUDNESS_PITCHES][LOUDNESS_BRIGHTS][LOUDNESS_LENGTHS];
static double wets[LOUDNESS_TIMBRES];

static void print(void) {
    printf("/* loudness_table.h — made by tests/quality/calibrate_loudness.c, which says what the figures "
           "are. */\n"
           "#include \"synth/loudness_nodes.h\"\n\n/* clang-format off */\n"
           "static const float "
           "LOUDNESS_NOTE[LOUDNESS_TIMBRES][LOUDNESS_PITCHES][LOUDNESS_BRIGHTS][LOUDNESS_LENGTHS] = {\n");
    for (int t = 0; t < LOUDNESS_TIMBRES; t++) {
        printf("    {");
        for (int p = 0; p < LOUDNESS_PITCHES; p++) {
            printf("%s{", p ? ",\n     " : "");
            for (int b = 0; b < LOUDNESS_BRIGHTS; b++)
                printf("%s{%.2ff, %.2ff}", b ? ", " : "", notes[t][p][b][0], notes[t][p][b][1]);
            printf("}");
        }
        printf("},\n");
    }
    printf("};\n\nstatic const float LOUDNESS_WET[LOUDNESS_TIMBRES] = {");
    for (int t = 0; t < LOUDNESS_TIMBRES; t++) printf("%s%.3ff", t ? ", " : "", wets[t]);
    printf("};\n/* clang-format on */\n");
}

/* The next timbre that nobody has begun. */
static void *work(void *unused) {
    static atomic_int next;
    (void)unused;
    for (int row = next++; row < LOUDNESS_TIMBRES; row = next++) {
        int instrument = AURALIS_INSTRUMENTS - 1;
        while (LOUDNESS_NODES[instrument].timbre > row) instrument--;
        int timbre = row - LOUDNESS_NODES[instrument].timbre;
        for (int length = 0; length < LOUDNESS_LENGTHS; length++)
            measure_length(instrument, timbre, length, notes[row]);
        wets[row] = wet(instrument, timbre);
        fprintf(stderr, ".");
    }
    return NULL;
}

int main(void) {
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], NULL, work, NULL)) return 1;
    for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
    fprintf(stderr, "\n");
    /* Pads hold a pitch for so long that the room answers it or not, and a few answers decide their mean.
     * They take the leads' figure, whose notes are short and move, on the same bus. */
    double leads = 0;
    for (int t = 0; t < LEAD_TIMBRES; t++)
        leads += wets[LOUDNESS_NODES[AURALIS_LEAD].timbre + t] / LEAD_TIMBRES;
    for (int t = 0; t < PAD_TIMBRES; t++) wets[LOUDNESS_NODES[AURALIS_PAD].timbre + t] = leads;
    print();
    return 0;
}
