/* melody.c — gestures, pauses and returning motifs.
 *
 * A phrase is 8 bars; its melody is worked out from its first bar, for all the bars that are wanted at once:
 * a chain of gestures with long pauses between them. A gesture is one appearance of a motif: 5 to 8 notes of
 * the lead, or the 2 or 3 first notes of the motif on bells, high and sparse, so that on average one note in
 * five is followed by a pause. Inside a gesture there are 0.5 + 2 × intensity notes a second; how long the
 * pauses are follows the density arc, how strong it is the section's wave.
 *
 * Motifs. A motif is a rhythm, a line of scale steps and the tone class of each note. Every section has a
 * bank of four: one of its own, one shared with the section before or after, one shared with the other
 * neighbour and one that lasts three sections, so themes come back for some minutes and then give way for
 * good. They come back transformed: set at the height where the phrase's contour is, turned upside down,
 * faster or slower, on other chords. Some pieces move by step, others by leaps.
 *
 * Some phrases have bells only, some no melody at all (form.h); a piece begins with a few bells.
 *
 * Pitches. The class of a note (chord tone, other scale tone, chromatic) is drawn first, with the shares
 *
 *     chord 0.70 − 0.40 c · chromatic 0.03, from complexity c = 0.5 rising to 0.25 · scale the rest
 *
 * and the note is the tone of that class nearest to where the motif wants it, so the shares hold exactly
 * whatever the contour. The last and longest note of a gesture takes the most consonant of the gesture's
 * draws. A chromatic note is never first or last: it stands a semitone from the note that follows, which is
 * chosen to lie close to the note before, so it is always a neighbour or passing note that resolves by step.
 */
#include "music/parts.h"

#include "base/exact.h"
#include "base/random.h"
#include "music/purpose.h"

enum { MOTIFS = 4, MOTIF_MIN = 5, MOTIF_MAX = 8 };
static const double LOWEST = 48;   /* a melody below would be mud */
static const double APART = 0.205; /* seconds between onsets at least, 0.2 with a margin for rounding */

struct motif {
    int count;
    double step[MOTIF_MAX];   /* scale steps from the first note */
    double ratio[MOTIF_MAX];  /* time to the next note, mean 1 over the first count − 1 */
    double tone[MOTIF_MAX];   /* uniform: tone class, by threshold */
    double colour[MOTIF_MAX]; /* uniform: chromatic or not */
};

static struct motif motif_of(const struct place *at, unsigned slot) {
    uint64_t section = at->section;
    const uint64_t family[MOTIFS] = {section / 3, (section + 1) / 2, section / 2, section};
    static const double near[] = {-1, 1, -1, 1, 1, -2, 2, -1, 1, 2},
                        wide[] = {-2, 2, -2, 2, 3, -3, 4, -1, 1, -4};
    enum { STEPS = sizeof near / sizeof *near };
    static const double ratios[] = {0.6, 0.8, 1, 1, 1.2, 1.6, 2};
    struct random r = random_at(at->seed, family[slot], slot, PURPOSE_MOTIF);
    struct motif m = {.count = MOTIF_MIN + (int)random_below(&r, MOTIF_MAX - MOTIF_MIN + 1)};
    double height = 0, sum = 0;
    for (int i = 0; i < m.count; i++) {
        m.step[i] = height;
        const double *steps = random_unit(&r) < 0.1 + 0.75 * at->piece.leap ? wide : near;
        double step = steps[random_below(&r, STEPS)];
        if (height + step > 5 || height + step < -5) step = -step;
        height += step;
        m.ratio[i] = ratios[random_below(&r, sizeof ratios / sizeof *ratios)];
        m.tone[i] = random_unit(&r);
        m.colour[i] = random_unit(&r);
        if (i < m.count - 1) sum += m.ratio[i];
    }
    for (int i = 0; i < m.count; i++) m.ratio[i] *= (m.count - 1) / sum;
    return m;
}

/* What intensity and complexity ask for. */
struct style {
    double interval;          /* mean seconds between notes of a gesture */
    double shortest, longest; /* seconds */
    double low, span;         /* the window of pitches */
    double chord_share, chromatic_share;
};

static struct style style_of(const struct place *at) {
    double i = at->p->intensity, c = at->p->melody_complexity;
    struct style s = {.interval = 1.0 / (0.5 + 2.0 * i)};
    s.shortest = i < 0.3 ? 2.0 : i < 0.6 ? 1.0 : 0.5;
    s.longest = i < 0.3 ? 5.0 : i < 0.6 ? 3.0 : 2.0;
    s.span = 12.0 * (1.0 + exact_floor(2.0 * i));
    double centre = 71.0 + 0.5 * (theory_tonic(at->p->key) - 57) + at->character.melody_shift + at->p->height;
    s.low = exact_round(centre - 0.5 * s.span);
    if (s.low < LOWEST) s.low = LOWEST;
    s.chord_share = 0.70 - 0.40 * c;
    s.chromatic_share = c <= 0.5 ? 0.03 : 0.03 + 0.44 * (c - 0.5);
    return s;
}

/* Height of the phrase's line at x in 0–1, from 0 to 1. */
static double contour(uint32_t kind, double x) {
    switch (kind) {
    case 0:
        return 0.5 - 0.5 * exact_cos_turns(x); /* arch */
    case 1:
        return 0.5 + 0.5 * exact_sin_turns(x); /* wave */
    case 2:
        return 0.5 + 0.5 * exact_cos_turns(0.5 * x); /* descent */
    default:
        return 0.5 + 0.5 * exact_sin_turns(1.5 * x + 0.1);
    }
}

/* The melody's place in its phrase. */
struct phrase {
    const struct place *at;
    struct style style;
    uint32_t first; /* bar of the section */
    double seconds;
    unsigned scale; /* mask */
};

struct gesture {
    int count;
    bool bell;
    double onset[MOTIF_MAX]; /* seconds from the phrase's start */
    double target[MOTIF_MAX];
    double tone[MOTIF_MAX];
    bool chromatic[MOTIF_MAX];
    int pitch[MOTIF_MAX];
};

static unsigned chord_mask(const struct phrase *ph, double seconds) {
    double bar = exact_floor(seconds / ph->at->beat_seconds / BAR_BEATS);
    uint32_t b = ph->first + (uint32_t)bar;
    const struct harmony *h = &ph->at->harmony;
    return theory_shape_mask(&h->shape[harmony_index(h, b < SECTION_BARS ? b : SECTION_BARS - 1)]);
}

static double distance(double a, double b) {
    return a < b ? b - a : a - b;
}

/* Pitches that note i may have: chord tones, or the scale's others. Chromatic notes take the places of notes
 * in the middle of a gesture, which are less often of the chord than its last: that is made up for. */
static unsigned tone_mask(const struct phrase *ph, const struct gesture *g, int i) {
    unsigned chord = chord_mask(ph, g->onset[i]);
    double chromatic = ph->style.chromatic_share;
    double share = ph->style.chord_share / (1.0 - chromatic) * (1.0 - 0.3 * chromatic);
    return g->tone[i] < share ? chord : ph->scale & ~chord;
}

/* The pitch of the mask nearest to `target` in the window, other than `avoid`. */
static int nearest(const struct style *s, unsigned mask, double target, int avoid) {
    int best = 0, low = (int)s->low, high = (int)(s->low + s->span);
    double least = 1e9;
    for (int reach = 0, centre = (int)exact_round(target); reach <= 12; reach++)
        for (int side = -1; side <= 1; side += 2) {
            int pitch = centre + side * reach;
            if (pitch < low || pitch > high || pitch == avoid || !(mask >> pitch % 12 & 1)) continue;
            if (distance(pitch, target) < least) {
                least = distance(pitch, target);
                best = pitch;
            }
        }
    return best ? best : avoid;
}

/* Sets note i to a chromatic neighbour of note i + 1, and that one close to note i − 1. False if there is no
 * such pair. */
static bool resolve(const struct phrase *ph, struct gesture *g, int i) {
    const struct style *s = &ph->style;
    int before = g->pitch[i - 1];
    unsigned here = chord_mask(ph, g->onset[i]) | ph->scale, next = tone_mask(ph, g, i + 1);
    double least = 1e9;
    for (int pitch = before - 4; pitch <= before + 4; pitch++) {
        if (!(next >> pitch % 12 & 1) || pitch < s->low + 1 || pitch > s->low + s->span - 1) continue;
        for (int note = pitch - 1; note <= pitch + 1; note += 2) {
            double leap = distance(note, before);
            if (here >> note % 12 & 1 || leap > 3.0) continue;
            double cost = leap + 0.3 * distance(pitch, g->target[i + 1]);
            if (cost >= least) continue;
            least = cost;
            g->pitch[i] = note;
            g->pitch[i + 1] = pitch;
        }
    }
    return least < 1e9;
}

static void choose_pitches(const struct phrase *ph, struct gesture *g) {
    for (int i = 0; i < g->count; i++) {
        if (g->chromatic[i] && resolve(ph, g, i)) {
            i++;
            continue;
        }
        g->chromatic[i] = false;
        bool moves = i && distance(g->target[i], g->target[i - 1]) > 0.5;
        g->pitch[i] = nearest(&ph->style, tone_mask(ph, g, i), g->target[i], moves ? g->pitch[i - 1] : -1);
    }
}

/* Chromatic notes: never first, last or two in a row. They are drawn more often in the places that are left,
 * so that their share of all notes is what was asked for: m eligible places hold m q of them when each is
 * taken with probability q / (1 − q) unless the one before was. */
static void choose_chromatic(const struct phrase *ph, const struct motif *m, struct gesture *g) {
    double scenes = 1.4 * SCENE_BELLS_SHARE; /* of the gestures: those of bells are short */
    double bells = ph->at->character.bell_share * (1.0 - scenes) + scenes,
           wanted = ph->style.chromatic_share * (g->count + 2.5 * bells / (1.0 - bells));
    double q = g->count > 2 ? wanted / (g->count - 1.5) : 0.0, chance = q < 0.48 ? q / (1.0 - q) : 0.92;
    for (int i = 0; i < g->count; i++) {
        bool place = !g->bell && i > 0 && i < g->count - 1 && !g->chromatic[i - 1];
        g->chromatic[i] = place && m->colour[i] < chance;
    }
}

static void settle(struct gesture *g) {
    int last = g->count - 1, calmest = last;
    for (int i = 0; i < last; i++)
        if (g->tone[i] < g->tone[calmest]) calmest = i;
    double t = g->tone[last];
    g->tone[last] = g->tone[calmest];
    g->tone[calmest] = t;
}

/* Where bar `bar` of the section ends, in seconds from the phrase's start. */
static double end_of(const struct phrase *ph, uint32_t bar) {
    return BAR_BEATS * ph->at->beat_seconds * (bar + 1 - ph->first);
}

static void add(struct melody *out, uint32_t bar, const struct composer_note *note) {
    if (out->count == PHRASE_NOTES_MAX) return;
    out->bar[out->count] = (uint8_t)bar;
    out->note[out->count++] = *note;
}

/* The notes of a gesture that was due at `now` and lie in the bars up to `last`. A first note that is so
 * early as to fall into the bar before is left out: that bar has been played without knowing of it. */
static void emit(const struct phrase *ph, const struct gesture *g, double now, uint32_t last,
                 struct random *r, struct melody *out) {
    const struct place *at = ph->at;
    const struct style *s = &ph->style;
    double centre = random_range(r, -0.55, 0.55), strength = random_unit(r);
    double wave =
        form_wave(at->seed, at->p->mode, at->section, ph->first + now / at->beat_seconds / BAR_BEATS);
    for (int i = 0; i < g->count; i++) {
        double length = random_unit(r), accent = random_unit(r), side = random_range(r, -1.0, 1.0);
        double beat = g->onset[i] / at->beat_seconds, bar = exact_floor(beat / BAR_BEATS);
        if (i == g->count - 1) length = 0.5 + 0.5 * length;
        uint32_t in = ph->first + (uint32_t)bar;
        if (in < at->bar || in > last || now >= end_of(ph, in)) continue;
        double arch = (double)i / g->count,
               velocity = 0.25 + 0.25 * (0.5 * (0.5 + 0.5 * wave) + 0.15 * strength + 0.15 * accent +
                                         0.8 * arch * (1.0 - arch));
        double pan = g->bell ? centre + 0.35 * side : 0.7 * centre + 0.12 * side;
        add(out, in,
            &(struct composer_note){.onset = beat - BAR_BEATS * bar,
                                    .seconds = s->shortest + (s->longest - s->shortest) * length,
                                    .pitch = g->pitch[i],
                                    .velocity = velocity * (0.7 + 0.3 * at->p->intensity),
                                    .pan = pan,
                                    .instrument = g->bell ? AURALIS_BELL : AURALIS_LEAD,
                                    .timbre = g->bell ? at->p->bell_timbre : at->p->lead_timbre,
                                    .role = ROLE_MELODY});
    }
}

/* Seconds of silence after a gesture: longer where the arc is low and the music is calm. */
static double pause(const struct phrase *ph, double now, struct random *r) {
    double density = form_density(ph->at->seed, ph->at->p->mode, ph->at->section,
                                  ph->first + now / ph->at->beat_seconds / BAR_BEATS);
    double intensity = ph->at->p->intensity,
           calm = intensity < 0.5 ? 2.2 - 2.4 * intensity : 1.3 - 0.6 * intensity;
    return random_range(r, 1.6, 5.0) * (1.9 - 1.5 * density) * calm * ph->at->piece.pace;
}

void melody_bars(const struct place *at, uint32_t last, struct melody *out) {
    out->count = 0;
    struct phrase ph = {.at = at,
                        .style = style_of(at),
                        .first = at->bar / PHRASE_BARS * PHRASE_BARS,
                        .seconds = PHRASE_BARS * BAR_BEATS * at->beat_seconds,
                        .scale = theory_scale_mask(at->p->key, at->p->mode)};
    enum form_scene scene = form_scene(at->seed, at->section, ph.first);
    if (scene == SCENE_STILL) return;
    struct random r = random_at(at->seed, at->section, ph.first, PURPOSE_MELODY);
    uint32_t kind = random_below(&r, 4), slot = 0;
    double end = end_of(&ph, last); /* later gestures do not matter to these bars */
    double now = pause(&ph, 0.0, &r);
    now = 0.05 + now * random_unit(&r);
    if (at->section == 0 && ph.first == 0) now += 0.35 * ph.seconds; /* the chord first */
    for (int n = 0; now < end; n++) {
        struct random shape = random_at(r.key, (uint64_t)n, 0, PURPOSE_MELODY);
        bool answer = random_unit(&shape) < 0.35;
        uint32_t fresh = random_below(&shape, MOTIFS);
        if (n == 0 || !answer) slot = fresh;
        struct motif m = motif_of(at, slot);
        double turn = random_unit(&shape) < 0.3 ? -1.0 : 1.0, pace = random_range(&shape, 0.8, 1.2);
        struct gesture g = {.bell = random_unit(&shape) < at->character.bell_share || scene == SCENE_BELLS};
        uint32_t few = 2 + random_below(&shape, 2);
        double loose = random_range(&shape, -0.12, 0.12);
        g.count = g.bell ? (int)few : m.count;
        double height = contour(kind, now / ph.seconds), window = ph.style.span;
        double anchor = ph.style.low + window * (g.bell ? 0.62 + 0.3 * height : 0.2 + 0.45 * height + loose);
        double t = now;
        for (int i = 0; i < g.count; i++) {
            double step = turn * m.step[i] * (12.0 / SCALE_TONES), early = random_range(&shape, -0.03, 0.03);
            g.target[i] = anchor + step;
            if (g.target[i] > ph.style.low + window) g.target[i] = 2 * (ph.style.low + window) - g.target[i];
            if (g.target[i] < ph.style.low) g.target[i] = 2 * ph.style.low - g.target[i];
            g.onset[i] = t + early > 0.0 ? t + early : 0.0;
            if (i && g.onset[i] < g.onset[i - 1] + APART) g.onset[i] = g.onset[i - 1] + APART;
            g.tone[i] = m.tone[i];
            double gap = ph.style.interval * m.ratio[i] * pace;
            t = (g.onset[i] > t ? g.onset[i] : t) + (gap > APART ? gap : APART);
        }
        if (g.onset[g.count - 1] > ph.seconds - APART)
            break; /* no room left: the pause lasts to the next phrase */
        choose_chromatic(&ph, &m, &g);
        settle(&g);
        choose_pitches(&ph, &g);
        emit(&ph, &g, now, last, &shape, out);
        now = g.onset[g.count - 1] + ph.style.interval + pause(&ph, now, &shape);
    }
}
