/* patience.h — waiting for a GPU, but not for ever.
 *
 * A driver asks its GPU again and again whether something is done: often at first, since most takes less than
 * a millisecond. One that lets more time go by than a driver's `patience` counts as lost. */
#ifndef AURALIS_DEVICE_PATIENCE_H
#define AURALIS_DEVICE_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialise for each thing that is waited for. */
struct patience {
    int64_t begin;
    bool over;
};

/* After each answer that it is not done: sleeps if it takes long; false: the GPU is lost. The last answer was
 * then asked for after `seconds` had passed, so that a host that was held up itself gives nothing up. */
bool patience_left(struct patience *patience, double seconds);

#endif
