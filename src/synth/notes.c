/* notes.c — from the score to the banks: which notes begin in the coming block, and which voices are over. */
#include "synth/stream.h"

#include "base/exact.h"
#include "music/clock.h"
#include "music/score.h"

#include <string.h>

enum { STEAL_RESERVE = 8 }; /* voices above the limit, for those that fade out because they were stolen */
static const double STEAL_SECONDS = 0.02, RESTRIKE_ATTACK = 0.45, PREROLL_MARGIN = 1.5, TAILS_OF_RT60 = 1.7;

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

/* Starts a note whose onset lies in the coming block (or, after a change, just before it). */
static void start(struct auralis_stream *s, const auralis_note *note, uint32_t attack_max) {
    if (!(note->velocity > 0) || !(s->instruments >> note->instrument & 1)) return;
    struct voice_start voice;
    uint32_t offset = note->onset > s->frame ? (uint32_t)(note->onset - s->frame) : 0;
    instrument_start(note, s->rate, offset, changes_bright(s), attack_max, &voice);
    struct bank *bank = bank_of(s, (int)voice.program);
    uint32_t count = bank_voices(bank, s->place), limit = s->limit[voice.program];
    if (count >= limit) steal(s, bank);
    if (count >= limit + STEAL_RESERVE) {
        s->notes_dropped++;
        return;
    }
    voice.word[VOICE_RUN] = UINT32_MAX;
    uint64_t end = s->frame + offset + (uint64_t)voice.life + BLOCK;
    bank_add(bank, s->place, &voice, note->instrument, end);
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

void notes_load_bar(struct auralis_stream *s, uint64_t bar, uint64_t from) {
    uint64_t first = bar * BAR_BEATS;
    s->bar = bar;
    s->base_beats = first < s->grid.beat ? (uint32_t)(s->grid.beat - first) : 0;
    s->base_frame =
        clock_beat_frame(s->grid.frame, first + s->base_beats - s->grid.beat, s->playing.bpm, s->rate);
    s->next_bar = clock_beat_frame(s->grid.frame, first + BAR_BEATS - s->grid.beat, s->playing.bpm, s->rate);
    composer_bar(s->seed, &s->playing, bar / SECTION_BARS, (uint32_t)(bar % SECTION_BARS), &s->now);
    s->next_in_bar = 0;
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
    for (;;) {
        for (; s->next_in_bar < s->now.count; s->next_in_bar++) {
            const struct composer_note *n = &s->now.note[s->next_in_bar];
            uint64_t onset = onset_of(s, n);
            if (onset >= until) return;
            auralis_note note = note_of(s, n, onset);
            start(s, &note, 0);
        }
        if (s->next_bar >= until) return;
        notes_load_bar(s, s->bar + 1, 0);
    }
}

void notes_end(struct auralis_stream *s) {
    for (int p = 0; p < VOICE_PROGRAMS; p++) {
        struct bank *bank = bank_of(s, p);
        for (uint32_t v = bank->first[s->place + 1]; v-- > bank->first[s->place];)
            if (bank->info[v].end <= s->frame) bank_remove(bank, s->place, v);
    }
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

/* The earliest onset of the notes that still sound at frame `at`. Where the tempo changed the chord was
 * struck anew, which no bar tells: as long as that may still sound, it begins there. */
static uint64_t oldest_sounding(const struct auralis_stream *s, uint64_t at) {
    uint64_t oldest = at, reach = (uint64_t)(SCORE_NOTE_SECONDS_MAX + 12) * s->rate;
    uint64_t from = at > reach ? at - reach : 0, start = s->grid.frame;
    if (start && from <= start) return start;
    uint64_t beat = s->grid.beat + clock_beat_at(start, from, s->playing.bpm, s->rate);
    uint64_t last = (s->grid.beat + clock_beat_at(start, at, s->playing.bpm, s->rate)) / BAR_BEATS;
    uint64_t bar = beat / BAR_BEATS;
    if (bar * BAR_BEATS < s->grid.beat) bar++;
    for (struct composer_bar now; bar <= last; bar++) {
        composer_bar(s->seed, &s->playing, bar / SECTION_BARS, (uint32_t)(bar % SECTION_BARS), &now);
        uint64_t base = clock_beat_frame(start, bar * BAR_BEATS - s->grid.beat, s->playing.bpm, s->rate);
        for (uint32_t i = 0; i < now.count; i++) {
            uint64_t onset = base + clock_onset_frames(now.note[i].onset, s->playing.bpm, s->rate);
            auralis_note note = note_of(s, &now.note[i], onset);
            if (onset < oldest && onset + instrument_life(&note, s->rate) > at) oldest = onset;
        }
    }
    return oldest;
}

static uint64_t oldest_of_score(const struct auralis_stream *s, uint64_t at) {
    const auralis_note *note = auralis_score_notes(s->score);
    for (size_t i = 0; i < s->score->count && note[i].onset < at; i++)
        if (note[i].onset + instrument_life(&note[i], s->rate) > at) return note[i].onset;
    return at;
}

uint64_t notes_heard_from(const struct auralis_stream *s, uint64_t start) {
    double tails = s->dry ? 0 : TAILS_OF_RT60 * effects_rt60(s->playing.space);
    uint64_t horizon = (uint64_t)((tails + PREROLL_MARGIN) * s->rate);
    return start > horizon ? start - horizon : 0;
}

uint64_t notes_oldest(const struct auralis_stream *s, uint64_t at) {
    return s->score ? oldest_of_score(s, at) : oldest_sounding(s, at);
}
