/* gaps.c — see gaps.h. A millisecond: dithered or float sound has no such run of zeros by chance. */
#include "measure/gaps.h"

#include <string.h>

void gaps_init(struct gaps *g, uint32_t sample_rate) {
    memset(g, 0, sizeof *g);
    g->least = sample_rate / 1000;
}

static void end_run(struct gaps *g) {
    if (g->sounded && g->zeros >= g->least) {
        if (g->count < GAPS_KEPT) g->gap[g->count] = (struct gap){g->at - g->zeros, g->zeros};
        g->count++;
        g->frames += g->zeros;
    }
    g->zeros = 0;
    g->sounded = true;
}

void gaps_add(struct gaps *g, const float *audio, size_t frames) {
    for (size_t i = 0; i < frames; i++, g->at++) {
        if (audio[2 * i] == 0 && audio[2 * i + 1] == 0)
            g->zeros++;
        else
            end_run(g);
    }
}
