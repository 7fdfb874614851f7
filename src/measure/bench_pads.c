/* bench_pads.c — pad voices on any device: how many play in real time, stateful, mixed to their streams'
 * stereo samples in the host's memory (16 bits), in wall time.
 *
 * Written pieces of twelve long pads each, without effects, are rendered together by engines, as they
 * render anything: so this counts what the host does for a GPU, copies included. More and more of them,
 * since a GPU is quick only where much is to be done, until more of them make it no quicker or the time is
 * up. */
#include "base/monotonic.h"
#include "measure/bench.h"
#include "measure/bench_crowd.h"

#include <auralis/auralis.h>

enum { RATE = CROWD_RATE, PADS = 12, FEWEST = 16, MOST = 65536, TIMES = 4, LEAST_CHUNKS = 3 };

static double seconds_now(void) {
    return (double)monotonic_now() * 1e-9;
}

static int write_score(auralis_score **out) {
    int result = auralis_score_create(RATE, out);
    for (int i = 0; i < PADS && result == AURALIS_OK; i++)
        result = auralis_score_add(*out,
                                   &(auralis_note){.duration = 90 * RATE,
                                                   .pitch = 45 + 2.5 * i,
                                                   .velocity = 0.5,
                                                   .pan = (i - PADS / 2) / (double)PADS,
                                                   .instrument = AURALIS_PAD},
                                   NULL);
    return result;
}

/* Seconds of the quickest chunk of 20 ms for `count` streams, within about `limit` seconds. */
static int time_chunk(struct crowd *crowd, double limit, double *best) {
    double begin = seconds_now();
    int result = AURALIS_OK;
    for (int n = 0; result == AURALIS_OK && (n < LEAST_CHUNKS || seconds_now() - begin < limit); n++) {
        double chunk;
        result = crowd_render(crowd, &chunk);
        if (n && chunk < *best) *best = chunk; /* the first one starts the notes */
    }
    return result;
}

static int play(const char *device, int threads, auralis_score *score, int count, double limit,
                double *best) {
    struct crowd *crowd;
    int result = crowd_open(device, count, threads, score, &crowd);
    if (result < 0) return result;
    result = time_chunk(crowd, limit, best);
    crowd_close(crowd);
    return result;
}

int bench_pads(const char *device, int threads, double seconds, double *voices) {
    auralis_score *score = NULL;
    int result = write_score(&score);
    double begin = seconds_now(), before = 0;
    *voices = 0;
    for (int count = FEWEST; count <= MOST && result == AURALIS_OK; count *= TIMES) {
        double best = 1e30;
        result = play(device, threads, score, count, seconds / 8, &best);
        double now = PADS * count * (CROWD_CHUNK * AURALIS_BLOCK / (double)CROWD_RATE) / best;
        if (result == AURALIS_OK && now > *voices) *voices = now;
        if (now < before * 1.1 || (seconds_now() - begin) * TIMES > seconds) break;
        before = now;
    }
    auralis_score_free(score);
    return result;
}
