/* notes.c — from the score to the banks: which notes begin in the coming block, and which voices are over. */
#include "synth/late.h"
#include "synth/stream.h"

#include "base/exact.h"
#include "music/clock.h"
#include "music/score.h"

#include <string.h>

enum { STEAL_RESERVE = 8 }; /* voices above the limit, for those that fade out because they were stolen */
static const double STEAL_SECONDS = 0.02, RESTRIKE_ATTACK = 0.45;

static struct bank *bank_of(struct auralis_stream *s, int p) {
    return &s->shard->bank[p];
}

/* Tells voice v to fade to nothing over `frames` from the block that comes next. */
static void fade_voice(struct auralis_stream *s, struct bank *bank, uint32_t v, uint32_t frames) {
    float rate = 1.0f / (float)frames;
    int32_t age = (int32_t)bank->word[VOICE_AGE][v];
    uint64_t end = s->frame + frames + BLOCK;
    if (bank->info[v].end <= end) return;
    uint32_t word;
    memcpy(&word, &rate, sizeof word);
    bank_set(bank, v, VOICE_KILL, (uint32_t)(age < 0 ? 0 : age));
    bank_set(bank, v, VOICE_KILL_RATE, word);
    bank->info[v].end = end;
    if (end < s->next_end) s->next_end = end;
}

/* The voice that is missed least: the one that would end first and is not being faded yet. */
static void steal(struct auralis_stream *s, struct bank *bank) {
    uint32_t victim = UINT32_MAX;
    for (uint32_t v = bank->first[s->place]; v < bank->first[s->place + 1]; v++) {
        if (bank->word[VOICE_KILL][v] != INT32_MAX) continue;
        if (victim == UINT32_MAX || bank->info[v].end < bank->info[victim].end) victim = v;
    }
    if (victim == UINT32_MAX) return;
    fade_voice(s, bank, victim, (uint32_t)(STEAL_SECONDS * s->rate));
    s->notes_stolen++;
}

/* Starts a note whose onset lies in the coming block; or long before it, where the stream itself is late. */
static void start(struct auralis_stream *s, const auralis_note *note, uint32_t attack_max) {
    if (!(note->velocity > 0) || !(s->instruments >> note->instrument & 1)) return;
    struct voice_start voice;
    uint32_t offset = (uint32_t)(note->onset % BLOCK);
    uint64_t block = note->onset - offset;
    instrument_start(note, s->rate, offset, changes_bright(s), attack_max, &voice);
    uint64_t end = note->onset + (uint64_t)voice.life + BLOCK;
    if (block < s->frame && (end <= s->frame || !late_voice(&voice, (uint32_t)((s->frame - block) / BLOCK))))
        return;
    struct bank *bank = bank_of(s, (int)voice.program);
    uint32_t count = bank_voices(bank, s->place), limit = s->limit[voice.program];
    if (count >= limit) steal(s, bank);
    if (count >= limit + STEAL_RESERVE) {
        s->notes_dropped++;
        return;
    }
    voice.word[VOICE_RUN] = UINT32_MAX;
    bank_add(bank, s->place, &voice, note->instrument, end);
    if (end < s->next_end) s->next_end = end;
    s->notes_started++;
}

static auralis_note note_of(const struct auralis_stream *s, const struct composer_note *n, uint64_t onset) {
    return (auralis_note){.onset = onset,
                          .duration = clock_duration_frames(n->seconds, s->rate),
                          .pitch = n->pitch,
                          .velocity = n->velocity,
                          .pan = n->pan,
                          .instrument = n->instrument,
                          .timbre = n->timbre};
}

static uint64_t onset_of(const struct auralis_stream *s, const struct composer_note *n) {
    return s->base_frame + clock_onset_frames(n->onset - s->base_beats, s->playing.bpm, s->rate);
}

/* Sets the clocks to a bar of the stream. */
static void enter_bar(struct auralis_stream *s, uint64_t bar) {
    uint64_t first = bar * BAR_BEATS;
    s->bar = bar;
    s->base_beats = first < s->grid.beat ? (uint32_t)(s->grid.beat - first) : 0;
    s->base_frame =
        clock_beat_frame(s->grid.frame, first + s->base_beats - s->grid.beat, s->playing.bpm, s->rate);
    s->next_bar = clock_beat_frame(s->grid.frame, first + BAR_BEATS - s->grid.beat, s->playing.bpm, s->rate);
}

static void compose_bar(struct auralis_stream *s) {
    composer_bar(s->seed, &s->playing, s->bar / SECTION_BARS, (uint32_t)(s->bar % SECTION_BARS), &s->now);
}

void notes_load_bar(struct auralis_stream *s, uint64_t bar, uint64_t from) {
    enter_bar(s, bar);
    compose_bar(s);
    s->next_in_bar = 0;
    s->next_onset = 0;
    while (s->next_in_bar < s->now.count) {
        const struct composer_note *n = &s->now.note[s->next_in_bar];
        if (n->onset >= s->base_beats && onset_of(s, n) >= from) break;
        s->next_in_bar++;
    }
    changes_bar(s);
}

static void start_from_score(struct auralis_stream *s, uint64_t until) {
    const auralis_note *note = auralis_score_notes(s->score);
    for (; s->next_note < s->score->count && note[s->next_note].onset < until; s->next_note++)
        start(s, &note[s->next_note], 0);
}

void notes_start(struct auralis_stream *s, uint64_t until) {
    if (s->score) {
        start_from_score(s, until);
        return;
    }
    while (s->next_onset < until) {
        for (; s->next_in_bar < s->now.count; s->next_in_bar++) {
            const struct composer_note *n = &s->now.note[s->next_in_bar];
            s->next_onset = onset_of(s, n);
            if (s->next_onset >= until) return;
            auralis_note note = note_of(s, n, s->next_onset);
            start(s, &note, 0);
        }
        s->next_onset = s->next_bar;
        if (s->next_bar >= until) return;
        notes_load_bar(s, s->bar + 1, 0);
    }
}

void notes_end(struct auralis_stream *s) {
    if (s->frame < s->next_end) return;
    s->next_end = UINT64_MAX;
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        struct bank *bank = bank_of(s, p);
        for (uint32_t v = bank->first[s->place + 1]; v-- > bank->first[s->place];) {
            uint64_t end = bank->info[v].end;
            if (end <= s->frame)
                bank_remove(bank, s->place, v);
            else if (end < s->next_end)
                s->next_end = end;
        }
    }
}

bool notes_due(const struct auralis_stream *s) {
    uint64_t until = s->frame + BLOCK;
    if (s->pending && s->pending_frame < until) return true;
    if (!s->score) return s->next_onset < until;
    return s->next_note < s->score->count && auralis_score_notes(s->score)[s->next_note].onset < until;
}

uint64_t notes_quiet(const struct auralis_stream *s) {
    if (!s->score || s->controls || s->pending) return 0;
    const auralis_note *note = auralis_score_notes(s->score);
    uint64_t until = s->next_end;
    if (s->next_note < s->score->count && note[s->next_note].onset < until) until = note[s->next_note].onset;
    return until > s->frame ? (until - s->frame) / BLOCK : 0;
}

void notes_fade(struct auralis_stream *s, uint32_t instruments, double seconds) {
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        struct bank *bank = bank_of(s, p);
        for (uint32_t v = bank->first[s->place]; v < bank->first[s->place + 1]; v++)
            if (instruments >> bank->info[v].instrument & 1)
                fade_voice(s, bank, v, (uint32_t)(seconds * s->rate));
    }
}

static void restrike_note(struct auralis_stream *s, const struct composer_note *n, uint64_t onset,
                          uint64_t at) {
    auralis_note note = note_of(s, n, at);
    uint64_t gone = at - onset;
    if (note.duration < gone + s->rate / 4) return;
    note.duration -= gone;
    start(s, &note, (uint32_t)(RESTRIKE_ATTACK * s->rate));
}

void notes_restrike(struct auralis_stream *s, uint64_t at) {
    struct composer_bar chord;
    uint64_t beat = clock_beat_at(s->grid.frame, at, s->playing.bpm, s->rate),
             begun = clock_beat_frame(s->grid.frame, beat, s->playing.bpm, s->rate);
    uint32_t in_bar = (uint32_t)(s->grid.beat + beat - s->bar * BAR_BEATS);
    composer_chord_at(s->seed, &s->playing, s->bar / SECTION_BARS, (uint32_t)(s->bar % SECTION_BARS), in_bar,
                      &chord);
    for (uint32_t i = 0; i < chord.count; i++) restrike_note(s, &chord.note[i], begun, at);
    for (uint32_t i = 0; i < s->now.count; i++) { /* struck since that beat */
        const struct composer_note *n = &s->now.note[i];
        bool chordal = n->role == ROLE_CHORD || n->role == ROLE_BASS;
        if (chordal && n->onset >= in_bar && onset_of(s, n) < at) restrike_note(s, n, onset_of(s, n), at);
    }
}

/* ---- A stream that begins in the middle ---- */

static void start_late(void *self, uint64_t bar, const struct composer_bar *composed) {
    struct auralis_stream *s = self;
    enter_bar(s, bar);
    for (uint32_t i = 0; i < composed->count; i++) {
        const struct composer_note *n = &composed->note[i];
        uint64_t onset = onset_of(s, n);
        if (n->onset < s->base_beats || onset >= s->frame) continue;
        auralis_note note = note_of(s, n, onset);
        start(s, &note, 0);
    }
}

/* Where the tempo changed the chord was struck anew, which no bar tells. */
static void restrike_late(struct auralis_stream *s) {
    enter_bar(s, s->grid.beat / BAR_BEATS);
    compose_bar(s);
    notes_restrike(s, s->grid.frame);
}

void notes_begin_late(struct auralis_stream *s) {
    uint64_t reach = (uint64_t)NOTE_SOUNDS_MAX * s->rate, from = s->frame > reach ? s->frame - reach : 0;
    bool struck = s->grid.frame && from <= s->grid.frame;
    if (from < s->grid.frame) from = s->grid.frame;
    if (struck && s->playing.enable_pads) restrike_late(s);
    if (from >= s->frame) return;
    uint64_t first = notes_bar_at(s, from), last = notes_bar_at(s, s->frame);
    composer_bars(s->seed, &s->playing, first, (uint32_t)(last + 1 - first), start_late, s);
}

uint64_t notes_bar_at(const struct auralis_stream *s, uint64_t frame) {
    return (s->grid.beat + clock_beat_at(s->grid.frame, frame, s->playing.bpm, s->rate)) / BAR_BEATS;
}
