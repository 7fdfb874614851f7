/* check.h — proves on this machine what the house promises: every kernel of every instruction set gives the
 * bits of scalar C, whatever the denormal flags, and stays close to the float64 reference. Prints a line a
 * kernel with the time it takes. */
#ifndef AURALIS_MEASURE_CHECK_H
#define AURALIS_MEASURE_CHECK_H

#include "kernels/kernels.h"

#include <auralis/error.h>

#include <stdbool.h>
#include <stdio.h>

/* Each prints to `out` and returns how many kernels failed. `bits`: compares bits only, without the reference
 * and the time, which take long on an emulated machine. */
int check_voices(FILE *out, bool bits);
int check_mix(FILE *out, bool bits);
int check_effects(FILE *out, bool bits);

/* A minute of each against the reference, by the fastest kernels: some 30 seconds on one core. */
int check_voices_long(FILE *out);
int check_effects_long(FILE *out);

/* The voice programs, and what plays them. */
struct check_program {
    const char *name;
    int instrument[4];
    int count;
};
extern const struct check_program CHECK_PROGRAMS[VOICE_PROGRAMS];

/* Whole streams on the named device (device/device.h) against the processor. 0: every sample agrees, 1: not;
 * negative: the device cannot be used, and `why` says why. */
int check_device(FILE *out, const char *device, auralis_message *why);

/* The beginning of a line. */
void check_print(FILE *out, const char *kernel, const char *isa, bool same);

/* Calls `run` with the processor's flush-to-zero and denormals-are-zero flags set or cleared, and puts them
 * back. */
void check_with_flags(int set, void (*run)(void *), void *self);

/* Tables of kernels of this machine, scalar first; returns how many. */
int check_tables(const struct kernels *tables[8]);

/* CPU seconds of this thread. */
double check_seconds(void);

#endif
