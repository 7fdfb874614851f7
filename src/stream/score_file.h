/* score_file.h — a score from a file, whatever its kind: JSON or a Standard MIDI File. */
#ifndef AURALIS_STREAM_SCORE_FILE_H
#define AURALIS_STREAM_SCORE_FILE_H

#include <auralis/score.h>

#include <stdint.h>

/* Reads the file at `path` into a score at `rate`, which the caller frees. Its content says which kind it is.
 * What is wrong with it: as score_json_read and auralis_score_read_midi. A file that cannot be read:
 * AURALIS_ENOENT, `why->text` saying why and `why->place` "file". */
int score_file_read(const char *path, uint32_t rate, auralis_score **out, auralis_message *why);

#endif
