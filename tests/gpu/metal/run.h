/* run.h — the Metal text on a processor. */
#ifndef AURALIS_TESTS_METAL_RUN_H
#define AURALIS_TESTS_METAL_RUN_H

#ifdef __cplusplus
extern "C" {
#endif

enum { METAL_ARGUMENTS = 16 };

/* An argument as an encoder was given it: memory, or a number (4 bytes); neither: it was not. */
struct metal_argument {
    void *memory;
    const unsigned *number;
};

/* Runs an entry of the program. Returns 0, or −1 where none is called that, an argument is missing, of the
 * wrong kind or too much, or the items do not all come to the same barriers. */
int metal_run(const char *entry, unsigned groups, const struct metal_argument arguments[METAL_ARGUMENTS]);

/* Whether there is such an entry. */
int metal_has(const char *entry);

#ifdef __cplusplus
}
#endif

#endif
