/* pool.c — see pool.h. */
#define _DEFAULT_SOURCE
#include "base/pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

struct pool_page {
    struct pool_page *next;
    unsigned char *memory;
    uint32_t taken, cells;
    bool used[];
};

void pool_init(struct pool *pool, size_t bytes) {
    *pool = (struct pool){.cell = (bytes + 63) / 64 * 64};
}

/* A mapping is aligned to 4 KB only: twice as much is asked for, and what lies before and behind is given
 * back. */
static unsigned char *map_page(void) {
    unsigned char *all =
        mmap(NULL, 2 * POOL_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) return NULL;
    size_t before = (size_t)(-(uintptr_t)all % POOL_PAGE);
    if (before) munmap(all, before);
    munmap(all + before + POOL_PAGE, POOL_PAGE - before);
#ifdef MADV_HUGEPAGE
    madvise(all + before, POOL_PAGE, MADV_HUGEPAGE); /* a wish: refused, all works as before */
#endif
    return all + before;
}

static struct pool_page *add_page(struct pool *pool) {
    uint32_t cells = (uint32_t)(POOL_PAGE / pool->cell);
    struct pool_page *page = calloc(1, sizeof *page + cells * sizeof page->used[0]);
    if (!page || !(page->memory = map_page())) {
        free(page);
        return NULL;
    }
    page->cells = cells;
    page->next = pool->pages;
    return pool->pages = page;
}

void *pool_take(struct pool *pool) {
    struct pool_page *best = NULL;
    for (struct pool_page *p = pool->pages; p; p = p->next)
        if (p->taken < p->cells && (!best || p->taken > best->taken)) best = p;
    if (!best && !(best = add_page(pool))) return NULL;
    uint32_t i = 0;
    while (best->used[i]) i++;
    best->used[i] = true;
    best->taken++;
    return best->memory + i * pool->cell;
}

void pool_give(struct pool *pool, void *cell) {
    if (!cell) return;
    struct pool_page **link = &pool->pages;
    while ((size_t)((unsigned char *)cell - (*link)->memory) >= POOL_PAGE) link = &(*link)->next;
    struct pool_page *page = *link;
    page->used[(size_t)((unsigned char *)cell - page->memory) / pool->cell] = false;
    if (--page->taken) return;
    *link = page->next;
    munmap(page->memory, POOL_PAGE);
    free(page);
}
