/* bend.h — oscillators whose pitch moves: vibrato and pitch bend.
 *
 * A pitch that moved once a block would be heard as a buzz at the block's rate, so the increment glides over
 * the block in integers: the phase after n frames is phase + n × inc + n (n − 1) / 2 × glide, exact like a
 * phase that does not move. The glide is a whole number, rounded to the nearest so that a vibrato's pitch is
 * right in the mean; the increment lands on its target at the end and begins up to 32 units (0.0004 Hz)
 * beside the last one. A pitch that stays is exactly what it should be. */
#ifndef AURALIS_KERNELS_BEND_H
#define AURALIS_KERNELS_BEND_H

#include "kernels/kernels.h"
#include "kernels/lanes.h"

#define INCREMENT_MAX 1975684956.0f /* 0.46 turns a frame: no pitch is bent higher */
#define PARTIAL_MAX 1946157056      /* 0.453 turns a frame: partials of a bell fall silent from here on */

/* An increment at (1 + bend) times its frequency. */
KERNEL vi increment_bent(vi inc, vf bend) {
    vf x = vf_from_i(inc);
    return vi_add(inc, vi_from_f(vf_min(x * bend, INCREMENT_MAX - x)));
}

/* What the increment does over a block on its way from one bend to another. */
struct glide_lanes {
    vi inc, glide; /* at the first frame, and by how much it grows a frame */
};

KERNEL struct glide_lanes glide_between(vi inc, vf from, vf to) {
    vi end = increment_bent(inc, to), way = vi_sub(end, increment_bent(inc, from));
    vi glide = vi_add(way, vi_set(BLOCK / 2)) >> 6;
    return (struct glide_lanes){vi_from_u(vu_from_i(end) - (vu_from_i(glide) << 6)), glide};
}

/* Whether it moves so far that waves must be worked out frame by frame (see wave.h): over the block by more
 * than 1 / 256 of itself or by 2^16. Of vibrato only that of the highest notes does, above some 3 kHz. */
KERNEL vi glide_far(struct glide_lanes g) {
    return vi_lt(vi_min(g.inc >> 14, vi_set(1 << 10)), vi_abs(g.glide));
}

/* Twice the increment of a block whose phase moves evenly as far. */
KERNEL vu glide_even2(vu inc, vu glide) {
    return (inc << 1) + glide * (uint32_t)(BLOCK - 1);
}

/* How far the phase moves in a block. */
KERNEL vu glide_block(struct glide_lanes g) {
    return vu_from_i(g.inc) * (uint32_t)BLOCK + vu_from_i(g.glide) * (uint32_t)(BLOCK * (BLOCK - 1) / 2);
}

/* Phases of LANES consecutive frames, and how they go on. `gliding` is known to the compiler: without, the
 * glide counts as 0 and costs nothing. */
struct phases {
    vu at, step;
    uint32_t more;
};

/* From frame `first` of the block on. */
KERNEL struct phases phases_from(uint32_t phase, uint32_t inc, uint32_t glide, int first, const int gliding) {
    vu n = vu_from_i(vi_add(vi_ramp(), vi_set(first)));
    struct phases p = {vu_set(phase) + n * inc, vu_set(inc * (uint32_t)LANES), 0};
    if (!gliding) return p;
    p.at += ((n * (n - 1u)) >> 1) * glide;
    p.step += n * (glide * (uint32_t)LANES) + glide * (uint32_t)(LANES * (LANES - 1) / 2);
    p.more = glide * (uint32_t)(LANES * LANES);
    return p;
}

KERNEL void phases_next(struct phases *p, const int gliding) {
    p->at += p->step;
    if (gliding) p->step += p->more;
}

#endif
