/* gm.h — General MIDI's programs and drum keys, and which of our instruments stands in for each.
 *
 * One table for the reader (any of 128 programs to the nearest timbre) and the writer (each timbre to one
 * program that the reader maps back to it). */
#ifndef AURALIS_MUSIC_GM_H
#define AURALIS_MUSIC_GM_H

#include <stdint.h>

struct gm_voice {
    int8_t instrument; /* enum auralis_instrument, or −1: left out */
    int8_t timbre;
    uint8_t percent; /* how much of the velocity is kept */
    uint8_t tenths;  /* the least length in tenths of a second: the note-offs of drums say nothing */
};

enum { GM_PROGRAMS = 128, GM_DRUMS_FIRST = 27, GM_DRUMS_LAST = 87, GM_DRUM_CHANNEL = 9 };

/* program 0–127. */
struct gm_voice gm_program(int program);

/* key 0–127 on channel 10. */
struct gm_voice gm_drum(int key);

/* The program or, for the kick, the drum key that is read back as this instrument and timbre (a negative
 * timbre counts as the first). */
int gm_program_of(int instrument, int timbre);

#endif
