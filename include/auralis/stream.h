/* auralis/stream.h — one endless piece: (seed, sample rate, parameter timeline) → samples.
 *
 * Same thread rules as its engine. */
#ifndef AURALIS_STREAM_H
#define AURALIS_STREAM_H

#include <stdbool.h>
#include <auralis/engine.h>
#include <auralis/parameters.h>
#include <auralis/score.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero-initialise; every zero means the default. */
typedef struct auralis_stream_config {
    uint64_t seed;                        /* the piece; default 0 */
    uint32_t sample_rate;                 /* 44,100, 48,000 or 96,000 Hz; default 0: 48,000 */
    const auralis_parameters *parameters; /* copied; default NULL: AURALIS_PARAMETERS_DEFAULT */
    uint64_t start;                       /* first frame to be delivered; default 0. Opening pre-rolls. */
    auralis_score *score; /* borrowed until close, onsets at sample_rate; default NULL: compose */
    bool dry;             /* default false; true: no effects, only the original's soft clip */
    /* Bit i: enum auralis_instrument i sounds; default 0: all. The rest of the piece is composed and counted
     * for its loudness all the same, so streams of one piece with different instruments add up to the whole
     * of it, as long as none of them needs its limiter. */
    uint32_t instruments;
    /* Where the beats lie: beat `beat` of the piece begins at frame `beat_frame` ≤ start, and music before it
     * is not looked at. For going on with a piece whose tempo has changed: take both from its status. Default
     * 0, 0; not with a score. */
    uint64_t beat_frame, beat;
} auralis_stream_config;

/* Opens a stream and reserves all it will ever need. AURALIS_EINVAL (a field out of range), AURALIS_ELIMIT
 * (max_streams), AURALIS_EUNSUPPORTED (rate), AURALIS_ENOMEM. `config` may be NULL. */
AURALIS_API int auralis_stream_open(auralis_engine *engine, const auralis_stream_config *config,
                                    auralis_stream **out);
AURALIS_API void auralis_stream_close(auralis_stream *stream); /* NULL is fine */

/* Opening at `start` > 0 needs a pre-roll (up to 96 s of music, some tens of milliseconds of work) so that
 * the first sample sounds as if the stream had always played. This does at most `blocks` blocks of it and
 * returns how many are left; rendering does what is still left. Servers call it in slices. */
AURALIS_API uint64_t auralis_stream_preroll(auralis_stream *stream, uint64_t blocks);

/* Reads any number of frames (interleaved stereo float32) through a carry buffer of one block. */
AURALIS_API int auralis_stream_read(auralis_stream *stream, float *out, size_t frames);

/* Frame number of the next sample the stream will deliver. */
AURALIS_API uint64_t auralis_stream_frame(const auralis_stream *stream);

/* Changes the parameters in `which` (bit i: parameter i of the table) to their values in `values`; the
 * others stay. What can be heard at once is ramped from the next block, the rest starts on the next
 * beat. `stamp` (may be NULL) receives the frame at which the last of it takes effect. Changes that
 * arrive before their beat are coalesced. AURALIS_EINVAL with `why` (may be NULL), nothing changed. */
AURALIS_API int auralis_stream_set(auralis_stream *stream, const auralis_parameters *values,
                                   auralis_parameter_set which, uint64_t *stamp, auralis_message *why);

/* The parameters as last set (what a control should show). */
AURALIS_API auralis_parameters auralis_stream_parameters(const auralis_stream *stream);

typedef struct auralis_stream_status {
    uint64_t seed;
    uint64_t frame; /* next frame to be delivered */
    uint32_t sample_rate;
    uint64_t section; /* 64 bars each */
    uint32_t bar;     /* 0–63 in the section */
    char chord[16];   /* the sounding chord, "Am7"; empty before the first */
    uint32_t voices;  /* sounding now */
    uint64_t notes_started, notes_stolen, notes_dropped; /* since opening */
    uint64_t beat_frame, beat; /* the last change of tempo: the frame and the beat where it was; else 0, 0 */
} auralis_stream_status;

AURALIS_API void auralis_stream_get_status(const auralis_stream *stream, auralis_stream_status *out);

#ifdef __cplusplus
}
#endif
#endif
