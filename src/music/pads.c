/* pads.c — chords and bass as they sound.
 *
 * A chord may last a minute and a half; a single held note would be dead long before. So each voice of the
 * chord is a series of long notes: it is struck anew every 12 to 22 seconds (the calmer the music, the less
 * often), each voice at its own times, and every note is held until the next of its voice has risen. The
 * harmony breathes but has no hole. At a change of chord the old notes are held for a second or two into the
 * new ones and then released: with slow attacks and releases that is a crossfade.
 *
 * How full the chord is follows the density arc at the chord's first bar: thin chords leave out a doubled
 * tone (or the fifth), full ones gain a halo, one more chord tone above the others. How strong it is follows
 * the section's wave at every strike: this is what makes the form heard in the level. The bass comes with
 * every chord, but where the arc is low it may rest after its first note. In a piece's first chord the voices
 * come in one after another, upwards.
 *
 * The lower a voice, the nearer to the middle it stands: wide lows are weak in mono. */
#include "music/parts.h"

#include "base/exact.h"
#include "base/random.h"
#include "music/purpose.h"

enum { HALO = VOICES, BASS_VOICE };
_Static_assert(BASS_VOICE + 1 == PAD_VOICES, "the bass is the last");

static int pad_centre(const struct place *at) {
    int tonic = theory_tonic(at->p->key) - 57; /* −5 … +6: low keys lie a little lower */
    int key = (tonic > 1) + (tonic > 4) - (tonic < -1) - (tonic < -4);
    int centre = at->character.pad_shift + key + (int)exact_round(at->p->height);
    return centre < CENTRE_LOW ? CENTRE_LOW : centre > CENTRE_HIGH ? CENTRE_HIGH : centre;
}

/* The voice that a thin chord does without: one that doubles another's tone, else the fifth, never the
 * lowest. */
static int spare_voice(const struct chord_shape *shape, const int v[VOICES]) {
    for (int i = VOICES - 1; i > 0; i--)
        for (int j = 0; j < i; j++)
            if (v[i] % 12 == v[j] % 12) return i;
    for (int i = VOICES - 1; i > 0; i--)
        if (v[i] % 12 == shape->tone[2]) return i;
    return VOICES - 1;
}

/* The chord tone that lies a third to a sixth above the top voice; 0 if that would be too high. */
static int halo_pitch(const struct chord_shape *shape, int top, int highest) {
    unsigned mask = theory_shape_mask(shape);
    for (int pitch = top + 3; pitch <= top + 9 && pitch <= highest; pitch++)
        if (mask >> pitch % 12 & 1) return pitch;
    return 0;
}

void pads_arrive(struct place *at) {
    int k = at->chord = harmony_index(&at->harmony, at->bar), *pitch = at->pitch;
    if (at->led == k + 1) return;
    const struct chord_shape *shape = &at->harmony.shape[k];
    double density = form_density(at->seed, at->p->mode, at->section, at->harmony.first[k]);
    at->centre = pad_centre(at);
    voicing_lead(&at->harmony, at->led, k, at->centre, at->lead);
    at->led = k + 1;
    for (int i = 0; i < VOICES; i++) pitch[i] = at->lead[i];
    pitch[HALO] = density > 0.33 ? halo_pitch(shape, pitch[VOICES - 1], voicing_high(at->centre)) : 0;
    pitch[BASS_VOICE] = voicing_bass(shape, at->centre);
    if (density < 0.15) pitch[spare_voice(shape, pitch)] = 0;
}

void pads_chord(const struct place *at, struct composer_chord *out) {
    const struct harmony *h = &at->harmony;
    int k = at->chord;
    *out = (struct composer_chord){.degree = h->degree[k],
                                   .root = h->shape[k].root,
                                   .bass = at->pitch[BASS_VOICE],
                                   .first_bar = h->first[k],
                                   .bars = h->first[k + 1] - h->first[k]};
    for (int v = 0; v <= HALO; v++)
        if (at->pitch[v]) out->pitch[out->tones++] = at->pitch[v];
    theory_chord_name(at->p->key, at->p->mode, &h->shape[k], out->name, sizeof out->name);
}

/* Seconds after which the voices of a piece's first chord come in. */
static const double ENTRY[PAD_VOICES] = {0.2, 0.5, 0.8, 1.2, 1.6, 0.0};

static const double WAVE_DB = 2.5; /* from the middle to the crest */

/* One voice's notes of one chord, in beats from the chord's first. */
struct strikes {
    int count;
    double beats; /* of the chord */
    double stagger, stretch,
        hold;             /* onset of the first; random stretch of each; how long notes overlap, in beats */
    struct random random; /* 3 numbers a note */
};

static double least(double a, double b) {
    return a < b ? a : b;
}

static struct strikes strikes_of(const struct place *at, int k, int voice) {
    struct strikes s = {.random = random_at(at->seed, at->section, (uint64_t)(k * 8 + voice), PURPOSE_PAD)};
    s.beats = BAR_BEATS * (at->harmony.first[k + 1] - at->harmony.first[k]);
    double seconds = s.beats * at->beat_seconds, calm = (1.35 - 0.7 * at->p->intensity) * at->piece.pace;
    double every = calm * (voice == BASS_VOICE ? random_range(&s.random, 16.0, 28.0)
                                               : random_range(&s.random, 12.0, 22.0));
    s.count = (int)exact_round(seconds / every);
    if (s.count < 1) s.count = 1;
    double segment = seconds / s.count;
    s.stagger = random_unit(&s.random) * least(0.6, 0.12 * seconds) / at->beat_seconds;
    if (voice == BASS_VOICE) s.stagger *= 0.3;
    if (at->section == 0 && k == 0) s.stagger = least(ENTRY[voice], 0.4 * segment) / at->beat_seconds;
    s.hold =
        least(voice == BASS_VOICE ? random_range(&s.random, 1.0, 1.8) : random_range(&s.random, 3.6, 5.6),
              0.5 * segment) /
        at->beat_seconds;
    s.random.index = 4;
    return s;
}

/* Onset of note j of the voice; that of the note after the last is the end of the chord. */
static double strike_onset(const struct strikes *s, int j) {
    if (j == 0) return s->stagger;
    if (j >= s->count) return s->beats;
    struct random r = {s->random.key, 4 + 3 * (uint64_t)j};
    return s->beats * ((double)j + random_range(&r, -0.25, 0.25)) / s->count;
}

static struct composer_note strike_note(const struct place *at, int k, const struct strikes *s, int j,
                                        int voice) {
    static const double place_of[PAD_VOICES] = {-0.2, 0.4, -0.5, 0.65, -0.75, 0.0};
    static const double strength[PAD_VOICES] = {0.50, 0.45, 0.50, 0.55, 0.32, 0.40};
    struct random r = {s->random.key, 5 + 3 * (uint64_t)j};
    double onset = strike_onset(s, j), end = strike_onset(s, j + 1) + s->hold;
    double wave = form_wave(at->seed, at->p->mode, at->section, at->harmony.first[k] + onset / BAR_BEATS);
    double swell = 0.95 * exact_db(WAVE_DB * wave) * random_range(&r, 0.86, 1.06);
    double aside = least(1.0, 0.25 + (at->pitch[voice] > 45 ? at->pitch[voice] - 45 : 0) / 16.0);
    double pan = voice == BASS_VOICE
                     ? 0.0
                     : aside * (place_of[voice] * at->character.side + random_range(&r, -0.12, 0.12));
    bool bass = voice == BASS_VOICE;
    return (struct composer_note){.onset = onset,
                                  .seconds = (end - onset) * at->beat_seconds,
                                  .pitch = at->pitch[voice],
                                  .velocity = strength[voice] * swell,
                                  .pan = pan,
                                  .instrument = bass ? AURALIS_BASS : AURALIS_PAD,
                                  .timbre = bass ? at->p->bass_timbre : at->p->pad_timbre,
                                  .role = bass ? ROLE_BASS : ROLE_CHORD};
}

/* Whether note j of the voice is left out: the bass's later ones, where there is little else. */
static bool rests(const struct place *at, int k, const struct strikes *s, int j, int voice) {
    if (voice != BASS_VOICE || j == 0) return false;
    struct random r = {s->random.key, 6 + 3 * (uint64_t)j};
    double bars = at->harmony.first[k] + strike_onset(s, j) / BAR_BEATS;
    return random_unit(&r) < 0.75 - 1.7 * form_density(at->seed, at->p->mode, at->section, bars);
}

void pads_bar(const struct place *at, struct composer_bar *out) {
    int k = at->chord;
    double from = BAR_BEATS * (double)(at->bar - at->harmony.first[k]);
    for (int voice = 0; voice < PAD_VOICES; voice++) {
        if (!at->pitch[voice]) continue;
        struct strikes s = strikes_of(at, k, voice);
        for (int j = 0; j < s.count; j++) {
            double onset = strike_onset(&s, j);
            if (onset < from || onset >= from + BAR_BEATS || rests(at, k, &s, j, voice)) continue;
            struct composer_note note = strike_note(at, k, &s, j, voice);
            note.onset -= from;
            composer_add(out, &note);
        }
    }
}

void pads_sounding(const struct place *at, uint32_t beat, struct composer_bar *out) {
    int k = at->chord;
    double now = BAR_BEATS * (double)(at->bar - at->harmony.first[k]) + beat;
    for (int voice = 0; voice < PAD_VOICES; voice++) {
        if (!at->pitch[voice]) continue;
        struct strikes s = strikes_of(at, k, voice);
        int j = s.count - 1;
        while (j >= 0 && strike_onset(&s, j) >= now) j--;
        if (j < 0 || rests(at, k, &s, j, voice)) continue; /* its first note is still to come; or it rests */
        struct composer_note note = strike_note(at, k, &s, j, voice);
        note.seconds -= (now - note.onset) * at->beat_seconds;
        note.onset = beat;
        composer_add(out, &note);
    }
}
