/* bench_open.c — what it costs those who play that somebody comes.
 *
 * A stream at its beginning must know how loud its next minutes are before its first sample; one in the
 * middle must also be rolled forward until its reverb is what it would be. The same is done again whenever a
 * listener seeks, or turns something that is to be heard at once. Streams come one after the other into an
 * engine that fills, as on a server. */
#include "measure/bench.h"
#include "measure/check.h"

#include <auralis/auralis.h>

#include <stdlib.h>

enum { RATE = 48000, STREAMS = 256, SOON = 75, LATE_STREAMS = 32 };
static const uint64_t LATE = UINT64_C(10) * 3600 * RATE;

/* µs for a stream, rolled forward. */
static double open_one(auralis_engine *e, int i, uint64_t start, auralis_stream **out) {
    auralis_stream_config c = {
        .seed = (uint64_t)i, .parameters = &auralis_preset_at(i % 4)->parameters, .start = start};
    double begin = check_seconds();
    if (auralis_stream_open(e, &c, out) < 0) abort();
    if (start) auralis_stream_preroll(*out, UINT64_MAX);
    return (check_seconds() - begin) * 1e6;
}

/* µs for the next 100 ms. */
static double play(auralis_engine *e, auralis_stream *s, float *out) {
    double begin = check_seconds();
    auralis_engine_render(e, &s, 1, SOON, &out);
    return (check_seconds() - begin) * 1e6;
}

void bench_open(struct bench *b) {
    static float audio[SOON * AURALIS_BLOCK * AURALIS_CHANNELS];
    double times[STREAMS];
    auralis_stream *stream[STREAMS];
    auralis_engine *e;
    if (!bench_wants(b, "open")) return;
    if (auralis_engine_create(NULL, &e) < 0) abort();
    for (int i = 0; i < STREAMS; i++) times[i] = open_one(e, i, 0, &stream[i]);
    bench_add_times(b, "open: at the beginning", "µs", times, STREAMS);
    for (int i = 0; i < STREAMS; i++) times[i] = play(e, stream[i], audio);
    bench_add_times(b, "open: its first 100 ms", "µs", times, STREAMS);
    for (int i = 0; i < LATE_STREAMS; i++) auralis_stream_close(stream[i]);
    for (int i = 0; i < LATE_STREAMS; i++) times[i] = open_one(e, i, LATE, &stream[i]);
    bench_add_times(b, "open: ten hours in", "µs", times, LATE_STREAMS);
    auralis_engine_destroy(e);
}
