/* device.h — what renders streams: the processor, or a GPU.
 *
 * A device is named "cpu", "opencl", "cuda" or "metal", all but the first with ":N" for the N-th of their
 * kind (":0" by default). The processor hands out its table of kernels, which shards call on their own
 * memory; a GPU keeps the memory and takes batches (gpu.h). Exactly one of the two is set in an opened
 * device. */
#ifndef AURALIS_DEVICE_DEVICE_H
#define AURALIS_DEVICE_DEVICE_H

#include "device/gpu.h"

struct device {
    const struct kernels *kernels;
    struct gpu *gpu;
};

struct device_info {
    char name[32]; /* as device_open takes it */
    struct gpu_info gpu;
};

/* Opens a device; NULL or "" is "cpu". `isa` chooses the processor's kernels (cpu.h) and is ignored by GPUs.
 * AURALIS_ENOENT: no device is called that; AURALIS_EUNSUPPORTED: not here; AURALIS_EDEVICE, AURALIS_ENOMEM.
 * `why` receives a sentence (may be NULL). */
int device_open(const char *name, const char *isa, struct device *out, auralis_message *why);

/* The driver of a GPU alone, with which whoever opens it does what it likes, and closes it.
 * AURALIS_EUNSUPPORTED for the processor, else as device_open. */
int device_driver(const char *name, struct driver **out, auralis_message *why);

/* The kinds of GPU that this build knows, "metal, cuda, opencl", or "none". */
const char *device_kinds(void);

/* GPUs of this machine in order of preference, without opening them: writes up to `max`, returns how many. */
int device_list(struct device_info *out, int max);

#endif
