/* Eight hours in simulated time: a personal stream keeps its listener's buffer, whichever way the clocks
 * differ. */
#include "cmocka_c.h"

#include "base/random.h"
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
        cmocka_unit_test(a_jump_is_no_drift),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
