/* auralis/score.h — timed notes, without audio.
 *
 * A score is a growable list of notes at one sample rate. Build one by hand, read a MIDI file, or let
 * the composer write one; then give it to a stream (auralis_stream_config.score) or to
 * auralis_render_score, or write it as a MIDI file. A score is not shared: one thread at a time. */
#ifndef AURALIS_SCORE_H
#define AURALIS_SCORE_H

#include <auralis/parameters.h>

#ifdef __cplusplus
extern "C" {
#endif

enum auralis_instrument {
    AURALIS_PAD,
    AURALIS_LEAD,
    AURALIS_BASS,
    AURALIS_BELL,
    AURALIS_KICK,
    AURALIS_SWELL,
    AURALIS_INSTRUMENTS /* how many there are */
};

/* The timbre that every instrument with a voice in the original has: its dry sound. */
#define AURALIS_TIMBRE_SEED (-1)

typedef struct auralis_note {
    uint64_t onset;     /* frame of the attack's first sample */
    uint64_t duration;  /* frames from onset to release, ≥ 1 and at most 96 s */
    double pitch;       /* MIDI note number, fractions allowed, 0–127; ignored by kick and swell */
    double velocity;    /* 0–1 */
    double pan;         /* −1 left … +1 right */
    int32_t instrument; /* enum auralis_instrument */
    int32_t timbre;     /* index into that instrument's timbres, or AURALIS_TIMBRE_SEED */
} auralis_note;

typedef struct auralis_score auralis_score;

enum { AURALIS_SCORE_NOTES_MAX = 4000000 };

/* An empty score at `sample_rate` (8,000–192,000 Hz). The caller owns it and frees it. */
AURALIS_API int auralis_score_create(uint32_t sample_rate, auralis_score **out);
AURALIS_API void auralis_score_free(auralis_score *score); /* NULL is fine */

/* Adds a copy of the note. AURALIS_EINVAL (field named in `why`, may be NULL) for values out of range,
 * AURALIS_ELIMIT past AURALIS_SCORE_NOTES_MAX, AURALIS_ENOMEM. Order of adding is free; equal onsets
 * keep their order. */
AURALIS_API int auralis_score_add(auralis_score *score, const auralis_note *note, auralis_message *why);

AURALIS_API uint32_t auralis_score_rate(const auralis_score *score);
AURALIS_API size_t auralis_score_count(const auralis_score *score);
/* The notes in order of onset; valid until the next add. Sorts on demand. */
AURALIS_API const auralis_note *auralis_score_notes(auralis_score *score);

/* Length in frames: what auralis_score_set_length said, else the end of the last note. */
AURALIS_API uint64_t auralis_score_length(const auralis_score *score);
AURALIS_API void auralis_score_set_length(auralis_score *score, uint64_t frames);

/* Reads a Standard MIDI File (formats 0 and 1, tempo map, running status, SMPTE or ticks, programs
 * mapped to the nearest instrument, channel 10 to percussion, sustain pedal, note-on with velocity 0)
 * from memory. The bytes are not kept. AURALIS_EFORMAT with the byte offset in `why`. */
AURALIS_API int auralis_score_read_midi(const void *bytes, size_t size, uint32_t sample_rate,
                                        auralis_score **out, auralis_message *why);

/* Writes the score as a format 1 Standard MIDI File at `bpm` into a new buffer, which the caller
 * releases with free(). */
AURALIS_API int auralis_score_write_midi(auralis_score *score, double bpm, void **bytes, size_t *size);

/* What the composer writes for (seed, parameters) between two frames of a stream at `sample_rate`:
 * every note whose onset is in [from, to), with the lengths and frames of a stream that plays these
 * parameters throughout. `parameters` may be NULL for the defaults. AURALIS_EINVAL (a parameter or the rate
 * out of range, to < from, to > 2^48), AURALIS_ELIMIT, AURALIS_ENOMEM. The caller owns the score. */
AURALIS_API int auralis_score_compose(uint64_t seed, const auralis_parameters *parameters,
                                      uint32_t sample_rate, uint64_t from, uint64_t to, auralis_score **out);

#ifdef __cplusplus
}
#endif
#endif
