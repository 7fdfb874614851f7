/* analyze.h — what the parts of `auralis analyze` share. */
#ifndef AURALIS_CLI_ANALYZE_H
#define AURALIS_CLI_ANALYZE_H

#include "cli/music.h"

#include <stdbool.h>
#include <stdint.h>

enum { ANALYZE_FILES_MAX = 1024 };

struct analyze_request {
    struct music music;
    const char *file[ANALYZE_FILES_MAX];
    int count;
    bool json, score;
    double tolerance;       /* dBFS; −INFINITY: every difference counts */
    const char *png, *html; /* NULL: none */
    const char *duration_text;
    uint64_t duration; /* nanoseconds */
};

/* Each returns the exit status; what is wrong has been printed. */
int analyze_sound(const struct analyze_request *r);   /* each file on its own */
int analyze_compare(const struct analyze_request *r); /* the first against the second */
int analyze_score(const struct analyze_request *r);

#endif
