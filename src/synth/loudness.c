/* loudness.c — how loud the score will be, and the gain that makes it −16 LUFS.
 *
 * Loudness as ITU-R BS.1770-4 measures it is −0.691 dB + the K-weighted power of both channels. Notes that
 * have nothing to do with each other add in power, so the power of a section is the sum over its notes of
 *
 *     velocity² × energy of such a note at velocity 1 ÷ length of the section
 *
 * The energies were measured through the whole engine (loudness_table.h): by timbre, pitch, brightness and
 * length, between which they are interpolated; and how much of them the reverb adds, by its power.
 *
 * A section's gain follows from its own power blended with that of its neighbours (¼, ½, ¼), so that gains
 * change little from one section to the next and a quiet section stays somewhat quieter. */
#include "synth/loudness.h"

#include "base/exact.h"
#include "music/composer.h"
#include "synth/brightness.h"
#include "synth/effects.h"
#include "synth/loudness_table.h"

/* −16 LUFS as power, 10^((−16 + 0.691) ÷ 10), times 0.8 dB: pieces measure that much below the sum of their
 * notes. */
static const double TARGET_POWER = 0.0294510 * 1.2023;
static const double GAIN_MAX = 8.0;                     /* +18 dB: where there is next to nothing to hear */
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

/* What the reverb of this power adds to notes that were measured in the smallest room. */
static double room_factor(int row, double reverb, double smallest) {
    double wet = (double)LOUDNESS_WET[row];
    return (1.0 + wet * reverb) / (1.0 + wet * smallest);
}

/* K-weighted energy of the note, both channels together, full scale and a second being 1. */
static double note_energy(const struct composer_note *n, double octaves) {
    const struct loudness_nodes *nodes = &LOUDNESS_NODES[n->instrument];
    int row = nodes->timbre + n->timbre;
    struct between pitch = {0, 0},
                   bright =
                       between(octaves + touch_octaves(n->velocity) - LOUDNESS_BRIGHT_MIN, LOUDNESS_BRIGHTS);
    if (nodes->apart > 0) pitch = between((n->pitch - nodes->pitch) / nodes->apart, LOUDNESS_PITCHES);
    double energy[LOUDNESS_LENGTHS];
    for (int i = 0; i < LOUDNESS_LENGTHS; i++)
        energy[i] = exact_exp2(note_decibels(row, pitch, bright, i) * OCTAVES_PER_DB);
    double part = (n->seconds - nodes->length[0]) / (nodes->length[1] - nodes->length[0]);
    double most = mix(energy[0], energy[1], part), least = 0.25 * energy[0];
    return n->velocity * n->velocity * (most > least ? most : least);
}

static double bar_power(const struct composer_bar *bar, const auralis_parameters *p) {
    double octaves = brightness_octaves(p->brightness) + BRIGHTNESS_ARC_OCTAVES * bar->brightness, sum = 0;
    double reverb = effects_reverb_power(p->space), smallest = effects_reverb_power(0);
    for (uint32_t i = 0; i < bar->count; i++) {
        const struct composer_note *n = &bar->note[i];
        int row = LOUDNESS_NODES[n->instrument].timbre + n->timbre;
        sum += note_energy(n, octaves) * room_factor(row, reverb, smallest);
    }
    return sum / (SECTION_BARS * bar->seconds);
}

void loudness_begin(struct loudness_scan *scan, uint64_t seed, const auralis_parameters *p,
                    uint64_t section) {
    *scan = (struct loudness_scan){.seed = seed, .p = *p, .section = section};
    scan->p.enable_pads = scan->p.enable_melody = scan->p.enable_kicks = scan->p.enable_swells = 1;
}

/* Section `index` of the three; before the first there is none, so it stands in for itself. */
static uint64_t section_of(const struct loudness_scan *scan, uint32_t index) {
    uint64_t section = scan->section + index;
    return section ? section - 1 : 0;
}

bool loudness_step(struct loudness_scan *scan, uint32_t bars) {
    for (; bars > 0 && scan->done < LOUDNESS_SECTIONS * SECTION_BARS; bars--, scan->done++) {
        struct composer_bar bar;
        uint32_t index = scan->done / SECTION_BARS;
        composer_bar(scan->seed, &scan->p, section_of(scan, index), scan->done % SECTION_BARS, &bar);
        scan->energy[index] += bar_power(&bar, &scan->p);
    }
    return scan->done == LOUDNESS_SECTIONS * SECTION_BARS;
}

double loudness_gain(const struct loudness_scan *scan) {
    double power = 0.25 * scan->energy[0] + 0.5 * scan->energy[1] + 0.25 * scan->energy[2];
    if (power * GAIN_MAX * GAIN_MAX <= TARGET_POWER) return GAIN_MAX;
    return exact_exp2(0.5 * exact_log2(TARGET_POWER / power));
}

void loudness_next(struct loudness_scan *scan) {
    scan->section++;
    scan->energy[0] = scan->energy[1];
    scan->energy[1] = scan->energy[2];
    scan->energy[2] = 0;
    scan->done = 2 * SECTION_BARS;
}

double loudness_trim(uint64_t seed, const auralis_parameters *p, uint64_t section) {
    struct loudness_scan scan;
    loudness_begin(&scan, seed, p, section);
    loudness_step(&scan, LOUDNESS_SECTIONS * SECTION_BARS);
    return loudness_gain(&scan);
}
