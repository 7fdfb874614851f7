/* offline.h — rendering a stream as fast as the machine can, into whatever takes the samples. */
#ifndef AURALIS_STREAM_OFFLINE_H
#define AURALIS_STREAM_OFFLINE_H

#include <auralis/stream.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct offline_job {
    auralis_stream *stream;
    struct crew *crew;   /* the stream's, where several threads render its score; NULL: one does */
    struct known *known; /* likewise, where it plays a score whose notes go side by side; both NULL: live */
    uint64_t frames;
    int threads; /* 1: render and write in turns; more: the next piece is rendered while this one is written
                  */

    /* Takes the samples, in order; a result below 0 ends the job. */
    int (*write)(void *self, const float *audio, size_t frames);
    /* Told after every write, with the highest magnitude so far; false ends the job. */
    bool (*progress)(void *self, uint64_t frames, float peak);
    void *self; /* of both; they run on the calling thread */
};

enum { OFFLINE_STOPPED = 1 };

/* Renders `frames` frames. 0, OFFLINE_STOPPED when `progress` said so, the result of the stream or of `write`
 * below 0, or AURALIS_ENOMEM. The samples are the same for any number of threads. */
int offline_render(const struct offline_job *job);

#endif
