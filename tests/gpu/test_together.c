/* On a GPU a live worker renders all streams that are due in one call; on the processor a shard at a time. */
#include "check.h"
#include "base/monotonic.h"
#include "stream/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STREAMS = 160, SHARD = 16 };

static void wait_filled(struct live_stream *const *stream, uint64_t frames) {
    int64_t until = monotonic_now() + 60 * MONOTONIC_SECOND;
    for (int i = 0; i < STREAMS; i++)
        while (live_filled(stream[i]) < frames) {
            CHECK(monotonic_now() < until);
            usleep(1000);
        }
}

static uint64_t batches(const struct live *live) {
    struct live_counters count;
    live_count(live, &count);
    return count.batches;
}

/* Calls that it took until all streams had again what was taken from all of them at once. */
static uint64_t calls(const char *device) {
    struct live *live;
    struct live_stream *stream[STREAMS];
    struct live_config config = {.device = device, .threads = 1, .max_streams = STREAMS};
    CHECK(live_create(&config, &live) == 0);
    for (int i = 0; i < STREAMS; i++)
        CHECK(live_open(live, &(struct live_spec){.stream = {.seed = (uint64_t)i}}, &stream[i]) == 0);
    wait_filled(stream, LIVE_LONG + LIVE_SLICE); /* less has room for more */
    usleep(300000);
    uint64_t before = batches(live);
    for (int i = 0; i < STREAMS; i++) live_skip(stream[i], LIVE_LONG);
    wait_filled(stream, LIVE_LONG + LIVE_SLICE); /* less has room for more */
    uint64_t took = batches(live) - before;
    for (int i = 0; i < STREAMS; i++) live_close(stream[i]);
    live_destroy(live);
    return took;
}

int main(void) {
    uint64_t gpu = calls("cuda"), cpu = calls("cpu");
    printf("%d calls on the GPU, %d on the processor\n", (int)gpu, (int)cpu);
    CHECK(gpu >= 1 && gpu <= 3); /* one; more if the turn came while they were taken */
    CHECK(cpu >= STREAMS / SHARD);
    return 0;
}
