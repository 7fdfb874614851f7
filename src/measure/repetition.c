/* repetition.c — see repetition.h.
 *
 * A suffix array (U. Manber and G. Myers, 1990) puts all that begins alike side by side: sorted by one token,
 * then by two, four, eight … What neighbours have in common is found in one pass (T. Kasai and others, 2001).
 * For a length L, suffixes that share L tokens stand in one run; the pattern comes twice without overlap if
 * the run holds two that are at least L apart. If L can be had, so can L − 1, so the longest is found by
 * halving. */
#include "measure/repetition.h"

#include <auralis/error.h>

#include <stdbool.h>
#include <stdlib.h>

struct index {
    size_t count;
    size_t *suffix, *rank, *next, *common; /* common[i]: tokens that suffixes i − 1 and i share */
};

struct order {
    const size_t *rank;
    size_t count, step;
};

static size_t rank_after(const struct order *o, size_t at) {
    return at + o->step < o->count ? o->rank[at + o->step] + 1 : 0;
}

static int compare_suffixes(const void *a, const void *b, void *self) {
    const struct order *o = self;
    size_t i = *(const size_t *)a, j = *(const size_t *)b;
    if (o->rank[i] != o->rank[j]) return o->rank[i] < o->rank[j] ? -1 : 1;
    size_t x = rank_after(o, i), y = rank_after(o, j);
    return x < y ? -1 : x > y;
}

static int compare_tokens(const void *a, const void *b, void *self) {
    const uint64_t *token = self, x = token[*(const size_t *)a], y = token[*(const size_t *)b];
    return x < y ? -1 : x > y;
}

/* Numbers the suffixes in their present order, equal ones alike; whether all are different. */
static bool number(struct index *x, int (*compare)(const void *, const void *, void *), void *self) {
    size_t number = 0;
    for (size_t i = 0; i < x->count; i++) {
        if (i && compare(&x->suffix[i - 1], &x->suffix[i], self)) number++;
        x->next[x->suffix[i]] = number;
    }
    size_t *t = x->rank;
    x->rank = x->next;
    x->next = t;
    return number + 1 >= x->count;
}

/* By GNU's qsort_r, or by BSD's, which has its arguments in another order. */
#ifdef __APPLE__
struct comparison {
    int (*compare)(const void *, const void *, void *);
    void *self;
};

static int turned(void *self, const void *a, const void *b) {
    const struct comparison *c = self;
    return c->compare(a, b, c->self);
}
#endif

static void sort(struct index *x, int (*compare)(const void *, const void *, void *), void *self) {
#ifdef __APPLE__
    qsort_r(x->suffix, x->count, sizeof *x->suffix, &(struct comparison){compare, self}, turned);
#else
    qsort_r(x->suffix, x->count, sizeof *x->suffix, compare, self);
#endif
}

static void sort_suffixes(struct index *x, uint64_t *token) {
    for (size_t i = 0; i < x->count; i++) x->suffix[i] = i;
    sort(x, compare_tokens, token);
    bool done = number(x, compare_tokens, token);
    for (size_t step = 1; !done && step < x->count; step *= 2) {
        struct order o = {x->rank, x->count, step};
        sort(x, compare_suffixes, &o);
        done = number(x, compare_suffixes, &o);
    }
}

static void find_common(struct index *x, const uint64_t *token) {
    size_t length = 0;
    for (size_t i = 0; i < x->count; i++) {
        if (!x->rank[i]) {
            length = 0;
            continue;
        }
        size_t j = x->suffix[x->rank[i] - 1];
        while (i + length < x->count && j + length < x->count && token[i + length] == token[j + length])
            length++;
        x->common[x->rank[i]] = length;
        length -= length > 0;
    }
}

/* Whether a pattern of `length` comes twice; the two places farthest apart. */
static bool comes_twice(const struct index *x, size_t length, struct repetition *out) {
    size_t low = x->suffix[0], high = low;
    for (size_t i = 1; i < x->count; i++) {
        size_t at = x->suffix[i];
        if (x->common[i] < length) low = high = at;
        if (at < low) low = at;
        if (at > high) high = at;
        if (high - low >= length) {
            *out = (struct repetition){length, low, high};
            return true;
        }
    }
    return false;
}

int repetition_longest(const uint64_t *token, size_t count, struct repetition *out) {
    *out = (struct repetition){0};
    if (count < 2) return AURALIS_OK;
    struct index x = {.count = count, .suffix = calloc(4 * count, sizeof *x.suffix)};
    if (!x.suffix) return AURALIS_ENOMEM;
    size_t *memory = x.suffix;
    x.rank = memory + count, x.next = memory + 2 * count, x.common = memory + 3 * count;
    sort_suffixes(&x, (uint64_t *)(uintptr_t)token);
    find_common(&x, token);
    size_t low = 0, high = count / 2;
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if (comes_twice(&x, middle, out))
            low = middle;
        else
            high = middle - 1;
    }
    if (low) comes_twice(&x, low, out);
    free(memory);
    return AURALIS_OK;
}
