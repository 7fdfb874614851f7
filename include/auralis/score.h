/* auralis/score.h — timed notes, without audio.
 *
 * A score is a growable list of notes, and of what moves them while they sound, at one sample rate. Build one
 * by hand, read a MIDI file, or let the composer write one; then give it to a stream
 * (auralis_stream_config.score) or to auralis_render_score, or write it as a MIDI file. A score is not
 * shared: one thread at a time. */
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
    int32_t channel;    /* 0–15: whose controls it obeys; default 0 */
} auralis_note;

/* What a control moves, and where it stands before the first one. */
enum auralis_control_kind {
    AURALIS_BEND,       /* semitones added to the pitch, −96 … +96; 0. Kicks and swells have no pitch */
    AURALIS_MODULATION, /* vibrato of 5 Hz, 0–1: up to half a semitone either way; 0 */
    AURALIS_VOLUME,     /* gain, 0–1; 1 */
    AURALIS_EXPRESSION, /* another gain, 0–1; 1 */
    AURALIS_PAN,        /* added to the notes' own, −1 left … +1 right; 0 */
    AURALIS_CONTROL_KINDS
};

/* From `frame` on, notes of the channel move to the value: in 10 ms if one sounds, at once if none does. */
typedef struct auralis_control {
    uint64_t frame;
    double value;
    int32_t kind; /* enum auralis_control_kind */
    int32_t channel;
} auralis_control;

typedef struct auralis_score auralis_score;

enum { AURALIS_SCORE_CHANNELS = 16, AURALIS_SCORE_NOTES_MAX = 4000000, AURALIS_SCORE_CONTROLS_MAX = 4000000 };

/* An empty score at `sample_rate` (8,000–192,000 Hz). The caller owns it and frees it. */
AURALIS_API int auralis_score_create(uint32_t sample_rate, auralis_score **out);
AURALIS_API void auralis_score_free(auralis_score *score); /* NULL is fine */

/* Adds a copy of the note. AURALIS_EINVAL (field named in `why`, may be NULL) for values out of range,
 * AURALIS_ELIMIT past AURALIS_SCORE_NOTES_MAX, AURALIS_ENOMEM. Order of adding is free; equal onsets
 * keep their order. */
AURALIS_API int auralis_score_add(auralis_score *score, const auralis_note *note, auralis_message *why);

/* Adds a copy of the control. AURALIS_EINVAL, AURALIS_ELIMIT and AURALIS_ENOMEM as above. Order of adding is
 * free; of those at one frame the last holds. A stream takes up the controls that are there when it opens. */
AURALIS_API int auralis_score_add_control(auralis_score *score, const auralis_control *control,
                                          auralis_message *why);

/* The controls in the order of adding; valid until the next add. */
AURALIS_API const auralis_control *auralis_score_controls(const auralis_score *score, size_t *count);

AURALIS_API uint32_t auralis_score_rate(const auralis_score *score);
AURALIS_API size_t auralis_score_count(const auralis_score *score);
/* The notes in order of onset; valid until the next add. Sorts on demand. */
AURALIS_API const auralis_note *auralis_score_notes(auralis_score *score);

/* Length in frames: what auralis_score_set_length said, else the end of the last note. */
AURALIS_API uint64_t auralis_score_length(const auralis_score *score);
AURALIS_API void auralis_score_set_length(auralis_score *score, uint64_t frames);

/* Reads a Standard MIDI File (formats 0 and 1, tempo map, running status, SMPTE or ticks, programs
 * mapped to the nearest instrument, channel 10 to percussion, sustain pedal, note-on with velocity 0,
 * pitch bend with its range, modulation, channel pressure, volume, expression, pan) from memory. A channel's
 * controllers that never move under a sounding note become part of the notes. The bytes are not kept.
 * AURALIS_EFORMAT with the byte offset in `why`. */
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
