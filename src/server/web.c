/* web.c — finds a file of the page by its path.
 *
 * The files are compiled in: there is no folder to install, none to get wrong, and no path that a stranger
 * could use to read anything else. */
#include "server/web.h"

#include <auralis/error.h>

#include "server/web_table.h"

#include <string.h>

static const struct web_entry *find(const char *path) {
    if (!strcmp(path, "/")) path = "/index.html";
    for (int i = 0; i < web_table_size; i++)
        if (!strcmp(web_table[i].path, path)) return &web_table[i];
    return NULL;
}

int web_file(const char *path, const void **data, size_t *size, const char **mime) {
    const struct web_entry *entry = find(path);
    if (!entry) return AURALIS_ENOENT;
    *data = entry->data;
    *size = entry->size;
    *mime = entry->mime;
    return AURALIS_OK;
}

const char *web_etag(const char *path) {
    const struct web_entry *entry = find(path);
    return entry ? entry->etag : NULL;
}
