/* api.c — the HTTP API as a function of the request (see api.h).
 *
 * One table holds the routes: a pattern, in which {name} stands for one segment, and what to do for GET and
 * for POST, PUT or DELETE. HEAD, OPTIONS, Allow and 405 follow from the table, so a route cannot forget them.
 * Handlers are described in api_exchange.h. */
#include "server/api_exchange.h"
#include "server/parameters_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static int out_of_memory(struct exchange *e) {
    return refuse_with(&e->why, REFUSAL_INTERNAL, NULL, "out of memory");
}

int exchange_answer(struct exchange *e, int status, json_t *object) {
    e->out->status = status;
    e->answer = object;
    return object ? 0 : out_of_memory(e);
}

static int station_parameters(struct exchange *e, auralis_parameters *out) {
    if (e->host->parameters(e->host->self, e->station, out)) return 0;
    return refuse_with(&e->why, REFUSAL_NOT_FOUND, "station", "there is no station \"%s\"", e->station);
}

/* ---- Status ---- */

static struct gauges read_gauges(const struct exchange *e) {
    struct gauges now = {.device = ""};
    e->host->gauges(e->host->self, &now);
    return now;
}

static json_int_t read_counter(const _Atomic uint64_t *value) {
    return (json_int_t)atomic_load_explicit(value, memory_order_relaxed);
}

static const char *storage(const struct store *store) {
    static const char *const names[] = {
        [STORE_MEMORY] = "memory", [STORE_READ_ONLY] = "read-only", [STORE_KEPT] = "kept"};
    return names[store ? store_mode(store) : STORE_READ_ONLY];
}

static json_t *gpu_json(const struct gauges *now) {
    return json_pack("{s:I, s:f, s:f, s:I, s:I, s:I, s:I, s:I}", "memory_bytes",
                     (json_int_t)now->gpu_memory_bytes, "kernel_seconds", now->gpu_seconds, "utilisation",
                     now->gpu_use, "full", (json_int_t)now->gpu_full, "faults", (json_int_t)now->gpu_faults,
                     "rescued", (json_int_t)now->rescued, "shed", (json_int_t)now->shed, "waiting",
                     (json_int_t)now->waiting);
}

static int get_status(struct exchange *e) {
    auralis_parameters p;
    int result = station_parameters(e, &p);
    if (result < 0) return result;
    struct gauges now = read_gauges(e);
    return exchange_answer(
        e, 200,
        json_pack("{s:s, s:f, s:{s:s, s:I, s:I, s:f}, s:f, s:I, s:I, s:I, s:s, s:s, s:o, s:o, s:o*}",
                  "status", "running", "uptime_seconds", now.uptime_seconds, "synthesis_engine", "device",
                  now.device, "sample_rate", (json_int_t)now.sample_rate, "voices", (json_int_t)now.voices,
                  "latency", now.latency_ms, "buffer_depth_ms", now.buffer_depth_ms, "active_connections",
                  (json_int_t)now.active_connections, "chunks_generated",
                  read_counter(&e->host->metrics->chunks_generated), "streams_restarted",
                  (json_int_t)now.restarted, "storage", storage(e->host->store), "station", e->station,
                  "parameters", parameters_to_json(&p), "gpu", gpu_json(&now), "icecast",
                  e->host->feeds ? e->host->feeds(e->host->self) : NULL));
}

static int get_metrics(struct exchange *e) {
    struct gauges now = read_gauges(e);
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return exchange_answer(e, 200,
                           json_pack("{s:f, s:f, s:I, s:I, s:f, s:s}", "timestamp",
                                     (double)t.tv_sec + 1e-9 * (double)t.tv_nsec, "buffer_depth_ms",
                                     now.buffer_depth_ms, "active_connections",
                                     (json_int_t)now.active_connections, "chunks_generated",
                                     read_counter(&e->host->metrics->chunks_generated),
                                     "synthesis_latency_ms", now.latency_ms, "device_type", now.device));
}

static int get_metrics_text(struct exchange *e) {
    struct gauges now = read_gauges(e);
    e->out->body = metrics_text(e->host->metrics, &now, &e->out->length);
    if (!e->out->body) return out_of_memory(e);
    e->out->status = 200;
    e->out->content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    return 0;
}

static int get_health(struct exchange *e) {
    return exchange_answer(e, 200, json_pack("{s:s}", "status", "ok"));
}

static int get_ready(struct exchange *e) {
    bool ready = !e->host->ready || e->host->ready(e->host->self);
    return exchange_answer(e, ready ? 200 : 503, json_pack("{s:s}", "status", ready ? "ready" : "starting"));
}

static int get_parameters(struct exchange *e) {
    return exchange_answer(e, 200, json_pack("{s:o}", "parameters", parameters_table_json()));
}

/* ---- Changes ---- */

static json_t *names_json(auralis_parameter_set set) {
    json_t *list = json_array();
    for (int i = 0; i < auralis_parameter_count(); i++)
        if (set >> i & 1) json_array_append_new(list, json_string(auralis_parameter_at(i)->name));
    return list;
}

/* What every change answers: the parameters now, when the last of it is heard, and what differs from before.
 * `named` are those that the request named. */
static int answer_change(struct exchange *e, const auralis_parameters *before,
                         const auralis_parameters *after, auralis_parameter_set named, uint64_t applies_at) {
    auralis_parameter_set changed = parameters_difference(before, after);
    char frame[24];
    snprintf(frame, sizeof frame, "%llu", (unsigned long long)applies_at);
    return exchange_answer(e, 200,
                           json_pack("{s:s, s:o, s:s, s:o, s:o, s:o}", "station", e->station, "parameters",
                                     parameters_to_json(after), "applies_at", frame, "warnings",
                                     parameters_warnings_json(after), "changed", names_json(changed),
                                     "unchanged", names_json(named & ~changed)));
}

static int change(struct exchange *e, const auralis_parameters *values, auralis_parameter_set set) {
    auralis_parameters before, after;
    uint64_t applies_at = 0;
    int result = station_parameters(e, &before);
    if (result < 0) return result;
    after = before;
    for (int i = 0; i < auralis_parameter_count(); i++)
        if (set >> i & 1) auralis_parameters_put(&after, i, auralis_parameters_get(values, i), NULL);
    result = e->host->change(e->host->self, e->station, values, set, &applies_at, &e->why);
    return result < 0 ? result : answer_change(e, &before, &after, set, applies_at);
}

static int post_control(struct exchange *e) {
    auralis_parameters values = AURALIS_PARAMETERS_DEFAULT;
    auralis_parameter_set set = 0;
    int result = parameters_from_json(e->body, &values, &set, &e->why);
    if (result < 0) return result;
    if (!set)
        return refuse_with(&e->why, REFUSAL_INVALID_VALUE, NULL,
                           "name at least one parameter, like {\"bpm\": 54}; GET /api/parameters lists them");
    return change(e, &values, set);
}

static int step(struct exchange *e, int direction) {
    auralis_parameters before, after;
    uint64_t applies_at = 0;
    int result = station_parameters(e, &before);
    if (result == 0)
        result = e->host->step(e->host->self, e->station, direction, &after, &applies_at, &e->why);
    return result < 0 ? result : answer_change(e, &before, &after, 0, applies_at);
}

static int post_undo(struct exchange *e) {
    return step(e, -1);
}

static int post_redo(struct exchange *e) {
    return step(e, 1);
}

/* ---- Presets ---- */

static int get_presets(struct exchange *e) {
    return exchange_answer(e, 200, json_pack("{s:o}", "presets", preset_store_list(e->host->store)));
}

/* The parameters of a new preset: the given ones over the defaults, or what the station plays. */
static int read_preset(struct exchange *e, const char **name, auralis_parameters *p) {
    static const auralis_parameters defaults = AURALIS_PARAMETERS_DEFAULT;
    json_t *parameters = NULL, *value;
    const char *key;
    auralis_parameter_set set;
    *name = NULL;
    json_object_foreach(e->body, key, value) {
        if (!strcmp(key, "name"))
            *name = json_string_value(value);
        else if (!strcmp(key, "parameters"))
            parameters = value;
        else
            return refuse_with(&e->why, REFUSAL_UNKNOWN_FIELD, key,
                               "there is no field \"%.60s\"; a preset has name and parameters", key);
    }
    if (!*name)
        return refuse_with(&e->why, REFUSAL_INVALID_VALUE, "name",
                           "name must be a string of 1 to %d characters", PRESET_NAME_CHARACTERS);
    if (!parameters) return station_parameters(e, p);
    *p = defaults;
    return parameters_from_json(parameters, p, &set, &e->why);
}

/* Whether a byte may stand in a path as it is (RFC 3986 §2.3). */
static bool unreserved(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c);
}

void exchange_locate(struct exchange *e, const char *folder, const char *name) {
    char *out = e->out->location;
    size_t size = sizeof e->out->location, at = (size_t)snprintf(out, size, "%s", folder);
    for (; *name && at + 4 < size; name++)
        at += (size_t)snprintf(out + at, size - at, unreserved((unsigned char)*name) ? "%c" : "%%%02X",
                               (unsigned char)*name);
}

static int post_presets(struct exchange *e) {
    auralis_parameters p;
    const char *name;
    int result = read_preset(e, &name, &p);
    if (result == 0) result = preset_name_check(name, &e->why);
    if (result < 0) return result;
    if (!e->host->store)
        return refuse_with(&e->why, REFUSAL_STORAGE, NULL, "this server keeps no presets of its users");
    int saved = preset_store_save(e->host->store, name, &p, &e->why);
    if (saved < 0) return saved;
    if (saved) exchange_locate(e, "/api/presets/", name);
    return exchange_answer(e, saved ? 201 : 200, preset_store_get(e->host->store, name, &e->why));
}

static int get_preset(struct exchange *e) {
    json_t *preset = preset_store_get(e->host->store, e->name, &e->why);
    return preset ? exchange_answer(e, 200, preset) : -e->why.code;
}

static int delete_preset(struct exchange *e) {
    int result = preset_store_delete(e->host->store, e->name, &e->why);
    if (result == 0) e->out->status = 204;
    return result;
}

static int load_preset(struct exchange *e) {
    auralis_parameters p;
    int result = preset_store_load(e->host->store, e->name, &p, &e->why);
    if (result == 0) result = change(e, &p, ((auralis_parameter_set)1 << auralis_parameter_count()) - 1);
    if (result == 0) json_object_set_new(e->answer, "preset", json_string(e->name));
    return result;
}

/* ---- Routes ---- */

enum guard { OPEN, GUARD_CHANGES, GUARD_ALL };
enum body { NO_BODY, STATION_BODY, OBJECT_BODY }; /* STATION_BODY: none, or {"station": …} */

static const struct route {
    const char *pattern;
    handler *get, *post, *put, *delete;
    bool station; /* takes ?station= */
    int guard;    /* what of it is only for those who may control the server */
    int body;     /* of POST and PUT */
    int desk;     /* of all that changes something: enum api_desk */
} ROUTES[] = {
    {"/api/status", .get = get_status, .station = true},
    {"/api/metrics", .get = get_metrics},
    {"/api/parameters", .get = get_parameters},
    {"/api/control", .desk = API_DESK_STAGE, .guard = GUARD_CHANGES, .post = post_control, .station = true,
     .body = OBJECT_BODY},
    {"/api/undo", .desk = API_DESK_STAGE, .guard = GUARD_CHANGES, .post = post_undo, .station = true,
     .body = STATION_BODY},
    {"/api/redo", .desk = API_DESK_STAGE, .guard = GUARD_CHANGES, .post = post_redo, .station = true,
     .body = STATION_BODY},
    {"/api/presets", .desk = API_DESK_STORE, .guard = GUARD_CHANGES, .get = get_presets, .post = post_presets,
     .station = true, .body = OBJECT_BODY},
    {"/api/presets/{name}", .desk = API_DESK_STORE, .guard = GUARD_CHANGES, .get = get_preset,
     .delete = delete_preset},
    {"/api/presets/{name}/load", .desk = API_DESK_STAGE, .guard = GUARD_CHANGES, .post = load_preset,
     .station = true, .body = STATION_BODY},
    {"/api/stations", .desk = API_DESK_STORE, .guard = GUARD_ALL, .get = stations_get, .post = stations_post,
     .body = OBJECT_BODY},
    {"/api/stations/{name}", .desk = API_DESK_STORE, .guard = GUARD_ALL, .get = station_get,
     .put = station_put, .delete = station_delete, .body = OBJECT_BODY},
    {"/metrics", .get = get_metrics_text},
    {"/healthz", .get = get_health},
    {"/readyz", .get = get_ready},
};
enum { ROUTE_COUNT = sizeof ROUTES / sizeof *ROUTES };

bool api_owns(const char *path) {
    return !strcmp(path, "/api") || !strncmp(path, "/api/", 5) || !strcmp(path, "/metrics") ||
           !strcmp(path, "/healthz") || !strcmp(path, "/readyz");
}

/* Whether the path has the pattern's form; where {name} stands goes to *name, *length. */
static bool matches(const char *pattern, const char *path, const char **name, size_t *length) {
    for (; *pattern && *pattern != '{'; pattern++, path++)
        if (*pattern != *path) return false;
    if (!*pattern) return !*path;
    *name = path;
    *length = strcspn(path, "/");
    return *length && !strcmp(strchr(pattern, '}') + 1, path + *length);
}

static bool is_change(const char *method) {
    return !strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "DELETE");
}

/* What will be refused, and what is only read, waits for nothing. */
int api_desk(const struct api_request *request) {
    const char *name = NULL;
    size_t length = 0;
    if (request->denied || !is_change(request->method)) return API_DESK_NONE;
    for (int i = 0; i < ROUTE_COUNT; i++)
        if (matches(ROUTES[i].pattern, request->path, &name, &length))
            return ROUTES[i].guard ? ROUTES[i].desk : API_DESK_NONE;
    return API_DESK_NONE;
}

static int find_route(struct exchange *e, const struct route **out) {
    for (int i = 0; i < ROUTE_COUNT; i++) {
        const char *name = NULL;
        size_t length = 0;
        if (!matches(ROUTES[i].pattern, e->request->path, &name, &length)) continue;
        *out = &ROUTES[i];
        return name ? path_decode(name, length, e->name, sizeof e->name, "name", &e->why) : 0;
    }
    return refuse_with(&e->why, REFUSAL_NOT_FOUND, NULL, "there is nothing at %.120s", e->request->path);
}

static void set_allow(const struct route *route, char allow[48]) {
    snprintf(allow, 48, "%s%s%s%sOPTIONS", route->get ? "GET, HEAD, " : "", route->post ? "POST, " : "",
             route->put ? "PUT, " : "", route->delete ? "DELETE, " : "");
}

static int take_station(struct exchange *e, const char *name) {
    if (!name || !station_name_valid(name))
        return refuse_with(&e->why, REFUSAL_INVALID_VALUE, "station",
                           "station must be 1 to %d lower-case letters, digits, _ or -", STATION_NAME_MAX);
    if (e->station_given)
        return refuse_with(&e->why, REFUSAL_INVALID_VALUE, "station", "station is given twice");
    e->station_given = true;
    strcpy(e->station, name);
    return 0;
}

static int read_query(struct exchange *e, const struct route *route) {
    const char *at = e->request->query ? e->request->query : "";
    char key[64], value[QUERY_VALUE];
    int more;
    while ((more = query_next(&at, key, value, &e->why)) > 0) {
        if (!route->station || strcmp(key, "station") != 0)
            return refuse_with(&e->why, REFUSAL_UNKNOWN_FIELD, key, "%s takes no \"%.60s\" in its query",
                               route->pattern, key);
        int result = take_station(e, value);
        if (result < 0) return result;
    }
    return more;
}

static bool is_json(const char *type) {
    static const char wanted[] = "application/json";
    size_t length = sizeof wanted - 1;
    return type && !strncasecmp(type, wanted, length) && (!type[length] || strchr("; \t", type[length]));
}

static int parse_body(struct exchange *e) {
    const struct api_request *r = e->request;
    json_error_t error;
    if (!is_json(r->content_type))
        return refuse_with(&e->why, REFUSAL_UNSUPPORTED_MEDIA, "Content-Type",
                           "a body must be application/json, not %.80s",
                           r->content_type ? r->content_type : "without a Content-Type");
    e->body = json_loadb(r->body, r->body_length, JSON_REJECT_DUPLICATES, &error);
    if (!e->body)
        return refuse_with(&e->why, REFUSAL_INVALID_JSON, NULL, "not JSON: %.120s at line %d, column %d",
                           error.text, error.line, error.column);
    if (!json_is_object(e->body))
        return refuse_with(&e->why, REFUSAL_INVALID_JSON, NULL, "the body must be a JSON object");
    return 0;
}

static int read_body(struct exchange *e, const struct route *route) {
    if (e->request->body_length > API_BODY_MAX)
        return refuse_with(&e->why, REFUSAL_TOO_LARGE, NULL, "a body has at most %d bytes", API_BODY_MAX);
    if (!e->request->body_length && route->body == STATION_BODY) return 0;
    int result = parse_body(e);
    if (result < 0) return result;
    json_t *station = route->station ? json_object_get(e->body, "station") : NULL;
    if (station) result = take_station(e, json_string_value(station));
    if (station) json_object_del(e->body, "station");
    if (result == 0 && route->body == STATION_BODY && json_object_size(e->body)) {
        const char *key = json_object_iter_key(json_object_iter(e->body));
        return refuse_with(&e->why, REFUSAL_UNKNOWN_FIELD, key,
                           "there is no field \"%.60s\"; only station is taken", key);
    }
    return result;
}

static int dispatch(struct exchange *e) {
    const struct route *route = NULL;
    const char *method = e->request->method;
    int result = find_route(e, &route);
    if (result < 0) return result;
    set_allow(route, e->out->allow);
    if (!strcmp(method, "OPTIONS")) return e->out->status = 204, 0;
    e->out->head = !strcmp(method, "HEAD");
    bool body = !strcmp(method, "POST") || !strcmp(method, "PUT");
    handler *handle = e->out->head || !strcmp(method, "GET") ? route->get
                      : !strcmp(method, "POST")              ? route->post
                      : !strcmp(method, "PUT")               ? route->put
                      : !strcmp(method, "DELETE")            ? route->delete
                                                             : NULL;
    if (!handle)
        return refuse_with(&e->why, REFUSAL_METHOD_NOT_ALLOWED, NULL, "%s takes %s", route->pattern,
                           e->out->allow);
    *e->out->allow = 0;
    if (e->request->denied &&
        (route->guard == GUARD_ALL || (route->guard == GUARD_CHANGES && is_change(method))))
        return e->why = *e->request->denied, -e->why.code;
    result = read_query(e, route);
    if (result == 0 && body) result = read_body(e, route);
    return result < 0 ? result : handle(e);
}

/* Turns the answer into text. Without memory for it there is still a body, from the stack. */
static void write_body(struct api_response *out, json_t *object) {
    out->content_type = "application/json";
    out->body = object ? json_dumps(object, JSON_REAL_PRECISION(15)) : NULL;
    if (!out->body) {
        out->status = 500;
        out->body = strdup(
            "{\"error\": {\"code\": \"INTERNAL_ERROR\", \"message\": \"out of memory\", \"details\": {}}}");
    }
    out->length = out->body ? strlen(out->body) : 0;
}

int api_handle(const struct api_host *host, const struct api_request *request, struct api_response *out) {
    struct exchange e = {.host = host, .request = request, .out = out, .station = "main"};
    *out = (struct api_response){.status = 500};
    if (dispatch(&e) < 0) {
        json_decref(e.answer);
        out->status = refusal_status(e.why.code);
        e.answer = refusal_json(&e.why);
    }
    if (!out->body && out->status != 204) write_body(out, e.answer);
    json_decref(e.answer);
    json_decref(e.body);
    return out->status;
}

void api_response_clear(struct api_response *response) {
    free(response->body);
    *response = (struct api_response){.status = 0};
}
