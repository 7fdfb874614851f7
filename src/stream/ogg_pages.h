/* ogg_pages.h — Opus packets into Ogg pages (RFC 7845): one chain that never breaks.
 *
 * Players stall where one chain ends and the next begins, so there is only one, and what changes (titles)
 * travels outside it. A listener gets the two header pages and may go on with any later page. One thread at a
 * time. */
#ifndef AURALIS_STREAM_OGG_PAGES_H
#define AURALIS_STREAM_OGG_PAGES_H

#include <stddef.h>
#include <stdint.h>

enum { OGG_HEADER_MAX = 512 };

struct ogg_pages;

/* `delay`: frames of pre-skip; `title`: UTF-8, at most 200 bytes; `serial` tells the chain from others. NULL
 * without memory. */
struct ogg_pages *ogg_pages_create(uint32_t serial, uint32_t delay, const char *title);
void ogg_pages_destroy(struct ogg_pages *pages); /* NULL is fine */

/* The header pages into out[OGG_HEADER_MAX], once, before anything else; their length. */
size_t ogg_pages_header(struct ogg_pages *pages, unsigned char *out);

/* Adds a packet to the page in the making. */
void ogg_pages_add(struct ogg_pages *pages, const unsigned char *packet, size_t size, uint32_t frames);

/* Ends the page: appends it to out[room] and returns its length, 0 when there is nothing. */
size_t ogg_pages_flush(struct ogg_pages *pages, unsigned char *out, size_t room);

#endif
