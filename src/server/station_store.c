/* station_store.c — stations that are made over the API (see station_store.h). */
#include "server/station_store.h"
#include "base/text.h"
#include "server/parameters_json.h"
#include "server/preset_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_seed(const json_t *value, uint64_t *out, struct refusal *why) {
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *out = (uint64_t)json_integer_value(value);
        return 0;
    }
    if (json_is_string(value) && parse_whole(json_string_value(value), 0, UINT64_MAX, out)) return 0;
    return refuse_with(why, REFUSAL_INVALID_VALUE, "seed",
                       "seed must be a whole number from 0 to 18446744073709551615, or that as a string");
}

static int read_preset(const json_t *value, struct store *store, auralis_parameters *out,
                       struct refusal *why) {
    if (!json_is_string(value))
        return refuse_with(why, REFUSAL_INVALID_VALUE, "preset", "preset must be the name of a preset");
    return preset_store_load(store, json_string_value(value), out, why);
}

static int check_fields(const json_t *object, struct refusal *why) {
    static const char *const known[] = {"name", "seed", "preset", "parameters"};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        size_t i = 0;
        while (i < 4 && strcmp(known[i], key) != 0) i++;
        if (i < 4) continue;
        return refuse_with(why, REFUSAL_UNKNOWN_FIELD, key,
                           "there is no field \"%.60s\"; a station has name, seed, preset and parameters",
                           key);
    }
    return 0;
}

int station_from_json(const json_t *object, struct store *store, struct station_config *out,
                      struct refusal *why) {
    const json_t *seed = json_object_get(object, "seed"), *preset = json_object_get(object, "preset"),
                 *parameters = json_object_get(object, "parameters");
    struct station_config s = {.parameters = AURALIS_PARAMETERS_DEFAULT};
    auralis_parameter_set set;
    int result = check_fields(object, why);
    if (result == 0 && seed) result = read_seed(seed, &s.seed, why);
    if (result == 0 && preset) result = read_preset(preset, store, &s.parameters, why);
    if (result == 0 && parameters) result = parameters_from_json(parameters, &s.parameters, &set, why);
    if (result < 0) return result;
    memcpy(s.name, out->name, sizeof s.name);
    *out = s;
    return 0;
}

json_t *station_to_json(const struct station_config *s) {
    char seed[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)s->seed);
    return json_pack("{s:s, s:o}", "seed", seed, "parameters", parameters_to_json(&s->parameters));
}

int station_store_save(struct store *store, const struct station_config *s, struct refusal *why) {
    json_t *object = station_to_json(s);
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(object);
    if (!text) return refuse_with(why, REFUSAL_INTERNAL, NULL, "out of memory");
    int result = store_put(store, STORE_STATIONS, s->name, text, CONFIG_STATIONS_MAX, why);
    free(text);
    return result;
}

int station_store_delete(struct store *store, const char *name, struct refusal *why) {
    int result = store_remove(store, STORE_STATIONS, name, why);
    if (result == -REFUSAL_NOT_FOUND)
        refuse_with(why, REFUSAL_NOT_FOUND, "name", "there is no station \"%s\" of the API", name);
    return result;
}

struct loading {
    struct store *store;
    struct station_config *out;
    int count;
};

static void load_row(void *self, const char *name, const char *text) {
    struct loading *loading = self;
    struct refusal why = {.message = "it is no JSON object, or its name is none"};
    struct station_config station;
    json_t *object = json_loads(text, 0, NULL);
    bool good = json_is_object(object) && station_name_valid(name) && loading->count < CONFIG_STATIONS_MAX;
    if (good) snprintf(station.name, sizeof station.name, "%s", name);
    /* no store: presets were resolved when it was saved, and the store is locked */
    if (good && station_from_json(object, NULL, &station, &why) == 0)
        loading->out[loading->count++] = station;
    else
        store_say(loading->store, "station \"%.40s\" cannot be read: %s", name, why.message);
    json_decref(object);
}

int station_store_load(struct store *store, struct station_config out[CONFIG_STATIONS_MAX]) {
    struct loading loading = {.store = store, .out = out};
    store_each(store, STORE_STATIONS, load_row, &loading);
    return loading.count;
}
