/* fuzz.h — what the fuzz targets share.
 *
 * Each target hands bytes to one reader of something that strangers write, and looks at what comes back:
 * nothing may crash, leak or hang (the sanitizers and libFuzzer watch), a refusal says where and why, and
 * what is accepted keeps its promises. */
#ifndef AURALIS_TESTS_FUZZ_H
#define AURALIS_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As assert, in every build. */
#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                  \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

/* The input as a terminated text; the caller frees it. */
static inline char *fuzz_text(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    MUST(text);
    if (size) memcpy(text, data, size);
    text[size] = 0;
    return text;
}

#endif
