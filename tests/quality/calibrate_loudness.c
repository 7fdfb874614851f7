/* calibrate_loudness.c — measures what notes contribute to loudness and writes it as
 * src/synth/loudness_table.h.
 *
 *     calibrate-loudness > src/synth/loudness_table.h
 *
 * To be run again when instruments or effects change their level or colour. First, every timbre plays notes
 * at the nodes of pitch, brightness and length (synth/loudness_nodes.h) without effects. The result is the
 * K-weighted energy (ITU-R BS.1770-4) of both channels of one note at velocity 1, in dB. Several notes are
 * played for each figure, because oscillators that beat against each other start anywhere.
 *
 * Then, how much the effects make of it. Chorus, echo and room answer some pitches far more than others, so
 * sixty notes of sixty different pitches are played in a small room and in a large one: with P the reverb's
 * power as effects_reverb_power() gives it, their energy is that without effects times b + c P.
 *
 * Last, what a single pitch gets of b and c: a nearly pure tone is held at every semitone, at several tempos,
 * since the echo follows them. */
#include "k_weighting.h"
#include "synth/effects.h"
#include "synth/loudness.h"
#include "synth/loudness_nodes.h"

#include <auralis/auralis.h>

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { RATE = 48000, NOTES = 6, BATCH = 25, THREADS = 2, BLOCKS = 75 };
static const double VELOCITY = 0.45, LARGE = 0.8; /* a velocity whose touch is 0 octaves */
static const double DRY = -1;                     /* in place of a space: no effects */

struct setting {
    int instrument, timbre;
    double pitch, spread, bright, seconds, space; /* spread: of the notes' pitches, in semitones */
    double bpm;                                   /* 0: as it is */
    double energy;                                /* out */
};

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

/* What the stream delivered, before the soft clipping that it has without effects. */
static double undone(float sample, bool dry) {
    return dry ? atanh((double)sample) / 0.7 : (double)sample;
}

static void open_setting(const struct setting *set, auralis_engine *engine, double apart,
                         auralis_score **score, auralis_stream **stream, double *gain) {
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
    p.brightness = 0.5 + set->bright / 4, p.space = fmax(set->space, 0);
    if (set->bpm > 0) p.bpm = set->bpm;
    *score = score_of(set, apart);
    auralis_stream_config config = {
        .sample_rate = RATE, .parameters = &p, .score = *score, .dry = set->space == DRY};
    need(auralis_stream_open(engine, &config, stream));
    need(loudness_of_score(*score, &p, gain));
    if (config.dry) *gain = 1;
}

/* All of one batch have notes of the same length. */
static void measure(struct setting *set, int count) {
    static _Thread_local float buffer[BATCH][2 * BLOCKS * AURALIS_BLOCK];
    static _Thread_local struct k_filter filter[BATCH][2];
    auralis_engine *engine;
    auralis_stream *stream[BATCH];
    auralis_score *score[BATCH];
    float *out[BATCH];
    double apart = set->seconds + 3, tail = set->space > 0 ? 16 : 5, sum[BATCH] = {0}, gain[BATCH];
    need(auralis_engine_create(NULL, &engine));
    for (int i = 0; i < count; i++) {
        open_setting(&set[i], engine, apart, &score[i], &stream[i], &gain[i]);
        out[i] = buffer[i];
        filter[i][0] = filter[i][1] = (struct k_filter){{0}, {0}, {0}};
    }
    for (double now = 0; now < NOTES * apart + tail; now += BLOCKS * (double)AURALIS_BLOCK / RATE) {
        need(auralis_engine_render(engine, stream, (size_t)count, BLOCKS, out));
        for (int i = 0; i < count; i++)
            for (int f = 0; f < BLOCKS * AURALIS_BLOCK; f++)
                for (int c = 0; c < 2; c++) {
                    double y = k_weighted(&filter[i][c], undone(buffer[i][2 * f + c], set[i].space == DRY));
                    sum[i] += y * y;
                }
    }
    for (int i = 0; i < count; i++) {
        set[i].energy = sum[i] / RATE / NOTES / (VELOCITY * VELOCITY * gain[i] * gain[i]);
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
            set[count++] = (struct setting){.instrument = instrument,
                                            .timbre = timbre,
                                            .pitch = n->pitch + p * n->apart,
                                            .bright = LOUDNESS_BRIGHT_MIN + b,
                                            .seconds = n->length[length],
                                            .space = DRY};
    measure_all(set, count);
    for (int p = 0; p < LOUDNESS_PITCHES; p++)
        for (int b = 0; b < LOUDNESS_BRIGHTS; b++)
            out[p][b][length] =
                10 * log10(fmax(set[(p < pitches ? p : 0) * LOUDNESS_BRIGHTS + b].energy, 1e-9));
}

/* Energy of notes all over the instrument's range in this space. */
static double all_over(int instrument, int timbre, double space) {
    enum { GROUPS = 10 };
    const struct loudness_nodes *n = &LOUDNESS_NODES[instrument];
    struct setting set[GROUPS];
    double range = n->apart * (LOUDNESS_PITCHES - 1), sum = 0;
    for (int i = 0; i < GROUPS; i++)
        set[i] = (struct setting){.instrument = instrument,
                                  .timbre = timbre,
                                  .pitch = n->pitch + range * (i + 0.5) / GROUPS,
                                  .spread = range / GROUPS,
                                  .seconds = n->length[0],
                                  .space = space};
    measure_all(set, GROUPS);
    for (int i = 0; i < GROUPS; i++) sum += set[i].energy;
    return sum;
}

static void measure_effects(int instrument, int timbre, double out[2]) {
    double dry = all_over(instrument, timbre, DRY), small = effects_reverb_power(0),
           large = effects_reverb_power(LARGE);
    double in_small = all_over(instrument, timbre, 0) / dry,
           in_large = all_over(instrument, timbre, LARGE) / dry;
    out[1] = (in_large - in_small) / (large - small);
    out[0] = in_small - out[1] * small;
}

/* Energy of every semitone, held, in this space. */
static void held(double space, double bpm, double out[LOUDNESS_SEMITONES]) {
    struct setting set[LOUDNESS_SEMITONES];
    for (int i = 0; i < LOUDNESS_SEMITONES; i++)
        set[i] = (struct setting){.instrument = AURALIS_LEAD,
                                  .timbre = LEAD_PURE,
                                  .pitch = LOUDNESS_LOWEST + i,
                                  .bright = LOUDNESS_BRIGHT_MIN,
                                  .seconds = 8,
                                  .space = space,
                                  .bpm = bpm};
    measure_all(set, LOUDNESS_SEMITONES);
    for (int i = 0; i < LOUDNESS_SEMITONES; i++) out[i] += set[i].energy;
}

/* Shares of what the effects give a tone anywhere: of the steady part, and of the reverb's. */
static void measure_semitones(double out[LOUDNESS_SEMITONES][2]) {
    static const double bpm[] = {54, 61, 70};
    enum { TEMPOS = sizeof bpm / sizeof *bpm };
    double dry[LOUDNESS_SEMITONES] = {0}, in_small[LOUDNESS_SEMITONES] = {0},
           in_large[LOUDNESS_SEMITONES] = {0};
    double mean[2] = {0}, small = effects_reverb_power(0), large = effects_reverb_power(LARGE);
    held(DRY, 0, dry);
    for (int t = 0; t < TEMPOS; t++) held(0, bpm[t], in_small), held(LARGE, bpm[t], in_large);
    for (int i = 0; i < LOUDNESS_SEMITONES; i++) {
        double low = in_small[i] / TEMPOS / dry[i], high = in_large[i] / TEMPOS / dry[i];
        out[i][1] = fmax((high - low) / (large - small), 0);
        out[i][0] = fmax(low - out[i][1] * small, 0);
        for (int k = 0; k < 2; k++) mean[k] += out[i][k] / LOUDNESS_SEMITONES;
    }
    for (int i = 0; i < LOUDNESS_SEMITONES; i++)
        for (int k = 0; k < 2; k++) out[i][k] /= mean[k];
}

static double semitones[LOUDNESS_SEMITONES][2];
static double notes[LOUDNESS_TIMBRES][LOUDNESS_PITCHES][LOUDNESS_BRIGHTS][LOUDNESS_LENGTHS];
static double effects[LOUDNESS_TIMBRES][2];

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
    printf("};\n\n/* b and c */\nstatic const float LOUDNESS_EFFECTS[LOUDNESS_TIMBRES][2] = {");
    for (int t = 0; t < LOUDNESS_TIMBRES; t++)
        printf("%s{%.3ff, %.3ff}", t ? ", " : "", effects[t][0], effects[t][1]);
    printf("};\n\n/* Of b and c. */\nstatic const float LOUDNESS_SEMITONE[LOUDNESS_SEMITONES][2] = {");
    for (int i = 0; i < LOUDNESS_SEMITONES; i++)
        printf("%s{%.2ff, %.2ff}", !i ? "" : i % 8 ? ", " : ",\n    ", semitones[i][0], semitones[i][1]);
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
        measure_effects(instrument, timbre, effects[row]);
        fprintf(stderr, ".");
    }
    return NULL;
}

int main(int argc, char **argv) {
    (void)argv;
    pthread_t thread[THREADS];
    if (argc > 1) return measure_semitones(semitones), print(), 0;
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], NULL, work, NULL)) return 1;
    for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
    fprintf(stderr, "\n");
    measure_semitones(semitones);
    /* Pads hold a pitch for so long that the effects answer it or not, and a few answers decide their mean.
     * They take the leads' figures, whose notes are short and move, on the same bus. */
    for (int k = 0; k < 2; k++) {
        double leads = 0;
        for (int t = 0; t < LEAD_TIMBRES; t++)
            leads += effects[LOUDNESS_NODES[AURALIS_LEAD].timbre + t][k] / LEAD_TIMBRES;
        for (int t = 0; t < PAD_TIMBRES; t++) effects[LOUDNESS_NODES[AURALIS_PAD].timbre + t][k] = leads;
    }
    print();
    return 0;
}
