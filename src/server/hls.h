/* hls.h — a station for audiences of any size: HTTP Live Streaming (RFC 8216) with packed MP3.
 *
 * /stations/NAME.m3u8 lists the last segments of three seconds, /stations/NAME/NUMBER.mp3 is one of them. A
 * segment is the same bytes for everybody and for ever, so any cache or CDN in front of the server can carry
 * the audience; here nothing is kept for a listener. The segments are cut from the station's one MP3
 * encoding, whose parts hold for 45 seconds; it runs while somebody asks.
 *
 * On a loop's thread. */
#ifndef AURALIS_SERVER_HLS_H
#define AURALIS_SERVER_HLS_H

#include "server/server.h"

/* What is answered: malloc'ed bytes, and how long others may keep them. */
struct hls_answer {
    char *bytes;
    size_t length;
    const char *type, *cache;
};

/* Whether the path is a playlist's or a segment's. */
bool hls_owns(const char *path);

/* 0, HLS_LATER (the station has only just begun to be encoded: ask again in a moment), or below with `why`
 * filled. */
enum { HLS_LATER = 1 };
int hls_get(struct server *server, const char *path, struct hls_answer *out, struct refusal *why);

#endif
