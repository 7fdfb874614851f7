/* Any bytes as a request of the HTTP API: a line "METHOD PATH?QUERY", and after it the body. The answer is
 * always one that the documentation knows, and what it says is JSON. */
#include "fuzz.h"

#include "server/api.h"

static struct store *store;
static struct metrics metrics;
static auralis_parameters station = AURALIS_PARAMETERS_DEFAULT;
static struct station_info own = {.definition = {.name = "own", .parameters = AURALIS_PARAMETERS_DEFAULT},
                                  .parameters = AURALIS_PARAMETERS_DEFAULT};

static bool parameters(void *self, const char *name, auralis_parameters *out) {
    (void)self;
    MUST(station_name_valid(name));
    *out = station;
    return strcmp(name, "nowhere") != 0;
}

static int change(void *self, const char *name, const auralis_parameters *values, auralis_parameter_set set,
                  uint64_t *applies_at, struct refusal *why) {
    auralis_message reason;
    (void)self, (void)name, (void)why;
    MUST(auralis_parameters_check(values, &reason) == 0 && set);
    *applies_at = 1;
    return 0;
}

static int step(void *self, const char *name, int direction, auralis_parameters *out, uint64_t *applies_at,
                struct refusal *why) {
    (void)self, (void)name, (void)out, (void)applies_at, (void)direction;
    return refuse_with(why, REFUSAL_CONFLICT, NULL, "there is nothing");
}

static void gauges(void *self, struct gauges *out) {
    (void)self;
    *out = (struct gauges){.device = "none"};
}

static int stations(void *self, struct station_info *out) {
    (void)self;
    *out = own;
    return 1;
}

static int take_station(void *self, const struct station_config *s, struct refusal *why) {
    auralis_message reason;
    (void)self, (void)why;
    MUST(station_name_valid(s->name) && auralis_parameters_check(&s->parameters, &reason) == 0);
    return 0;
}

static int end_station(void *self, const char *name, struct refusal *why) {
    (void)self, (void)why;
    MUST(!strcmp(name, "own"));
    return 0;
}

static const struct api_host HOST = {.parameters = parameters,
                                     .change = change,
                                     .step = step,
                                     .stations = stations,
                                     .begin_station = take_station,
                                     .change_station = take_station,
                                     .end_station = end_station,
                                     .gauges = gauges,
                                     .metrics = &metrics};

static void check(const struct api_response *r) {
    static const int known[] = {200, 201, 204, 400, 404, 405, 409, 413, 415, 503, 507};
    size_t i = 0;
    while (i < sizeof known / sizeof *known && known[i] != r->status) i++;
    MUST(i < sizeof known / sizeof *known);
    MUST((r->status == 204) == !r->body);
    if (!r->body || !strstr(r->content_type, "json")) return;
    MUST(strlen(r->body) == r->length);
    json_t *json = json_loads(r->body, 0, NULL);
    MUST(json && (r->status < 400) == !json_object_get(json, "error"));
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!store) {
        MUST(store_open(&(struct store_config){.directory = ":memory:"}, &store) == 0);
        metrics_begin(&metrics);
    }
    struct api_host host = HOST;
    char *text = fuzz_text(data, size), *line = strchr(text, '\n'), *path = strchr(text, ' '), *query;
    host.store = store;
    if (line && path && path < line) {
        *path++ = *line++ = 0;
        query = strchr(path, '?');
        if (query) *query++ = 0;
        struct api_request request = {.method = text,
                                      .path = path,
                                      .query = query,
                                      .content_type = "application/json",
                                      .body = line,
                                      .body_length = size - (size_t)(line - text)};
        struct api_response response;
        api_handle(&host, &request, &response);
        check(&response);
        api_response_clear(&response);
    }
    free(text);
    return 0;
}
