/* radio.h — music over plain HTTP, taken apart as far as a listener must: Ogg pages of Opus (RFC 3533, 7845)
 * and MP3 frames (ISO 11172-3, layer III). Nothing here touches a socket or allocates. Any thread. */
#ifndef AURALIS_LOAD_RADIO_H
#define AURALIS_LOAD_RADIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct radio_part {
    size_t size;       /* bytes that it takes */
    bool numbered;     /* Ogg: the next two count */
    uint32_t sequence; /* of the page */
    uint64_t end;      /* granule position: frame at which it ends */
    uint32_t frames;   /* MP3: how many it has, at … */
    uint32_t rate;     /* … this rate */
};

/* The page or frame that the n bytes begin with: 1, 0 when it is not all there, −1 when it is none. */
int radio_next_page(const unsigned char *bytes, size_t n, struct radio_part *part);
int radio_next_frame(const unsigned char *bytes, size_t n, struct radio_part *part);

/* A relay begins anywhere. Where the first MP3 frame lies that another one follows; −1: more bytes are
 * needed, −2: there is none in the length of the longest frame. */
long radio_first_frame(const unsigned char *bytes, size_t n);

/* The answer to the request: its status, and where its head ends; false while that is not all there. */
bool radio_answer(const char *bytes, size_t n, int *status, size_t *length);

#endif
