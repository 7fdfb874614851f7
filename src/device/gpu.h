/* gpu.h — banks of voices and effects on a GPU, and rendering of batches there.
 *
 * What every kind of GPU has in common, above its driver. All memory grows while streams are opened, none
 * while they are rendered. Used by one thread at a time. */
#ifndef AURALIS_DEVICE_GPU_H
#define AURALIS_DEVICE_GPU_H

#include "device/driver.h"
#include "kernels/batch.h"

struct gpu;

/* The batch as kernels/batch.h has it. Voices lie by program. */
struct gpu_batch {
    const struct batch_voice *voices;
    uint32_t first[VOICE_PROGRAMS + 1]; /* voices of program p: first[p] … first[p + 1] − 1 */
    const uint32_t *starts;
    uint32_t start_words;
    const struct batch_change *changes;
    uint32_t change_count;
    const struct batch_aim *aims;
    uint32_t aim_count;
    const struct batch_stream *streams;
    uint32_t stream_count;
    const float *bright; /* [block][stream] */
    uint32_t blocks;
};

/* Takes the driver over. AURALIS_ENOMEM, after which the driver is closed. */
int gpu_create(struct driver *driver, struct gpu **out);
void gpu_destroy(struct gpu *gpu);
const struct gpu_info *gpu_information(const struct gpu *gpu);

/* Makes the bank of a program at least `places` long; what it holds stays. */
int gpu_reserve_voices(struct gpu *gpu, enum voice_program program, uint32_t places);

/* Makes room for `floats` of effects, and fills in [at, at + count). */
int gpu_reserve_effects(struct gpu *gpu, size_t floats);
int gpu_write_effects(struct gpu *gpu, size_t at, const float *from, size_t count);

/* Renders the batch; `*out` is [stream][blocks × 64 frames][2] until the next call. */
int gpu_render(struct gpu *gpu, const struct gpu_batch *batch, const float **out);

/* The samples of that batch in 16 bits, [stream][…] as above; keys: a key and the number of the first sample
 * for each stream. */
int gpu_dither(struct gpu *gpu, const uint32_t *keys, const int16_t **out);

/* Bytes reserved on the GPU now. */
uint64_t gpu_bytes(const struct gpu *gpu);

#endif
