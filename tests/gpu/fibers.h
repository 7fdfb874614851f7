/* fibers.h — the work items of a group on a processor: each is a fiber, and a barrier lets the next one run.
 */
#ifndef AURALIS_TESTS_FIBERS_H
#define AURALIS_TESTS_FIBERS_H

#ifdef __cplusplus
extern "C" {
#endif

extern unsigned fiber_item, fiber_group; /* of the item that runs now */
extern unsigned fiber_epoch;             /* grows with every barrier and every group */
void fiber_barrier(void);

/* Runs `items` once for each of the 64 items of every group, one group after the other. Returns 0, or −1
 * where a group's items do not all come to the same barriers. */
int fibers_run(void (*items)(void), unsigned groups);

#ifdef __cplusplus
}
#endif

#endif
