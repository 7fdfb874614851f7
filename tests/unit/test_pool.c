/* Cells of a pool: none overlaps another, all are aligned, and pages go back when their cells do. */
#include "cmocka_c.h"

#include "base/pool.h"

#include <stdint.h>
#include <string.h>

enum { CELL = 300001, CELLS = 40 };

static unsigned char *cell[CELLS];

static void take_all(struct pool *pool) {
    for (int i = 0; i < CELLS; i++) {
        cell[i] = pool_take(pool);
        assert_non_null(cell[i]);
        assert_int_equal((uintptr_t)cell[i] % 64, 0);
        memset(cell[i], i, CELL);
    }
}

static void cells_do_not_overlap(void **state) {
    (void)state;
    struct pool pool;
    pool_init(&pool, CELL);
    take_all(&pool);
    for (int i = 0; i < CELLS; i++)
        for (int k = 0; k < CELL; k++) assert_int_equal(cell[i][k], i);
    for (int i = 0; i < CELLS; i++) pool_give(&pool, cell[(i * 7) % CELLS]);
    assert_null(pool.pages);
}

static void leaving_cells_are_taken_again(void **state) {
    (void)state;
    struct pool pool;
    pool_init(&pool, CELL);
    take_all(&pool);
    for (int i = 0; i < CELLS; i += 3) {
        pool_give(&pool, cell[i]);
        assert_ptr_equal(pool_take(&pool), cell[i]);
    }
    pool_give(&pool, NULL);
    for (int i = 0; i < CELLS; i++) pool_give(&pool, cell[i]);
    assert_null(pool.pages);
}

/* Two pages, one full but for one cell, the other with one cell alone: the next goes to the first. */
static void the_fullest_page_is_filled_first(void **state) {
    (void)state;
    struct pool pool;
    pool_init(&pool, POOL_PAGE / 4);
    unsigned char *c[5];
    for (int i = 0; i < 5; i++) c[i] = pool_take(&pool);
    pool_give(&pool, c[1]);
    assert_ptr_equal(pool_take(&pool), c[1]);
    for (int i = 0; i < 5; i++) pool_give(&pool, c[i]);
    assert_null(pool.pages);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_do_not_overlap),
        cmocka_unit_test(leaving_cells_are_taken_again),
        cmocka_unit_test(the_fullest_page_is_filled_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
