/* shelf.h — named texts in memory, in the order of their names: what a table of the store holds, for those
 * who may not wait for a disk. Zero-initialise. One thread at a time. */
#ifndef AURALIS_SERVER_SHELF_H
#define AURALIS_SERVER_SHELF_H

#include <stdbool.h>

struct shelf_row {
    struct shelf_row *next;
    char *text;  /* within `name`'s memory */
    char name[]; /* and the text behind it */
};

struct shelf {
    struct shelf_row *first;
};

/* A copy of both; NULL without memory. Made before anything is changed, so that putting it cannot fail. */
struct shelf_row *shelf_make(const char *name, const char *text);

/* Takes the row over, in the place of one of its name. */
void shelf_put(struct shelf *shelf, struct shelf_row *row);

/* The text under `name`, NULL where there is none. */
const char *shelf_find(const struct shelf *shelf, const char *name);

void shelf_remove(struct shelf *shelf, const char *name); /* none of that name is fine */
void shelf_clear(struct shelf *shelf);

#endif
