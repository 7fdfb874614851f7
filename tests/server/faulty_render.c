/* faulty_render.c — makes rendering fail, or take long: of streams with the seed AURALIS_TEST_FAULT_SEED the
 * slice that holds frame 96,000 gets a sample that is no number, once in a process; every piece of a pre-roll
 * lasts AURALIS_TEST_SLOW_PREROLL milliseconds longer, and every rescue from a lost GPU
 * AURALIS_TEST_SLOW_RESCUE; a stream with the seed AURALIS_TEST_NO_SEED is not opened. Linked with --wrap. */
#include "synth/rescue.h"

#include <auralis/engine.h>
#include <auralis/stream.h>

#include <math.h>
#include <stdlib.h>
#include <time.h>

int __real_auralis_engine_render_pcm(auralis_engine *, auralis_stream *const *, size_t, uint32_t,
                                     float *const *, int16_t *const *);
int __wrap_auralis_engine_render_pcm(auralis_engine *, auralis_stream *const *, size_t, uint32_t,
                                     float *const *, int16_t *const *);

int __wrap_auralis_engine_render_pcm(auralis_engine *engine, auralis_stream *const *streams, size_t count,
                                     uint32_t blocks, float *const *out, int16_t *const *pcm) {
    static _Atomic int done;
    const char *seed = getenv("AURALIS_TEST_FAULT_SEED");
    int result = __real_auralis_engine_render_pcm(engine, streams, count, blocks, out, pcm);
    for (size_t i = 0; seed && out && i < count; i++) {
        auralis_stream_status status;
        auralis_stream_get_status(streams[i], &status);
        if (status.seed != strtoull(seed, NULL, 10) || status.frame < 96000 || done) continue;
        done = 1;
        out[i][0] = NAN;
    }
    return result;
}

int __real_auralis_stream_open(auralis_engine *, const auralis_stream_config *, auralis_stream **);
int __wrap_auralis_stream_open(auralis_engine *, const auralis_stream_config *, auralis_stream **);

int __wrap_auralis_stream_open(auralis_engine *engine, const auralis_stream_config *config,
                               auralis_stream **out) {
    const char *seed = getenv("AURALIS_TEST_NO_SEED");
    if (seed && config->seed == strtoull(seed, NULL, 10)) return AURALIS_ENOMEM;
    return __real_auralis_stream_open(engine, config, out);
}

static void take_time(const char *variable) {
    const char *ms = getenv(variable);
    if (ms) nanosleep(&(struct timespec){.tv_nsec = strtol(ms, NULL, 10) * 1000000}, NULL);
}

uint64_t __real_auralis_stream_preroll(auralis_stream *, uint64_t);
uint64_t __wrap_auralis_stream_preroll(auralis_stream *, uint64_t);

uint64_t __wrap_auralis_stream_preroll(auralis_stream *stream, uint64_t blocks) {
    take_time("AURALIS_TEST_SLOW_PREROLL");
    return __real_auralis_stream_preroll(stream, blocks);
}

int __real_rescue(struct auralis_stream *);
int __wrap_rescue(struct auralis_stream *);

int __wrap_rescue(struct auralis_stream *stream) {
    take_time("AURALIS_TEST_SLOW_RESCUE");
    return __real_rescue(stream);
}
