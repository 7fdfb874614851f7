/* Two seeds of one mood are two pieces: measurably, not only note by note.
 *
 * Of twenty minutes of each piece: notes a minute, mean pitch, the bells' share of the melody, how wide its
 * steps are, and how often each chord is heard. The distance of two pieces counts steps that can be heard: a
 * quarter more notes, a semitone, a tenth of the melody, half a semitone of interval, a quarter of the time
 * spent on other chords; the root of the sum of their squares. */
#include "cmocka_c.h"
#include "music_lab.h"

#include <math.h>
#include <stdbool.h>

enum { PIECES = 16, CHORDS = 12 * 8, FIGURES = 4 };

struct portrait {
    double notes, pitch, weight, bells, melody, leaps, leap_count, seconds;
    double chord[CHORDS]; /* share of the time, by root and number of tones */
    int last;
    double last_time;
};

static void look(void *context, const struct heard *h) {
    struct portrait *p = context;
    if (h->note->role == ROLE_PERCUSSION) return;
    p->notes++;
    p->pitch += h->note->pitch * h->note->seconds, p->weight += h->note->seconds;
    if (h->note->role != ROLE_MELODY) return;
    bool bell = h->note->instrument == AURALIS_BELL;
    p->melody++, p->bells += bell;
    if (!bell && p->last && h->time - p->last_time < 3)
        p->leaps += fabs(h->note->pitch - p->last), p->leap_count++;
    p->last = bell ? 0 : (int)h->note->pitch, p->last_time = h->time;
}

static struct portrait portray(uint64_t seed, const auralis_parameters *p) {
    struct portrait out = {0};
    uint64_t sections = (uint64_t)ceil(1200 / (SECTION_BARS * 240 / p->bpm));
    hear(seed, p, 0, sections, look, &out);
    for (uint64_t b = 0; b < sections * SECTION_BARS; b++) {
        struct composer_bar bar;
        composer_bar(seed, p, b / SECTION_BARS, b % SECTION_BARS, &bar);
        unsigned kind = 0;
        for (const char *c = bar.chord.name; *c; c++) kind = kind * 31 + (unsigned char)*c;
        out.chord[bar.chord.root * 8 + (int)(kind % 8)] += 1.0 / (double)(sections * SECTION_BARS);
        out.seconds += bar.seconds;
    }
    return out;
}

static double distance(const struct portrait *a, const struct portrait *b) {
    double d[FIGURES] = {log(a->notes / a->seconds / (b->notes / b->seconds)) / log(1.25),
                         a->pitch / a->weight - b->pitch / b->weight,
                         (a->bells / a->melody - b->bells / b->melody) / .1,
                         (a->leaps / a->leap_count - b->leaps / b->leap_count) / .5};
    double chords = 0, sum = 0;
    for (int k = 0; k < CHORDS; k++) chords += fabs(a->chord[k] - b->chord[k]) / 2 / .25;
    for (int k = 0; k < FIGURES; k++) sum += d[k] * d[k];
    return sqrt(sum + chords * chords);
}

static void seeds_differ(void **state) {
    (void)state;
    for (int preset = 0; preset < auralis_preset_count(); preset++) {
        static struct portrait piece[PIECES];
        double least = 1e9, mean = 0;
        int pairs = 0;
        for (uint64_t seed = 0; seed < PIECES; seed++)
            piece[seed] = portray(seed, &auralis_preset_at(preset)->parameters);
        for (int a = 0; a < PIECES; a++)
            for (int b = a + 1; b < PIECES; b++, pairs++) {
                double d = distance(&piece[a], &piece[b]);
                least = fmin(least, d), mean += d;
            }
        print_message("%s: pieces are %.1f apart, at least %.1f\n", auralis_preset_at(preset)->name,
                      mean / pairs, least);
        assert_true(mean / pairs > 1.7);
        assert_true(least > .5);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(seeds_differ)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
