/* preset_store.h — the presets that users save.
 *
 * They live in one SQLite file, auralis.db, in the state directory. A save is on the disk when the call
 * returns, and a process killed at any moment leaves either the old or the new preset. Where the disk is full
 * or read-only the store works in memory instead and says so; a file that is damaged is moved aside, never
 * deleted.
 *
 * Calls may come from any thread; the store has a lock of its own. They touch the disk: never from a thread
 * that renders. */
#ifndef AURALIS_SERVER_PRESET_STORE_H
#define AURALIS_SERVER_PRESET_STORE_H

#include "server/stream_request.h"

enum { PRESETS_MAX = 1000 }; /* user presets in a store */

struct preset_store;

struct preset_store_config {
    const char *directory; /* default NULL: $XDG_STATE_HOME/auralis, else ~/.local/state/auralis; ":memory:"
                              keeps nothing */
    void (*log)(void *self, const char *text); /* one line, without newline; default NULL: stderr */
    void *self;
};

/* Opens or makes the store. `config` may be NULL. Never fails for the disk's sake (see preset_store_kept);
 * AURALIS_ENOMEM. */
int preset_store_open(const struct preset_store_config *config, struct preset_store **out);
void preset_store_close(struct preset_store *store); /* NULL is fine */

/* Whether what is saved survives the process, and where (the path, or ":memory:"). */
bool preset_store_kept(const struct preset_store *store);
const char *preset_store_path(const struct preset_store *store);

/* 1–50 characters of UTF-8 without control characters, no space at either end, not "." or "..", no '/', and
 * not the name of a built-in preset (in upper or lower case). 0, or −REFUSAL_INVALID_VALUE /
 * −REFUSAL_CONFLICT. */
int preset_name_check(const char *name, struct refusal *why);

/* Saves under `name`, replacing a user preset of that name: 1 if it is new, 0 if it replaced one, below when
 * refused (also −REFUSAL_CONFLICT over PRESETS_MAX, −REFUSAL_STORAGE). */
int preset_store_save(struct preset_store *store, const char *name, const auralis_parameters *p,
                      struct refusal *why);

/* Finds a preset, built-in first (upper or lower case), then among the user's (exactly). `store` may be NULL:
 * built-in only. 0 or −REFUSAL_NOT_FOUND, …. */
int preset_store_load(struct preset_store *store, const char *name, auralis_parameters *out,
                      struct refusal *why);

/* 0; −REFUSAL_NOT_FOUND; −REFUSAL_CONFLICT for a built-in one. */
int preset_store_delete(struct preset_store *store, const char *name, struct refusal *why);

/* All presets, built-in first, then the user's by name: [{name, title, help, builtin, parameters}]. A new
 * reference; NULL without memory or when the file cannot be read (`why`). */
json_t *preset_store_list(struct preset_store *store, struct refusal *why);

/* The same for one; NULL with `why` filled when there is none. */
json_t *preset_store_get(struct preset_store *store, const char *name, struct refusal *why);

#endif
