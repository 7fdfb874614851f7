/* icy.h — titles within an MP3 stream, as SHOUTcast's players ask for them.
 *
 * Who sends "Icy-MetaData: 1" gets, after every ICY_INTERVAL bytes of sound, a byte that counts sixteens and
 * so many bytes of text, StreamTitle='…'; — or a zero while the title is the same. Pure. */
#ifndef AURALIS_SERVER_ICY_H
#define AURALIS_SERVER_ICY_H

#include "stream/live.h"

#include <stddef.h>

enum { ICY_INTERVAL = 16000, ICY_TITLE_MAX = 160, ICY_BLOCK_MAX = 1 + 16 * 16 };

struct icy {
    bool wanted;
    uint32_t since; /* bytes of sound since the last block */
    char title[ICY_TITLE_MAX];
};

/* What plays now: "NAME: A aeolian, Am7". */
void icy_title(char title[ICY_TITLE_MAX], const char *name, const struct live_stream *stream);

/* Copies bytes of sound to `out`, which has room for them and a block for every ICY_INTERVAL of them and one
 * more; returns what that comes to. */
size_t icy_copy(struct icy *icy, unsigned char *out, const unsigned char *bytes, size_t size,
                const char *title);

#endif
