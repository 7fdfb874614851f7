/* config_keys.h — the settings of the server as a whole: one table of what they are called, what they may be,
 * and where they go. The file, the environment, the command line and --print-config all walk it. */
#ifndef AURALIS_SERVER_CONFIG_KEYS_H
#define AURALIS_SERVER_CONFIG_KEYS_H

#include "server/config.h"

enum { CONFIG_KEYS_MAX = 63 };

int config_key_count(void);
const char *config_key_name(int key);

/* −1: there is none. */
int config_key_find(const char *name);

/* Sets it; below 0 with the reason in `why` ("threads = 0: must be a whole number from 1 to 256") and nothing
 * changed. */
int config_key_set(struct server_config *config, int key, const char *value, char *why, size_t size);

/* Its value as a line of the file would give it, in quotes where it needs them; "" for a number that is left
 * to the server. */
void config_key_text(const struct server_config *config, int key, char *out, size_t size);

/* Whether a change of it takes a restart. */
bool config_key_fixed(int key);

#endif
