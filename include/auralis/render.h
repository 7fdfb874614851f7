/* auralis/render.h — a whole score at once.
 *
 * Offline convenience over streams: opens one stream on a fresh engine, renders, closes. */
#ifndef AURALIS_RENDER_H
#define AURALIS_RENDER_H

#include <auralis/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero-initialise; every zero means the default. */
typedef struct auralis_render_config {
    const char *isa; /* default NULL: as in auralis_engine_config */
    bool dry;        /* default false: with effects */
    bool tail;       /* default false: exactly auralis_score_length frames; true: releases and reverb too */
} auralis_render_config;

/* How many frames auralis_render_score will write for this score and configuration. */
AURALIS_API uint64_t auralis_render_frames(auralis_score *score, const auralis_render_config *config);

/* Renders the score into out[frames × 2], interleaved stereo float32, at the score's rate (44,100, 48,000
 * or 96,000 Hz; else AURALIS_EUNSUPPORTED). `frames` as returned by auralis_render_frames. Any thread;
 * allocates, and frees all of it before returning. */
AURALIS_API int auralis_render_score(auralis_score *score, const auralis_render_config *config, float *out,
                                     uint64_t frames);

#ifdef __cplusplus
}
#endif
#endif
