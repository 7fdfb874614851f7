/* test_encoding.c — parts in their ring, and live streams that the pool encodes. */
#include "cmocka_c.h"

#include "server/encoding.h"

#include "base/monotonic.h"

#include <pthread.h>

/* The ring ------------------------------------------------------------------------------------------------
 */

static uint32_t size_of(uint64_t number) {
    return (uint32_t)(number * 37 % 300);
}

static void fill(unsigned char *bytes, uint64_t number) {
    for (uint32_t i = 0; i < size_of(number); i++) bytes[i] = (unsigned char)(number * 7 + i);
}

static void write_parts(struct part_ring *ring, uint64_t from, uint64_t to) {
    unsigned char bytes[304];
    for (uint64_t n = from; n < to; n++) {
        fill(bytes, n);
        part_ring_write(ring, n * 100, 100, bytes, size_of(n));
    }
}

static bool is_whole(const struct part *part, const unsigned char *bytes) {
    unsigned char wanted[304];
    fill(wanted, part->number);
    return part->size == size_of(part->number) && part->frame == part->number * 100 &&
           !memcmp(bytes, wanted, part->size);
}

static void ring_keeps_the_newest(void **state) {
    struct part_ring ring = {0};
    struct part part;
    unsigned char bytes[304];
    (void)state;
    assert_true(part_ring_init(&ring, 1000, 50, 50 * 300));
    write_parts(&ring, 1000, 1010);
    assert_int_equal(part_ring_oldest(&ring), 1000);
    assert_int_equal(part_ring_read(&ring, 999, &part, bytes, sizeof bytes), PART_GONE);
    assert_int_equal(part_ring_read(&ring, 1010, &part, bytes, sizeof bytes), PART_AHEAD);
    write_parts(&ring, 1010, 5000);
    assert_int_equal(part_ring_head(&ring), 5000);
    assert_in_range(part_ring_oldest(&ring), 4900, 4950); /* at least the 50 asked for */
    for (uint64_t n = part_ring_oldest(&ring); n < 5000; n++) {
        assert_int_equal(part_ring_read(&ring, n, &part, bytes, sizeof bytes), PART_READ);
        assert_true(is_whole(&part, bytes));
    }
    assert_int_equal(part_ring_read(&ring, 2000, &part, bytes, sizeof bytes), PART_GONE);
    part_ring_release(&ring);
}

static void *write_many(void *ring) {
    write_parts(ring, 0, 400000);
    return NULL;
}

static void readers_see_whole_parts_or_none(void **state) {
    struct part_ring ring = {0};
    struct part part;
    unsigned char bytes[304];
    pthread_t writer;
    uint64_t read = 0, next = 0;
    (void)state;
    assert_true(part_ring_init(&ring, 0, 20, 20 * 300));
    pthread_create(&writer, NULL, write_many, &ring);
    while (next < 399999) {
        int found = part_ring_read(&ring, next, &part, bytes, sizeof bytes);
        if (found == PART_GONE) next = part_ring_oldest(&ring);
        if (found != PART_READ) continue;
        assert_true(is_whole(&part, bytes));
        read++, next++;
    }
    pthread_join(writer, NULL);
    assert_true(read > 0);
    part_ring_release(&ring);
}

/* Encodings -----------------------------------------------------------------------------------------------
 */

struct room {
    struct live *live;
    struct encoder_pool *pool;
    struct metrics metrics;
};

static int open_room(void **state) {
    struct room *r = calloc(1, sizeof *r);
    *state = r;
    r->pool = encoder_pool_create(2, 2, &r->metrics);
    return r->pool ? live_create(&(struct live_config){.threads = 1}, &r->live) : -1;
}

static int close_room(void **state) {
    struct room *r = *state;
    live_stop(r->live);
    encoder_pool_destroy(r->pool);
    live_destroy(r->live);
    free(r);
    return 0;
}

static void wait_for(const struct encoding *e, uint64_t number) {
    int64_t end = monotonic_now() + 20 * MONOTONIC_SECOND;
    while (part_ring_head(encoding_parts(e)) <= number) {
        assert_true(monotonic_now() < end && !encoding_failed(e));
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static struct live_stream *open_stream(struct room *r, bool shared) {
    struct live_stream *s;
    struct live_spec spec = {
        .stream = {.seed = 5}, .depth = 6 * LIVE_SLICE, .shared = shared, .history = 96000};
    assert_int_equal(live_open(r->live, &spec, &s), 0);
    return s;
}

static void private_encoding_waits_for_its_reader(void **state) {
    struct room *r = *state;
    struct encoding *e, *more[2];
    struct part part;
    struct encoding_spec spec = {.encoder = {.format = ENCODER_WAV}, .stream = open_stream(r, false)};
    assert_int_equal(encoding_open(r->pool, &spec, &e), 0);
    assert_int_equal(encoding_part_frames(e), 1920);
    wait_for(e, 5);
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    assert_int_equal(part_ring_head(encoding_parts(e)), 6); /* 240 ms, and not a part more */
    encoding_taken(e, 3);
    wait_for(e, 8);
    assert_int_equal(part_ring_look(encoding_parts(e), 8, &part), PART_READ);
    assert_int_equal(part.frame, 8 * 1920);
    assert_int_equal(part.size, 1920 * 4);
    spec.stream = open_stream(r, false);
    assert_int_equal(encoding_open(r->pool, &spec, &more[0]), 0);
    spec.stream = open_stream(r, false);
    assert_int_equal(encoding_open(r->pool, &spec, &more[1]), AURALIS_ELIMIT);
    encoding_close(more[0]);
    encoding_close(e);
}

static void shared_encoding_numbers_by_the_station(void **state) {
    struct room *r = *state;
    struct live_stream *station = open_stream(r, true);
    struct encoding *e;
    struct part part;
    for (int round = 0; round < 2; round++) {
        struct encoding_spec spec = {.encoder = {.format = ENCODER_WAV}, .stream = station, .shared = true};
        assert_int_equal(encoding_open(r->pool, &spec, &e), 0);
        uint64_t first = part_ring_oldest(encoding_parts(e));
        wait_for(e, first + 49); /* the station had two seconds of history */
        assert_int_equal(part_ring_look(encoding_parts(e), first, &part), PART_READ);
        assert_int_equal(part.frame, first * 1920);
        encoding_close(e);
    }
    live_close(station);
}

static void count_call(void *calls) {
    atomic_fetch_add((_Atomic int *)calls, 1);
}

/* A reader that takes parts as fast as they come, as an event loop does: it looks, asks, looks again, and
 * then sleeps until it is called. */
static void who_waits_is_called(void **state) {
    struct room *r = *state;
    struct encoding *e;
    _Atomic int calls = 0;
    int slept = 0;
    struct encoding_spec spec = {.encoder = {.format = ENCODER_WAV},
                                 .stream = open_stream(r, false),
                                 .notify = count_call,
                                 .self = (void *)&calls};
    assert_int_equal(encoding_open(r->pool, &spec, &e), 0);
    const struct part_ring *parts = encoding_parts(e);
    int64_t end = monotonic_now() + 60 * MONOTONIC_SECOND;
    for (uint64_t number = 0; number < 100;) {
        int before = atomic_load(&calls);
        if (part_ring_head(parts) <= number) encoding_wait(e);
        for (; part_ring_head(parts) <= number && atomic_load(&calls) == before; slept++) {
            assert_true(monotonic_now() < end);
            nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
        }
        if (part_ring_head(parts) > number) encoding_taken(e, ++number);
    }
    assert_true(slept > 0 && atomic_load(&calls) > 0);
    encoding_close(e);
}

/* The pool --------------------------------------------------------------------------------------------------
 */

struct errand {
    struct encoder_job job;
    int64_t again; /* after so long; 0: when it is asked for */
    _Atomic int runs;
    _Atomic bool held, freed; /* held: a run goes on as long */
};

static int64_t run_errand(struct encoder_job *job, int64_t now) {
    struct errand *errand = (struct errand *)(void *)job;
    atomic_fetch_add(&errand->runs, 1);
    while (atomic_load(&errand->held)) nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    return errand->again ? now + errand->again : 0;
}

static void free_errand(struct encoder_job *job) {
    atomic_store(&((struct errand *)(void *)job)->freed, true);
}

static void wait_for_runs(struct errand *errand, int runs) {
    int64_t end = monotonic_now() + 20 * MONOTONIC_SECOND;
    while (atomic_load(&errand->runs) < runs) {
        assert_true(monotonic_now() < end);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

/* One thread keeps watch for what is a minute off; what is asked for meanwhile is done all the same. */
static void sleepers_are_woken_for_what_comes_first(void **state) {
    struct room *r = *state;
    struct errand far = {.job = {.run = run_errand, .free = free_errand}, .again = 60 * MONOTONIC_SECOND};
    struct errand near = {.job = {.run = run_errand, .free = free_errand}};
    assert_true(encoder_pool_add(r->pool, &far.job));
    wait_for_runs(&far, 1);
    assert_true(encoder_pool_add(r->pool, &near.job));
    wait_for_runs(&near, 1);
    for (int i = 2; i < 30; i++) {
        nanosleep(&(struct timespec){.tv_nsec = i % 3 * 4000000}, NULL);
        if (i % 2)
            encoder_pool_nudge(r->pool, &near.job);
        else
            encoder_pool_kick(r->pool, &near.job);
        wait_for_runs(&near, i);
    }
    assert_int_equal(atomic_load(&far.runs), 1);
    encoder_pool_drop(r->pool, &near.job, true);
    encoder_pool_drop(r->pool, &far.job, true);
    assert_true(atomic_load(&near.freed) && atomic_load(&far.freed));
}

/* What is asked for while a job runs may concern what it has looked at already. */
static void who_is_kicked_while_he_runs_runs_again(void **state) {
    struct room *r = *state;
    struct errand errand = {.job = {.run = run_errand, .free = free_errand}};
    for (int i = 0; i < 2; i++) {
        atomic_store(&errand.held, true);
        if (i == 0)
            assert_true(encoder_pool_add(r->pool, &errand.job));
        else
            encoder_pool_kick(r->pool, &errand.job);
        wait_for_runs(&errand, 2 * i + 1);
        if (i == 0)
            encoder_pool_kick(r->pool, &errand.job);
        else
            encoder_pool_nudge(r->pool, &errand.job);
        atomic_store(&errand.held, false);
        wait_for_runs(&errand, 2 * i + 2);
    }
    encoder_pool_drop(r->pool, &errand.job, true);
    assert_true(atomic_load(&errand.freed));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_keeps_the_newest),
        cmocka_unit_test(readers_see_whole_parts_or_none),
        cmocka_unit_test_setup_teardown(private_encoding_waits_for_its_reader, open_room, close_room),
        cmocka_unit_test_setup_teardown(shared_encoding_numbers_by_the_station, open_room, close_room),
        cmocka_unit_test_setup_teardown(who_waits_is_called, open_room, close_room),
        cmocka_unit_test_setup_teardown(sleepers_are_woken_for_what_comes_first, open_room, close_room),
        cmocka_unit_test_setup_teardown(who_is_kicked_while_he_runs_runs_again, open_room, close_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
