/* correlation.c — see correlation.h. */
#include "measure/correlation.h"

#include <math.h>

void correlation_init(struct correlation *c, uint32_t sample_rate) {
    *c = (struct correlation){.second = sample_rate, .lowest = 1};
}

static void end_second(struct correlation *c) {
    double both = sqrt(c->left * c->right);
    if (both > 1e-7 * c->second) {
        double r = c->product / both;
        c->seconds++;
        c->lowest = fmin(c->lowest, r);
        c->below = r < 0 ? c->below + 1 : 0;
        if (c->below > c->longest) c->longest = c->below;
    } else {
        c->below = 0;
    }
    c->left = c->right = c->product = 0;
    c->filled = 0;
}

void correlation_add(struct correlation *c, const float *audio, size_t frames) {
    for (size_t i = 0; i < frames; i++) {
        double l = (double)audio[2 * i], r = (double)audio[2 * i + 1];
        c->left += l * l, c->right += r * r, c->product += l * r;
        if (++c->filled == c->second) end_second(c);
    }
}
