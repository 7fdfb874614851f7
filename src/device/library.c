/* library.c — see library.h. */
#include "device/library.h"

#include <dlfcn.h>
#include <string.h>

void *library_open(const char *name, const struct library_function *functions, size_t count) {
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; library && i < count; i++) {
        void *found = dlsym(library, functions[i].name);
        memcpy(functions[i].to, &found, sizeof found);
        if (found) continue;
        dlclose(library);
        return NULL;
    }
    return library;
}
