/* music.h — what to play: the options that render and play share. */
#ifndef AURALIS_CLI_MUSIC_H
#define AURALIS_CLI_MUSIC_H

#include "cli/options.h"

#include <auralis/presets.h>
#include <auralis/score.h>

enum { MUSIC_SEED = 1000, MUSIC_PRESET, MUSIC_START, MUSIC_ISA };

/* clang-format off */
#define MUSIC_OPTIONS                                                                                              \
    {0, 0, NULL, NULL, "The piece"},                                                                               \
    {MUSIC_SEED, 0, "seed", "N", "Which piece, 0 to 18446744073709551615."},                                       \
    {MUSIC_PRESET, 'p', "preset", "NAME", "A mood to start from (see auralis presets); options of the music change it."}, \
    {MUSIC_START, 0, "start", "TIME", "Begin this far into the piece: 90, 30s, 10m, 6h, 1h30m, 1:30. Default 0."},  \
    {MUSIC_ISA, 0, "isa", "NAME", "Kernels: scalar, sse2, avx2 or avx512; the samples are the same. Default $AURALIS_ISA, else the best of this machine."}
/* clang-format on */

/* Zero-initialise. */
struct music {
    uint64_t seed;
    bool seeded;
    const auralis_preset *preset;
    uint64_t start; /* nanoseconds */
    const char *isa;
    auralis_parameters typed;    /* what was typed, … */
    auralis_parameter_set which; /* … for these parameters */
};

/* Takes an option that options_next returned: 1 taken, 0 not one of these, −1 refused (message printed). */
int music_option(struct music *music, const struct options *options, int id);

/* The preset (or the defaults) with what was typed over it. Prints warnings about rare combinations on
 * stderr. */
auralis_parameters music_parameters(const struct music *music, const char *command, bool quiet);

/* A seed nobody has chosen, short enough to be typed again. */
uint64_t music_any_seed(void);

/* The value of a --rate: 44100, 48000 or 96000. The exit status; the message is printed. */
int music_rate(const struct options *options, uint32_t *rate);

/* Reads a score for --score. The exit status; the message is printed. */
int music_score(const char *command, const char *path, uint32_t rate, auralis_score **out);

/* Says why an engine could not be made with music->isa; the exit status. */
int music_refuse_engine(const struct music *music, const char *command, int result);

#endif
