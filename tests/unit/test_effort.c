/* How hard Opus tries, in simulated time: encoders that need a share of a thread for complexity 10. */
#include "cmocka_c.h"

#include "server/effort.h"

#include "base/monotonic.h"

static const int64_t SPAN = MONOTONIC_SECOND / 4;

struct encoders {
    struct effort effort;
    int64_t now, backlog;
    int lowest;
};

/* What a complexity takes of what 10 takes, as a processor has it on which the low ones cost more. */
static double cost(int complexity) {
    return complexity >= 8 ? 1 : complexity == 7 ? .8 : complexity >= 5 ? .65 : complexity >= 1 ? .5 : .35;
}

static void run(struct encoders *e, double need, double seconds) {
    for (int64_t end = e->now + (int64_t)(seconds * 1e9); e->now < end; e->now += SPAN) {
        double load = need * cost(effort_complexity(&e->effort));
        e->backlog += (int64_t)((load > 0 ? 1 - 1 / load : -1) * (double)SPAN);
        if (e->backlog < 0) e->backlog = 0;
        effort_look(&e->effort, e->now, SPAN, load < 1 ? (int64_t)(load * 1000) : 1000, e->backlog);
        int complexity = effort_complexity(&e->effort);
        if (complexity < e->lowest) e->lowest = complexity;
    }
}

static struct encoders begin(void) {
    struct encoders e = {.lowest = 10};
    effort_begin(&e.effort);
    assert_int_equal(effort_complexity(&e.effort), 10);
    return e;
}

static void who_keeps_up_tries_hard(void **state) {
    struct encoders e = begin();
    (void)state;
    run(&e, .99, 60);
    assert_int_equal(e.lowest, 10);
    assert_int_equal(effort_complexity(&e.effort), 10);
}

static void a_crowd_is_met_within_a_second(void **state) {
    (void)state;
    for (double need = 1.1; need < 2.6; need += .1) {
        struct encoders e = begin();
        run(&e, need, .75);
        assert_true(e.backlog < MONOTONIC_SECOND / 2);
        run(&e, need, 2);
        assert_true(need * cost(effort_complexity(&e.effort)) < 1);
    }
}

static void a_little_too_much_costs_one_rung(void **state) {
    struct encoders e = begin();
    (void)state;
    run(&e, 1.1, 8);
    assert_int_equal(e.lowest, 7);
}

static void it_comes_back_when_there_is_time(void **state) {
    struct encoders e = begin();
    (void)state;
    run(&e, 2.5, 5);
    assert_int_equal(effort_complexity(&e.effort), 0);
    run(&e, .5, 4);
    assert_int_equal(effort_complexity(&e.effort), 0);
    run(&e, .5, 12);
    assert_int_equal(effort_complexity(&e.effort), 10);
}

static void it_goes_up_only_where_it_fits(void **state) {
    struct encoders e = begin();
    (void)state;
    run(&e, 1.2, 8);
    e.lowest = 10;
    run(&e, 1.2, 60);
    assert_int_equal(e.lowest, 7);
    assert_int_equal(effort_complexity(&e.effort), 7);
}

static void only_the_lowest_rung_is_full(void **state) {
    struct encoders much = begin(), enough = begin();
    (void)state;
    run(&much, 3.2, 5);
    assert_true(much.effort.full);
    for (int i = 0; i < 20; i++) {
        run(&enough, 2.5, .25); /* what it can do at the lowest, at first with a backlog */
        assert_false(enough.effort.full);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_keeps_up_tries_hard),
        cmocka_unit_test(a_crowd_is_met_within_a_second),
        cmocka_unit_test(a_little_too_much_costs_one_rung),
        cmocka_unit_test(it_comes_back_when_there_is_time),
        cmocka_unit_test(it_goes_up_only_where_it_fits),
        cmocka_unit_test(only_the_lowest_rung_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
