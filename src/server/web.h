/* server/web.h — the page, carried inside the program.
 *
 * Any thread; everything returned is static storage. */
#ifndef SERVER_WEB_H
#define SERVER_WEB_H

#include <stddef.h>

/* The file of the page at `path` ("/style.css"; "/" is "/index.html"; no query): its bytes, their number and
 * its media type. AURALIS_ENOENT, with nothing written, if there is no such file. */
int web_file(const char *path, const void **data, size_t *size, const char **mime);

/* The ETag of that file, quotes included: changes exactly when its content does. NULL if there is no such
 * file. */
const char *web_etag(const char *path);

#endif
