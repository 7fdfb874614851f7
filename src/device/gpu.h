/* gpu.h — banks of voices and effects on a GPU, and rendering of batches there.
 *
 * What every kind of GPU has in common, above its driver. Memory is reserved at the start, for all streams
 * that are meant to come (gpu_reserve); it grows when more are opened, not while they are rendered: who
 * composes a batch keeps to the room that there is (gpu_rows, gpu_spans). Only the short lists of what
 * happens to voices may grow then. Used by one thread at a time. */
#ifndef AURALIS_DEVICE_GPU_H
#define AURALIS_DEVICE_GPU_H

#include "device/driver.h"
#include "device/plan.h"
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
    bool again;                        /* batches alike are expected: graphs */
    uint32_t narrow;                   /* so many streams, the first ones, come down in 16 bits … */
    const struct batch_dither *dither; /* … with this noise */
};

/* Where a batch's samples are, [stream][blocks × 64 frames][2]: of the first streams in 16 bits, with what
 * was found wrong in them, of the others as they are. */
struct gpu_samples {
    const struct batch_dither *dither;
    const int16_t *pcm;
    const float *floats;
};

/* Takes the driver over. AURALIS_ENOMEM, after which the driver is closed. `wish`: what is not to be chosen
 * by measurement. */
int gpu_create(struct driver *driver, const struct plan_wish *wish, struct gpu **out);
struct plans *gpu_plans(struct gpu *gpu);

/* Takes what was measured, and keeps it for the next start where the driver has a file for it. */
void gpu_take_plans(struct gpu *gpu, const struct plans *measured);
void gpu_destroy(struct gpu *gpu);
const struct gpu_info *gpu_information(const struct gpu *gpu);

/* Makes the bank of a program at least `places` long; what it holds stays. AURALIS_ENOMEM leaves it as it
 * was. */
int gpu_reserve_voices(struct gpu *gpu, enum voice_program program, uint32_t places);

/* Likewise makes room for `floats` of effects, and fills in [at, at + count). */
int gpu_reserve_effects(struct gpu *gpu, size_t floats);
int gpu_write_effects(struct gpu *gpu, size_t at, const float *from, size_t count);

/* What all streams may bring into one batch. */
struct gpu_room {
    uint32_t streams, voices;
};

/* Makes room for batches: for one block of all streams with all those voices, and for many blocks of as many
 * as usually sound; in part n, for one part in n + 1 of that. AURALIS_ENOMEM leaves it as it was. */
int gpu_reserve_batches(struct gpu *gpu, const struct gpu_room *room);

/* What streams may need in all. */
struct gpu_capacity {
    uint32_t places[VOICE_PROGRAMS];
    size_t effects; /* floats */
    struct gpu_room room;
};

/* Before any stream is there: takes the memory for all that, on the GPU and pinned, so that whoever opens or
 * renders streams within it takes none. AURALIS_ENOMEM: only the least is held, as before. */
int gpu_reserve(struct gpu *gpu, const struct gpu_capacity *capacity);

/* What a part has room for: rows (a block of a voice; a batch has gpu_padded(voices) × blocks), and spans (a
 * block of a stream). */
size_t gpu_rows(const struct gpu *gpu, uint32_t part);
size_t gpu_spans(const struct gpu *gpu, uint32_t part);

/* So many voices at most become a batch's list of so many, when each program's are filled up (gpu_rounded).
 */
static inline size_t gpu_padded(size_t voices) {
    return voices + voices / 8 + (size_t)VOICE_PROGRAMS * 64 + 1;
}

/* Begins to render a batch as part `part` (below gpu_parts) of what is rendered now, beside the other parts,
 * and returns; whatever the batch points to may change then. `after`: −1, or a part that it must come after.
 * A part is waited for before its next batch begins. */
int gpu_begin(struct gpu *gpu, uint32_t part, const struct gpu_batch *batch, int after);

/* Waits for a part; its samples are there until its next batch begins. */
int gpu_wait(struct gpu *gpu, uint32_t part, struct gpu_samples *out);

/* How many parts there can be at once: 1 where a GPU has one queue. */
uint32_t gpu_parts(const struct gpu *gpu);

/* From now on the GPU counts as lost if something that is waited for takes so many seconds, and twice as long
 * as a batch took lately, more. Without: ten. */
void gpu_be_patient(struct gpu *gpu, double seconds);
double gpu_patience(const struct gpu *gpu); /* seconds in all, as things are now */

/* Bytes reserved on the GPU now. */
uint64_t gpu_bytes(const struct gpu *gpu);

#endif
