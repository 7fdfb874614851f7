/* shelf.c — named texts in memory (see shelf.h). A list: a thousand rows are walked in microseconds. */
#include "server/shelf.h"

#include <stdlib.h>
#include <string.h>

struct shelf_row *shelf_make(const char *name, const char *text) {
    size_t length = strlen(name) + 1, size = strlen(text) + 1;
    struct shelf_row *row = malloc(sizeof *row + length + size);
    if (!row) return NULL;
    row->next = NULL;
    memcpy(row->name, name, length);
    row->text = memcpy(row->name + length, text, size);
    return row;
}

/* Where the row of that name hangs, or where it would. */
static struct shelf_row **place_of(struct shelf *shelf, const char *name) {
    struct shelf_row **at = &shelf->first;
    while (*at && strcmp((*at)->name, name) < 0) at = &(*at)->next;
    return at;
}

static bool is_named(const struct shelf_row *row, const char *name) {
    return row && !strcmp(row->name, name);
}

void shelf_put(struct shelf *shelf, struct shelf_row *row) {
    struct shelf_row **at = place_of(shelf, row->name), *old = *at;
    row->next = old;
    if (is_named(old, row->name)) {
        row->next = old->next;
        free(old);
    }
    *at = row;
}

const char *shelf_find(const struct shelf *shelf, const char *name) {
    for (const struct shelf_row *row = shelf->first; row; row = row->next)
        if (is_named(row, name)) return row->text;
    return NULL;
}

void shelf_remove(struct shelf *shelf, const char *name) {
    struct shelf_row **at = place_of(shelf, name), *row = *at;
    if (!is_named(row, name)) return;
    *at = row->next;
    free(row);
}

void shelf_clear(struct shelf *shelf) {
    while (shelf->first) {
        struct shelf_row *row = shelf->first;
        shelf->first = row->next;
        free(row);
    }
}
