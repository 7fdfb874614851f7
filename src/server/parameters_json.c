/* parameters_json.c — parameters as JSON, and back (see parameters_json.h). */
#include "server/parameters_json.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

/* 70 rather than 70.0: what people typed comes back as they typed it. */
static json_t *number(double value) {
    return value == (double)(json_int_t)value ? json_integer((json_int_t)value) : json_real(value);
}

static json_t *value_json(const auralis_parameter_info *info, double value) {
    if (info->type == AURALIS_NUMBER) return number(value);
    if (info->type == AURALIS_SWITCH) return json_boolean(value != 0);
    return json_string(info->choices[(int)(value - info->minimum)]);
}

json_t *parameters_subset_json(const auralis_parameters *p, auralis_parameter_set set) {
    json_t *object = json_object();
    for (int i = 0; i < auralis_parameter_count(); i++) {
        const auralis_parameter_info *info = auralis_parameter_at(i);
        if (set >> i & 1)
            json_object_set_new(object, info->name, value_json(info, auralis_parameters_get(p, i)));
    }
    return object;
}

json_t *parameters_to_json(const auralis_parameters *p) {
    return parameters_subset_json(p, ~(auralis_parameter_set)0);
}

static json_t *choices_json(const auralis_parameter_info *info) {
    json_t *list = json_array();
    for (int i = 0; i <= (int)(info->maximum - info->minimum); i++)
        json_array_append_new(list, json_string(info->choices[i]));
    return list;
}

json_t *parameters_table_json(void) {
    static const char *const types[] = {
        [AURALIS_NUMBER] = "number", [AURALIS_SWITCH] = "switch", [AURALIS_CHOICE] = "choice"};
    json_t *table = json_array();
    for (int i = 0; i < auralis_parameter_count(); i++) {
        const auralis_parameter_info *info = auralis_parameter_at(i);
        json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", info->name, "title", info->title,
                                "unit", info->unit, "help", info->help, "type", types[info->type], "timing",
                                info->timing == AURALIS_AT_BEAT ? "beat" : "block");
        if (info->type == AURALIS_NUMBER) {
            json_object_set_new(row, "minimum", number(info->minimum));
            json_object_set_new(row, "maximum", number(info->maximum));
        } else if (info->type == AURALIS_CHOICE) {
            json_object_set_new(row, "choices", choices_json(info));
        }
        json_object_set_new(row, "default", value_json(info, info->initial));
        json_array_append_new(table, row);
    }
    return table;
}

static int refuse_unknown(const char *name, struct refusal *why) {
    const char *names[64];
    int count = auralis_parameter_count();
    for (int i = 0; i < count && i < 64; i++) names[i] = auralis_parameter_at(i)->name;
    const char *best = names[nearest(name, names, (size_t)count)];
    int result = refuse_with(why, REFUSAL_UNKNOWN_FIELD, name,
                             "there is no parameter \"%.60s\"; the nearest is %s", name, best);
    if (why) snprintf(why->nearest, sizeof why->nearest, "%s", best);
    return result;
}

/* The reason that the parameter table gives, "must be …", as a refusal that starts with the name. */
static int refuse_value(const auralis_message *reason, struct refusal *why) {
    return refuse_with(why, REFUSAL_INVALID_VALUE, reason->place, "%s %s", reason->place, reason->text);
}

/* What is allowed stands in the table's own message: provoke it with a value that nothing takes. */
static int refuse_type(int index, struct refusal *why) {
    auralis_parameters any = AURALIS_PARAMETERS_DEFAULT;
    auralis_message reason;
    auralis_parameters_put(&any, index, (double)NAN, &reason);
    if (auralis_parameter_at(index)->type == AURALIS_SWITCH)
        return refuse_with(why, REFUSAL_INVALID_VALUE, reason.place, "%s must be true or false",
                           reason.place);
    return refuse_value(&reason, why);
}

static int read_value(const json_t *value, int index, auralis_parameters *p, struct refusal *why) {
    const auralis_parameter_info *info = auralis_parameter_at(index);
    auralis_message reason;
    int result;
    if (info->type == AURALIS_NUMBER && json_is_number(value))
        result = auralis_parameters_put(p, index, json_number_value(value), &reason);
    else if (info->type == AURALIS_SWITCH && json_is_boolean(value))
        result = auralis_parameters_put(p, index, json_is_true(value), &reason);
    else if (info->type == AURALIS_CHOICE && json_is_string(value))
        result = auralis_parameters_set(p, info->name, json_string_value(value), &reason);
    else
        return refuse_type(index, why);
    return result < 0 ? refuse_value(&reason, why) : 0;
}

int parameters_from_json(const json_t *object, auralis_parameters *values, auralis_parameter_set *set,
                         struct refusal *why) {
    if (!json_is_object(object))
        return refuse_with(why, REFUSAL_INVALID_VALUE, "parameters",
                           "parameters must be an object like {\"bpm\": 54}");
    auralis_parameters changed = *values;
    auralis_parameter_set fields = 0;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value) {
        int index = auralis_parameter_find(name);
        if (index < 0) return refuse_unknown(name, why);
        int result = read_value(value, index, &changed, why);
        if (result < 0) return result;
        fields |= (auralis_parameter_set)1 << index;
    }
    *values = changed;
    *set = fields;
    return 0;
}

int parameters_from_text(const char *name, const char *value, auralis_parameters *values,
                         auralis_parameter_set *set, struct refusal *why) {
    int index = auralis_parameter_find(name);
    if (index < 0) return refuse_unknown(name, why);
    auralis_parameter_set bit = (auralis_parameter_set)1 << index;
    if (*set & bit) return refuse_with(why, REFUSAL_INVALID_VALUE, name, "%s is given twice", name);
    auralis_message reason;
    if (auralis_parameters_set(values, name, value, &reason) < 0) return refuse_value(&reason, why);
    *set |= bit;
    return 0;
}

json_t *parameters_warnings_json(const auralis_parameters *p) {
    const char *text[8];
    int count = auralis_parameters_warnings(p, text, 8);
    json_t *list = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(list, json_string(text[i]));
    return list;
}

auralis_parameter_set parameters_difference(const auralis_parameters *a, const auralis_parameters *b) {
    auralis_parameter_set set = 0;
    for (int i = 0; i < auralis_parameter_count(); i++)
        if (auralis_parameters_get(a, i) != auralis_parameters_get(b, i))
            set |= (auralis_parameter_set)1 << i;
    return set;
}
