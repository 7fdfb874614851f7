/* playlists.h — .m3u and .pls: an address of music as a file that players open.
 *
 * /listen.opus.m3u?seed=7 names /listen.opus?seed=7 of the host that was asked; without a format,
 * /listen.m3u, it is MP3, which everything plays (or what this build has). Pure; any thread. */
#ifndef AURALIS_SERVER_PLAYLISTS_H
#define AURALIS_SERVER_PLAYLISTS_H

#include "server/stream_request.h"

#include <stdbool.h>

enum { PLAYLIST_MAX = 8192 };

/* Whether the path ends in .m3u or .pls. */
bool playlist_owns(const char *path);

/* `root`: "http://radio.example:8000". 0 with a text in out[PLAYLIST_MAX] and its media type, or below. */
int playlist_write(const char *path, const char *query, const char *root, char *out, const char **type,
                   struct refusal *why);

#endif
