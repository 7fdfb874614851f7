/* trials.h — which way of sending calls to a GPU is quickest, tried before anybody waits for a call.
 *
 * Where a GPU has several ways (device/plan.h) and none was measured here before, streams of an engine that
 * is made for this and goes again are rendered in each, with few and with many of them together. */
#ifndef AURALIS_SYNTH_TRIALS_H
#define AURALIS_SYNTH_TRIALS_H

#include "device/gpu.h"

/* `device`: the name by which the GPU was opened. Returns the seconds it took, about two at most, if not now
 * then when an engine of this process was made earlier; 0: there was nothing to try. A GPU that fails
 * meanwhile is no matter here. Any thread; one waits for the other. */
double trials_run(const char *device, struct gpu *gpu);

#endif
