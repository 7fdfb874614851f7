/* glide.h — a value that moves to its target in a straight line: a closed form of the frame, so nothing
 * accumulates and a stream that starts in the middle agrees with one that came there by playing. */
#ifndef AURALIS_SYNTH_GLIDE_H
#define AURALIS_SYNTH_GLIDE_H

#include <stdbool.h>
#include <stdint.h>

struct glide {
    double from, to;
    uint64_t start, length; /* frames */
};

static inline double glide_at(const struct glide *g, uint64_t frame) {
    if (frame <= g->start) return g->from;
    if (frame - g->start >= g->length) return g->to;
    return g->from + (g->to - g->from) * ((double)(frame - g->start) / (double)g->length);
}

/* Whether it is at its target from `frame` on. */
static inline bool glide_rests(const struct glide *g, uint64_t frame) {
    return frame > g->start && frame - g->start >= g->length;
}

/* From where it is at `frame` to `to` in `length` frames. */
static inline void glide_to(struct glide *g, double to, uint64_t frame, uint64_t length) {
    double from = glide_at(g, frame);
    *g = (struct glide){from, to, frame, length};
}

#endif
