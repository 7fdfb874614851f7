/* changes.c — parameters over time: what is heard at once, what waits for the beat, and how each gets there.
 *
 * What acts on the sound (level, brightness, space) glides from the next block on; parts that are switched
 * off fade, and those switched on come in at once. What the composer reads changes on the next beat: the bar
 * is composed anew from there, and if the harmony is another one, the sounding chord and bass are released
 * and struck again. Changes that arrive before the beat join the one that waits. */
#include "synth/stream.h"

#include "base/exact.h"
#include "music/clock.h"
#include "music/form.h"
#include "synth/brightness.h"

#include <string.h>

static const double BRIGHTNESS_SECONDS = 0.1, LEVEL_SECONDS = 0.06, SPACE_SECONDS = 0.5;
static const double SWITCH_FADE = 0.15, CHORD_FADE = 0.8;
enum { TRIM_FRAMES = 64 * BLOCK };

enum {
    PADS = 1u << AURALIS_PAD | 1u << AURALIS_BASS,
    MELODY = 1u << AURALIS_LEAD | 1u << AURALIS_BELL,
    KICKS = 1u << AURALIS_KICK,
    SWELLS = 1u << AURALIS_SWELL
};

static uint64_t frames_of(const struct auralis_stream *s, double seconds) {
    return (uint64_t)(seconds * s->rate);
}

static double level_gain(const auralis_parameters *p) {
    return p->level <= -60.0 ? 0.0 : exact_db(p->level);
}

void changes_init(struct auralis_stream *s) {
    s->brightness = (struct glide){.to = brightness_octaves(s->playing.brightness)};
    s->space = (struct glide){.to = s->playing.space};
    s->level = (struct glide){.to = level_gain(&s->playing)};
    s->effects =
        (struct effects_control){.space = (float)s->playing.space, .beat = (float)(60.0 / s->playing.bpm)};
}

void changes_bar(struct auralis_stream *s) {
    uint64_t section = s->bar / SECTION_BARS;
    double bar = (double)(s->bar % SECTION_BARS);
    double from = form_brightness(s->seed, section, bar + s->base_beats / 4.0),
           to = form_brightness(s->seed, section, bar + 1.0);
    s->arc = (struct glide){BRIGHTNESS_ARC_OCTAVES * from, BRIGHTNESS_ARC_OCTAVES * to, s->base_frame,
                            s->next_bar - s->base_frame};
    trim_enter(&s->trim, s->bar / LOUDNESS_BARS);
}

float changes_bright(const struct auralis_stream *s) {
    double octaves = glide_at(&s->brightness, s->frame);
    if (!s->score) octaves += glide_at(&s->arc, s->frame);
    return (float)octaves;
}

bool changes_rest(const struct auralis_stream *s) {
    return s->score && !s->pending && glide_rests(&s->brightness, s->frame) &&
           glide_rests(&s->space, s->frame) && glide_rests(&s->level, s->frame);
}

/* How much of the trim's stretch has passed, 0–1. */
static double stretch_part(const struct auralis_stream *s) {
    struct glide beat = {s->base_beats / 4.0, 1.0, s->base_frame, s->next_bar - s->base_frame};
    return ((double)(s->bar % LOUDNESS_BARS) + glide_at(&beat, s->frame)) / LOUDNESS_BARS;
}

static void update_trim(struct auralis_stream *s) {
    bool settling = glide_at(&s->trim.settle, s->frame) < 1.0;
    if (s->score) {
        s->gain = s->trim.from;
        return;
    }
    double part = stretch_part(s);
    if (settling || s->frame % TRIM_FRAMES == 0 || s->gain == 0.0) /* looked at on the stream's own grid */
        s->gain = trim_gain(&s->trim, part, settling ? s->frame : s->frame / TRIM_FRAMES * TRIM_FRAMES);
    trim_step(&s->trim, part, s->frame, s->rate);
}

static bool harmony_differs(const auralis_parameters *a, const auralis_parameters *b) {
    return a->key != b->key || a->mode != b->mode || a->bpm != b->bpm ||
           a->chord_progression_variety != b->chord_progression_variety ||
           a->harmonic_density != b->harmonic_density || a->first_chord != b->first_chord ||
           a->last_chord != b->last_chord || a->height != b->height || a->pad_timbre != b->pad_timbre ||
           a->bass_timbre != b->bass_timbre;
}

static void apply_at_beat(struct auralis_stream *s) {
    bool strike = harmony_differs(&s->playing, &s->set) && s->set.enable_pads;
    notes_start(s, s->pending_frame);
    if (s->set.bpm != s->playing.bpm) s->grid = (struct grid){s->pending_frame, s->pending_beat};
    s->playing = s->set;
    s->pending = false;
    notes_load_bar(s, s->pending_beat / BAR_BEATS, s->pending_frame);
    if (strike) {
        notes_fade(s, PADS, CHORD_FADE);
        notes_restrike(s, s->pending_frame);
    }
    trim_change(&s->trim, s->seed, &s->playing);
}

void changes_advance(struct auralis_stream *s, uint32_t b) {
    if (s->pending && s->pending_frame < s->frame + BLOCK) apply_at_beat(s);
    update_trim(s);
    uint64_t end = s->frame + BLOCK;
    s->effects = (struct effects_control){.level = (float)(glide_at(&s->level, end) * s->gain),
                                          .space = (float)glide_at(&s->space, end),
                                          .beat = (float)(60.0 / s->playing.bpm)};
    s->control[b] = (struct block_control){.effects = s->effects, .heard = s->frame >= s->heard_from};
    float bright = s->control[b].bright = changes_bright(s);
    uint32_t word;
    memcpy(&word, &bright, sizeof word);
    for (int p = 0; p < VOICE_PROGRAMS; p++) bank_fill(&s->shard->bank[p], s->place, VOICE_BRIGHT, word);
}

/* A part was switched on: what of it should sound already does. */
static void switch_on(struct auralis_stream *s, bool pads) {
    if (s->score) return;
    notes_load_bar(s, s->bar, s->frame);
    if (pads) notes_restrike(s, s->frame);
    stream_rest(s);
}

static void apply_at_once(struct auralis_stream *s, const auralis_parameters *from) {
    auralis_parameters *p = &s->playing;
    if (p->brightness != from->brightness)
        glide_to(&s->brightness, brightness_octaves(p->brightness), s->frame,
                 frames_of(s, BRIGHTNESS_SECONDS));
    if (p->space != from->space) glide_to(&s->space, p->space, s->frame, frames_of(s, SPACE_SECONDS));
    if (p->level != from->level) glide_to(&s->level, level_gain(p), s->frame, frames_of(s, LEVEL_SECONDS));
    uint32_t off = 0;
    if (from->enable_pads && !p->enable_pads) off |= PADS;
    if (from->enable_melody && !p->enable_melody) off |= MELODY;
    if (from->enable_kicks && !p->enable_kicks) off |= KICKS;
    if (from->enable_swells && !p->enable_swells) off |= SWELLS;
    bool pads = !from->enable_pads && p->enable_pads;
    bool on = pads || (!from->enable_melody && p->enable_melody) ||
              (!from->enable_kicks && p->enable_kicks) || (!from->enable_swells && p->enable_swells);
    if (off) notes_fade(s, off, SWITCH_FADE);
    if (off || on) switch_on(s, pads);
}

int changes_set(struct auralis_stream *s, const auralis_parameters *values, auralis_parameter_set which,
                uint64_t *stamp, auralis_message *why) {
    auralis_parameters set = s->set, playing = s->playing;
    bool at_beat = false;
    for (int i = 0; i < auralis_parameter_count(); i++) {
        if (!(which >> i & 1)) continue;
        double value = auralis_parameters_get(values, i);
        int result = auralis_parameters_put(&set, i, value, why);
        if (result < 0) return result;
        if (auralis_parameter_at(i)->timing == AURALIS_AT_BLOCK)
            auralis_parameters_put(&playing, i, value, NULL);
        else if (value != auralis_parameters_get(&s->set, i))
            at_beat = true;
    }
    auralis_parameters before = s->playing;
    s->set = set;
    s->playing = playing;
    apply_at_once(s, &before);
    if (at_beat && !s->pending && !s->score) {
        uint64_t beats = s->frame > s->grid.frame
                             ? clock_beat_at(s->grid.frame, s->frame - 1, s->playing.bpm, s->rate) + 1
                             : 0;
        s->pending = true;
        s->pending_beat = s->grid.beat + beats;
        s->pending_frame = clock_beat_frame(s->grid.frame, beats, s->playing.bpm, s->rate);
    }
    if (stamp) *stamp = at_beat && s->pending ? s->pending_frame : s->frame;
    return AURALIS_OK;
}
