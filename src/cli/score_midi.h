/* score_midi.h — `--midi FILE`: the score of what is rendered, beside the audio. */
#ifndef AURALIS_CLI_SCORE_MIDI_H
#define AURALIS_CLI_SCORE_MIDI_H

#include "stream/output_file.h"

#include <auralis/score.h>

/* What a stream plays between frames `start` and `start` + `frames`, counted from `start`: notes that already
 * sound there begin with it, and those that sound on are cut. The caller frees *out. A negative result as of
 * auralis_score_compose. */
int score_midi_compose(uint64_t seed, const auralis_parameters *parameters, uint32_t rate, uint64_t start,
                       uint64_t frames, auralis_score **out);

/* Opens `path` and writes the score; the file appears with output_file_commit. The exit status; messages are
 * printed. */
int score_midi_write(const char *command, const char *path, auralis_score *score, double bpm,
                     struct output_file *file);

#endif
