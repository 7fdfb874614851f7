/* test_plan.c — the choice between ways of sending calls to a GPU, and the file that keeps it. */
#include "cmocka_c.h"
#include "device/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct plan_wish ANY;

static void one_is_chosen_until_some_are_measured(void **state) {
    (void)state;
    struct plans plans;
    plans_begin(&plans, &ANY, 4, "");
    assert_true(plans_open(&plans));
    assert_int_equal(plans.count,
                     7); /* 1, 2 and 4 parts, each with and without graphs; two with few blocks */
    assert_ptr_equal(plans_choose(&plans, 1), &plans.plan[0]);
    assert_ptr_equal(plans_choose(&plans, 60000), &plans.plan[0]);
}

static void a_wish_leaves_less_to_choose(void **state) {
    (void)state;
    struct plans plans;
    struct plan_wish wish;
    plans_begin(&plans, &ANY, 1, ""); /* a GPU with one queue */
    assert_false(plans_open(&plans));
    assert_true(plan_wish_read("parts=2,graphs=on,blocks=9", &wish));
    plans_begin(&plans, &wish, 4, "");
    assert_false(plans_open(&plans));
    const struct plan *p = plans_choose(&plans, 100);
    assert_true(p->parts == 2 && p->graphs && p->blocks == 9);
    assert_true(plan_wish_read("trials=off", &wish));
    plans_begin(&plans, &wish, 4, "");
    assert_false(plans_open(&plans));
    for (const char **bad = (const char *[]){"trials=no", "parts=5", "blocks=0", "speed=1", NULL}; *bad;
         bad++)
        assert_false(plan_wish_read(*bad, &wish));
}

/* Two sizes, each with a way of its own that was quickest. */
static void measure(struct plans *plans, int with_one, int with_many) {
    double seconds[PLANS];
    for (int i = 0; i < PLANS; i++) seconds[i] = i == with_one ? 1 : 2;
    plans_measured(plans, 1, seconds);
    for (int i = 0; i < PLANS; i++) seconds[i] = i == with_many ? 1 : 2;
    plans_measured(plans, 256, seconds);
}

static void the_quickest_with_the_nearest_number_is_chosen(void **state) {
    (void)state;
    struct plans plans;
    plans_begin(&plans, &ANY, 4, "");
    measure(&plans, 3, 5);
    assert_false(plans_open(&plans));
    assert_ptr_equal(plans_choose(&plans, 1), &plans.plan[3]);
    assert_ptr_equal(plans_choose(&plans, 15), &plans.plan[3]);
    assert_ptr_equal(plans_choose(&plans, 40), &plans.plan[5]);
    assert_ptr_equal(plans_choose(&plans, 10000), &plans.plan[5]);
}

static void a_file_keeps_the_choice(void **state) {
    (void)state;
    char path[] = "/tmp/auralis-plan-XXXXXX", name[64];
    struct plans plans, again;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    plans_begin(&plans, &ANY, 4, path);
    measure(&plans, 3, 5);
    plans_keep(&plans, path);

    plans_begin(&again, &ANY, 4, path);
    assert_false(plans_open(&again));
    assert_memory_equal(again.best, plans.best, sizeof again.best);
    plans_begin(&again, &ANY, 2, path); /* other ways: the numbers would mean others */
    assert_true(plans_open(&again));

    snprintf(name, sizeof name, "%s-%08x", path, (unsigned)plans.mark);
    assert_int_equal(truncate(name, 5), 0);
    plans_begin(&again, &ANY, 4, path);
    assert_true(plans_open(&again));
    FILE *f = fopen(name, "w");
    for (int i = 0; i < PLAN_SIZES; i++) fprintf(f, "%d\n", PLANS);
    fclose(f);
    plans_begin(&again, &ANY, 4, path);
    assert_true(plans_open(&again));
    remove(name);
    remove(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_is_chosen_until_some_are_measured),
        cmocka_unit_test(a_wish_leaves_less_to_choose),
        cmocka_unit_test(the_quickest_with_the_nearest_number_is_chosen),
        cmocka_unit_test(a_file_keeps_the_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
