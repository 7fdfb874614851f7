/* trim.c — see trim.h. */
#include "synth/trim.h"

enum { SETTLE_SECONDS = 2 };

static const uint32_t ALL = UINT32_MAX;

void trim_init(struct trim *t, uint64_t seed, const auralis_parameters *p, uint64_t stretch) {
    *t = (struct trim){.stretch = stretch, .settle = {.from = 1, .to = 1}};
    loudness_begin(&t->scan, seed, p, stretch);
    loudness_step(&t->scan, ALL);
    t->from = loudness_gain(&t->scan);
    loudness_next(&t->scan);
    loudness_step(&t->scan, ALL);
    t->to = loudness_gain(&t->scan);
    loudness_next(&t->scan);
}

void trim_enter(struct trim *t, uint64_t stretch) {
    if (stretch == t->stretch) return;
    t->stretch = stretch;
    t->from = t->to;
    if (t->anew) { /* so soon after a change: once more, for this stretch */
        trim_change(t, t->scan.seed, &t->scan.p);
        return;
    }
    loudness_step(&t->scan, ALL);
    t->to = loudness_gain(&t->scan);
    loudness_next(&t->scan);
}

void trim_change(struct trim *t, uint64_t seed, const auralis_parameters *p) {
    auralis_parameters copy = *p; /* p may lie in the scan */
    loudness_begin(&t->scan, seed, &copy, t->stretch);
    t->anew = 2;
}

void trim_step(struct trim *t, double part, uint64_t frame, uint32_t rate) {
    if (!loudness_step(&t->scan, 1) || !t->anew) return;
    if (t->anew-- == 2) {
        t->fresh = loudness_gain(&t->scan);
    } else {
        t->before = trim_gain(t, part, frame);
        t->settle = (struct glide){0, 1, frame, (uint64_t)SETTLE_SECONDS * rate};
        t->from = t->fresh;
        t->to = loudness_gain(&t->scan);
    }
    loudness_next(&t->scan);
}

double trim_gain(const struct trim *t, double part, uint64_t frame) {
    double line = t->from + (t->to - t->from) * part, settled = glide_at(&t->settle, frame);
    return settled < 1.0 ? t->before + (line - t->before) * settled : line;
}
