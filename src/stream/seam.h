/* seam.h — a part of 16-bit sound that leads from one place of a stream over to another.
 *
 * For a listener who is moved forward: instead of the first part at the new place it gets one that begins as
 * what would have come next and, within 20 ms, becomes the part at the new place. WAV parts are mixed as they
 * are; two FLAC frames are decoded, and the mixture is written as a frame of its own that bears the new one's
 * number, with its samples as they are (a VERBATIM subframe, RFC 9639 section 9.2.4), so that no encoder is
 * needed. MP3 and Opus need no seam: their decoders overlap what comes after one another. */
#ifndef AURALIS_STREAM_SEAM_H
#define AURALIS_STREAM_SEAM_H

#include "stream/encoder.h"

#include <stdbool.h>
#include <stddef.h>

struct seam {
    int format;                  /* enum encoder_format */
    const unsigned char *header; /* the stream's */
    const unsigned char *from;   /* the part that would have come next */
    size_t header_size, from_size;
};

/* Whether parts of the format need a seam (WAV, FLAC). */
bool seam_needed(int format);

/* Turns the part `to` of `size` bytes, which stands in `room` bytes, into the seam; its size. The part stays
 * as it is where the two do not fit together or there is no room. Any thread; allocates. */
size_t seam_make(const struct seam *seam, unsigned char *to, size_t size, size_t room);

#endif
