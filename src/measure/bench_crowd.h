/* bench_crowd.h — many personal streams on one device, as a server renders them: several threads, an engine
 * each, that all render a chunk at a time, to 16-bit samples in the host's memory. */
#ifndef AURALIS_MEASURE_BENCH_CROWD_H
#define AURALIS_MEASURE_BENCH_CROWD_H

#include "device/plan.h"

#include <auralis/auralis.h>

#include <stdint.h>

enum { CROWD_RATE = 48000, CROWD_CHUNK = 15 /* blocks: 20 ms */ };

struct crowd;

/* Opens `count` streams of different seeds and presets, or of a written piece without effects, on at most
 * `threads` threads; few streams get fewer threads, since a device likes many together. The score stays the
 * caller's and must outlive the crowd. An auralis result. */
int crowd_open(const char *device, int count, int threads, auralis_score *score, struct crowd **out);
void crowd_close(struct crowd *crowd);

/* All play on until they have been heard for `heard` seconds, or `limit` seconds are over: a piece begins
 * with fewer voices than it has later. */
int crowd_warm_up(struct crowd *crowd, double heard, double limit);

/* Renders 20 ms of every stream; `seconds`: from the word to begin until the last thread is done. */
int crowd_render(struct crowd *crowd, double *seconds);

/* How calls go to the GPU from now on (device/plan.h); nothing on the processor. */
void crowd_plan(struct crowd *crowd, const struct plan_wish *wish);

double crowd_voices(const struct crowd *crowd);      /* that sound now */
uint64_t crowd_gpu_bytes(const struct crowd *crowd); /* reserved on the GPU now */
const char *crowd_device(const struct crowd *crowd); /* as auralis_engine_device has it */

#endif
