/* repetition.h — the longest pattern of a sequence that comes twice, without overlapping itself. */
#ifndef AURALIS_MEASURE_REPETITION_H
#define AURALIS_MEASURE_REPETITION_H

#include <stddef.h>
#include <stdint.h>

struct repetition {
    size_t length;        /* of the pattern; 0: nothing comes twice */
    size_t first, second; /* where it begins; first + length ≤ second */
};

/* Of `count` tokens, which are equal or not and mean nothing else. O(n log² n) time, 40 bytes a token while
 * it runs. 0, or AURALIS_ENOMEM. */
int repetition_longest(const uint64_t *token, size_t count, struct repetition *out);

#endif
