/* score_statistics.c — see score_statistics.h. */
#include "measure/score_statistics.h"
#include "music/theory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double TOGETHER = 0.7; /* s: notes of one chord */
static const double TOO_SOON =
    1.9;                      /* s: an old voice was struck just before the chord, which is still coming */
static const double HELD = 5; /* s: a note that sounds this much longer into a chord belongs to it */

struct chord {
    double begin;   /* s */
    unsigned tones; /* mask of pitch classes */
    int bass;       /* pitch class of the lowest */
};

struct work {
    const auralis_note *note;
    size_t count;
    double rate;
    struct chord *chord; /* changes only */
    size_t chords;
};

static bool is_harmony(const auralis_note *n) {
    return n->instrument == AURALIS_PAD || n->instrument == AURALIS_BASS;
}

static bool is_melody(const auralis_note *n) {
    return n->instrument == AURALIS_LEAD || n->instrument == AURALIS_BELL;
}

static int pitch_class(double pitch) {
    return (int)lround(pitch) % 12;
}

static double onset(const struct work *w, size_t i) {
    return (double)w->note[i].onset / w->rate;
}

/* The chord that is struck from note i on; `end` receives the first note after it. */
static struct chord chord_at(const struct work *w, size_t i, size_t *end) {
    struct chord c = {.begin = onset(w, i)};
    double lowest = 128;
    size_t last = i;
    while (last < w->count && onset(w, last) <= c.begin + TOGETHER) last++;
    size_t from = i; /* no note is longer than 96 s */
    while (from > 0 && onset(w, from - 1) > c.begin - 96) from--;
    for (size_t k = from; k < last; k++) {
        const auralis_note *n = &w->note[k];
        bool held = onset(w, k) + (double)n->duration / w->rate >= c.begin + HELD;
        if (!is_harmony(n) || (k < i && !held)) continue;
        c.tones |= 1u << pitch_class(n->pitch);
        if (n->pitch < lowest) lowest = n->pitch, c.bass = pitch_class(n->pitch);
    }
    *end = last;
    return c;
}

/* Voices that are struck anew make no chord, unless they bring a tone that was not there, or three and the
 * bass come together and something is gone. */
static bool is_fresh(const struct work *w, size_t i, size_t end, const struct chord *c) {
    if (!w->chords) return true;
    const struct chord *before = &w->chord[w->chords - 1];
    int struck = 0;
    unsigned tones = 0;
    for (; i < end; i++)
        if (is_harmony(&w->note[i])) struck++, tones |= 1u << pitch_class(w->note[i].pitch);
    bool other = c->tones != before->tones || c->bass != before->bass;
    return tones & ~before->tones || (struck >= 4 && tones >> c->bass & 1 && other);
}

static void add_chord(struct work *w, struct chord c) {
    struct chord *before = w->chords ? &w->chord[w->chords - 1] : NULL;
    if (before && c.begin - before->begin < TOO_SOON) {
        c.begin = before->begin;
        before = --w->chords ? before - 1 : NULL;
    }
    if (!before || c.tones != before->tones || c.bass != before->bass) w->chord[w->chords++] = c;
}

static int find_chords(struct work *w) {
    w->chord = calloc(w->count + 1, sizeof *w->chord);
    if (!w->chord) return AURALIS_ENOMEM;
    for (size_t i = 0; i < w->count;) {
        size_t end = i + 1;
        if (is_harmony(&w->note[i])) {
            struct chord c = chord_at(w, i, &end);
            if (is_fresh(w, i, end, &c)) add_chord(w, c);
        }
        i = end;
    }
    return AURALIS_OK;
}

/* The scale whose tones sound longest; of those alike, the one whose tonic is the bass most often. */
static struct score_key find_key(const struct work *w) {
    double sounds[12] = {0}, root[12] = {0}, all = 1e-9, best = -1;
    struct score_key found = {0, AURALIS_AEOLIAN};
    for (size_t i = 0; i < w->count; i++)
        if (is_harmony(&w->note[i]) || is_melody(&w->note[i])) {
            double seconds = (double)w->note[i].duration / w->rate;
            sounds[pitch_class(w->note[i].pitch)] += seconds;
            all += seconds;
        }
    for (size_t i = 0; i < w->chords; i++) root[w->chord[i].bass] += 1.0 / (double)w->chords;
    for (int key = 0; key < 12; key++)
        for (int mode = AURALIS_AEOLIAN; mode <= AURALIS_MIXOLYDIAN; mode++) {
            double sum = 0.05 * root[key] + 0.02 * sounds[key] / all;
            for (int k = 0; k < 12; k++)
                if (theory_scale_mask(key, mode) >> k & 1) sum += sounds[k] / all;
            if (sum > best + 1e-12) best = sum, found = (struct score_key){key, mode};
        }
    return found;
}

static void count_shares(const struct work *w, struct score_statistics *s) {
    unsigned scale = theory_scale_mask(s->key.key, s->key.mode);
    size_t chord = 0, in_scale = 0, inside = 0, pitched = 0, c = 0;
    for (size_t i = 0; i < w->count; i++) {
        const auralis_note *n = &w->note[i];
        while (c + 1 < w->chords && w->chord[c + 1].begin <= onset(w, i) + 0.1) c++;
        if (!is_harmony(n) && !is_melody(n)) continue;
        int tone = pitch_class(n->pitch);
        bool of_chord = w->chords && w->chord[c].tones >> tone & 1, of_scale = scale >> tone & 1;
        pitched++;
        inside += of_chord || of_scale;
        if (!is_melody(n)) continue;
        s->melody_notes++;
        chord += of_chord;
        in_scale += !of_chord && of_scale;
    }
    double melody = s->melody_notes ? (double)s->melody_notes : 1;
    s->chord_share = (double)chord / melody;
    s->scale_share = (double)in_scale / melody;
    s->chromatic_share = s->melody_notes ? 1 - s->chord_share - s->scale_share : 0;
    s->inside_share = pitched ? (double)inside / (double)pitched : 0;
}

static void count_chords(const struct work *w, struct score_statistics *s) {
    s->chords = w->chords;
    for (size_t i = 1; i < w->chords; i++) {
        double seconds = w->chord[i].begin - w->chord[i - 1].begin;
        s->change_mean += seconds / (double)(w->chords - 1);
        s->change_min = i == 1 ? seconds : fmin(s->change_min, seconds);
        s->change_max = fmax(s->change_max, seconds);
        bool v = (w->chord[i - 1].bass - s->key.key + 12) % 12 == 7, one = w->chord[i].bass == s->key.key;
        s->cadences += v && one;
    }
}

static void measure_range(const struct work *w, struct score_statistics *s) {
    double sum = 0, weight = 0;
    size_t melody = 0, harmony = 0;
    for (size_t i = 0; i < w->count; i++) {
        const auralis_note *n = &w->note[i];
        if (is_melody(n)) {
            s->melody_low = melody ? fmin(s->melody_low, n->pitch) : n->pitch;
            s->melody_high = fmax(s->melody_high, n->pitch);
            s->melody_mean += n->pitch;
            melody++;
        } else if (is_harmony(n)) {
            s->harmony_low = harmony ? fmin(s->harmony_low, n->pitch) : n->pitch;
            s->harmony_high = fmax(s->harmony_high, n->pitch);
            harmony++;
        } else {
            continue;
        }
        sum += n->pitch * (double)n->duration, weight += (double)n->duration;
    }
    if (melody) s->melody_mean /= (double)melody;
    if (weight > 0) s->register_mean = sum / weight;
}

static void measure_density(const struct work *w, struct score_statistics *s) {
    s->minutes = s->seconds / 60 < SCORE_MINUTES_MAX ? (int)(s->seconds / 60 + 1e-9) : SCORE_MINUTES_MAX;
    for (size_t i = 0; i < w->count; i++) {
        double minute = onset(w, i) / 60;
        if (minute < s->minutes) s->per_minute[(int)minute]++;
    }
    for (int m = 0; m < s->minutes; m++) {
        s->density_mean += (double)s->per_minute[m] / s->minutes;
        s->density_min = m ? fmin(s->density_min, s->per_minute[m]) : s->per_minute[m];
        s->density_max = fmax(s->density_max, s->per_minute[m]);
    }
    if (!s->minutes && s->seconds > 0) s->density_mean = (double)w->count * 60 / s->seconds;
}

/* Token i says how melody note i leads to the next: the pitch (or the interval), and how many sixteenths
 * later. */
static int find_pattern(const struct work *w, const size_t *melody, size_t count, double sixteenth,
                        bool transposed, struct score_pattern *out) {
    size_t tokens = count ? count - 1 : 0;
    uint64_t *token = calloc(tokens + 1, sizeof *token);
    struct repetition r;
    if (!token) return AURALIS_ENOMEM;
    for (size_t i = 0; i < tokens; i++) {
        double pitch = w->note[melody[i]].pitch, to = w->note[melody[i + 1]].pitch;
        double later = (onset(w, melody[i + 1]) - onset(w, melody[i])) / sixteenth;
        token[i] = (uint64_t)lround(later) << 16 | (uint64_t)lround(transposed ? to - pitch + 256 : pitch);
    }
    int result = repetition_longest(token, tokens, &r);
    free(token);
    if (result < 0 || !r.length) return result;
    size_t last = r.first + r.length - !transposed; /* intervals lead to one note more */
    *out = (struct score_pattern){.notes = r.length + transposed,
                                  .first = onset(w, melody[r.first]),
                                  .second = onset(w, melody[r.second])};
    out->seconds = onset(w, melody[last]) - out->first;
    return AURALIS_OK;
}

static int find_patterns(const struct work *w, double bpm, struct score_statistics *s) {
    size_t *melody = calloc(w->count + 1, sizeof *melody), count = 0;
    if (!melody) return AURALIS_ENOMEM;
    for (size_t i = 0; i < w->count; i++)
        if (is_melody(&w->note[i])) melody[count++] = i;
    int result = find_pattern(w, melody, count, 15 / bpm, false, &s->repeated);
    if (result == AURALIS_OK) result = find_pattern(w, melody, count, 15 / bpm, true, &s->transposed);
    free(melody);
    return result;
}

int score_statistics(auralis_score *score, struct score_key key, double bpm, struct score_statistics *out) {
    struct work w = {.note = auralis_score_notes(score),
                     .count = auralis_score_count(score),
                     .rate = auralis_score_rate(score)};
    memset(out, 0, sizeof *out);
    int result = find_chords(&w);
    if (result < 0) return result;
    out->seconds = (double)auralis_score_length(score) / w.rate;
    out->notes = w.count;
    out->key = key.key < 0 ? find_key(&w) : key;
    count_shares(&w, out);
    count_chords(&w, out);
    measure_range(&w, out);
    measure_density(&w, out);
    result = find_patterns(&w, bpm, out);
    free(w.chord);
    return result;
}
