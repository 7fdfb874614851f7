/* stream.h — the inside of a stream: its clock, its score and its parameters over time.
 *
 * A stream keeps two clocks. `frame` is the music's: the first frame of the block that comes next. What is
 * delivered lies behind it by the limiter's look-ahead, which opening the stream renders in advance, so that
 * delivered frame n is the music's frame n. */
#ifndef AURALIS_SYNTH_STREAM_H
#define AURALIS_SYNTH_STREAM_H

#include "music/composer.h"
#include "music/score.h"
#include "synth/controls.h"
#include "synth/effects.h"
#include "synth/shard.h"
#include "synth/trim.h"

#include <auralis/stream.h>

enum { NOTE_SOUNDS_MAX = SCORE_NOTE_SECONDS_MAX + 12 }; /* seconds, with its release */

/* Where the beats lie since the last change of tempo. */
struct grid {
    uint64_t frame; /* of … */
    uint64_t beat;  /* … this beat, counted from the start of the stream */
};

/* What it takes to go on from a moment of the stream. */
struct resume {
    uint64_t frame, preroll;
    auralis_parameters playing;
    struct grid grid;
    bool heard;    /* something was delivered, … */
    bool narrow;   /* … in 16 bits: … */
    float last[2]; /* … its last frame */
};

/* What the effects of one block are told; worked out when the block is composed, applied when it is finished.
 */
struct block_control {
    struct effects_control effects;
    bool heard;   /* not in the silent part of a pre-roll */
    float bright; /* of its voices */
};

/* Voices of each program that a composed stream may have. */
extern const uint32_t COMPOSED_VOICES[VOICE_PROGRAMS];

struct auralis_stream {
    auralis_engine *engine;
    struct shard *shard;
    uint32_t place; /* in the shard */
    uint64_t seed;
    uint32_t rate;
    bool dry;
    uint32_t instruments;           /* bit i: enum auralis_instrument i sounds */
    uint32_t limit[VOICE_PROGRAMS]; /* voices */
    bool gains_move;                /* by controls, in the block that comes next */

    /* Time. */
    uint64_t frame;       /* of the block that comes next */
    uint64_t heard_from;  /* blocks before this frame need no effects (pre-roll) */
    uint64_t preroll;     /* blocks still to be rendered before the first delivered frame */
    uint64_t delivered;   /* next frame to be delivered */
    uint32_t skip;        /* frames of the first delivered block that are dropped (start inside a block) */
    uint32_t carry_count; /* frames left over in … */
    float carry[2 * BLOCK];
    bool carry_narrow; /* they are 16 bits (pcm16_float) */
    bool fault;        /* what the last call made into 16 bits was no sound */

    /* Score. */
    auralis_score *score;      /* borrowed; NULL: composed */
    struct controls *controls; /* of the score; NULL: none */
    size_t next_note;
    struct grid grid;
    uint64_t bar;         /* of the stream */
    uint64_t base_frame;  /* of the bar, or of the change of tempo inside it, which is … */
    uint32_t base_beats;  /* … so many beats into the bar */
    uint64_t next_bar;    /* first frame of the bar after */
    uint32_t next_in_bar; /* note */
    uint64_t next_onset;  /* no note begins before this frame, and … */
    uint64_t next_end;    /* … no voice is over */
    struct composer_bar now;

    /* Parameters: as set, as playing, and when the difference takes effect. */
    auralis_parameters set, playing;
    bool pending;
    uint64_t pending_frame, pending_beat;

    struct glide brightness, arc, space, level;
    struct trim trim;
    double gain; /* what trim says, as last looked at */

    struct effects_control effects;
    struct block_control control[SHARD_BLOCKS];
    struct effects *fx; /* on a GPU: only their head is here */
    void *fx_memory;
    struct pool *fx_pool;            /* which that is from; NULL: the heap */
    struct remote_stream *remote;    /* on a GPU: remote.h */
    uint32_t seam_left, seam_length; /* after a rescue: frames until the seam is gone, of so many */
    float seam[2];                   /* its height */
    uint64_t notes_started, notes_stolen, notes_dropped;
};

/* Voices that were begun outside a rendering call wait for one that lists the stream. */
void stream_rest(struct auralis_stream *stream);

/* Composes the block at stream->frame: starts and ends voices, moves parameters. `b` is its place in the
 * batch. */
void stream_advance(struct auralis_stream *stream, uint32_t b);

/* Composes `blocks` more blocks, in which no voice begins, ends or is told anything (notes_quiet), from place
 * b on. Returns how many: all, or none where something else still moves. */
uint32_t stream_repeat(struct auralis_stream *stream, uint32_t b, uint32_t blocks);

/* Gives the effects' memory back to where it is from. */
void stream_free_effects(struct auralis_stream *stream);

/* Runs the effects of that block and writes it to out[128]. `bus` is [bus][channel][frame]; those whose bit
 * is not set in `begun` count as silent. */
void stream_finish(struct auralis_stream *stream, const struct kernels *kernels, const float *bus,
                   uint32_t begun, uint32_t b, float *out);

/* notes.c: puts the notes that begin before `until` into the banks; ends those that are over. */
void notes_start(struct auralis_stream *stream, uint64_t until);
void notes_end(struct auralis_stream *stream);

/* Whether voices may begin in the block that comes next. */
bool notes_due(const struct auralis_stream *stream);

/* How many blocks from the one that comes next no voice of a score begins, ends or is told anything; 0 if
 * that is not known. */
uint64_t notes_quiet(const struct auralis_stream *stream);

/* Loads bar `bar` of the stream and skips its notes before `from`. */
void notes_load_bar(struct auralis_stream *stream, uint64_t bar, uint64_t from);

/* Fades out all voices of the instruments in the mask (bit i: enum auralis_instrument i). */
void notes_fade(struct auralis_stream *stream, uint32_t instruments, double seconds);

/* Strikes the sounding chord and its bass anew, now. */
void notes_restrike(struct auralis_stream *stream, uint64_t at);

/* The bar in which a frame lies that is not before the last change of tempo. */
uint64_t notes_bar_at(const struct auralis_stream *stream, uint64_t frame);

/* Starts what sounds already when a composed stream begins, in the middle of its notes (late.h). A bar must
 * be loaded after that. */
void notes_begin_late(struct auralis_stream *stream);

/* changes.c: parameters over time. */
void changes_init(struct auralis_stream *stream);
void changes_advance(struct auralis_stream *stream, uint32_t b);
void changes_bar(struct auralis_stream *stream); /* a bar was loaded */
float changes_bright(const struct auralis_stream *stream);
bool changes_rest(
    const struct auralis_stream *stream); /* every block to come is told what the last one was */
int changes_set(struct auralis_stream *stream, const auralis_parameters *values, auralis_parameter_set which,
                uint64_t *stamp, auralis_message *why);

#endif
