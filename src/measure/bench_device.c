/* bench_device.c — streams on a GPU: how many play in real time, in wall time and with everything that the
 * host does for them. */
#include "base/monotonic.h"
#include "measure/bench.h"

#include <auralis/auralis.h>

#include <stdlib.h>

enum { RATE = 48000, CHUNK = 15, WARM = 4, MOST = 400 };

/* The seconds of each chunk of 20 ms for `count` streams together; false if the device fails. */
static bool play(struct bench *b, const char *device, int count) {
    static double times[MOST];
    auralis_engine *e;
    auralis_stream **stream = calloc((size_t)count, sizeof *stream);
    float **out = calloc((size_t)count, sizeof *out),
          *audio = calloc((size_t)count, CHUNK * 128 * sizeof *audio);
    if (!stream || !out || !audio) abort();
    int result =
        auralis_engine_create(&(auralis_engine_config){.device = device, .max_streams = (uint32_t)count}, &e);
    for (int i = 0; i < count && result == AURALIS_OK; i++) {
        auralis_stream_config config = {.seed = (uint64_t)i,
                                        .parameters = &auralis_preset_at(i % 4)->parameters};
        result = auralis_stream_open(e, &config, &stream[i]);
        out[i] = audio + (size_t)i * CHUNK * 128;
    }
    int n = 0;
    double begin = (double)monotonic_now() * 1e-9, voices = 0;
    for (; n < MOST && result == AURALIS_OK &&
           (n < 2 * WARM || (double)monotonic_now() * 1e-9 - begin < b->seconds);
         n++) {
        double chunk = (double)monotonic_now() * 1e-9;
        result = auralis_engine_render(e, stream, (size_t)count, CHUNK, out);
        times[n] = ((double)monotonic_now() * 1e-9 - chunk) * 1e3;
    }
    for (int i = 0; i < count && result == AURALIS_OK; i++) {
        auralis_stream_status status;
        auralis_stream_get_status(stream[i], &status);
        voices += status.voices;
    }
    if (result == AURALIS_OK) {
        char name[64];
        double sum = 0;
        for (int i = WARM; i < n; i++) sum += times[i];
        double share = sum / (n - WARM) / (1e3 * CHUNK * AURALIS_BLOCK / RATE);
        snprintf(name, sizeof name, "%s: streams, %d together", device, count);
        bench_add(b, name, "streams", false, count / share);
        snprintf(name, sizeof name, "%s: voices, %d streams", device, count);
        bench_add(b, name, "voices", false, voices / share);
        snprintf(name, sizeof name, "%s: chunk of 20 ms, %d streams", device, count);
        bench_add_times(b, name, "ms", times + WARM, n - WARM);
    }
    auralis_engine_destroy(e);
    free(stream);
    free(out);
    free(audio);
    return result == AURALIS_OK;
}

/* More and more streams, until they are more than play in real time. */
void bench_device(struct bench *b, const char *device) {
    static const int counts[] = {1, 16, 256, 1024, 4096, 16384};
    const double slice = 1e3 * CHUNK * AURALIS_BLOCK / RATE;
    for (int i = 0; i < 6; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s, %d streams", device, counts[i]);
        if (!bench_wants(b, name)) continue;
        if (!play(b, device, counts[i])) {
            b->failures++;
            break;
        }
        if (b->cases[b->count - 1].value > slice) break;
    }
}
