/* The HTTP API, on a server that is only callbacks. */
#include "cmocka_c.h"

#include "server/api.h"
#include "server/history.h"
#include "server/parameters_json.h"

#include <auralis/presets.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A server of two stations. */
struct world {
    auralis_parameters parameters[2];
    struct history history;
    int changes;
    bool ready;
    struct metrics metrics;
    struct api_host host;
    struct api_response response;
    json_t *json; /* of the last response; NULL where it was none */
};

static auralis_parameters *station_of(struct world *w, const char *name) {
    return !strcmp(name, "main") ? &w->parameters[0] : !strcmp(name, "night") ? &w->parameters[1] : NULL;
}

static bool get(void *self, const char *station, auralis_parameters *out) {
    auralis_parameters *p = station_of(self, station);
    if (p) *out = *p;
    return p;
}

static int change(void *self, const char *station, const auralis_parameters *values,
                  auralis_parameter_set set, uint64_t *applies_at, struct refusal *why) {
    struct world *w = self;
    (void)why;
    auralis_parameters *p = station_of(w, station);
    for (int i = 0; i < auralis_parameter_count(); i++)
        if (set >> i & 1)
            assert_int_equal(auralis_parameters_put(p, i, auralis_parameters_get(values, i), NULL), 0);
    history_record(&w->history, p, set, (uint64_t)++w->changes * 10000);
    *applies_at = UINT64_C(9007199254740993); /* more than a double holds */
    return 0;
}

static int step(void *self, const char *station, int direction, auralis_parameters *out, uint64_t *applies_at,
                struct refusal *why) {
    struct world *w = self;
    bool found = direction < 0 ? history_undo(&w->history, out) : history_redo(&w->history, out);
    if (!found) return refuse_with(why, REFUSAL_CONFLICT, NULL, "nothing to step to");
    *station_of(w, station) = *out;
    *applies_at = 5;
    return 0;
}

static void gauges(void *self, struct gauges *out) {
    (void)self;
    *out = (struct gauges){.uptime_seconds = 12.5,
                           .buffer_depth_ms = 950,
                           .active_connections = 3,
                           .voices = 17,
                           .streams = 2,
                           .latency_ms = 1.25,
                           .sample_rate = 48000,
                           .device = "cpu (avx2)"};
}

static bool ready(void *self) {
    return ((struct world *)self)->ready;
}

static int setup(void **state) {
    static const auralis_parameters defaults = AURALIS_PARAMETERS_DEFAULT;
    struct world *w = calloc(1, sizeof *w);
    w->parameters[0] = w->parameters[1] = defaults;
    history_begin(&w->history, &defaults);
    metrics_begin(&w->metrics);
    atomic_store(&w->metrics.chunks_generated, 4242);
    w->ready = true;
    w->host = (struct api_host){.self = w,
                                .parameters = get,
                                .change = change,
                                .step = step,
                                .gauges = gauges,
                                .ready = ready,
                                .metrics = &w->metrics};
    *state = w;
    return store_open(&(struct store_config){.directory = ":memory:"}, &w->host.store);
}

static int teardown(void **state) {
    struct world *w = *state;
    json_decref(w->json);
    api_response_clear(&w->response);
    store_close(w->host.store);
    free(w);
    return 0;
}

static int ask_with(struct world *w, const char *method, const char *address, const char *body,
                    const char *type) {
    char path[600];
    const char *mark = strchr(address, '?');
    snprintf(path, sizeof path, "%.*s", (int)(mark ? mark - address : (long)strlen(address)), address);
    struct api_request r = {.method = method,
                            .path = path,
                            .query = mark ? mark + 1 : NULL,
                            .content_type = type,
                            .body = body,
                            .body_length = body ? strlen(body) : 0};
    json_decref(w->json);
    api_response_clear(&w->response);
    int status = api_handle(&w->host, &r, &w->response);
    assert_int_equal(status, w->response.status);
    w->json = w->response.body ? json_loads(w->response.body, 0, NULL) : NULL;
    if (w->response.body) assert_int_equal(w->response.length, strlen(w->response.body));
    return status;
}

static int ask(struct world *w, const char *method, const char *address, const char *body) {
    return ask_with(w, method, address, body, body ? "application/json; charset=utf-8" : NULL);
}

/* A value of the last answer by its path, as "error.code". */
static json_t *at(struct world *w, const char *path) {
    json_t *value = w->json;
    char key[64];
    for (size_t length; *path; path += length + (path[length] == '.')) {
        length = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)length, path);
        value = json_object_get(value, key);
    }
    if (!value) fail_msg("no %s in %s", path, w->response.body);
    return value;
}

static void check_text(struct world *w, const char *path, const char *wanted) {
    assert_string_equal(json_string_value(at(w, path)), wanted);
}

static void check_number(struct world *w, const char *path, double wanted) {
    assert_true(json_is_number(at(w, path)));
    assert_true(json_number_value(at(w, path)) == wanted);
}

static void status_has_every_field(void **state) {
    struct world *w = *state;
    assert_int_equal(ask(w, "GET", "/api/status", NULL), 200);
    assert_string_equal(w->response.content_type, "application/json");
    check_text(w, "status", "running");
    check_number(w, "uptime_seconds", 12.5);
    check_text(w, "synthesis_engine.device", "cpu (avx2)");
    check_number(w, "synthesis_engine.sample_rate", 48000);
    check_number(w, "synthesis_engine.voices", 17);
    check_number(w, "synthesis_engine.latency", 1.25);
    check_number(w, "buffer_depth_ms", 950);
    check_number(w, "active_connections", 3);
    check_number(w, "chunks_generated", 4242);
    check_number(w, "parameters.bpm", 70);
    assert_int_equal(json_object_size(at(w, "parameters")), auralis_parameter_count());
    assert_int_equal(ask(w, "GET", "/api/status?station=night", NULL), 200);
    assert_int_equal(ask(w, "GET", "/api/status?station=nowhere", NULL), 404);
    assert_int_equal(ask(w, "GET", "/api/status?statoin=main", NULL), 400);
}

static void metrics_in_both_forms(void **state) {
    struct world *w = *state;
    assert_int_equal(ask(w, "GET", "/api/metrics", NULL), 200);
    assert_true(json_number_value(at(w, "timestamp")) > 1.6e9);
    check_number(w, "buffer_depth_ms", 950);
    check_number(w, "active_connections", 3);
    check_number(w, "chunks_generated", 4242);
    check_number(w, "synthesis_latency_ms", 1.25);
    check_text(w, "device_type", "cpu (avx2)");
    histogram_add(&w->metrics.synthesis, 3000000, 5);
    histogram_add(&w->metrics.synthesis, 2000000000, 1);
    assert_int_equal(ask(w, "GET", "/metrics", NULL), 200);
    assert_non_null(strstr(w->response.content_type, "openmetrics-text"));
    static const char *const lines[] = {
        "auralis_synthesis_latency_seconds_bucket{le=\"0.0025\"} 0\n",
        "auralis_synthesis_latency_seconds_bucket{le=\"0.005\"} 5\n",
        "auralis_synthesis_latency_seconds_bucket{le=\"1\"} 5\n",
        "auralis_synthesis_latency_seconds_bucket{le=\"+Inf\"} 6\n",
        "auralis_synthesis_latency_seconds_count 6\n",
        "auralis_synthesis_latency_seconds_sum 2.015\n",
        "auralis_active_websocket_connections 3\n",
        "auralis_chunks_generated_total 4242\n",
        "# TYPE auralis_buffer_underruns counter\n",
        "auralis_websocket_send_errors_total{error_type=\"encoding_error\"} 0\n",
        "auralis_buffer_depth_seconds_count 0\n",
        "auralis_chunk_delivery_jitter_seconds_count 0\n",
        "auralis_chunk_encoding_duration_seconds_count 0\n",
        "auralis_gpu_memory_allocated_bytes 0\n",
        "auralis_phrase_generation_rate_hz 0\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(w->response.body, lines[i])) fail_msg("%s is missing:\n%s", lines[i], w->response.body);
    assert_string_equal(w->response.body + w->response.length - 6, "# EOF\n");
    const char *memory = strstr(w->response.body, "\nauralis_memory_usage_bytes ");
    assert_true(atof(memory + 28) > 1e6);
}

static void control_changes_what_is_named(void **state) {
    struct world *w = *state;
    assert_int_equal(ask(w, "POST", "/api/control",
                         "{\"bpm\": 54, \"key\": \"A\", \"melody_complexity\": 0.9, \"intensity\": 0.1}"),
                     200);
    check_number(w, "parameters.bpm", 54);
    check_text(w, "applies_at", "9007199254740993");
    check_text(w, "station", "main");
    assert_int_equal(json_array_size(at(w, "changed")), 3);
    assert_int_equal(json_array_size(at(w, "unchanged")), 1);
    assert_string_equal(json_string_value(json_array_get(at(w, "unchanged"), 0)), "key");
    assert_string_equal(json_string_value(json_array_get(at(w, "warnings"), 0)),
                        "may reduce perceived musicality");
    assert_true(w->parameters[0].bpm == 54 && w->parameters[1].bpm == 70);
    assert_int_equal(ask(w, "POST", "/api/control", "{\"station\": \"night\", \"bpm\": 60}"), 200);
    assert_int_equal(ask(w, "POST", "/api/control?station=night", "{\"space\": 1}"), 200);
    assert_true(w->parameters[0].bpm == 54 && w->parameters[1].bpm == 60 && w->parameters[1].space == 1);
    int changes = w->changes;
    static const struct {
        const char *body;
        int status;
        const char *code;
    } bad[] = {{"{}", 400, "INVALID_VALUE"},
               {"{\"bpm\": 54, \"space\": 2}", 400, "INVALID_VALUE"},
               {"{\"bpm\": 54, \"spice\": 1}", 400, "UNKNOWN_FIELD"},
               {"{\"station\": \"nowhere\", \"bpm\": 54}", 404, "NOT_FOUND"},
               {"{\"station\": \"No Where\", \"bpm\": 54}", 400, "INVALID_VALUE"},
               {"{\"bpm\"", 400, "INVALID_JSON"},
               {"[1]", 400, "INVALID_JSON"},
               {"{\"bpm\": 50, \"bpm\": 60}", 400, "INVALID_JSON"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(ask(w, "POST", "/api/control", bad[i].body), bad[i].status);
        check_text(w, "error.code", bad[i].code);
        assert_true(json_is_object(at(w, "error.details")));
    }
    assert_int_equal(ask(w, "POST", "/api/control?station=main", "{\"station\": \"main\", \"bpm\": 50}"),
                     400);
    assert_int_equal(w->changes, changes);
    assert_int_equal(ask(w, "POST", "/api/control", "{\"tempo\": 50}"), 400);
    check_text(w, "error.details.field", "tempo");
    assert_true(json_is_string(at(w, "error.details.nearest")));
}

static void undo_and_redo(void **state) {
    struct world *w = *state;
    assert_int_equal(ask(w, "POST", "/api/undo", NULL), 409);
    check_text(w, "error.code", "CONFLICT");
    assert_int_equal(ask(w, "POST", "/api/control", "{\"bpm\": 54}"), 200);
    assert_int_equal(ask(w, "POST", "/api/undo", NULL), 200);
    check_number(w, "parameters.bpm", 70);
    assert_string_equal(json_string_value(json_array_get(at(w, "changed"), 0)), "bpm");
    assert_int_equal(ask(w, "POST", "/api/redo", "{\"station\": \"main\"}"), 200);
    check_number(w, "parameters.bpm", 54);
    assert_int_equal(ask(w, "POST", "/api/redo", NULL), 409);
    assert_int_equal(ask(w, "POST", "/api/undo", "{\"bpm\": 3}"), 400);
}

static void presets_come_and_go(void **state) {
    struct world *w = *state;
    size_t builtin = (size_t)auralis_preset_count();
    assert_int_equal(
        ask(w, "POST", "/api/presets", "{\"name\": \"Sp\xc3\xa4t & leise\", \"parameters\": {\"bpm\": 44}}"),
        201);
    assert_string_equal(w->response.location, "/api/presets/Sp%C3%A4t%20%26%20leise");
    check_number(w, "parameters.bpm", 44);
    check_number(w, "parameters.space", 0.5);
    assert_int_equal(ask(w, "GET", "/api/presets/Sp%C3%A4t%20%26%20leise", NULL), 200);
    check_text(w, "name", "Sp\xc3\xa4t & leise");
    assert_int_equal(ask(w, "GET", "/api/presets", NULL), 200);
    assert_int_equal(json_array_size(at(w, "presets")), builtin + 1);
    assert_int_equal(ask(w, "POST", "/api/presets/Sp%C3%A4t%20%26%20leise/load", NULL), 200);
    check_number(w, "parameters.bpm", 44);
    assert_true(w->parameters[0].bpm == 44);
    assert_int_equal(ask(w, "POST", "/api/presets/sleep/load?station=night", NULL), 200);
    assert_true(w->parameters[1].bpm == 40 && w->parameters[0].bpm == 44);
    assert_int_equal(ask(w, "POST", "/api/presets", "{\"name\": \"now\"}"), 201); /* what main plays */
    check_number(w, "parameters.bpm", 44);
    assert_int_equal(ask(w, "POST", "/api/presets", "{\"name\": \"now\", \"parameters\": {}}"), 200);
    assert_string_equal(w->response.location, "");
    check_number(w, "parameters.bpm", 70);
    assert_int_equal(ask(w, "DELETE", "/api/presets/now", NULL), 204);
    assert_null(w->response.body);
    assert_int_equal(ask(w, "DELETE", "/api/presets/now", NULL), 404);
    assert_int_equal(ask(w, "GET", "/api/presets/now", NULL), 404);
    assert_int_equal(ask(w, "POST", "/api/presets/now/load", NULL), 404);
    assert_int_equal(ask(w, "DELETE", "/api/presets/sleep", NULL), 409);
    assert_int_equal(ask(w, "GET", "/api/presets/%zz", NULL), 400);
    assert_int_equal(ask(w, "GET", "/api/presets/a%00b", NULL), 400);
    store_close(w->host.store);
    w->host.store = NULL;
    assert_int_equal(ask(w, "POST", "/api/presets", "{\"name\": \"x\"}"), 507);
    assert_int_equal(ask(w, "GET", "/api/presets", NULL), 200);
}

static void methods_and_paths(void **state) {
    struct world *w = *state;
    assert_int_equal(ask(w, "PUT", "/api/presets", NULL), 405);
    assert_string_equal(w->response.allow, "GET, HEAD, POST, OPTIONS");
    assert_int_equal(ask(w, "GET", "/api/control", NULL), 405);
    assert_string_equal(w->response.allow, "POST, OPTIONS");
    assert_int_equal(ask(w, "OPTIONS", "/api/presets/x", NULL), 204);
    assert_string_equal(w->response.allow, "GET, HEAD, DELETE, OPTIONS");
    assert_int_equal(ask(w, "HEAD", "/api/status", NULL), 200);
    assert_true(w->response.head && w->response.length > 100);
    assert_string_equal(w->response.allow, "");
    static const char *const nowhere[] = {"/api",
                                          "/api/",
                                          "/api/status/",
                                          "/api/presets/",
                                          "/api/presets//load",
                                          "/api/presets/x/y",
                                          "/api/Status",
                                          "/healthz/",
                                          "/x"};
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++) {
        assert_int_equal(ask(w, "GET", nowhere[i], NULL), 404);
        check_text(w, "error.code", "NOT_FOUND");
    }
    assert_true(api_owns("/api/x") && api_owns("/metrics") && api_owns("/readyz") && api_owns("/api"));
    assert_false(api_owns("/apis") || api_owns("/") || api_owns("/metrics.html"));
    assert_int_equal(ask(w, "GET", "/healthz", NULL), 200);
    assert_int_equal(ask(w, "GET", "/readyz", NULL), 200);
    w->ready = false;
    assert_int_equal(ask(w, "GET", "/readyz", NULL), 503);
    assert_int_equal(ask(w, "GET", "/api/parameters", NULL), 200);
    assert_int_equal(json_array_size(at(w, "parameters")), auralis_parameter_count());
}

static void bodies_must_be_json_and_small(void **state) {
    struct world *w = *state;
    static const char *const types[] = {NULL, "text/plain", "application/x-www-form-urlencoded",
                                        "application/jsonp"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        assert_int_equal(ask_with(w, "POST", "/api/control", "{\"bpm\": 54}", types[i]), 415);
    assert_int_equal(ask_with(w, "POST", "/api/control", "{\"bpm\": 54}", "Application/JSON"), 200);
    char *large = malloc(API_BODY_MAX + 2);
    memset(large, ' ', API_BODY_MAX + 1);
    memcpy(large, "{\"bpm\": 54}", 11);
    large[API_BODY_MAX + 1] = 0;
    assert_int_equal(ask(w, "POST", "/api/control", large), 413);
    large[API_BODY_MAX] = 0;
    assert_int_equal(ask(w, "POST", "/api/control", large), 200);
    free(large);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(status_has_every_field, setup, teardown),
        cmocka_unit_test_setup_teardown(metrics_in_both_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(control_changes_what_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(undo_and_redo, setup, teardown),
        cmocka_unit_test_setup_teardown(presets_come_and_go, setup, teardown),
        cmocka_unit_test_setup_teardown(methods_and_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(bodies_must_be_json_and_small, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
