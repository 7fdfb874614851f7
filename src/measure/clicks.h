/* clicks.h — finds clicks in audio.
 *
 *     struct clicks clicks;
 *     clicks_init(&clicks, 48000);
 *     while (…) clicks_add(&clicks, audio, frames);
 *     clicks_finish(&clicks);
 *     clicks.count, clicks.click[0 … min(count, CLICKS_KEPT) − 1]
 *
 * What is before the first sample and after the last counts as silence, so audio that begins or ends at once
 * has a click there. One thread, no allocation. */
#ifndef AURALIS_MEASURE_CLICKS_H
#define AURALIS_MEASURE_CLICKS_H

#include <stddef.h>
#include <stdint.h>

enum { CLICKS_KEPT = 32, CLICK_REACH = 45, CLICK_CELLS = 2 * CLICK_REACH + 1, CLICK_CELL_FRAMES_MAX = 192 };

struct click {
    uint64_t frame;
    double height; /* of a single odd sample that would look the same, 1 is full scale */
    double ratio;  /* to what is usual around it */
    int channel;
};

struct clicks {
    uint64_t count; /* found so far */
    struct click click[CLICKS_KEPT];

    uint32_t cell_frames, filled; /* frames of a cell; of the one being filled */
    uint64_t cells;               /* finished */
    float last[2][4];             /* samples before the cell */
    float cell[2][CLICK_CELL_FRAMES_MAX];
    float peak[2][CLICK_CELLS]; /* ring: cell n at n mod CLICK_CELLS */
    uint32_t where[CLICK_CELLS][2];
};

/* Sample rates of 8,000–192,000 Hz. */
void clicks_init(struct clicks *c, uint32_t sample_rate);

/* The next frames, interleaved stereo. */
void clicks_add(struct clicks *c, const float *audio, size_t frames);

/* Looks at the last 45 ms, which wait for what comes after them. Nothing may be added afterwards. */
void clicks_finish(struct clicks *c);

#endif
