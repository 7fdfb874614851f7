/* nvml.h — what NVIDIA's own counters say of a GPU: how busy it is and how much of its memory is used. */
#ifndef AURALIS_MEASURE_NVML_H
#define AURALIS_MEASURE_NVML_H

#include <stdbool.h>
#include <stdint.h>

struct nvml;

/* The GPU that is called `name` within `text` ("cuda (NVIDIA H100)"), the `number`-th if several are; NULL
 * where NVIDIA's management library is not. */
struct nvml *nvml_open(const char *text, int number);
void nvml_close(struct nvml *nvml);

/* Percent of the last sampling period (a sixth of a second to a second) in which a kernel ran; bytes of its
 * memory in use, everybody's. False if it does not say. */
bool nvml_read(const struct nvml *nvml, unsigned *percent, uint64_t *bytes);

#endif
