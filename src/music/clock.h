/* clock.h — where the beats lie: musical time in whole frames.
 *
 * A stream counts frames, a composer counts beats. With a constant tempo since an anchor (the start of the
 * stream or the last change of tempo), beat b begins at frame anchor + round(b × 60 × rate ÷ bpm), half up.
 * The sum is done in integers from the exact value of the double `bpm`, so the grid is the same on every
 * system, never drifts and never runs backwards, after weeks as at the start. Any thread, no allocation.
 *
 * Ranges: bpm 1–1,000, rate 1–1,000,000 Hz, beats and frames below 2^48 (a thousand years). */
#ifndef AURALIS_MUSIC_CLOCK_H
#define AURALIS_MUSIC_CLOCK_H

#include <stdint.h>

/* Frame at which beat `beats` after the anchor begins. */
uint64_t clock_beat_frame(uint64_t anchor_frame, uint64_t beats, double bpm, uint32_t rate);

/* The last beat after the anchor that begins at or before `frame` (≥ anchor_frame): the inverse of
 * clock_beat_frame. */
uint64_t clock_beat_at(uint64_t anchor_frame, uint64_t frame, double bpm, uint32_t rate);

/* Frames in `beats` of a bar (0–4, fractions allowed), for onsets inside it: a note of a bar that starts at
 * beat b sounds at clock_beat_frame(anchor, b, bpm, rate) + clock_onset_frames(onset, bpm, rate). */
uint64_t clock_onset_frames(double beats, double bpm, uint32_t rate);

/* Frames in `seconds` (≥ 0), rounded, at least one: the length of a note. */
uint64_t clock_duration_frames(double seconds, uint32_t rate);

#endif
