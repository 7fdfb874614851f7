/* loudness.c — how loud the score will be, and the gain that makes it −16 LUFS.
 *
 * Loudness as ITU-R BS.1770-4 measures it is −0.691 dB + the K-weighted power of both channels. Notes that
 * have nothing to do with each other add in power, so the power of a section is the sum over its notes of
 *
 *     velocity² × energy of such a note at velocity 1 ÷ length of the section
 *
 * A section's gain follows from its own power blended with that of its neighbours (¼, ½, ¼), so that gains
 * change little from one section to the next and a quiet section stays somewhat quieter. */
#include "synth/loudness.h"

#include "base/exact.h"
#include "music/composer.h"

static const double TARGET_POWER = 0.0294510; /* 10^((−16 + 0.691) ÷ 10) */
static const double GAIN_MAX = 8.0;           /* +18 dB: where there is next to nothing to hear */

/* K-weighted power of a sounding note at velocity 1, both channels together. */
static double note_power(int instrument) {
    static const double power[AURALIS_INSTRUMENTS] = {
        [AURALIS_PAD] = 0.02,  [AURALIS_LEAD] = 0.03, [AURALIS_BASS] = 0.02,
        [AURALIS_BELL] = 0.02, [AURALIS_KICK] = 0.03, [AURALIS_SWELL] = 0.01};
    return power[instrument];
}

static double bar_power(const struct composer_bar *bar) {
    double sum = 0;
    for (uint32_t i = 0; i < bar->count; i++) {
        const struct composer_note *n = &bar->note[i];
        sum += n->velocity * n->velocity * n->seconds * note_power(n->instrument);
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
        scan->energy[index] += bar_power(&bar);
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
