/* instrument.h — turns a note into a voice: which program plays it and the words it starts with.
 *
 * Instruments and their timbres are tables of settings over the voice programs. The host does this once a
 * note, in double, with + − × ÷ and our own polynomials (base/exact.h), so that every system gets the same
 * words. */
#ifndef AURALIS_SYNTH_INSTRUMENT_H
#define AURALIS_SYNTH_INSTRUMENT_H

#include "kernels/kernels.h"
#include <auralis/score.h>

#include <stdbool.h>

struct voice_start {
    enum voice_program program;
    uint32_t word[VOICE_WORDS_MAX]; /* ready for the bank; VOICE_RUN 0, VOICE_AGE −offset */
    int32_t life;                   /* age at which it is silent for good if not killed */
    double gain, pan;               /* what the gains in `word` are made of */
    int32_t channel;                /* of the note */
};

/* Words of each program (for sizing banks). */
uint32_t instrument_program_words(enum voice_program program);

/* The word of a program's pitch bend, behind which lies its state; −1 where pitch means nothing. */
int instrument_bend_word(enum voice_program program);

/* The program that plays an instrument's timbre. */
enum voice_program instrument_program(int instrument, int timbre);

/* Fills `out` for a note whose onset lies `offset` frames (0–63) after the start of the block. `bright` is
 * the stream's present octave offset. `attack_max` (frames, 0: no limit) shortens the attack, for chords
 * restarted by a key change. The note's onset, duration, pitch, velocity, pan, instrument and timbre (a
 * negative timbre is the seed's) are used. */
void instrument_start(const auralis_note *note, uint32_t sample_rate, uint32_t offset, float bright,
                      uint32_t attack_max, struct voice_start *out);

/* The gains of both channels, equal power; `pan` is −1 left … +1 right. */
void instrument_place(double gain, double pan, float out[2]);

/* Whether it stays out of chorus and delay, and nearly out of the reverb: what is low has to stand firmly, in
 * mono as well. */
bool instrument_is_direct(int instrument, int timbre, double pitch);

/* Frames after the note's onset at which it is silent for good. */
uint64_t instrument_life(const auralis_note *note, uint32_t sample_rate);

#endif
