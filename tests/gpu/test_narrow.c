/* Live streams whose listeners want 16 bits: those that a GPU makes are those that are made of the
 * processor's floats. test_narrow DEVICE [lost]: the GPU is lost on the way, and nothing of it is heard. */
#include "check.h"
#include "base/monotonic.h"
#include "stream/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STREAMS = 4, CHUNKS = 150, FRAMES = 441 };

struct side {
    struct live *live;
    struct live_stream *stream[STREAMS];
};

/* The last of them begins inside a block; the first is one of floats. */
static void begin(struct side *s, const char *device) {
    struct live_config config = {.device = device, .threads = 1, .max_streams = STREAMS};
    CHECK(live_create(&config, &s->live) == 0);
    for (int i = 0; i < STREAMS; i++) {
        struct live_spec spec = {
            .stream = {.seed = (uint64_t)i, .start = i == STREAMS - 1 ? 48001 : 0, .sample_rate = 44100},
            .narrow = i > 0};
        CHECK(live_open(s->live, &spec, &s->stream[i]) == 0);
    }
}

static void take(struct live_stream *s, bool narrow, void *to) {
    int64_t until = monotonic_now() + 60 * MONOTONIC_SECOND;
    while (live_filled(s) < FRAMES) {
        CHECK(monotonic_now() < until && !live_failed(s));
        live_want(s);
        usleep(500);
    }
    CHECK(narrow ? live_copy16(s, to, FRAMES) : live_copy(s, to, FRAMES));
    live_skip(s, FRAMES);
}

int main(int argc, char **argv) {
    struct side cpu, gpu;
    struct live_counters count;
    CHECK(argc > 1);
    begin(&cpu, "cpu");
    begin(&gpu, argv[1]);
    bool heard = false;
    for (int chunk = 0; chunk < CHUNKS; chunk++)
        for (int i = 0; i < STREAMS; i++) {
            float right[2 * FRAMES] = {0}, is[2 * FRAMES] = {0};
            take(cpu.stream[i], i > 0, right);
            take(gpu.stream[i], i > 0, is);
            CHECK(!memcmp(right, is, sizeof right));
            heard |= right[FRAMES / 4] != 0;
        }
    CHECK(heard);
    live_count(gpu.live, &count);
    CHECK(count.faults == (argc > 2) && count.restarted == 0);
    CHECK(argc > 2 ? count.rescued > 0 : count.rescued == 0); /* those that had begun by then */
    for (int i = 0; i < STREAMS; i++) live_close(cpu.stream[i]), live_close(gpu.stream[i]);
    live_destroy(cpu.live);
    live_destroy(gpu.live);
    return 0;
}
