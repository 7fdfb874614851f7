/* test_audience.c — the walk over an audience: everybody gets every part once and in order, whoever comes,
 * goes or takes too little on the way. */
#include "cmocka_c.h"

#include "server/audience.h"
#include "server/loop.h"

#include "base/monotonic.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CROWD = 450, PART = 1920, PART_BYTES = 4 * PART }; /* almost two rows; parts of WAV */

struct person {
    struct audience_member member;
    int ear;       /* the other end of the socket */
    bool fallen;   /* and it says … */
    uint64_t part; /* … which part comes next, … */
    size_t rest;   /* … after so many bytes */
};

struct hall {
    struct server *server;
    struct loop *loop;
    struct live *live;
    struct encoder_pool *pool;
    struct station station;
    struct encoding *encoding;
    uint64_t first; /* part */
    int64_t base;
    struct person person[CROWD];
};

static int open_hall(void **state) {
    struct hall *h = calloc(1, sizeof *h);
    assert_non_null(h);
    *state = h;
    h->server = calloc(1, sizeof *h->server);
    h->loop = calloc(1, sizeof *h->loop);
    h->loop->server = h->server;
    assert_true(schedule_init(&h->loop->schedule, 16));
    assert_int_equal(live_create(&(struct live_config){.threads = 1, .max_streams = 1}, &h->live), 0);
    h->pool = encoder_pool_create(1, 1, &h->server->metrics);
    struct live_spec spec = {
        .stream = {.seed = 5}, .depth = 6 * LIVE_SLICE, .shared = true, .history = 96000};
    assert_int_equal(live_open(h->live, &spec, &h->station.stream), 0);
    atomic_store(&h->station.phase, STATION_PLAYING);
    struct encoding_spec wav = {
        .encoder = {.format = ENCODER_WAV}, .stream = h->station.stream, .shared = true};
    assert_int_equal(encoding_open(h->pool, &wav, &h->encoding), 0);
    h->first = part_ring_oldest(encoding_parts(h->encoding));
    h->base = MONOTONIC_SECOND; /* the test has a clock of its own */
    int64_t end = monotonic_now() + 60 * MONOTONIC_SECOND;
    while (part_ring_head(encoding_parts(h->encoding)) < h->first + 20) {
        assert_true(monotonic_now() < end);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return 0;
}

static int close_hall(void **state) {
    struct hall *h = *state;
    for (int i = 0; i < CROWD; i++) {
        audience_leave(&h->person[i].member);
        if (h->person[i].ear) close(h->person[i].ear), close(h->person[i].member.descriptor);
    }
    assert_null(h->loop->rounds);
    encoding_close(h->encoding);
    live_close(h->station.stream);
    live_stop(h->live);
    encoder_pool_destroy(h->pool);
    live_destroy(h->live);
    schedule_release(&h->loop->schedule);
    free(h->loop);
    free(h->server);
    free(h);
    return 0;
}

static void on_fall(struct audience_member *member, uint64_t part, const unsigned char *rest, size_t size,
                    int64_t now) {
    struct person *p = (struct person *)(void *)member;
    (void)rest, (void)now;
    assert_false(p->fallen);
    p->fallen = true;
    p->part = part;
    p->rest = size;
}

static int64_t due(const struct hall *h, uint64_t part) {
    return h->base + monotonic_span(part * PART, STATION_RATE);
}

static void come(struct hall *h, int i, uint64_t part) {
    struct person *p = &h->person[i];
    int pair[2], room = 2 * PART_BYTES;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    *p = (struct person){.member = {.descriptor = pair[0], .fallen = on_fall}, .ear = pair[1]};
    assert_true(audience_join(h->loop, &p->member, &h->station, h->encoding, h->base, part, part * PART));
}

/* One turn of the loop at a time of the test's choosing; false: nobody is due. */
static bool turn(struct hall *h, int64_t now) {
    struct wake *w = schedule_first(&h->loop->schedule);
    if (!w || w->at > now) return false;
    w->tick(w, now);
    return true;
}

static uint64_t heard; /* bytes of the last look */

/* Whether what a person has been sent is just the parts from `part` on, so many of them. */
static bool has(struct hall *h, int i, uint64_t part, uint64_t count) {
    static unsigned char got[4 * PART_BYTES], wanted[4 * PART_BYTES];
    struct part p;
    ssize_t n = recv(h->person[i].ear, got, sizeof got, MSG_DONTWAIT);
    heard = n > 0 ? (uint64_t)n : 0;
    for (uint64_t k = 0; k < count; k++)
        assert_int_equal(
            part_ring_read(encoding_parts(h->encoding), part + k, &p, wanted + k * PART_BYTES, PART_BYTES),
            PART_READ);
    return heard == count * PART_BYTES && !memcmp(got, wanted, heard);
}

/* Twice everybody, in rows between which others may pass. */
static void everybody_gets_every_part(void **state) {
    struct hall *h = *state;
    uint64_t part = h->first + 3;
    for (int i = 0; i < CROWD; i++) come(h, i, part);
    assert_ptr_equal(h->person[0].member.round, h->person[CROWD - 1].member.round);
    assert_false(turn(h, due(h, part) - 1));
    int turns = 0;
    while (turn(h, due(h, part + 1) + turns)) turns++;
    assert_in_range(turns, 4, 20);
    for (int i = 0; i < CROWD; i++) assert_true(has(h, i, part, 2));
    assert_int_equal(atomic_load(&h->server->metrics.http_writes), 2 * CROWD);
    assert_int_equal(atomic_load(&h->server->metrics.bytes_sent), 2 * CROWD * PART_BYTES);
}

/* While a part is being given, people of every kind leave, and others join for the next one. */
static void comings_and_goings_between_rows(void **state) {
    struct hall *h = *state;
    uint64_t part = h->first + 3;
    for (int i = 0; i < CROWD - 50; i++) come(h, i, part);
    assert_true(turn(h, due(h, part)));
    bool left[CROWD] = {false};
    for (int i = 0; i < CROWD - 50; i += 7) left[i] = true, audience_leave(&h->person[i].member);
    for (int i = CROWD - 50; i < CROWD; i++) come(h, i, part + 1);
    assert_ptr_equal(h->person[1].member.round, h->person[CROWD - 1].member.round);
    for (int k = 1; turn(h, due(h, part) + k);) k++;
    for (int i = 0; i < CROWD - 50; i++) {
        if (!left[i]) assert_true(has(h, i, part, 1));
        if (left[i]) assert_true(has(h, i, part, 1) || heard == 0);
    }
    for (int i = CROWD - 50; i < CROWD; i++) assert_true(has(h, i, part, 0));
    for (int k = 0; turn(h, due(h, part + 1) + k);) k++;
    for (int i = 0; i < CROWD; i++) assert_true(has(h, i, part + 1, !left[i]));
}

/* Who takes too little falls out with what is missing, who is gone too; nobody else hears of it. */
static void the_slow_fall_out(void **state) {
    struct hall *h = *state;
    uint64_t part = h->first + 3, last = part + 11;
    for (int i = 0; i < CROWD; i++) come(h, i, part);
    close(h->person[10].ear);
    h->person[10].ear = dup(h->person[11].ear);
    for (uint64_t p = part; p <= last; p++) {
        for (int k = 0; turn(h, due(h, p) + k);) k++;
        for (int i = 11; i < CROWD; i++)
            if (i != 300) assert_true(has(h, i, p, 1));
    }
    assert_true(h->person[10].fallen && h->person[300].fallen);
    assert_int_equal(h->person[10].part, part + 1);
    assert_int_equal(h->person[10].rest, PART_BYTES);
    assert_null(h->person[300].member.round);
    assert_false(h->person[299].fallen || h->person[301].fallen);
    /* What it took and what it lacks make up whole parts. */
    static unsigned char all[64 * PART_BYTES];
    ssize_t n = recv(h->person[300].ear, all, sizeof all, MSG_DONTWAIT);
    assert_true(n > 0 && h->person[300].rest > 0);
    assert_int_equal((uint64_t)n + h->person[300].rest, (h->person[300].part - part) * PART_BYTES);
    assert_true(h->person[300].part <= last + 1);
}

/* A station that ends in the middle of a walk: each knows which part it lacks. */
static void an_end_between_rows(void **state) {
    struct hall *h = *state;
    uint64_t part = h->first + 3;
    uint32_t with = 0;
    for (int i = 0; i < CROWD; i++) come(h, i, part);
    assert_true(turn(h, due(h, part)));
    atomic_store(&h->station.phase, STATION_ENDED);
    assert_true(turn(h, due(h, part) + 1));
    for (int i = 0; i < CROWD; i++) {
        assert_true(h->person[i].fallen && h->person[i].rest == 0);
        bool got = has(h, i, part, 1);
        assert_int_equal(h->person[i].part, got ? part + 1 : part);
        with += got;
    }
    assert_in_range(with, 1, CROWD - 1);
    assert_null(h->loop->rounds);
}

/* To sit together, people must be due the same part at the same moment. */
static void others_sit_elsewhere(void **state) {
    struct hall *h = *state;
    uint64_t part = h->first + 3;
    come(h, 0, part);
    come(h, 1, part + 1);
    h->base += MONOTONIC_MS;
    come(h, 2, part);
    assert_ptr_not_equal(h->person[0].member.round, h->person[1].member.round);
    assert_ptr_not_equal(h->person[0].member.round, h->person[2].member.round);
    h->base -= MONOTONIC_MS;
    assert_true(turn(h, due(h, part)));
    assert_false(turn(h, due(h, part)));
    assert_true(has(h, 0, part, 1) && has(h, 1, part, 0) && has(h, 2, part, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everybody_gets_every_part, open_hall, close_hall),
        cmocka_unit_test_setup_teardown(comings_and_goings_between_rows, open_hall, close_hall),
        cmocka_unit_test_setup_teardown(the_slow_fall_out, open_hall, close_hall),
        cmocka_unit_test_setup_teardown(an_end_between_rows, open_hall, close_hall),
        cmocka_unit_test_setup_teardown(others_sit_elsewhere, open_hall, close_hall)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
