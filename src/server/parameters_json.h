/* parameters_json.h — parameters as JSON, and back.
 *
 * Everything here walks the parameter table, so a new parameter needs no change. Values are numbers,
 * true/false, or a choice's name, exactly as `auralis presets --json` prints them. Reading is all or nothing:
 * one bad field and nothing is changed. All functions: any thread. */
#ifndef AURALIS_SERVER_PARAMETERS_JSON_H
#define AURALIS_SERVER_PARAMETERS_JSON_H

#include "server/error_json.h"

#include <auralis/parameters.h>

/* {"key": "A", "mode": "aeolian", "bpm": 70, …}: a new reference; NULL without memory. */
json_t *parameters_to_json(const auralis_parameters *p);

/* The fields of `set` only. */
json_t *parameters_subset_json(const auralis_parameters *p, auralis_parameter_set set);

/* The table: [{name, title, unit, help, type "number"|"switch"|"choice", timing "block"|"beat", minimum,
 * maximum | choices, default}]. */
json_t *parameters_table_json(void);

/* Reads a partial update. `values` holds the present values on entry; the fields that `object` names are
 * replaced and returned in `set`. 0, or below with `why` filled (unknown key with the nearest name, wrong
 * JSON type, out of range) and values and set untouched. */
int parameters_from_json(const json_t *object, auralis_parameters *values, auralis_parameter_set *set,
                         struct refusal *why);

/* The same for one pair of texts, as in a query: bpm=54. Adds the field to `set`; one already there is
 * refused. */
int parameters_from_text(const char *name, const char *value, auralis_parameters *values,
                         auralis_parameter_set *set, struct refusal *why);

/* ["may reduce perceived musicality", …]: auralis_parameters_warnings as JSON. */
json_t *parameters_warnings_json(const auralis_parameters *p);

/* Every field that differs, as a set. */
auralis_parameter_set parameters_difference(const auralis_parameters *a, const auralis_parameters *b);

#endif
