/* brightness.h — how far the filters are open, in octaves added to their cutoffs. */
#ifndef AURALIS_SYNTH_BRIGHTNESS_H
#define AURALIS_SYNTH_BRIGHTNESS_H

/* What the slow arcs of form.h (−1 … +1) add at most. */
static const double BRIGHTNESS_ARC_OCTAVES = 0.7;

/* −2 … +2 for the parameter's 0 … 1. */
static inline double brightness_octaves(double brightness) {
    return 4.0 * (brightness - 0.5);
}

#endif
