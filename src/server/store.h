/* store.h — the file in which the server remembers: presets that users save, stations made over the API.
 *
 * One SQLite file, auralis.db, in the state directory, with a table of named JSON texts for each. What has
 * been put is on the disk when the call returns, and a process killed at any moment leaves either the old or
 * the new text. A disk that is full or read-only refuses what it cannot take, and what was kept stays; where
 * there can be no file at all the store works in memory instead and says so. A file that is damaged is moved
 * aside, never deleted.
 *
 * All of it is in memory as well, read when the file is opened and changed when the file has been. So reading
 * never waits for a disk, however slow or locked; only store_put and store_remove do, for seconds if it must
 * be, and belong on no thread that sends or renders (clerk.h). Calls may come from any thread. */
#ifndef AURALIS_SERVER_STORE_H
#define AURALIS_SERVER_STORE_H

#include "server/error_json.h"

#include <stdbool.h>

struct store;

enum store_table { STORE_PRESETS, STORE_STATIONS, STORE_TABLES };

struct store_config {
    const char *directory; /* default NULL: $XDG_STATE_HOME/auralis, else ~/.local/state/auralis; ":memory:"
                              keeps nothing */
    void (*log)(void *self, const char *text); /* one line, without newline; default NULL: stderr */
    void *self;
};

/* Opens or makes the store. `config` may be NULL. Never fails for the disk's sake (see store_kept);
 * AURALIS_ENOMEM. */
int store_open(const struct store_config *config, struct store **out);
void store_close(struct store *store); /* NULL is fine */

/* In memory nothing survives the process; a file that can only be read refuses what is to be saved. */
enum store_mode { STORE_MEMORY, STORE_READ_ONLY, STORE_KEPT };
int store_mode(const struct store *store);

/* Whether what is saved survives the process, and where (the path, or ":memory:"). */
bool store_kept(const struct store *store);
const char *store_path(const struct store *store);

/* One line into the log, with the path before it. */
void store_say(const struct store *store, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts `text` under `name`: 1 if it is new, 0 if it replaced one; −REFUSAL_CONFLICT when there are `most`
 * already, −REFUSAL_STORAGE when the disk would not have it. */
int store_put(struct store *store, int table, const char *name, const char *text, int most,
              struct refusal *why);

/* The text, malloc'ed, into *out. 0; −REFUSAL_NOT_FOUND (`why` untouched); −REFUSAL_INTERNAL without memory.
 */
int store_get(struct store *store, int table, const char *name, char **out, struct refusal *why);

/* 0; −REFUSAL_NOT_FOUND (`why` untouched); −REFUSAL_STORAGE. */
int store_remove(struct store *store, int table, const char *name, struct refusal *why);

/* Calls `take` for every row, by name, while nothing can be changed: no other call from within. */
void store_each(struct store *store, int table, void (*take)(void *self, const char *name, const char *text),
                void *self);

#endif
