/* auralis/presets.h — the built-in moods: complete parameter sets with a name. */
#ifndef AURALIS_PRESETS_H
#define AURALIS_PRESETS_H

#include <auralis/parameters.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct auralis_preset {
    const char *name;  /* "focus": lower case, the name in JSON and on the command line */
    const char *title; /* "Focus" */
    const char *help;  /* one sentence on its character */
    auralis_parameters parameters;
} auralis_preset;

/* Any thread; static storage. The four of the original come first: focus, meditation, sleep, bright. */
AURALIS_API int auralis_preset_count(void);
AURALIS_API const auralis_preset *auralis_preset_at(int index); /* NULL past the end */
/* By name, case-insensitive; NULL if there is none. */
AURALIS_API const auralis_preset *auralis_preset_find(const char *name);

#ifdef __cplusplus
}
#endif
#endif
