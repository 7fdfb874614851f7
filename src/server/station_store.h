/* station_store.h — stations that are made over the API, in the server's file (store.h).
 *
 * What is kept is what a station begins as; what its listeners make of it later is not. Any thread. */
#ifndef AURALIS_SERVER_STATION_STORE_H
#define AURALIS_SERVER_STATION_STORE_H

#include "server/config.h"
#include "server/store.h"

/* {"seed": "7", "preset": "sleep", "parameters": {"bpm": 48}}, all optional: a seed is a whole number or its
 * decimal text, a preset may be a user's, and parameters go over it. `name` in the object is passed over.
 * Fills all of `out` but its name. 0, or below with `why` filled and `out` untouched. */
int station_from_json(const json_t *object, struct store *store, struct station_config *out,
                      struct refusal *why);

/* {"seed": "7", "parameters": {…}}: a new reference; NULL without memory. */
json_t *station_to_json(const struct station_config *station);

/* 1 new, 0 replaced, or below: −REFUSAL_STORAGE, −REFUSAL_CONFLICT over CONFIG_STATIONS_MAX. */
int station_store_save(struct store *store, const struct station_config *station, struct refusal *why);

/* 0; −REFUSAL_NOT_FOUND (`why` filled); −REFUSAL_STORAGE. */
int station_store_delete(struct store *store, const char *name, struct refusal *why);

/* All of them, by name; what cannot be read is said in the log and left out. Returns how many. */
int station_store_load(struct store *store, struct station_config out[CONFIG_STATIONS_MAX]);

#endif
