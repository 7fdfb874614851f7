/* preset_store.h — the presets that users save, in the server's file (store.h), beside the built-in ones.
 * Any thread. */
#ifndef AURALIS_SERVER_PRESET_STORE_H
#define AURALIS_SERVER_PRESET_STORE_H

#include "server/store.h"
#include "server/stream_request.h"

enum { PRESETS_MAX = 1000 }; /* user presets in a store */

/* 1–50 characters of UTF-8 without control characters, no space at either end, not "." or "..", no '/', and
 * not the name of a built-in preset (in upper or lower case). 0, or −REFUSAL_INVALID_VALUE /
 * −REFUSAL_CONFLICT. */
int preset_name_check(const char *name, struct refusal *why);

/* Saves under `name`, replacing a user preset of that name: 1 if it is new, 0 if it replaced one, below when
 * refused (also −REFUSAL_CONFLICT over PRESETS_MAX, −REFUSAL_STORAGE). */
int preset_store_save(struct store *store, const char *name, const auralis_parameters *p,
                      struct refusal *why);

/* Finds a preset, built-in first (upper or lower case), then among the user's (exactly). `store` may be NULL:
 * built-in only. 0 or −REFUSAL_NOT_FOUND, …. */
int preset_store_load(struct store *store, const char *name, auralis_parameters *out, struct refusal *why);

/* 0; −REFUSAL_NOT_FOUND; −REFUSAL_CONFLICT for a built-in one. */
int preset_store_delete(struct store *store, const char *name, struct refusal *why);

/* All presets, built-in first, then the user's by name: [{name, title, help, builtin, parameters}]; their
 * names alone. New references; NULL without memory. */
json_t *preset_store_list(struct store *store);
json_t *preset_store_names(struct store *store);

/* The same for one; NULL with `why` filled when there is none. */
json_t *preset_store_get(struct store *store, const char *name, struct refusal *why);

#endif
