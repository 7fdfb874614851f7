/* progress.h — how far a long piece of work is: a bar on a terminal, nothing in a pipe. */
#ifndef AURALIS_CLI_PROGRESS_H
#define AURALIS_CLI_PROGRESS_H

#include <stdbool.h>

struct progress {
    double total;   /* seconds of audio */
    double started; /* clock, seconds */
    double drawn;   /* when the bar was last drawn */
    bool terminal;  /* stderr is one */
    bool visible;   /* a bar stands there now */
};

/* `total` seconds of audio; `quiet` for no bar at all. */
void progress_begin(struct progress *progress, double total, bool quiet);

/* `done` seconds of audio are rendered. Draws at most ten times a second, and nothing if all will take less
 * than one. */
void progress_update(struct progress *progress, double done);

/* Removes the bar; returns the seconds since progress_begin. */
double progress_end(struct progress *progress);

#endif
