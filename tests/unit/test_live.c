/* Live rendering: the pool gives each stream its own samples, whatever the others do; limits are answered. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/monotonic.h"
#include "stream/command_queue.h"
#include "stream/frame_ring.h"
#include "stream/live.h"
#include "stream/load_meter.h"

#include <pthread.h>

static void nap(void) {
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static struct live *pool(int threads, uint32_t streams) {
    struct live *live;
    assert_int_equal(live_create(&(struct live_config){.threads = threads, .max_streams = streams}, &live),
                     0);
    return live;
}

/* Reads the next chunk of a private stream; fails after ten seconds. */
static void take(struct live_stream *s, float *audio, uint32_t frames) {
    for (int tries = 0; live_filled(s) < frames; tries++) {
        live_want(s);
        assert_true(tries < 10000);
        nap();
    }
    assert_true(live_copy(s, audio, frames));
    const float *there = live_look(s, frames); /* NULL at the end of the ring */
    if (there) assert_memory_equal(there, audio, frames * 2 * sizeof *audio);
    live_skip(s, frames);
}

static void expect(const auralis_stream_config *config, const float *audio, size_t frames) {
    auralis_engine *engine;
    auralis_stream *stream;
    float *wanted = malloc(frames * 2 * sizeof *wanted);
    assert_int_equal(auralis_engine_create(NULL, &engine), 0);
    assert_int_equal(auralis_stream_open(engine, config, &stream), 0);
    assert_int_equal(auralis_stream_read(stream, wanted, frames), 0);
    assert_memory_equal(audio, wanted, frames * 2 * sizeof *wanted);
    auralis_engine_destroy(engine);
    free(wanted);
}

static void streams_together_are_as_each_alone(void **state) {
    (void)state;
    enum { STREAMS = 6, FRAMES = 37440 };
    static const uint32_t chunks[STREAMS] = {480,  960,  4410,
                                             9360, 9600, 2400}; /* 4,410 and 9,360: not whole slices */
    struct live *live = pool(2, 16);
    struct live_stream *stream[STREAMS];
    float *audio[STREAMS];
    for (uint32_t i = 0; i < STREAMS; i++) {
        struct live_spec spec = {
            .stream = {.seed = i, .sample_rate = i & 1 ? 44100 : 48000, .start = i == 5 ? 500000 : 0},
            .depth = chunks[i] % LIVE_SLICE ? chunks[i] + LIVE_SLICE : chunks[i]};
        assert_int_equal(live_open(live, &spec, &stream[i]), 0);
        audio[i] = malloc((FRAMES + 9600) * 2 * sizeof(float));
    }
    for (uint32_t i = 0; i < STREAMS; i++) {
        uint32_t frames = 0;
        for (; frames < FRAMES; frames += chunks[i]) take(stream[i], audio[i] + 2 * frames, chunks[i]);
        assert_int_equal(live_frame(stream[i]), (i == 5 ? 500000 : 0) + frames);
    }
    for (uint32_t i = 0; i < STREAMS; i++) {
        auralis_stream_config config = {
            .seed = i, .sample_rate = i & 1 ? 44100 : 48000, .start = i == 5 ? 500000 : 0};
        expect(&config, audio[i], FRAMES);
        live_close(stream[i]);
        free(audio[i]);
    }
    live_destroy(live);
}

/* So many that slices are long and shards take turns; every seventh is checked. */
static void a_crowd_is_as_each_alone(void **state) {
    (void)state;
    enum { STREAMS = 70, CHUNKS = 8, MOST = 9600 };
    static const uint32_t chunks[] = {4800, 960, 4410, 9600};
    struct live *live = pool(1, STREAMS);
    struct live_stream *stream[STREAMS];
    float *audio[STREAMS], dropped[2 * MOST];
    for (uint32_t i = 0; i < STREAMS; i++) {
        uint32_t chunk = chunks[i % 4];
        struct live_spec spec = {.stream = {.seed = i},
                                 .depth = chunk % LIVE_SLICE ? chunk + LIVE_SLICE : chunk};
        assert_int_equal(live_open(live, &spec, &stream[i]), 0);
        audio[i] = i % 7 ? NULL : malloc(CHUNKS * MOST * 2 * sizeof(float));
    }
    for (uint32_t c = 0; c < CHUNKS; c++)
        for (uint32_t i = 0; i < STREAMS; i++) {
            uint32_t chunk = chunks[i % 4];
            take(stream[i], audio[i] ? audio[i] + 2 * (size_t)c * chunk : dropped, chunk);
        }
    for (uint32_t i = 0; i < STREAMS; i++) {
        if (audio[i]) expect(&(auralis_stream_config){.seed = i}, audio[i], CHUNKS * chunks[i % 4]);
        free(audio[i]);
        live_close(stream[i]);
    }
    live_destroy(live);
}

static void a_shared_stream_keeps_the_time(void **state) {
    (void)state;
    struct live *live = pool(1, 4);
    struct live_stream *s;
    struct live_spec spec = {.stream = {.seed = 3}, .shared = true, .history = 48000};
    float audio[2 * 960];
    assert_int_equal(live_open(live, &spec, &s), 0);
    for (int tries = 0; live_head(s) < live_due(s, monotonic_now()); tries++) {
        assert_true(tries < 10000);
        nap();
    }
    assert_true(live_due(s, monotonic_now()) >= 48000);
    assert_true(live_copy_at(s, 0, audio, 960)); /* its history is there at once */
    expect(&(auralis_stream_config){.seed = 3}, audio, 960);
    assert_false(live_copy_at(s, live_head(s) + 48000, audio, 960));
    live_close(s);
    live_destroy(live);
}

static void changes_are_merged_and_reported(void **state) {
    (void)state;
    struct live *live = pool(1, 4);
    struct live_stream *s;
    struct live_state now;
    assert_int_equal(live_open(live, &(struct live_spec){.stream = {.seed = 3}}, &s), 0);
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
    int bpm = auralis_parameter_find("bpm"), level = auralis_parameter_find("level");
    p.bpm = 50;
    p.level = -20;
    assert_true(live_set(s, &p, (auralis_parameter_set)1 << bpm) > 0);
    p.bpm = 90;
    uint64_t ticket = live_set(s, &p, (auralis_parameter_set)1 << level);
    float audio[2 * 960];
    for (int tries = 0;; tries++) {
        live_read_state(s, &now);
        if (now.ticket >= ticket) break;
        assert_true(tries < 10000);
        take(s, audio, 960);
    }
    assert_true(now.parameters.bpm == 50 && now.parameters.level == -20);
    auralis_stream_status status;
    live_read_status(s, &status);
    assert_int_equal(status.seed, 3);
    live_close(s);
    live_destroy(live);
}

static void limits_are_answered_and_freed_again(void **state) {
    (void)state;
    struct live *live = pool(2, 4);
    struct live_stream *s[5];
    struct live_spec spec = {0};
    for (int i = 0; i < 4; i++) assert_int_equal(live_open(live, &spec, &s[i]), 0);
    assert_int_equal(live_open(live, &spec, &s[4]), AURALIS_ELIMIT);
    for (int i = 0; i < 4; i++) live_close(s[i]);
    for (int tries = 0; live_open(live, &spec, &s[4]) < 0; tries++) {
        assert_true(tries < 10000);
        nap();
    }
    auralis_parameters wrong = AURALIS_PARAMETERS_DEFAULT;
    wrong.bpm = 1000;
    assert_int_equal(live_open(live, &(struct live_spec){.stream = {.parameters = &wrong}}, &s[0]),
                     AURALIS_EINVAL);
    live_destroy(live); /* with a stream still open */
}

static void overwritten_frames_are_not_given_out(void **state) {
    (void)state;
    struct frame_ring ring = {0};
    float in[2 * 8], out[2 * 8];
    assert_true(frame_ring_init(&ring, 16, false));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 16; i++) in[i] = (float)(round * 16 + i);
        frame_ring_write(&ring, in, 8);
    }
    assert_false(frame_ring_copy(&ring, 0, out, 8));
    assert_false(frame_ring_copy(&ring, 7, out, 8));
    assert_true(frame_ring_copy(&ring, 8, out, 8));
    assert_true(out[0] == 16 && out[15] == 31);
    assert_false(frame_ring_copy(&ring, 17, out, 8)); /* not written yet */
    frame_ring_release(&ring);
}

static void frames_are_written_and_read_in_their_place(void **state) {
    (void)state;
    struct frame_ring ring = {0};
    float out[2 * 8];
    assert_true(frame_ring_init(&ring, 16, false));
    for (int round = 0; round < 5; round++) {
        float *place = frame_ring_place(&ring, frame_ring_head(&ring), 8);
        assert_non_null(place);
        for (int i = 0; i < 16; i++) place[i] = (float)(round * 16 + i);
        frame_ring_publish(&ring, 8);
        assert_int_equal(frame_ring_filled(&ring), 8);
        assert_true(frame_ring_copy(&ring, (uint64_t)round * 8, out, 8));
        assert_memory_equal(out, place, sizeof out);
        frame_ring_consume(&ring, 8);
    }
    assert_null(frame_ring_place(&ring, 9, 8)); /* around the end */
    assert_ptr_equal(frame_ring_place(&ring, 24, 8), frame_ring_place(&ring, 8, 8));
    frame_ring_release(&ring);
}

enum { WRITERS = 3, EACH = 20000 };

static void *push_many(void *queue) {
    for (uint64_t i = 1; i <= EACH; i++) {
        struct command c = {.kind = COMMAND_SET, .ticket = i, .stream = (void *)&c};
        while (!command_queue_push(queue, &c)) {
        }
    }
    return NULL;
}

static void a_full_queue_refuses_and_loses_nothing(void **state) {
    (void)state;
    struct command_queue queue = {0};
    struct command c = {0};
    assert_true(command_queue_init(&queue, 8));
    for (int i = 0; i < 8; i++) assert_true(command_queue_push(&queue, &c));
    assert_false(command_queue_push(&queue, &c));
    for (int i = 0; i < 8; i++) assert_true(command_queue_pop(&queue, &c));
    assert_false(command_queue_pop(&queue, &c));
    pthread_t writer[WRITERS];
    uint64_t sum = 0;
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&writer[i], NULL, push_many, &queue), 0);
    for (int i = 0; i < WRITERS * EACH;)
        if (command_queue_pop(&queue, &c)) sum += c.ticket, i++;
    for (int i = 0; i < WRITERS; i++) pthread_join(writer[i], NULL);
    assert_int_equal(sum, (uint64_t)WRITERS * EACH * (EACH + 1) / 2);
    command_queue_release(&queue);
}

/* Ten streams: nobody waits for another's slice. */
static void a_few_are_rendered_one_by_one(void **state) {
    (void)state;
    enum { STREAMS = 10 };
    _Atomic uint64_t slices = 0;
    struct live *live;
    struct live_stream *stream[STREAMS];
    struct live_counters counters;
    assert_int_equal(live_create(&(struct live_config){.threads = 1, .slices = &slices}, &live), 0);
    for (uint32_t i = 0; i < STREAMS; i++)
        assert_int_equal(live_open(live, &(struct live_spec){.stream = {.seed = i}}, &stream[i]), 0);
    for (int i = 0, tries = 0; i < STREAMS; tries++) {
        if (live_filled(stream[i]) < LIVE_DEPTH)
            nap();
        else
            i++;
        assert_true(tries < 10000);
    }
    live_stop(live);
    live_count(live, &counters);
    assert_true(slices >= STREAMS * LIVE_DEPTH / LIVE_SLICE);
    assert_int_equal(counters.batches, slices);
    for (uint32_t i = 0; i < STREAMS; i++) live_close(stream[i]);
    live_destroy(live);
}

/* Four hundred who stayed for a tenth of a second each are the load of forty. */
static void who_has_gone_is_no_load(void **state) {
    (void)state;
    struct load_meter m = {0};
    for (int i = 0; i < 400; i++) load_meter_note(&m, MONOTONIC_MS / 5, 100 * MONOTONIC_MS);
    assert_int_equal(load_meter_measure(&m, MONOTONIC_SECOND - 1), 0);
    assert_int_equal(load_meter_measure(&m, MONOTONIC_SECOND), MONOTONIC_SECOND);
    assert_true(load_meter_load(&m, 3) < 0.01);
    assert_true(load_meter_load(&m, 200) > 0.39 && load_meter_load(&m, 200) < 0.41);
    for (int i = 0; i < 4; i++) load_meter_note(&m, 5 * MONOTONIC_MS, MONOTONIC_SECOND);
    assert_int_equal(load_meter_measure(&m, 2 * MONOTONIC_SECOND), MONOTONIC_SECOND);
    assert_true(load_meter_load(&m, 100) < 0.03); /* too few to say what a hundred would cost */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_together_are_as_each_alone),
        cmocka_unit_test(a_crowd_is_as_each_alone),
        cmocka_unit_test(a_shared_stream_keeps_the_time),
        cmocka_unit_test(a_few_are_rendered_one_by_one),
        cmocka_unit_test(who_has_gone_is_no_load),
        cmocka_unit_test(changes_are_merged_and_reported),
        cmocka_unit_test(limits_are_answered_and_freed_again),
        cmocka_unit_test(overwritten_frames_are_not_given_out),
        cmocka_unit_test(frames_are_written_and_read_in_their_place),
        cmocka_unit_test(a_full_queue_refuses_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
