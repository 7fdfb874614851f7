/* output_file.h — a file that appears under its name only when it is whole.
 *
 * Bytes go to a temporary file in the same folder; committing renames it over the name, so that a reader
 * never sees half a file and what stood there before survives a failure. Pipes and devices are written
 * directly. */
#ifndef AURALIS_STREAM_OUTPUT_FILE_H
#define AURALIS_STREAM_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct output_file {
    int fd;
    bool direct;     /* a pipe or a device: no temporary file, no seeking */
    char *path;      /* where it will stand (symbolic links followed); NULL for standard output */
    char *temporary; /* NULL when direct */
};

/* Opens; "-" is standard output. 0 or an errno value. */
int output_file_open(struct output_file *file, const char *path);

/* Writes all of it; 0 or an errno value. */
int output_file_write(struct output_file *file, const void *bytes, size_t size);

/* Closes and renames; 0 or an errno value, and then nothing is left behind. */
int output_file_commit(struct output_file *file);

/* Closes and removes. */
void output_file_discard(struct output_file *file);

#endif
