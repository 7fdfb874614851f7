/* api_stations.c — stations over the API: listed, made, changed and ended while the server runs.
 *
 * What the configuration defines can only be changed there. Everything else is kept in the server's file
 * before it plays, so that what has been confirmed is there after a crash. */
#include "server/api_exchange.h"
#include "server/parameters_json.h"
#include "server/station_store.h"

#include <string.h>

static json_t *info_json(const struct station_info *s) {
    json_t *object = station_to_json(&s->definition);
    json_t *initial = json_incref(json_object_get(object, "parameters"));
    json_object_set_new(object, "name", json_string(s->definition.name));
    json_object_set_new(object, "configured", json_boolean(s->configured));
    json_object_set_new(object, "listeners", json_integer(s->listeners));
    json_object_set_new(object, "initial", initial);
    json_object_set_new(object, "parameters", parameters_to_json(&s->parameters));
    return object;
}

int stations_get(struct exchange *e) {
    struct station_info list[CONFIG_STATIONS_MAX];
    int count = e->host->stations(e->host->self, list);
    json_t *stations = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(stations, info_json(&list[i]));
    return exchange_answer(e, 200, json_pack("{s:o}", "stations", stations));
}

static int find(struct exchange *e, const char *name, struct station_info *out) {
    struct station_info list[CONFIG_STATIONS_MAX];
    int count = e->host->stations(e->host->self, list);
    for (int i = 0; i < count; i++) {
        if (strcmp(list[i].definition.name, name) != 0) continue;
        *out = list[i];
        return 0;
    }
    return refuse_with(&e->why, REFUSAL_NOT_FOUND, "name", "there is no station \"%.100s\"", name);
}

static int answer_station(struct exchange *e, int status, const char *name) {
    struct station_info info;
    int result = find(e, name, &info);
    return result < 0 ? result : exchange_answer(e, status, info_json(&info));
}

int station_get(struct exchange *e) {
    return answer_station(e, 200, e->name);
}

static int refuse_name(struct exchange *e) {
    return refuse_with(&e->why, REFUSAL_INVALID_VALUE, "name",
                       "name must be 1 to %d lower-case letters, digits, _ or -", STATION_NAME_MAX);
}

int stations_post(struct exchange *e) {
    const char *name = json_string_value(json_object_get(e->body, "name"));
    struct station_config station = {.seed = 0};
    if (!name || !station_name_valid(name)) return refuse_name(e);
    strcpy(station.name, name);
    int result = station_from_json(e->body, e->host->store, &station, &e->why);
    if (result == 0) result = e->host->begin_station(e->host->self, &station, &e->why);
    if (result < 0) return result;
    exchange_locate(e, "/api/stations/", name);
    return answer_station(e, 201, name);
}

/* The one to be changed or ended, which must not be the configuration's. */
static int find_own(struct exchange *e, struct station_info *info) {
    int result = find(e, e->name, info);
    if (result == 0 && info->configured)
        return refuse_with(&e->why, REFUSAL_CONFLICT, "name",
                           "station \"%s\" stands in the server's configuration and is changed there",
                           e->name);
    return result;
}

int station_put(struct exchange *e) {
    struct station_info info;
    int result = find_own(e, &info);
    json_t *name = json_object_get(e->body, "name");
    if (result == 0 && name && (!json_is_string(name) || strcmp(json_string_value(name), e->name) != 0))
        return refuse_with(&e->why, REFUSAL_INVALID_VALUE, "name", "a station keeps its name");
    struct station_config station = {.seed = 0};
    strcpy(station.name, info.definition.name);
    if (result == 0) result = station_from_json(e->body, e->host->store, &station, &e->why);
    if (result == 0) result = e->host->change_station(e->host->self, &station, &e->why);
    return result < 0 ? result : answer_station(e, 200, station.name);
}

int station_delete(struct exchange *e) {
    struct station_info info;
    int result = find_own(e, &info);
    if (result == 0) result = e->host->end_station(e->host->self, info.definition.name, &e->why);
    if (result == 0) e->out->status = 204;
    return result;
}
