/* server/web_table.h — what web/embed.py generates and web.c looks up. */
#ifndef SERVER_WEB_TABLE_H
#define SERVER_WEB_TABLE_H

#include <stddef.h>

struct web_entry {
    const char *path; /* "/index.html" */
    const unsigned char *data;
    size_t size;
    const char *mime, *etag;
};

extern const struct web_entry web_table[];
extern const int web_table_size;

#endif
