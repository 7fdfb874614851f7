/* Eight hours in simulated time: a personal stream keeps its listener's buffer, whichever way the clocks
 * differ. */
#include "cmocka_c.h"

#include "base/monotonic.h"
#include "base/random.h"
#include "load/player.h"
#include "load/row.h"
#include "server/pace.h"

#include <math.h>

enum { HOURS = 8, RATE = 48000 };
static const double DEPTH = 1.0, CHUNK = 0.1; /* seconds */

/* A server that sends chunks on its schedule, a player whose clock is wrong by `ppm`, reports once a second
 * that take up to `jitter` seconds. The least and the most that the player ever had ahead, seconds. */
static void listen(double ppm, double jitter, bool paced, double *least, double *most) {
    struct pace pace = {0};
    struct random r = random_at(1, (uint64_t)(ppm + 1000), 0, 0);
    double base = -DEPTH, sent = 0, speed = 1 + ppm * 1e-6;
    *least = 1e9, *most = 0;
    for (int second = 1; second < HOURS * 3600; second++) {
        while (base + sent <= second) sent += CHUNK;
        double played = (second - 0.4) * speed;
        if (second > 20) *least = fmin(*least, sent - played), *most = fmax(*most, sent - played);
        double arrives = second + jitter * random_unit(&r);
        int64_t now = (int64_t)(arrives * 1e9), lag = (int64_t)((arrives - (base + played)) * 1e9);
        int64_t move = pace_report(&pace, now, lag);
        if (paced) base += (double)move * 1e-9;
    }
}

static void a_buffer_lasts_for_eight_hours(void **state) {
    (void)state;
    static const double ppm[] = {-200, -50, 0, 50, 200};
    static const double jitter[] = {0, 0.03, 0.1};
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 3; j++) {
            double least, most;
            listen(ppm[i], jitter[j], true, &least, &most);
            assert_true(least > 1.25 && most < 1.65); /* it began with 1.4 s and a chunk */
        }
}

static void without_it_a_buffer_runs_empty_or_over(void **state) {
    (void)state;
    double least, most;
    listen(200, 0.03, false, &least, &most);
    assert_true(least < -4);
    listen(-200, 0.03, false, &least, &most);
    assert_true(most > 6);
}

/* The same by the load generator's own listener: what it would say it heard, and what it would judge. Times
 * that its player fell silent, and how far off (ms) a chunk was at worst by its clock. */
static uint64_t load_listens(double ppm, bool reports, double *worst) {
    enum { CHUNK_FRAMES = RATE / 10, DEPTH_MS = 1000 };
    struct pace pace = {0};
    struct player player;
    struct row row;
    struct random r = random_at(2, (uint64_t)(ppm + 1000), 0, 0);
    int64_t base = MONOTONIC_SECOND - DEPTH_MS * MONOTONIC_MS, next = 2 * MONOTONIC_SECOND;
    player_begin(&player, RATE, ppm, DEPTH_MS);
    row_begin(&row, RATE, DEPTH_MS * RATE / 1000);
    *worst = 0;
    for (uint64_t frame = 0; frame < (uint64_t)HOURS * 3600 * RATE; frame += CHUNK_FRAMES) {
        int64_t due = base + monotonic_span(frame, RATE), late[ROW_LAID_BY];
        int64_t now = (due > MONOTONIC_SECOND ? due : MONOTONIC_SECOND) + (int64_t)(3e6 * random_unit(&r));
        player_take(&player, CHUNK_FRAMES, now);
        int judged = row_take(&row, frame, now + (int64_t)((double)now * ppm * 1e-6), late);
        for (int i = 0; i < judged; i++) *worst = fmax(*worst, fabs((double)late[i] * 1e-6));
        if (!reports || now < next || !player.playing) continue;
        next = now + MONOTONIC_SECOND;
        uint64_t heard = frame + CHUNK_FRAMES - (uint64_t)player_ahead(&player, now);
        base += pace_report(&pace, now, now - base - monotonic_span(heard, RATE));
    }
    return player.starved;
}

static void the_load_generators_player_does_too(void **state) {
    (void)state;
    double worst;
    for (int ppm = -200; ppm <= 200; ppm += 100) {
        assert_int_equal(load_listens(ppm, true, &worst), 0);
        assert_true(worst < 50);
    }
    assert_true(load_listens(200, false, &worst) > 0);
    assert_true(worst > 5000);
}

static void a_jump_is_no_drift(void **state) {
    (void)state;
    struct pace pace = {0};
    int64_t moved = 0;
    for (int second = 0; second < 200; second++) {
        int64_t lag = second < 100 ? 1400000000 : 1900000000;
        int64_t move = pace_report(&pace, second * INT64_C(1000000000), lag + moved);
        moved -= move;
    }
    assert_int_equal(moved, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_lasts_for_eight_hours),
        cmocka_unit_test(without_it_a_buffer_runs_empty_or_over),
        cmocka_unit_test(the_load_generators_player_does_too),
        cmocka_unit_test(a_jump_is_no_drift),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
