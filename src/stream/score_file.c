/* score_file.c — a score from a file, whatever its kind (see score_file.h).
 *
 * A MIDI file begins with MThd, or with RIFF where a program wrapped it (RMID); everything else is taken for
 * JSON and has to answer for it. Names and suffixes say nothing. */
#include "stream/score_file.h"
#include "stream/score_json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE_MAX_MB = 64 };

static int explain(auralis_message *why, int result, const char *text) {
    snprintf(why->place, sizeof why->place, "file");
    snprintf(why->text, sizeof why->text, "%s", text);
    return result;
}

/* Reads to the end of the file into a new buffer. */
static int read_open(FILE *file, char **bytes, size_t *size, auralis_message *why) {
    size_t limit = (size_t)SIZE_MAX_MB << 20, capacity = 1 << 16;
    *bytes = NULL;
    *size = 0;
    for (;; capacity *= 2) {
        char *grown = realloc(*bytes, capacity);
        if (!grown) return explain(why, AURALIS_ENOMEM, "out of memory");
        *bytes = grown;
        *size += fread(*bytes + *size, 1, capacity - *size, file);
        if (ferror(file)) return explain(why, AURALIS_ENOENT, strerror(errno));
        if (*size > limit) return explain(why, AURALIS_ELIMIT, "is larger than 64 MB");
        if (*size < capacity) return AURALIS_OK;
    }
}

static bool is_midi(const char *bytes, size_t size) {
    return size >= 4 && (!memcmp(bytes, "MThd", 4) || !memcmp(bytes, "RIFF", 4));
}

int score_file_read(const char *path, uint32_t rate, auralis_score **out, auralis_message *why) {
    char *bytes;
    size_t size;
    FILE *file = fopen(path, "rbe");
    if (!file) return explain(why, AURALIS_ENOENT, strerror(errno));
    int result = read_open(file, &bytes, &size, why);
    fclose(file);
    if (result == AURALIS_OK && size == 0) result = explain(why, AURALIS_EFORMAT, "is empty");
    if (result == AURALIS_OK)
        result = is_midi(bytes, size) ? auralis_score_read_midi(bytes, size, rate, out, why)
                                      : score_json_read(bytes, size, rate, out, why);
    free(bytes);
    return result;
}
