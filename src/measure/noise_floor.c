/* noise_floor.c — the largest of a window that slides sample by sample: of all that were, only those not yet
 * overtaken by a later and larger one are kept (R. Tarjan's monotone queue; each sample comes and goes once).
 */
#include "measure/noise_floor.h"

#include <math.h>
#include <string.h>

void noise_floor_init(struct noise_floor *n, uint32_t sample_rate) {
    n->window = (sample_rate + 10) / 20;
    n->frames = 0;
    for (int c = 0; c < 2; c++) {
        n->channel[c].first = n->channel[c].count = 0;
        n->channel[c].lowest = INFINITY;
    }
}

static void push(struct noise_floor *n, struct noise_floor_channel *c, float x) {
    uint32_t size = n->window;
    if (c->count && c->frame[c->first] + size <= n->frames) {
        c->first = (c->first + 1) % size;
        c->count--;
    }
    while (c->count && c->peak[(c->first + c->count - 1) % size] <= x) c->count--;
    uint32_t at = (c->first + c->count++) % size;
    c->frame[at] = n->frames;
    c->peak[at] = x;
}

void noise_floor_add(struct noise_floor *n, const float *audio, size_t frames) {
    for (size_t i = 0; i < frames; i++) {
        for (int c = 0; c < 2; c++) push(n, &n->channel[c], fabsf(audio[2 * i + (size_t)c]));
        n->frames++;
        if (n->frames < n->window) continue;
        for (struct noise_floor_channel *c = n->channel; c < n->channel + 2; c++)
            c->lowest = fmin(c->lowest, (double)c->peak[c->first]);
    }
}

double noise_floor_level(const struct noise_floor *n) {
    double level = fmax(n->channel[0].lowest, n->channel[1].lowest);
    return isfinite(level) ? level : 0;
}
