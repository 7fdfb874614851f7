/* voicing.h — where the tones of the chords lie: voice leading. */
#ifndef AURALIS_MUSIC_VOICING_H
#define AURALIS_MUSIC_VOICING_H

#include "music/harmony.h"

enum { VOICES = 4, PAD_LOW = 45, PAD_HIGH = 76, BASS_LOW = 34 };
enum { CENTRE_LOW = -8, CENTRE_HIGH = 14 }; /* semitones that the whole may lie lower or higher */

/* The four voices of chord `k` of the section, ascending, led there from chord `led` − 1, whose voices they
 * are; from the section's first chord where `led` is 0. `centre` shifts the register by so many semitones,
 * and its lower or upper bound (PAD_LOW, PAD_HIGH) with it. */
void voicing_lead(const struct harmony *h, int led, int k, int centre, int voice[VOICES]);

/* The highest and the lowest note that a voice may have. */
int voicing_low(int centre);
int voicing_high(int centre);

/* The chord's root in the bass's octave: 34–45, and with the rest up to three semitones lower or
 * nine higher. */
int voicing_bass(const struct chord_shape *shape, int centre);

#endif
