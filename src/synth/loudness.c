/* loudness.c — how loud the score will be, and the gain that makes it −16 LUFS.
 *
 * Loudness as ITU-R BS.1770-4 measures it is −0.691 dB + the K-weighted power of both channels. Notes that
 * have nothing to do with each other add in power, so the power of a stretch of music is the sum over its
 * notes of
 *
 *     velocity² × energy of such a note at velocity 1 ÷ length of the stretch
 *
 * The energies were measured without effects (loudness_table.h): by timbre, pitch, brightness and length,
 * between which they are interpolated; and how much of them chorus, echo and reverb make.
 *
 * The gain where a stretch begins follows from the mean power of that stretch and the one before, and between
 * two beginnings the gain moves in a line. So over a stretch its own power counts for half and each
 * neighbour's for a quarter: gains change little from one to the next and quiet minutes stay somewhat
 * quieter. The opening of a piece does not count: it is meant to be soft. */
#include "synth/loudness.h"

#include "base/exact.h"
#include "music/composer.h"
#include "music/form.h"
#include "synth/brightness.h"
#include "synth/effects.h"
#include "synth/instrument.h"
#include "synth/loudness_table.h"

#include <stdlib.h>

/* −16 LUFS as power, 10^((−16 + 0.691) ÷ 10), and 0.42 dB that pieces turn out softer than is reckoned here.
 */
static const double TARGET_POWER = 0.0324414;
static const double GAIN_MAX = 8.0; /* +18 dB: where there is next to nothing to hear */
static const double SCORE_GAIN_MIN = 0.03125, SCORE_GAIN_MAX = 1.0;
static const double OCTAVES_PER_DB = 0.332192809488736; /* of power */

/* A place between two nodes of a table with `count` of them, and how far it is to the second. */
struct between {
    int node;
    double part;
};

static struct between between(double x, int count) {
    if (!(x > 0)) return (struct between){0, 0};
    if (x >= count - 1) return (struct between){count - 2, 1};
    int node = (int)x;
    return (struct between){node, x - node};
}

static double mix(double a, double b, double part) {
    return a + (b - a) * part;
}

static double note_decibels(int row, struct between pitch, struct between bright, int length) {
    double at[2];
    for (int i = 0; i < 2; i++) {
        const float(*of)[LOUDNESS_LENGTHS] = LOUDNESS_NOTE[row][pitch.node + i];
        at[i] = mix((double)of[bright.node][length], (double)of[bright.node + 1][length], bright.part);
    }
    return mix(at[0], at[1], pitch.part);
}

/* The note's timbre in the tables; the original's own timbres count as the first. */
static int row_of(const struct composer_note *n) {
    return LOUDNESS_NODES[n->instrument].timbre + (n->timbre < 0 ? 0 : n->timbre);
}

/* Where the sound is heard. */
struct room {
    double reverb, octaves; /* the reverb's power; brightness */
};

static struct room room_of(const auralis_parameters *p, double arc) {
    return (struct room){effects_reverb_power(p->space),
                         brightness_octaves(p->brightness) + BRIGHTNESS_ARC_OCTAVES * arc};
}

/* What a tone of this pitch gets of the effects' part k: a held tone is answered by itself, its harmonics
 * like tones of their pitch. Most of a note's energy is in its first harmonic, most of the rest in the
 * second. The reverb's answers change within a few cents, over which detuning and vibrato spread a note, but
 * the neighbourhood of a pitch is answered alike: these shares are what agreed best with pieces in large
 * rooms. */
static double answer(double pitch, int k) {
    static const double share[2][2] = {{0.86, 0.11}, {0.8, 0.1}};
    double factor = 1;
    for (int h = 0; h < 2; h++) {
        int semitone = (int)exact_round(pitch) + 12 * h - LOUDNESS_LOWEST;
        bool known = semitone >= 0 && semitone < LOUDNESS_SEMITONES;
        if (known) factor += share[k][h] * ((double)LOUDNESS_SEMITONE[semitone][k] - 1.0);
    }
    return factor;
}

/* What chorus, echo and reverb make of a note's energy. */
static double effects_factor(const struct composer_note *n, const struct room *room) {
    bool direct = instrument_is_direct(n->instrument, n->timbre, n->pitch);
    const float *part = LOUDNESS_EFFECTS[direct ? LOUDNESS_NODES[AURALIS_BASS].timbre : row_of(n)];
    bool even = direct || n->instrument == AURALIS_SWELL;
    return (double)part[0] * (even ? 1.0 : answer(n->pitch, 0)) +
           (double)part[1] * room->reverb * (even ? 1.0 : answer(n->pitch, 1));
}

/* K-weighted energy of the note, both channels together, full scale and a second being 1. */
static double note_energy(const struct composer_note *n, const struct room *room) {
    const struct loudness_nodes *nodes = &LOUDNESS_NODES[n->instrument];
    int row = row_of(n);
    double octaves = room->octaves + (nodes->touched ? touch_octaves(n->velocity) : 0.0);
    struct between pitch = {0, 0}, bright = between(octaves - LOUDNESS_BRIGHT_MIN, LOUDNESS_BRIGHTS);
    if (nodes->apart > 0) pitch = between((n->pitch - nodes->pitch) / nodes->apart, LOUDNESS_PITCHES);
    double energy[LOUDNESS_LENGTHS];
    for (int i = 0; i < LOUDNESS_LENGTHS; i++)
        energy[i] = exact_exp2(note_decibels(row, pitch, bright, i) * OCTAVES_PER_DB);
    double part = (n->seconds - nodes->length[0]) / (nodes->length[1] - nodes->length[0]);
    double most = mix(energy[0], energy[1], part), least = 0.25 * energy[0];
    return n->velocity * n->velocity * (most > least ? most : least) * effects_factor(n, room);
}

void loudness_bar(const struct composer_bar *bar, const auralis_parameters *p,
                  double energy[AURALIS_INSTRUMENTS]) {
    struct room room = room_of(p, bar->brightness);
    for (int i = 0; i < AURALIS_INSTRUMENTS; i++) energy[i] = 0;
    for (uint32_t i = 0; i < bar->count; i++)
        energy[bar->note[i].instrument] += note_energy(&bar->note[i], &room);
}

/* Mean over the bar. */
static double bar_power(const struct composer_bar *bar, const auralis_parameters *p) {
    double energy[AURALIS_INSTRUMENTS], sum = 0;
    loudness_bar(bar, p, energy);
    for (int i = 0; i < AURALIS_INSTRUMENTS; i++) sum += energy[i];
    return sum / bar->seconds;
}

void loudness_begin(struct loudness_scan *scan, uint64_t seed, const auralis_parameters *p,
                    uint64_t stretch) {
    *scan = (struct loudness_scan){.seed = seed, .p = *p, .stretch = stretch};
    scan->p.enable_pads = scan->p.enable_melody = scan->p.enable_kicks = scan->p.enable_swells = 1;
}

/* Stretch `index` of the two; before the first there is none, so the second, which makes up a section with
 * it, stands in. */
static uint64_t stretch_of(const struct loudness_scan *scan, uint32_t index) {
    if (!scan->stretch) return 1 - index;
    return scan->stretch - 1 + index;
}

/* Where the power of a stretch's bars is added up. */
struct sum {
    const auralis_parameters *p;
    double *power, bars;
};

static void add_bar(void *self, uint64_t bar, const struct composer_bar *composed) {
    (void)bar;
    const struct sum *sum = self;
    *sum->power += bar_power(composed, sum->p) / sum->bars;
}

/* Bars scan->added … end − 1, all of one stretch. */
static void add_bars(struct loudness_scan *scan, uint32_t end) {
    uint32_t index = scan->added / LOUDNESS_BARS;
    uint64_t stretch = stretch_of(scan, index), from = stretch * LOUDNESS_BARS + scan->added % LOUDNESS_BARS,
             to = from + end - scan->added;
    struct sum sum = {&scan->p, &scan->power[index], LOUDNESS_BARS - (stretch ? 0 : OPENING_BARS)};
    scan->added = end;
    if (from < OPENING_BARS) from = OPENING_BARS;
    if (from < to) composer_bars(scan->seed, &scan->p, from, (uint32_t)(to - from), add_bar, &sum);
}

bool loudness_step(struct loudness_scan *scan, uint32_t bars) {
    uint32_t left = LOUDNESS_STRETCHES * LOUDNESS_BARS - scan->done;
    scan->done += bars < left ? bars : left;
    while (scan->done - scan->added >= PHRASE_BARS) {
        uint32_t end = (scan->added / LOUDNESS_BARS + 1) * LOUDNESS_BARS;
        add_bars(scan, end <= scan->done ? end : scan->done / PHRASE_BARS * PHRASE_BARS);
    }
    return scan->done == LOUDNESS_STRETCHES * LOUDNESS_BARS;
}

double loudness_gain(const struct loudness_scan *scan) {
    double power = 0.5 * (scan->power[0] + scan->power[1]);
    if (power * GAIN_MAX * GAIN_MAX <= TARGET_POWER) return GAIN_MAX;
    return exact_exp2(0.5 * exact_log2(TARGET_POWER / power));
}

void loudness_next(struct loudness_scan *scan) {
    scan->stretch++;
    scan->power[0] = scan->power[1];
    scan->power[1] = 0;
    scan->done = scan->added = LOUDNESS_BARS;
}

double loudness_trim(uint64_t seed, const auralis_parameters *p, uint64_t stretch) {
    struct loudness_scan scan;
    loudness_begin(&scan, seed, p, stretch);
    loudness_step(&scan, LOUDNESS_STRETCHES * LOUDNESS_BARS);
    return loudness_gain(&scan);
}

/* ---- Written scores ---- */

/* Mean power of the windows that are loud enough to count, as ITU-R BS.1770-4 gates them. */
static double gated(const double *window, size_t count) {
    double least = 0, mean = 0;
    for (int pass = 0; pass < 2; pass++) {
        double sum = 0;
        size_t loud = 0;
        for (size_t i = 0; i < count; i++)
            if (window[i] > least) sum += window[i], loud++;
        mean = loud ? sum / (double)loud : 0;
        least = 0.1 * mean;
    }
    return mean;
}

/* Spreads a note's energy evenly over the windows in which it sounds. */
static void add_note(const auralis_note *n, double rate, const struct room *room, double *window,
                     size_t count) {
    double start = (double)n->onset / rate, seconds = (double)n->duration / rate;
    struct composer_note note = {.seconds = seconds,
                                 .pitch = n->pitch,
                                 .velocity = n->velocity,
                                 .instrument = n->instrument,
                                 .timbre = n->timbre};
    double end = start + (seconds > 0.5 ? seconds : 0.5), power = note_energy(&note, room) / (end - start);
    for (size_t i = (size_t)start; i < count && (double)i < end; i++) {
        double from = (double)i > start ? (double)i : start, to = (double)i + 1 < end ? (double)i + 1 : end;
        window[i] += power * (to - from);
    }
}

int loudness_of_score(auralis_score *score, const auralis_parameters *p, double *gain) {
    const auralis_note *note = auralis_score_notes(score);
    struct room room = room_of(p, 0);
    double rate = auralis_score_rate(score);
    size_t count = (size_t)((double)auralis_score_length(score) / rate) + 1;
    double *window = calloc(count, sizeof *window);
    if (!window) return AURALIS_ENOMEM;
    for (size_t i = 0; i < auralis_score_count(score); i++) add_note(&note[i], rate, &room, window, count);
    double power = gated(window, count);
    free(window);
    *gain = power * SCORE_GAIN_MAX * SCORE_GAIN_MAX <= TARGET_POWER
                ? SCORE_GAIN_MAX
                : exact_exp2(0.5 * exact_log2(TARGET_POWER / power));
    if (*gain < SCORE_GAIN_MIN) *gain = SCORE_GAIN_MIN;
    return AURALIS_OK;
}
