/* reference.h — the piece that a listener should be hearing, rendered here once more.
 *
 * A stream is a pure function of its seed, rate and parameters, so what comes over the wire can be compared
 * sample by sample. A reference renders forward only and keeps the last frames in a ring: a short one for a
 * piece of one's own, a long one for a station, which many listeners compare with at places of their own. */
#ifndef AURALIS_LOAD_REFERENCE_H
#define AURALIS_LOAD_REFERENCE_H

#include <auralis/auralis.h>

enum {
    REFERENCE_SHORT = 1 << 14, /* frames kept */
    REFERENCE_LONG = 1 << 20,
    REFERENCE_EXACT =
        120 * 48000 /* frames: a piece asked for later in it is rendered from there, with pre-roll */
};

struct reference;

/* Opens the piece at frame `from`, or exactly from its beginning if that is near. NULL: no memory, or a bad
 * rate. */
struct reference *reference_open(auralis_engine *engine, uint64_t seed, uint32_t rate,
                                 const auralis_parameters *parameters, uint64_t from, uint32_t kept);
void reference_close(struct reference *reference); /* NULL is fine */

/* Copies frames [from, from + frames). False: no longer kept, or more than a minute ahead. */
bool reference_copy(struct reference *reference, uint64_t from, float *out, uint32_t frames);

/* Whether the samples are those of the piece bit for bit; else within REFERENCE_TOLERANCE. */
bool reference_exact(const struct reference *reference);
#define REFERENCE_TOLERANCE                                                                                  \
    1e-4f /* a late start agrees to −100 dB of a second's level, a little more in a peak */

uint64_t reference_seed(const struct reference *reference);

#endif
