/* The schedule always knows who is due first, whatever was set, moved and cancelled. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "server/schedule.h"

static void the_first_is_the_earliest(void **state) {
    (void)state;
    enum { MANY = 200 };
    struct wake wake[MANY] = {0};
    struct schedule schedule;
    struct random r = random_at(1, 2, 3, 4);
    assert_true(schedule_init(&schedule, MANY));
    for (int step = 0; step < 20000; step++) {
        struct wake *w = &wake[random_below(&r, MANY)];
        if (random_below(&r, 3))
            schedule_set(&schedule, w, random_below(&r, 1000));
        else
            schedule_cancel(&schedule, w);
        int64_t earliest = INT64_MAX;
        for (int i = 0; i < MANY; i++)
            if (wake[i].place && wake[i].at < earliest) earliest = wake[i].at;
        const struct wake *first = schedule_first(&schedule);
        assert_int_equal(first ? first->at : INT64_MAX, earliest);
    }
    schedule_release(&schedule);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_first_is_the_earliest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
