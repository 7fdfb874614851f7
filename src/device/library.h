/* library.h — a driver's library, opened at run time so that nothing of it is needed to build or to run. */
#ifndef AURALIS_DEVICE_LIBRARY_H
#define AURALIS_DEVICE_LIBRARY_H

#include <stddef.h>

/* A function to look for, and the pointer to put it into. */
struct library_function {
    const char *name;
    void *to;
};

/* The library with all `count` functions found, for dlclose; NULL where it or one of them is missing. */
void *library_open(const char *name, const struct library_function *functions, size_t count);

#endif
