/* The messages of v0 and v1, base64, and 16-bit samples. */
#include "cmocka_c.h"

#include "base/random.h"
#include <stdlib.h>
#include <string.h>

#include "server/v0.h"
#include "server/v1.h"
#include "synth/pcm16.h"

#include <math.h>

static json_t *parse(const char *text, size_t length) {
    json_error_t error;
    json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!object) fail_msg("%s: %s", error.text, text);
    return object;
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    return text;
}

static double number_of(const json_t *object, const char *key) {
    json_t *number = json_object_get(object, key);
    assert_true(json_is_number(number));
    return json_number_value(number);
}

static void base64_known_answers(void **state) {
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xfb\xff\xbf", "+/+/"}}; /* RFC 4648 §10 */
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char out[16];
        size_t length = base64_encode(out, pairs[i][0], strlen(pairs[i][0]));
        assert_int_equal(length, strlen(pairs[i][1]));
        assert_memory_equal(out, pairs[i][1], length);
    }
}

static int digit(char c) {
    const char *all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
               *at = strchr(all, c);
    assert_true(c && at);
    return (int)(at - all);
}

static void base64_of_every_length_decodes(void **state) {
    (void)state;
    unsigned char bytes[300];
    struct random r = random_at(1, 2, 3, 4);
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)random_u64(&r);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        unsigned char *exact = malloc(size + 1); /* so that a read past the end is seen */
        memcpy(exact, bytes, size);
        exact = realloc(exact, size ? size : 1);
        char out[404] = {0};
        assert_int_equal(base64_encode(out, exact, size), BASE64_LENGTH(size));
        assert_int_equal(strlen(out), BASE64_LENGTH(size));
        for (size_t i = 0; i < size; i++) {
            size_t bit = i * 8, at = bit / 6;
            int word = digit(out[at]) << 6 | digit(out[at + 1]);
            assert_int_equal(word >> (4 - bit % 6) & 255, bytes[i]);
        }
        unsigned char back[sizeof bytes];
        base64_decode(back, out, BASE64_LENGTH(size / 3 * 3));
        assert_memory_equal(back, bytes, size / 3 * 3);
        free(exact);
    }
}

static void v1_says_hello(void **state) {
    (void)state;
    char out[V1_MESSAGE_MAX];
    size_t length = v1_connection_established(out, sizeof out, "radio_1", 1700000000.25, TIER_STABLE, 2000);
    json_t *m = parse(out, length), *buffer = json_object_get(m, "buffer_config");
    assert_string_equal(text_of(m, "type"), "connection_established");
    assert_string_equal(text_of(m, "client_id"), "radio_1");
    assert_true(number_of(m, "server_time") == 1700000000.25);
    assert_string_equal(text_of(buffer, "initial_tier"), "stable");
    assert_true(number_of(buffer, "target_buffer_ms") == 2000 &&
                number_of(buffer, "chunk_duration_ms") == 100 &&
                number_of(buffer, "samples_per_chunk") == 8820);
    assert_string_equal(text_of(m, "server_version"), auralis_version());
    json_decref(m);
}

static void v1_audio_carries_its_data(void **state) {
    (void)state;
    static int16_t samples[V1_SAMPLES_PER_CHUNK];
    static char data[V1_AUDIO_BASE64], out[V1_AUDIO_MAX];
    for (int i = 0; i < V1_SAMPLES_PER_CHUNK; i++) samples[i] = (int16_t)(i * 7);
    size_t length = base64_encode(data, samples, sizeof samples);
    assert_int_equal(length, V1_AUDIO_BASE64);
    struct v1_audio audio = {UINT64_C(1) << 53, data, length, 1.7e9, 12.5, TIER_DEFENSIVE};
    size_t size = v1_audio(out, sizeof out, &audio);
    json_t *m = parse(out, size);
    assert_string_equal(text_of(m, "type"), "audio");
    assert_string_equal(text_of(m, "current_tier"), "defensive");
    assert_true(number_of(m, "buffer_depth") == 12.5);
    assert_memory_equal(text_of(m, "data"), data, length);
    json_decref(m);
    for (size_t small = 0; small <= size; small += 97) assert_int_equal(v1_audio(out, small, &audio), 0);
    assert_int_equal(v1_audio(out, size + 1, &audio), size);
}

static void v1_status_tells_how_it_is(void **state) {
    (void)state;
    char out[V1_MESSAGE_MAX];
    struct v1_status s = {"c", 1.7e9, 9, 10, TIER_NORMAL, 3, 0, 100, 2352000, 0, 10};
    json_t *m = parse(out, v1_buffer_status(out, sizeof out, &s));
    json_t *health = json_object_get(m, "buffer_health"), *performance = json_object_get(m, "performance");
    assert_string_equal(text_of(health, "health_status"), "healthy");
    assert_true(number_of(health, "current_depth_chunks") == 9 &&
                number_of(health, "target_depth_chunks") == 10 && number_of(health, "jitter_ms") == 3 &&
                number_of(health, "underrun_rate") == 0);
    assert_true(number_of(performance, "chunks_sent") == 100 &&
                number_of(performance, "bytes_sent") == 2352000 && number_of(performance, "underruns") == 0 &&
                number_of(performance, "connection_uptime_sec") == 10);
    json_decref(m);
    s.depth_chunks = 4;
    assert_string_equal(v1_health(&s), "warning");
    s.depth_chunks = 2;
    assert_string_equal(v1_health(&s), "critical");
    s.depth_chunks = 10, s.jitter_ms = 31;
    assert_string_equal(v1_health(&s), "warning");
    s.underrun_rate = 0.06;
    assert_string_equal(v1_health(&s), "critical");
}

static void v1_errors_quote_safely(void **state) {
    (void)state;
    char out[V1_MESSAGE_MAX], text[2000];
    static const char *const names[] = {"BUFFER_OVERRUN", "RATE_LIMIT_EXCEEDED", "PERSISTENT_UNDERRUNS",
                                        "SERVER_OVERLOAD", "INVALID_MESSAGE"};
    for (int i = 0; i < V1_ERRORS; i++) {
        json_t *m = parse(out, v1_error(out, sizeof out, i, "a \"b\"\\\n\xff", V1_WARNING, 5));
        assert_string_equal(text_of(m, "error_code"), names[i]);
        assert_string_equal(text_of(m, "error_message"), "a \"b\"\\??");
        assert_string_equal(text_of(m, "severity"), "warning");
        json_decref(m);
    }
    memset(text, '"', sizeof text - 1);
    text[sizeof text - 1] = 0;
    json_decref(parse(out, v1_error(out, sizeof out, V1_INVALID_MESSAGE, text, V1_CRITICAL, 5)));
    json_t *m = parse(out, v1_shutdown_warning(out, sizeof out, "restart", 5));
    assert_true(number_of(m, "drain_period_sec") == 5);
    assert_string_equal(text_of(m, "reason"), "restart");
    json_decref(m);
    m = parse(out, v1_buffer_control_ack(out, sizeof out, TIER_NORMAL, TIER_STABLE));
    assert_string_equal(text_of(m, "previous_tier"), "normal");
    assert_string_equal(text_of(m, "new_tier"), "stable");
    json_decref(m);
}

static void v1_listens(void **state) {
    (void)state;
    struct v1_message m;
    const char *good = "{\"type\": \"buffer_control\", \"requested_tier\": \"minimal\"}";
    assert_int_equal(v1_parse(good, strlen(good), &m, NULL), 0);
    assert_int_equal(m.requested_tier, TIER_MINIMAL);
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "1",
                                      "{}",
                                      "{\"type\": 5}",
                                      "{\"type\": \"hello\"}",
                                      "{\"type\": \"buffer_control\"}",
                                      "{\"type\": \"buffer_control\", \"requested_tier\": \"huge\"}",
                                      "{\"type\": \"buffer_control\", \"requested_tier\": 3}",
                                      "{\"type\": \"a\", \"type\": \"b\"}",
                                      "{\"type\": \"buffer_control\", \"requested_tier\": \"minimal\"} x",
                                      "\xff\xfe"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct refusal why = {0};
        assert_true(v1_parse(bad[i], strlen(bad[i]), &m, &why) < 0);
        assert_true(*why.message != 0);
    }
    char large[V1_CLIENT_MESSAGE_MAX + 1];
    memset(large, ' ', sizeof large);
    memcpy(large, good, strlen(good));
    assert_int_equal(v1_parse(large, sizeof large - 1, &m, NULL), 0);
    assert_int_equal(v1_parse(large, sizeof large, &m, NULL), -REFUSAL_TOO_LARGE);
}

static void v0_speaks_and_listens(void **state) {
    (void)state;
    char out[V0_MESSAGE_MAX];
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
    struct v0_message m;
    json_t *o = parse(out, v0_connected(out, sizeof out));
    assert_true(number_of(o, "sample_rate") == 44100 && number_of(o, "chunk_size_ms") == 100);
    json_decref(o);
    o = parse(out, v0_audio(out, sizeof out, "AAAA", 4, 1700000000123, 7));
    assert_true(number_of(o, "timestamp") == 1700000000123.0 && number_of(o, "sequence") == 7);
    assert_string_equal(text_of(o, "format"), "pcm16");
    assert_string_equal(text_of(o, "data"), "AAAA");
    json_decref(o);
    o = parse(out, v0_control(out, sizeof out, &p, UINT64_MAX));
    assert_string_equal(text_of(o, "applies_at"), "18446744073709551615");
    assert_true(number_of(json_object_get(o, "parameters"), "bpm") == 70);
    json_decref(o);
    assert_int_equal(v0_control(out, 100, &p, 0), 0);
    static const char *const texts[] = {"{\"type\": \"ping\"}", "{\"type\": \"buffer_status\"}",
                                        "{\"type\": \"control\", \"bpm\": 54}",
                                        "{\"type\": \"control\", \"parameters\": {\"bpm\": 54}}"};
    static const int types[] = {V0_PING, V0_BUFFER_STATUS, V0_CONTROL, V0_CONTROL};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(v0_parse(texts[i], strlen(texts[i]), &m, NULL), 0);
        assert_int_equal(m.type, types[i]);
    }
    assert_true(m.values.bpm == 54 && m.set == 1u << auralis_parameter_find("bpm"));
    struct refusal why;
    const char *bad = "{\"type\": \"control\", \"bpm\": 540}";
    assert_int_equal(v0_parse(bad, strlen(bad), &m, &why), -REFUSAL_INVALID_VALUE);
    o = parse(out, v0_error(out, sizeof out, &why));
    assert_string_equal(text_of(o, "type"), "error");
    assert_string_equal(text_of(o, "code"), "INVALID_VALUE");
    json_decref(o);
    bad = "{\"type\": \"control\", \"bpm\": 54, \"parameters\": {}}";
    assert_true(v0_parse(bad, strlen(bad), &m, &why) < 0);
    o = parse(out, v0_pong(out, sizeof out));
    assert_string_equal(text_of(o, "type"), "pong");
    json_decref(o);
}

static void samples_are_dithered_the_same_everywhere(void **state) {
    (void)state;
    enum { FRAMES = 20000 };
    static float in[2 * FRAMES];
    static int16_t whole[2 * FRAMES], part[2 * FRAMES], other[2 * FRAMES];
    uint64_t key = pcm16_key(42);
    double error = 0, square = 0;
    for (int i = 0; i < 2 * FRAMES; i++) in[i] = 0.25f / 32768 + 0.3f * (float)sin(i * 0.01);
    pcm16_convert(whole, in, FRAMES, key, 1000);
    for (int at = 0; at < FRAMES; at += 977) {
        int count = FRAMES - at < 977 ? FRAMES - at : 977;
        pcm16_convert(part + 2 * at, in + 2 * at, (size_t)count, key, 1000 + (uint64_t)at);
    }
    assert_memory_equal(whole, part, sizeof whole);
    pcm16_convert(other, in, FRAMES, pcm16_key(43), 1000);
    assert_memory_not_equal(whole, other, sizeof whole);
    for (int i = 0; i < 2 * FRAMES; i++) {
        double e = whole[i] - (double)in[i] * 32768;
        error += e / (2 * FRAMES);
        square += e * e / (2 * FRAMES);
    }
    assert_true(fabs(error) < 0.02);         /* no bias */
    assert_true(fabs(square - 0.25) < 0.02); /* 1/12 of rounding and 1/6 of triangular noise */
}

static void silence_and_extremes(void **state) {
    (void)state;
    float in[8] = {0, -0.0f, 1, -1, 5, -INFINITY, INFINITY, NAN};
    int16_t out[8];
    for (uint64_t frame = 0; frame < 500; frame++) {
        pcm16_convert(out, in, 4, pcm16_key(1), frame);
        assert_true(out[0] == 0 && out[1] == 0 && out[2] >= 32766 && out[3] <= -32767);
        assert_true(out[4] == 32767 && out[5] == -32768 && out[6] == 32767 && out[7] == 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_known_answers),
        cmocka_unit_test(base64_of_every_length_decodes),
        cmocka_unit_test(v1_says_hello),
        cmocka_unit_test(v1_audio_carries_its_data),
        cmocka_unit_test(v1_status_tells_how_it_is),
        cmocka_unit_test(v1_errors_quote_safely),
        cmocka_unit_test(v1_listens),
        cmocka_unit_test(v0_speaks_and_listens),
        cmocka_unit_test(samples_are_dithered_the_same_everywhere),
        cmocka_unit_test(silence_and_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
