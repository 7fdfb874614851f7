/* brightness.h — how far the filters are open, in octaves added to their cutoffs. */
#ifndef AURALIS_SYNTH_BRIGHTNESS_H
#define AURALIS_SYNTH_BRIGHTNESS_H

/* What the slow arcs of form.h (−1 … +1) add at most. */
static const double BRIGHTNESS_ARC_OCTAVES = 0.7;

/* What a note's velocity adds: 0 for one of middling strength, 0.45. */
static inline double touch_octaves(double velocity) {
    return 0.9 * (velocity - 0.45);
}

/* −2 … +2 for the parameter's 0 … 1. */
static inline double brightness_octaves(double brightness) {
    return 4.0 * (brightness - 0.5);
}

#endif
