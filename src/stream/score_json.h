/* score_json.h — a phrase written as JSON, as a score.
 *
 *     {"sample_rate": 44100, "duration_sec": 8,
 *      "chords": [[0, 57, "i"], [176400, 57, "VI"]],        onset in samples, MIDI root, type
 *      "melody": [[22050, 69, 0.4, 1.5]],                   onset, MIDI note, velocity, seconds
 *      "kicks": [[0, 0.6]], "swells": [[88200, 4, 0.3]]}    onset, velocity; onset, seconds, velocity
 *
 * sample_rate and duration_sec are needed, the rest is not. "chord_intervals" {"i": [0, 3, 7], …} adds chord
 * types to the five of the minor vocabulary or changes them; "name" and "meta" are for people and ignored.
 */
#ifndef AURALIS_STREAM_SCORE_JSON_H
#define AURALIS_STREAM_SCORE_JSON_H

#include <auralis/score.h>

#include <stddef.h>
#include <stdint.h>

/* The phrase in `text` as a score at `rate` (Hz) of exactly duration_sec × rate frames; onsets are scaled by
 * rate ÷ its sample_rate. A chord lasts to the next chord: its bass, an octave below, and its tones. Notes
 * past the end are left out, notes over the end cut. The caller frees *out. AURALIS_EFORMAT (not JSON),
 * AURALIS_EINVAL (a value), AURALIS_ELIMIT, AURALIS_ENOMEM, or AURALIS_EUNSUPPORTED in a build without
 * jansson, each with the place in `why` ("melody[3][1]", "line 4, column 7"). Any thread. */
int score_json_read(const char *text, size_t size, uint32_t rate, auralis_score **out, auralis_message *why);

#endif
