/* ogg_pages.c — Opus packets into Ogg pages (see ogg_pages.h), by libogg. */
#include "stream/ogg_pages.h"

#include <ogg/ogg.h>
#include <opus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ogg_pages {
    ogg_stream_state stream;
    uint32_t delay;
    char title[208];
    int64_t frames;  /* that all packets so far decode to */
    int64_t packets; /* headers are two of them */
};

struct ogg_pages *ogg_pages_create(uint32_t serial, uint32_t delay, const char *title) {
    struct ogg_pages *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->delay = delay;
    snprintf(p->title, sizeof p->title, "%s", title);
    if (ogg_stream_init(&p->stream, (int)serial) == 0) return p;
    free(p);
    return NULL;
}

void ogg_pages_destroy(struct ogg_pages *p) {
    if (!p) return;
    ogg_stream_clear(&p->stream);
    free(p);
}

static void add(struct ogg_pages *p, const unsigned char *bytes, size_t size, uint32_t frames) {
    p->frames += frames;
    ogg_packet packet = {.packet = (unsigned char *)(uintptr_t)bytes,
                         .bytes = (long)size,
                         .b_o_s = p->packets == 0,
                         .granulepos = p->frames,
                         .packetno = p->packets};
    p->packets++;
    ogg_stream_packetin(&p->stream, &packet);
}

static unsigned char *put(unsigned char *at, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++) *at++ = (unsigned char)(value >> 8 * i);
    return at;
}

static unsigned char *put_text(unsigned char *at, const char *text) {
    size_t length = strlen(text);
    memcpy(put(at, (uint32_t)length, 4), text, length);
    return at + 4 + length;
}

/* OpusHead: version 1, two channels, pre-skip, 48,000 Hz, no gain, mapping family 0. */
static size_t opus_head(const struct ogg_pages *p, unsigned char *out) {
    memcpy(out, "OpusHead\x01\x02", 10);
    unsigned char *at = put(put(out + 10, p->delay, 2), 48000, 4);
    return (size_t)(put(at, 0, 3) - out);
}

static size_t opus_tags(const struct ogg_pages *p, unsigned char *out) {
    char title[sizeof p->title + 8];
    snprintf(title, sizeof title, "TITLE=%s", p->title);
    memcpy(out, "OpusTags", 8);
    unsigned char *at = put_text(out + 8, opus_get_version_string());
    at = put_text(put_text(put(at, 2, 4), title), "ENCODER=Auralis");
    return (size_t)(at - out);
}

size_t ogg_pages_header(struct ogg_pages *p, unsigned char *out) {
    unsigned char packet[OGG_HEADER_MAX];
    add(p, packet, opus_head(p, packet), 0);
    size_t size = ogg_pages_flush(p, out, OGG_HEADER_MAX);
    add(p, packet, opus_tags(p, packet), 0);
    return size + ogg_pages_flush(p, out + size, OGG_HEADER_MAX - size);
}

void ogg_pages_add(struct ogg_pages *p, const unsigned char *packet, size_t size, uint32_t frames) {
    add(p, packet, size, frames);
}

size_t ogg_pages_flush(struct ogg_pages *p, unsigned char *out, size_t room) {
    ogg_page page;
    size_t size = 0;
    while (ogg_stream_flush(&p->stream, &page)) {
        size_t header = (size_t)page.header_len, body = (size_t)page.body_len;
        if (size + header + body > room) return 0;
        memcpy(out + size, page.header, header);
        memcpy(out + size + header, page.body, body);
        size += header + body;
    }
    return size;
}
