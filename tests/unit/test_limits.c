/* Tiers, token buckets, limits per address, history: the small rules of the server. */
#include "cmocka_c.h"

#include "server/address_limits.h"
#include "server/history.h"
#include "server/tier.h"
#include "server/token_bucket.h"

#include <stdio.h>

/* `count` chunks, late by `late[i % 2]` ms, an underrun every `every`-th (0: none). Stops at a change. */
static bool feed(struct tier_state *s, int count, double even, double odd, int every, double *clock) {
    for (int i = 0; i < count; i++, *clock += 100)
        if (tier_observe(s, *clock, *clock + (i % 2 ? odd : even), every && i % every == every - 1))
            return true;
    return false;
}

static void a_calm_listener_moves_down_after_fifty_chunks(void **state) {
    (void)state;
    struct tier_state s;
    double clock = 0;
    tier_begin(&s, TIER_STABLE);
    assert_false(feed(&s, 49, 2, 2, 0, &clock));
    assert_int_equal(s.tier, TIER_STABLE);
    assert_true(feed(&s, 1, 2, 2, 0, &clock));
    assert_int_equal(s.tier, TIER_NORMAL);
    assert_true(feed(&s, 60, 2, 2, 0, &clock));
    assert_int_equal(s.tier, TIER_MINIMAL);
    assert_false(feed(&s, 500, 2, 2, 0, &clock)); /* there is nothing below */
}

static void jitter_moves_up(void **state) {
    (void)state;
    struct tier_state s;
    double clock = 0;
    tier_begin(&s, TIER_MINIMAL);
    assert_true(feed(&s, 100, 0, 40, 0, &clock));
    assert_int_equal(s.tier, TIER_NORMAL);
    assert_true(s.jitter_ms > 30 && s.jitter_ms <= 40);
    tier_begin(&s, TIER_NORMAL); /* between the bounds, 15 and 30 ms, nothing moves */
    assert_false(feed(&s, 1000, 0, 22, 0, &clock));
    assert_true(s.jitter_ms > 21 && s.jitter_ms < 23);
}

static void underruns_move_up_to_the_top(void **state) {
    (void)state;
    struct tier_state s;
    double clock = 0;
    tier_begin(&s, TIER_MINIMAL);
    assert_false(feed(&s, 1000, 0, 0, 40, &clock)); /* 2.5 % is neither good nor bad */
    for (int tier = TIER_NORMAL; tier < TIERS; tier++) {
        assert_true(feed(&s, 1000, 0, 0, 8, &clock));
        assert_int_equal(s.tier, tier);
    }
    assert_false(feed(&s, 1000, 0, 0, 8, &clock));
    assert_int_equal(tier_target_ms(&s), 3000);
}

static void the_deepest_tier_grows_by_what_was_missing(void **state) {
    (void)state;
    struct tier_state s;
    double clock = 0;
    tier_begin(&s, TIER_STABLE);
    assert_false(tier_deepen(&s, 1000)); /* it has a step up */
    assert_int_equal(tier_depth_ms(&s), 2000);
    tier_begin(&s, TIER_DEFENSIVE);
    assert_true(tier_deepen(&s, 1000));
    assert_int_equal(tier_depth_ms(&s), 4250);
    assert_true(tier_deepen(&s, 60000));
    assert_int_equal(tier_depth_ms(&s), 10000);
    assert_false(tier_deepen(&s, 1000));
    assert_false(feed(&s, 5000, 0, 0, 0, &clock)); /* ten calm minutes, and then again */
    assert_int_equal(tier_depth_ms(&s), 10000);
    assert_true(feed(&s, 5000, 0, 0, 0, &clock));
    assert_int_equal(tier_depth_ms(&s), 6500);
    for (int i = 0; i < 4; i++) assert_true(feed(&s, 6000, 0, 0, 0, &clock));
    assert_int_equal(tier_depth_ms(&s), 3000);
    assert_true(feed(&s, 100, 0, 0, 0, &clock));
    assert_int_equal(s.tier, TIER_STABLE);
}

static void the_target_covers_lateness(void **state) {
    (void)state;
    struct tier_state s;
    double clock = 0;
    tier_begin(&s, TIER_MINIMAL);
    assert_int_equal(tier_target_ms(&s), 500);
    for (int i = 0; i < 400; i++, clock += 100) tier_observe(&s, clock, clock + 800, false);
    s.tier = TIER_MINIMAL;
    uint32_t target = tier_target_ms(&s); /* mean 800, σ about 0 */
    assert_true(target >= 780 && target <= 900);
}

static void reports_count(void **state) {
    (void)state;
    struct tier_state s;
    tier_begin(&s, TIER_NORMAL);
    assert_false(tier_report(&s, 5, 0));
    assert_true(tier_report(&s, 45, 0));
    assert_int_equal(s.tier, TIER_STABLE);
    assert_int_equal(tier_find("stable"), TIER_STABLE);
    assert_int_equal(tier_find("Stable"), -1);
    assert_null(tier_name(TIERS));
}

static void the_bucket_is_emptied_and_filled(void **state) {
    (void)state;
    struct token_bucket b;
    token_bucket_begin(&b, 5);
    for (int i = 0; i < TOKEN_BURST; i++) assert_int_equal(token_bucket_take(&b, 5), TOKEN_GRANTED);
    assert_int_equal(token_bucket_take(&b, 5), TOKEN_REFUSED);
    assert_int_equal(token_bucket_take(&b, 5.101), TOKEN_GRANTED);
    assert_int_equal(token_bucket_take(&b, 5.102), TOKEN_REFUSED);
    assert_int_equal(token_bucket_take(&b, 5.103), TOKEN_CLOSE);
    assert_int_equal(token_bucket_take(&b, 7), TOKEN_GRANTED); /* full again: forgiven */
    assert_int_equal(b.violations, 0);
    for (int i = 0; i < 1000; i++) assert_int_equal(token_bucket_take(&b, 8 + i * 0.1001), TOKEN_GRANTED);
}

static struct address address(const char *text) {
    struct address a;
    assert_true(address_parse(text, &a));
    return a;
}

static void addresses_are_read(void **state) {
    (void)state;
    struct address a = address("192.0.2.1"), b = address("::ffff:192.0.2.1"), c = address("192.0.2.1:443");
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_equal(&a, &c, sizeof a);
    a = address("[2001:db8::1]:443"), b = address("2001:db8::1");
    assert_memory_equal(&a, &b, sizeof a);
    a = address("fe80::1%eth0"), b = address("fe80::1");
    assert_memory_equal(&a, &b, sizeof a);
    static const char *const bad[] = {"", "x", "1.2.3", "[::1", "[::1]x", "1.2.3.4.5", ":80", "unknown"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(address_parse(bad[i], &a));
    static const char *const loopback[] = {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"};
    for (int i = 0; i < 4; i++) {
        a = address(loopback[i]);
        assert_true(address_is_loopback(&a));
    }
    a = address("10.0.0.1");
    assert_false(address_is_loopback(&a));
}

static void only_the_trusted_proxy_is_believed(void **state) {
    (void)state;
    struct address a, proxy = address("10.0.0.9"), client = address("203.0.113.7"),
                      other = address("10.0.0.8");
    assert_true(address_effective("10.0.0.9", "1.1.1.1, 203.0.113.7", "10.0.0.9", &a));
    assert_memory_equal(&a, &client, sizeof a); /* the last one: the rest is the client's word */
    assert_true(address_effective("10.0.0.8", "203.0.113.7", "10.0.0.9", &a));
    assert_memory_equal(&a, &other, sizeof a);
    assert_true(address_effective("10.0.0.9", "unknown", "10.0.0.9", &a));
    assert_memory_equal(&a, &proxy, sizeof a);
    assert_true(address_effective("10.0.0.9", NULL, "", &a));
    assert_false(address_effective("", NULL, NULL, &a));
}

static void an_address_has_so_many_connections_and_attempts(void **state) {
    (void)state;
    struct address_limits *l = address_limits_create(5, 10);
    struct address a = address("203.0.113.7"), b = address("203.0.113.8"), local = address("127.0.0.1");
    uint32_t retry = 0;
    for (int i = 0; i < 5; i++) assert_int_equal(address_limits_admit(l, &a, i, &retry), ADDRESS_ADMITTED);
    assert_int_equal(address_limits_admit(l, &a, 5, &retry), ADDRESS_TOO_MANY_CONNECTIONS);
    assert_int_equal(address_limits_admit(l, &b, 5, &retry), ADDRESS_ADMITTED);
    address_limits_leave(l, &a);
    assert_int_equal(address_limits_connections(l, &a), 4);
    assert_int_equal(address_limits_admit(l, &a, 6, &retry), ADDRESS_ADMITTED);
    for (int i = 0; i < 3; i++)
        assert_int_equal(address_limits_admit(l, &a, 7, NULL), ADDRESS_TOO_MANY_CONNECTIONS);
    for (int i = 0; i < 5; i++) address_limits_leave(l, &a);
    assert_int_equal(address_limits_admit(l, &a, 8, &retry), ADDRESS_TOO_MANY_ATTEMPTS); /* the eleventh */
    assert_in_range(retry, 51, 53);
    assert_int_equal(address_limits_admit(l, &a, 60.1, &retry),
                     ADDRESS_ADMITTED); /* a minute after the first */
    for (int i = 0; i < 100; i++)
        assert_int_equal(address_limits_admit(l, &local, 9, NULL), ADDRESS_ADMITTED);
    address_limits_leave(l, &local);
    address_limits_destroy(l);
}

static void one_customer_of_ipv6_is_one_address(void **state) {
    (void)state;
    struct address_limits *l = address_limits_create(1, 10);
    struct address a = address("2001:db8:1:2::1"), same = address("2001:db8:1:2:ffff::9"),
                   other = address("2001:db8:1:3::1");
    assert_int_equal(address_limits_admit(l, &a, 0, NULL), ADDRESS_ADMITTED);
    assert_int_equal(address_limits_admit(l, &same, 0, NULL), ADDRESS_TOO_MANY_CONNECTIONS);
    assert_int_equal(address_limits_admit(l, &other, 0, NULL), ADDRESS_ADMITTED);
    address_limits_destroy(l);
}

/* More addresses than the table holds: those that are connected stay known, the silent ones are forgotten. */
static void the_table_does_not_grow(void **state) {
    (void)state;
    struct address_limits *l = address_limits_create(1, 1000);
    struct address kept = address("198.51.100.1");
    assert_int_equal(address_limits_admit(l, &kept, 0, NULL), ADDRESS_ADMITTED);
    int full = 0;
    for (uint32_t i = 0; i < 100000; i++) {
        char text[32];
        snprintf(text, sizeof text, "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
        struct address a = address(text);
        int verdict = address_limits_admit(l, &a, 1 + i * 1e-3, NULL);
        if (verdict == ADDRESS_TABLE_FULL) full++;
        if (verdict == ADDRESS_ADMITTED) address_limits_leave(l, &a);
    }
    assert_int_equal(full, 0);
    assert_int_equal(address_limits_connections(l, &kept), 1);
    assert_int_equal(address_limits_admit(l, &kept, 200, NULL), ADDRESS_TOO_MANY_CONNECTIONS);
    address_limits_destroy(l);
}

static void undo_and_redo(void **state) {
    (void)state;
    struct history h;
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT, out;
    history_begin(&h, &p);
    assert_false(history_undo(&h, &out));
    for (int i = 1; i <= 60; i++) {
        p.bpm = 40 + i;
        history_record(&h, &p, 1u << 2, (uint64_t)i * 5000);
    }
    assert_int_equal(history_undo_steps(&h), HISTORY_STEPS);
    for (int i = 59; i >= 10; i--) {
        assert_true(history_undo(&h, &out));
        assert_true(out.bpm == 40 + i);
    }
    assert_false(history_undo(&h, &out));
    assert_true(history_redo(&h, &out) && out.bpm == 51);
    p.bpm = 99;
    history_record(&h, &p, 1u << 2, 400000);
    assert_false(history_redo(&h, &out)); /* a new change forgets what lay ahead */
    assert_true(history_undo(&h, &out) && out.bpm == 51);
    assert_int_equal(history_redo_steps(&h), 1);
}

static void a_dragged_slider_is_one_step(void **state) {
    (void)state;
    struct history h;
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT, out;
    history_begin(&h, &p);
    for (int i = 0; i < 40; i++) {
        p.space = 0.5 + i * 0.01;
        history_record(&h, &p, 1u << 8, 1000 + (uint64_t)i * 50);
    }
    assert_int_equal(history_undo_steps(&h), 1);
    p.bpm = 60;
    history_record(&h, &p, 1u << 2, 3000); /* another parameter: another step */
    history_record(&h, &p, 1u << 2, 9000); /* no change: no step */
    assert_int_equal(history_undo_steps(&h), 2);
    assert_true(history_undo(&h, &out) && out.bpm == 70 && out.space > 0.88);
    assert_true(history_undo(&h, &out) && out.space == 0.5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calm_listener_moves_down_after_fifty_chunks),
        cmocka_unit_test(jitter_moves_up),
        cmocka_unit_test(underruns_move_up_to_the_top),
        cmocka_unit_test(the_deepest_tier_grows_by_what_was_missing),
        cmocka_unit_test(the_target_covers_lateness),
        cmocka_unit_test(reports_count),
        cmocka_unit_test(the_bucket_is_emptied_and_filled),
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(only_the_trusted_proxy_is_believed),
        cmocka_unit_test(an_address_has_so_many_connections_and_attempts),
        cmocka_unit_test(one_customer_of_ipv6_is_one_address),
        cmocka_unit_test(the_table_does_not_grow),
        cmocka_unit_test(undo_and_redo),
        cmocka_unit_test(a_dragged_slider_is_one_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
