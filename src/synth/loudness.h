/* loudness.h — the feed-forward trim that brings every piece to −16 LUFS.
 *
 * A function of seed, parameters and stretch only, never of past audio: a stream that was started in the
 * middle has the gain of one that came there by playing. The switches (enable_…) and the level are not looked
 * at: what a listener takes away or turns down leaves the rest as loud as it was.
 *
 * Once a stretch, or after a change of parameters, a stream needs a new gain. Composing the bars that it
 * depends on takes some tenths of a millisecond, so there is a form that does it bit by bit:
 *
 *     loudness_begin(&scan, seed, &p, stretch);
 *     while (!loudness_step(&scan, 1)) …;     one bar a call; they are composed by the phrase
 *     gain = loudness_gain(&scan);
 *     loudness_next(&scan);                   the stretch after: half the work
 *
 * A written score has one gain, from its own notes. Its loudness is measured as that of sound is: in windows
 * of a second, of which those that are more than 10 dB below the mean do not count, so that pauses do not
 * raise the rest. It is never raised by more than 6 dB over what scores had without it.
 *
 * Any thread; only loudness_of_score allocates. */
#ifndef AURALIS_SYNTH_LOUDNESS_H
#define AURALIS_SYNTH_LOUDNESS_H

#include "music/composer.h"

#include <stdbool.h>

/* A stretch is 32 bars: half a section, one and a half to three minutes. */
enum { LOUDNESS_BARS = 32 };
enum { LOUDNESS_STRETCHES = 2 }; /* the one before (for the first, the one after) and the stretch itself */

struct loudness_scan {
    uint64_t seed;
    auralis_parameters p;
    uint64_t stretch; /* counted from the start of the piece */
    uint32_t done;    /* bars, of LOUDNESS_STRETCHES × LOUDNESS_BARS, … */
    uint32_t added;   /* … whose power is known of so many: of whole phrases */
    double power[LOUDNESS_STRETCHES];
};

void loudness_begin(struct loudness_scan *scan, uint64_t seed, const auralis_parameters *p, uint64_t stretch);

/* Goes up to `bars` bars on; true once the gain is known (and at once, ever after). */
bool loudness_step(struct loudness_scan *scan, uint32_t bars);

/* Linear gain where the stretch begins, to be ramped to; only after loudness_step has returned true. */
double loudness_gain(const struct loudness_scan *scan);

/* Goes on to the next stretch, keeping what is known. Only after loudness_step has returned true. */
void loudness_next(struct loudness_scan *scan);

/* All at once: the same gain, bit for bit. */
double loudness_trim(uint64_t seed, const auralis_parameters *p, uint64_t stretch);

/* What the notes of a bar contribute, by instrument: K-weighted energy of both channels, full scale for a
 * second being 1. */
void loudness_bar(const struct composer_bar *bar, const auralis_parameters *p,
                  double energy[AURALIS_INSTRUMENTS]);

/* The gain of a written score at this brightness and space, 1/32 to 1. AURALIS_OK or AURALIS_ENOMEM. */
int loudness_of_score(auralis_score *score, const auralis_parameters *p, double *gain);

#endif
