/* auralis/engine.h — renders many streams together.
 *
 * An engine owns the memory and the kernels; streams (auralis/stream.h) belong to one engine. There is
 * no global state: make as many engines as you have threads. An engine and all its streams are used
 * by one thread at a time. The engine starts no threads and, after a stream is open, rendering neither
 * allocates, locks nor enters the operating system.
 *
 *     auralis_engine *engine;
 *     auralis_stream *stream;
 *     auralis_engine_create(NULL, &engine);
 *     auralis_stream_open(engine, &(auralis_stream_config){.seed = 7}, &stream);
 *     float audio[2 * 480];
 *     for (;;) { auralis_stream_read(stream, audio, 480); … }
 */
#ifndef AURALIS_ENGINE_H
#define AURALIS_ENGINE_H

#include <stdint.h>
#include <stddef.h>
#include <auralis/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { AURALIS_BLOCK = 64, AURALIS_CHANNELS = 2 };

typedef struct auralis_engine auralis_engine;
typedef struct auralis_stream auralis_stream;

/* Zero-initialise; every zero means the default. */
typedef struct auralis_engine_config {
    const char
        *isa; /* "scalar", "sse2", "avx2", "avx512", "neon"; default NULL: $AURALIS_ISA, else the best here */
    uint32_t max_streams; /* streams that may be open at once, 1–65,536; default 1,024. A GPU's memory for
                             them is taken at once: 0.5 to 0.7 MB each */
    /* "cpu", "opencl", "cuda", "opencl:1" …; "auto": the first GPU that gives the processor's
     * samples in a trial, else the processor. Default NULL: "cpu". The samples are the same; a GPU pays for
     * hundreds of streams rendered together, never for one. */
    const char *device;
    auralis_message *why; /* receives what is wrong with the device, else why "auto" chose it or when the GPU
                             was ready; default NULL */
    /* Threads of yours: spread(spread_self, work, argument) runs work(argument, n) once for each n below
     * `spreads` (1–64), on as many threads as it likes, and returns when all are done. It is called within
     * calls of this engine that render many streams: on a GPU the host, which composes, has more to do than
     * the GPU; on the processor each thread takes streams, sixteen at a time. The samples are the same.
     * Default NULL: the caller's thread does it all. */
    void (*spread)(void *self, void (*work)(void *argument, uint32_t n), void *argument);
    void *spread_self;
    uint32_t spreads;
} auralis_engine_config;

/* Makes an engine. `config` may be NULL. AURALIS_ENOENT for an unknown ISA name or device,
 * AURALIS_EUNSUPPORTED where this machine lacks it, AURALIS_EDEVICE for a GPU that does not work,
 * AURALIS_EINVAL, AURALIS_ENOMEM. */
AURALIS_API int auralis_engine_create(const auralis_engine_config *config, auralis_engine **out);

/* Frees the engine and closes the streams still open. NULL is fine. */
AURALIS_API void auralis_engine_destroy(auralis_engine *engine);

/* The primitive: advances the `count` listed streams together by `blocks` blocks of 64 frames. out[i]
 * receives blocks × 64 interleaved stereo frames of streams[i] (float32, nominally within ±1). Each
 * stream stands on its own clock; a stream's samples depend on no neighbour, batch or ISA. A stream
 * may be listed once. Frames left over from auralis_stream_read come first. AURALIS_EINVAL: a stream of
 * another engine. */
AURALIS_API int auralis_engine_render(auralis_engine *engine, auralis_stream *const *streams, size_t count,
                                      uint32_t blocks, float *const *out);

/* The same in 16 bits where pcm[i] is not NULL: it receives them instead of out[i], which may then be NULL,
 * as may `out` if no stream wants floats. The noise that they are dithered with (triangular, ±1 step) depends
 * on seed and frame only, so they are those of a file of the piece. On a GPU they are made there, and half as
 * much comes down. */
AURALIS_API int auralis_engine_render_pcm(auralis_engine *engine, auralis_stream *const *streams,
                                          size_t count, uint32_t blocks, float *const *out,
                                          int16_t *const *pcm);

/* The device in use, for people: "cpu (avx2)", "opencl:0 (NVIDIA H100)"; lives as long as the engine. */
AURALIS_API const char *auralis_engine_device(const auralis_engine *engine);

/* Name of the kernels in use ("avx2"), "gpu" on a GPU; static storage. */
AURALIS_API const char *auralis_engine_isa(const auralis_engine *engine);

/* ISA names this build knows and this machine can run, best first; returns how many, writes up to max. */
AURALIS_API int auralis_isas(const char **out, int max);

#ifdef __cplusplus
}
#endif
#endif
