/* check.h — what the tests of a device stand on: a condition that does not hold ends the test and is told. */
#ifndef TESTS_GPU_CHECK_H
#define TESTS_GPU_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: not (%s)\n", __FILE__, __LINE__, #condition);                            \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#endif
