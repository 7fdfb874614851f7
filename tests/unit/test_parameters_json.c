/* Parameters as JSON and in addresses, and the one shape of a refusal. */
#include "cmocka_c.h"

#include <stdlib.h>
#include <string.h>

#include "server/parameters_json.h"
#include "server/stream_request.h"
#include "server/tier.h"

#include <auralis/presets.h>

static const auralis_parameters DEFAULTS = AURALIS_PARAMETERS_DEFAULT;

static json_t *parse(const char *text) {
    json_t *object = json_loads(text, 0, NULL);
    assert_non_null(object);
    return object;
}

static void everything_survives_json(void **state) {
    (void)state;
    for (int i = 0; i < auralis_preset_count(); i++) {
        const auralis_parameters *p = &auralis_preset_at(i)->parameters;
        auralis_parameters q = DEFAULTS;
        auralis_parameter_set set = 0;
        json_t *object = parameters_to_json(p);
        char *text = json_dumps(object, JSON_REAL_PRECISION(15));
        json_t *again = parse(text);
        assert_int_equal(parameters_from_json(again, &q, &set, NULL), 0);
        assert_int_equal(parameters_difference(p, &q), 0);
        assert_int_equal(set, (1u << auralis_parameter_count()) - 1);
        json_decref(again);
        json_decref(object);
        free(text);
    }
}

static void a_partial_update_leaves_the_rest(void **state) {
    (void)state;
    auralis_parameters p = auralis_preset_find("sleep")->parameters, before = p;
    auralis_parameter_set set = 0;
    json_t *object = parse("{\"bpm\": 54, \"mode\": \"Dorian\", \"enable_kicks\": false, \"key\": \"Gb\"}");
    assert_int_equal(parameters_from_json(object, &p, &set, NULL), 0);
    json_decref(object);
    assert_true(p.bpm == 54 && p.mode == AURALIS_DORIAN && !p.enable_kicks && p.key == 6);
    assert_true(p.intensity == before.intensity && p.space == before.space);
    int count = 0;
    for (uint32_t s = set; s; s &= s - 1) count++;
    assert_int_equal(count, 4);
}

static void refusals_name_the_field_and_change_nothing(void **state) {
    (void)state;
    static const struct {
        const char *json;
        int code;
        const char *field, *says;
    } bad[] = {
        {"{\"bpm\": 54, \"tempo\": 60}", REFUSAL_UNKNOWN_FIELD, "tempo", "nearest is"},
        {"{\"bpn\": 60}", REFUSAL_UNKNOWN_FIELD, "bpn", "nearest is bpm"},
        {"{\"intensity\": 0.2, \"bpm\": 300}", REFUSAL_INVALID_VALUE, "bpm", "from 40 to 120"},
        {"{\"bpm\": \"54\"}", REFUSAL_INVALID_VALUE, "bpm", "from 40 to 120"},
        {"{\"bpm\": null}", REFUSAL_INVALID_VALUE, "bpm", "from 40 to 120"},
        {"{\"bpm\": [54]}", REFUSAL_INVALID_VALUE, "bpm", "from 40 to 120"},
        {"{\"mode\": 1}", REFUSAL_INVALID_VALUE, "mode", "phrygian"},
        {"{\"mode\": \"locrian\"}", REFUSAL_INVALID_VALUE, "mode", "phrygian"},
        {"{\"enable_pads\": 1}", REFUSAL_INVALID_VALUE, "enable_pads", "true or false"},
        {"{\"enable_pads\": \"on\"}", REFUSAL_INVALID_VALUE, "enable_pads", "true or false"},
        {"{\"\": 1}", REFUSAL_UNKNOWN_FIELD, "", "nearest"},
        {"[]", REFUSAL_INVALID_VALUE, "parameters", "object"},
        {"\"bpm\"", REFUSAL_INVALID_VALUE, "parameters", "object"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        auralis_parameters p = DEFAULTS;
        auralis_parameter_set set = 77;
        struct refusal why;
        json_t *object = json_loads(bad[i].json, JSON_DECODE_ANY, NULL);
        assert_int_equal(parameters_from_json(object, &p, &set, &why), -bad[i].code);
        json_decref(object);
        assert_string_equal(why.field, bad[i].field);
        assert_non_null(strstr(why.message, bad[i].says));
        assert_int_equal(parameters_difference(&p, &DEFAULTS), 0);
        assert_int_equal(set, 77);
    }
}

static void the_table_describes_every_parameter(void **state) {
    (void)state;
    json_t *table = parameters_table_json();
    assert_int_equal(json_array_size(table), auralis_parameter_count());
    for (size_t i = 0; i < json_array_size(table); i++) {
        json_t *row = json_array_get(table, i), *type = json_object_get(row, "type");
        bool number = !strcmp(json_string_value(type), "number"),
             choice = !strcmp(json_string_value(type), "choice");
        assert_int_equal(json_is_number(json_object_get(row, "minimum")), number);
        assert_int_equal(json_array_size(json_object_get(row, "choices")) > 1, choice);
        json_t *update = json_object();
        json_object_set(update, json_string_value(json_object_get(row, "name")),
                        json_object_get(row, "default"));
        auralis_parameters p = DEFAULTS;
        auralis_parameter_set set;
        assert_int_equal(parameters_from_json(update, &p, &set, NULL), 0);
        assert_int_equal(parameters_difference(&p, &DEFAULTS), 0);
        json_decref(update);
    }
    json_decref(table);
}

static void a_refusal_is_the_same_text_both_ways(void **state) {
    (void)state;
    struct refusal why;
    char body[REFUSAL_BODY_MAX];
    refuse_with(&why, REFUSAL_NOT_FOUND, "na\"me\\", "there is \"%s\"", "a\x01\xff\xc3\xa9 b\n");
    assert_string_equal(why.message, "there is \"a??\xc3\xa9 b?\"");
    size_t length = refusal_body(&why, body, sizeof body);
    assert_int_equal(length, strlen(body));
    json_t *one = parse(body), *two = refusal_json(&why);
    assert_true(json_equal(one, two));
    json_t *error = json_object_get(one, "error");
    assert_string_equal(json_string_value(json_object_get(error, "code")), "NOT_FOUND");
    assert_true(json_is_object(json_object_get(error, "details")));
    json_decref(one);
    json_decref(two);
    char huge[4000];
    memset(huge, '"', sizeof huge - 1);
    huge[sizeof huge - 1] = 0;
    refuse_with(&why, REFUSAL_INTERNAL, huge, "%s", huge);
    memset(why.nearest, '\\', sizeof why.nearest - 1);
    why.nearest[sizeof why.nearest - 1] = 0;
    assert_true(refusal_body(&why, body, sizeof body) < sizeof body);
    json_decref(parse(body));
    assert_int_equal(refusal_status(REFUSAL_RATE_LIMITED), 429);
    assert_int_equal(refusal_status(REFUSAL_OVERLOADED), 503);
}

static void addresses_ask_for_streams(void **state) {
    (void)state;
    struct stream_request r;
    assert_int_equal(stream_request_parse(NULL, 2, TIER_STABLE, &r, NULL), 0);
    assert_true(!r.personal && r.format == STREAM_FLOAT32 && r.chunk == 960 && r.tier == TIER_STABLE);
    assert_string_equal(r.station, "main");
    assert_int_equal(
        stream_request_parse("seed=18446744073709551615&preset=Late%20night&bpm=54&mode=dorian&key=F%23"
                             "&start=281474976710656&format=int16&chunk=4800&buffer_tier=minimal",
                             2, TIER_NORMAL, &r, NULL),
        0);
    assert_true(r.personal && r.seed == UINT64_MAX && r.values.bpm == 54 && r.values.key == 6);
    assert_true(r.start == STREAM_START_MAX && r.format == STREAM_INT16 && r.chunk == 4800 &&
                r.tier == TIER_MINIMAL);
    assert_string_equal(r.preset, "Late night");
    assert_string_equal(r.station, "");
    assert_int_equal(stream_request_parse("station=night-2&&", 1, TIER_NORMAL, &r, NULL), 0);
    assert_string_equal(r.station, "night-2");
}

static void addresses_are_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *query, *field, *says;
        int version;
    } bad[] = {
        {"seed=-1", "seed", "from 0 to 18446744073709551615", 2},
        {"seed=18446744073709551616", "seed", "whole number", 2},
        {"seed=", "seed", "whole number", 2},
        {"seed", "seed", "needs a value", 2},
        {"seed=1&seed=2", "seed", "twice", 2},
        {"seed=1&bpm=50&bpm=60", "bpm", "twice", 2},
        {"seed=1&bpm=500", "bpm", "40 to 120", 2},
        {"seed=1&station=main", "station", "not both", 2},
        {"bpm=50", "bpm", "give a seed", 2},
        {"preset=sleep", "preset", "give a seed", 2},
        {"start=5", "start", "give a seed", 2},
        {"seed=1&start=281474976710657", "start", "whole number", 2},
        {"format=pcm", "format", "float32, int16 or opus", 2},
        {"format=opus&chunk=960000", "chunk", "multiple of 240", 2},
        {"format=opus&chunk=5760", "chunk", "multiple of 960 up to 4800", 2},
        {"chunk=1200&format=opus", "chunk", "multiple of 960 up to 4800", 2},
        {"chunk=961", "chunk", "multiple of 240", 2},
        {"chunk=240", "chunk", "480 to 9600", 2},
        {"chunk=9840", "chunk", "480 to 9600", 2},
        {"chunk=960", "chunk", "auralis-v2", 1},
        {"format=int16", "format", "auralis-v2", 0},
        {"buffer_tier=huge", "buffer_tier", "defensive", 1},
        {"station=Main", "station", "lower-case", 2},
        {"station=", "station", "1 to 32", 2},
        {"station=a23456789012345678901234567890123", "station", "1 to 32", 2},
        {"seed=%3", "seed", "hexadecimal", 2},
        {"seed=%zz", "seed", "hexadecimal", 2},
        {"seed=%00", "seed", "character 0", 2},
        {"seed=1&preset=%ff%fe", "preset", "UTF-8", 2},
        {"sede=1", "sede", "nearest is seed", 2},
        {"=1", "", "no key", 2},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct refusal why;
        struct stream_request r = {.seed = 99}, before = r;
        assert_true(stream_request_parse(bad[i].query, bad[i].version, TIER_NORMAL, &r, &why) < 0);
        assert_string_equal(why.field, bad[i].field);
        if (!strstr(why.message, bad[i].says)) fail_msg("%s: %s", bad[i].query, why.message);
        assert_memory_equal(&r, &before, sizeof r);
    }
    char longest[QUERY_MAX + 2];
    memset(longest, '&', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    struct stream_request r;
    assert_true(stream_request_parse(longest, 2, TIER_NORMAL, &r, NULL) < 0);
    assert_int_equal(stream_request_parse(longest + 1, 2, TIER_NORMAL, &r, NULL), 0);
}

static void client_ids(void **state) {
    (void)state;
    char id[CLIENT_ID_MAX + 2];
    memset(id, 'x', sizeof id);
    id[CLIENT_ID_MAX + 1] = 0;
    assert_true(client_id_check(id, NULL) < 0);
    id[CLIENT_ID_MAX] = 0;
    assert_int_equal(client_id_check(id, NULL), 0);
    assert_int_equal(client_id_check("A_z-9", NULL), 0);
    static const char *const bad[] = {"", "admin", "system", "test", "a b", "a/b", "\xc3\xa9", "a.b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_true(client_id_check(bad[i], NULL) < 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_survives_json),
        cmocka_unit_test(a_partial_update_leaves_the_rest),
        cmocka_unit_test(refusals_name_the_field_and_change_nothing),
        cmocka_unit_test(the_table_describes_every_parameter),
        cmocka_unit_test(a_refusal_is_the_same_text_both_ways),
        cmocka_unit_test(addresses_ask_for_streams),
        cmocka_unit_test(addresses_are_refused_by_name),
        cmocka_unit_test(client_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
