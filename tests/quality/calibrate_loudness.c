/* calibrate_loudness.c — measures what notes contribute to loudness and writes it as
 * src/synth/loudness_table.h.
 *
 *     calibrate-loudness > src/synth/loudness_table.h
 *
 * To be run again when instruments or effects change their level or colour. Every timbre plays notes at the
 * nodes of pitch, brightness and length (synth/loudness_nodes.h) through the whole engine, echo and reverb
 * included, at `space` 0.5; then once more at middle nodes for the other values of `space`. The result is the
 * K-weighted energy (ITU-R BS.1770-4) of both channels of one note at velocity 1, in dB. Several notes are
 * played for each figure, because oscillators that beat against each other start anywhere. */
#include "synth/loudness_nodes.h"

#include <auralis/auralis.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { RATE = 48000, NOTES = 6, BATCH = 64, BLOCKS = 750 };
static const double VELOCITY = 0.1, SCORE_GAIN = 0.5, TAIL_SECONDS = 20;

struct setting {
    int instrument, timbre;
    double pitch, bright, seconds, space;
    double decibels; /* out */
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
                             .pitch = set->pitch,
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
    static float buffer[BATCH][2 * BLOCKS * AURALIS_BLOCK];
    static struct k_filter filter[BATCH][2];
    auralis_engine *engine;
    auralis_stream *stream[BATCH];
    auralis_score *score[BATCH];
    float *out[BATCH];
    double apart = set->seconds + 3, sum[BATCH] = {0};
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
    for (double now = 0; now < NOTES * apart + TAIL_SECONDS; now += BLOCKS * (double)AURALIS_BLOCK / RATE) {
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
    fprintf(stderr, ".");
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
                instrument, timbre, n->pitch + p * n->apart, LOUDNESS_BRIGHT_MIN + b, n->length[length],
                0.5,        0};
    measure_all(set, count);
    for (int p = 0; p < LOUDNESS_PITCHES; p++)
        for (int b = 0; b < LOUDNESS_BRIGHTS; b++)
            out[p][b][length] = set[(p < pitches ? p : 0) * LOUDNESS_BRIGHTS + b].decibels;
}

/* Against space 0.5. */
static void measure_spaces(int instrument, int timbre, double out[LOUDNESS_SPACES]) {
    struct setting set[LOUDNESS_SPACES];
    const struct loudness_nodes *n = &LOUDNESS_NODES[instrument];
    for (int s = 0; s < LOUDNESS_SPACES; s++)
        set[s] = (struct setting){instrument, timbre,       n->pitch + 2 * n->apart,
                                  0,          n->length[0], s / (double)(LOUDNESS_SPACES - 1),
                                  0};
    measure_all(set, LOUDNESS_SPACES);
    for (int s = 0; s < LOUDNESS_SPACES; s++) out[s] = set[s].decibels - set[LOUDNESS_SPACES / 2].decibels;
}

static double notes[LOUDNESS_TIMBRES][LOUDNESS_PITCHES][LOUDNESS_BRIGHTS][LOUDNESS_LENGTHS];
static double spaces[LOUDNESS_TIMBRES][LOUDNESS_SPACES];

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
    printf("};\n\nstatic const float LOUDNESS_SPACE[LOUDNESS_TIMBRES][LOUDNESS_SPACES] = {\n");
    for (int t = 0; t < LOUDNESS_TIMBRES; t++) {
        printf("    {");
        for (int s = 0; s < LOUDNESS_SPACES; s++) printf("%s%.2ff", s ? ", " : "", spaces[t][s]);
        printf("},\n");
    }
    printf("};\n/* clang-format on */\n");
}

int main(void) {
    for (int instrument = 0; instrument < AURALIS_INSTRUMENTS; instrument++)
        for (int timbre = 0; timbre < timbre_names(instrument, NULL); timbre++) {
            int row = LOUDNESS_NODES[instrument].timbre + timbre;
            for (int length = 0; length < LOUDNESS_LENGTHS; length++)
                measure_length(instrument, timbre, length, notes[row]);
            measure_spaces(instrument, timbre, spaces[row]);
        }
    fprintf(stderr, "\n");
    print();
    return 0;
}
