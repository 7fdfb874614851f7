/* pool.h — equal cells of memory, cut from pages of 2 MB.
 *
 * A stream's delay lines are some 280 KB that are walked from end to end ten times a second. With a thousand
 * streams that is more than what a core's address cache spans in pages of 4 KB; in huge pages, seven streams
 * share one entry (3 % of the whole cost of a stream, docs/decisions/memory.md). So the lines of an engine's
 * streams lie in one pool, and a page goes back to the system as soon as the last of its cells is given back.
 *
 * One thread at a time. Where the system has no huge pages, the pages are common ones and all else is the
 * same. */
#ifndef AURALIS_BASE_POOL_H
#define AURALIS_BASE_POOL_H

#include <stddef.h>

enum { POOL_PAGE = 2 << 20 };

struct pool {
    size_t cell; /* bytes, a multiple of 64, at most POOL_PAGE */
    struct pool_page *pages;
};

/* `bytes` for each cell, rounded up to 64; at most POOL_PAGE. */
void pool_init(struct pool *pool, size_t bytes);

/* A cell, aligned to 64 bytes, its contents undefined; NULL without memory. From the fullest page that has
 * room, so that pages become empty when streams leave. */
void *pool_take(struct pool *pool);

/* Takes a cell back; NULL is none. */
void pool_give(struct pool *pool, void *cell);

#endif
