/* preset_store.c — the presets that users save (see preset_store.h).
 *
 * A preset is a row of name and parameters as JSON, so that a new parameter needs no new column: what a row
 * does not name has its default. */
#include "server/preset_store.h"
#include "base/text.h"
#include "server/parameters_json.h"

#include <auralis/presets.h>

#include <stdlib.h>
#include <string.h>

static int refuse_name(struct refusal *why, const char *reason) {
    return refuse_with(why, REFUSAL_INVALID_VALUE, "name", "name must be 1 to %d characters%s",
                       PRESET_NAME_CHARACTERS, reason);
}

int preset_name_check(const char *name, struct refusal *why) {
    long length = utf8_length(name);
    uint32_t character = 0;
    if (length < 0) return refuse_name(why, " of UTF-8");
    if (length < 1 || length > PRESET_NAME_CHARACTERS) return refuse_name(why, "");
    for (const char *at = name; *at; at += utf8_next(at, &character)) {
        utf8_next(at, &character);
        if (character < 0x20 || (character >= 0x7f && character <= 0x9f))
            return refuse_name(why, " without control characters");
    }
    if (name[0] == ' ' || name[strlen(name) - 1] == ' ')
        return refuse_name(why, ", none of them a space at an end");
    if (strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
        return refuse_name(why, ", none of them /, and not . or ..");
    if (auralis_preset_find(name))
        return refuse_with(why, REFUSAL_CONFLICT, "name", "\"%s\" is a built-in preset; take another name",
                           name);
    return 0;
}

int preset_store_save(struct store *s, const char *name, const auralis_parameters *p, struct refusal *why) {
    int result = preset_name_check(name, why);
    if (result < 0) return result;
    json_t *object = parameters_to_json(p);
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(object);
    if (!text) return refuse_with(why, REFUSAL_INTERNAL, NULL, "out of memory");
    result = store_put(s, STORE_PRESETS, name, text, PRESETS_MAX, why);
    free(text);
    return result;
}

/* A row's parameters: what it does not name has its default. */
static int read_parameters(const struct store *s, const char *name, const char *text, auralis_parameters *out,
                           struct refusal *why) {
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
    auralis_parameter_set set;
    struct refusal reason = {.message = "it is no JSON object"};
    json_t *object = json_loads(text, 0, NULL);
    int result = object ? parameters_from_json(object, &p, &set, &reason) : -1;
    json_decref(object);
    if (result == 0) {
        *out = p;
        return 0;
    }
    store_say(s, "preset \"%s\" cannot be read: %s", name, reason.message);
    return refuse_with(why, REFUSAL_STORAGE, "name", "preset \"%.100s\" cannot be read: %.100s", name,
                       reason.message);
}

static int refuse_missing(struct refusal *why, const char *name) {
    return refuse_with(why, REFUSAL_NOT_FOUND, "name", "there is no preset \"%.200s\"", name);
}

int preset_store_load(struct store *s, const char *name, auralis_parameters *out, struct refusal *why) {
    const auralis_preset *builtin = auralis_preset_find(name);
    char *text = NULL;
    if (builtin) {
        *out = builtin->parameters;
        return 0;
    }
    if (!s || utf8_length(name) < 1) return refuse_missing(why, name);
    int result = store_get(s, STORE_PRESETS, name, &text, why);
    if (result == 0) result = read_parameters(s, name, text, out, why);
    free(text);
    return result == -REFUSAL_NOT_FOUND ? refuse_missing(why, name) : result;
}

int preset_store_delete(struct store *s, const char *name, struct refusal *why) {
    if (auralis_preset_find(name))
        return refuse_with(why, REFUSAL_CONFLICT, "name", "\"%s\" is built in and stays", name);
    int result = s ? store_remove(s, STORE_PRESETS, name, why) : -REFUSAL_NOT_FOUND;
    return result == -REFUSAL_NOT_FOUND ? refuse_missing(why, name) : result;
}

static json_t *preset_json(const char *name, const char *title, const char *help, bool builtin,
                           const auralis_parameters *p) {
    return json_pack("{s:s, s:s, s:s, s:b, s:o}", "name", name, "title", title, "help", help, "builtin",
                     builtin, "parameters", parameters_to_json(p));
}

static json_t *builtin_json(const auralis_preset *preset) {
    return preset_json(preset->name, preset->title, preset->help, true, &preset->parameters);
}

struct listing {
    const struct store *store;
    json_t *list;
};

/* Adds one of the user's; a row that cannot be read is said in the log and left out. */
static void list_row(void *self, const char *name, const char *text) {
    struct listing *listing = self;
    auralis_parameters p;
    if (read_parameters(listing->store, name, text, &p, NULL) == 0)
        json_array_append_new(listing->list, preset_json(name, name, "", false, &p));
}

json_t *preset_store_list(struct store *s) {
    struct listing listing = {.store = s, .list = json_array()};
    for (int i = 0; i < auralis_preset_count(); i++)
        json_array_append_new(listing.list, builtin_json(auralis_preset_at(i)));
    if (s) store_each(s, STORE_PRESETS, list_row, &listing);
    return listing.list;
}

static void list_name(void *list, const char *name, const char *text) {
    (void)text;
    json_array_append_new(list, json_string(name));
}

json_t *preset_store_names(struct store *s) {
    json_t *list = json_array();
    for (int i = 0; i < auralis_preset_count(); i++) list_name(list, auralis_preset_at(i)->name, NULL);
    if (s) store_each(s, STORE_PRESETS, list_name, list);
    return list;
}

json_t *preset_store_get(struct store *s, const char *name, struct refusal *why) {
    const auralis_preset *builtin = auralis_preset_find(name);
    auralis_parameters p;
    if (builtin) return builtin_json(builtin);
    if (preset_store_load(s, name, &p, why) < 0) return NULL;
    return preset_json(name, name, "", false, &p);
}
