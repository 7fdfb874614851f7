/* form.h — the slow shape of the piece: arcs of density and brightness over minutes, and each section's
 * character. */
#ifndef AURALIS_MUSIC_FORM_H
#define AURALIS_MUSIC_FORM_H

#include <stdint.h>

/* At `bars` (0–64, fractions allowed) of the section; continuous over bars and sections. */
double form_density(uint64_t seed, uint64_t section, double bars);    /* 0 … 1 */
double form_brightness(uint64_t seed, uint64_t section, double bars); /* −1 … +1 */

struct form_character {
    double melody_shift; /* semitones that the melody's window lies higher */
    double bell_share;   /* of the gestures */
    int pad_shift;       /* semitones that the pads' anchors lie higher */
    double side;         /* +1 or −1: which way round the pads are spread */
};

struct form_character form_character(uint64_t seed, uint64_t section);

#endif
