/* Melody: tone classes, density, lengths, distances, range, pauses, motifs that return. */
#include "cmocka_c.h"
#include "music_lab.h"

#include "music/harmony.h"

#include <math.h>
#include <stdlib.h>

enum { MOST = 60000 };

/* The melody of a piece, note after note. */
struct melody {
    const auralis_parameters *p;
    uint64_t seed;
    int count;
    double time[MOST], seconds[MOST], velocity[MOST];
    int pitch[MOST], instrument[MOST];
    uint64_t section[MOST];
    double in_chord, in_scale, chromatic;
    struct harmony harmony;
    uint64_t planned;
};

static void note_heard(void *context, const struct heard *h) {
    struct melody *m = context;
    if (h->note->role != ROLE_MELODY) return;
    assert_true(m->count < MOST);
    if (!m->count || m->planned != h->section) {
        harmony_plan(m->seed, m->p, h->section, &m->harmony);
        m->planned = h->section;
    }
    int i = m->count++, pitch = (int)h->note->pitch;
    m->time[i] = h->time, m->seconds[i] = h->note->seconds, m->velocity[i] = h->note->velocity;
    m->pitch[i] = pitch, m->instrument[i] = h->note->instrument, m->section[i] = h->section;
    assert_true(pitch == h->note->pitch);
    unsigned chord = theory_shape_mask(&m->harmony.shape[harmony_index(&m->harmony, h->number)]);
    if (chord >> pitch % 12 & 1)
        m->in_chord++;
    else if (theory_scale_mask(m->p->key, m->p->mode) >> pitch % 12 & 1)
        m->in_scale++;
    else
        m->chromatic++;
}

static struct melody listen(uint64_t seed, const auralis_parameters *p, uint64_t sections) {
    static struct melody m;
    m.p = p, m.seed = seed, m.count = 0, m.in_chord = m.in_scale = m.chromatic = 0;
    hear(seed, p, seed % 5, sections, note_heard, &m);
    assert_true(m.count > 15);
    return m;
}

/* Shares of all notes over 40 pieces in all keys and modes, each within 0.02 of what was asked for. */
static void tone_classes_have_their_shares(void **state) {
    (void)state;
    static const double asked[3][3] = {{.70, .27, .03}, {.50, .47, .03}, {.30, .45, .25}};
    for (int c = 0; c < 3; c++) {
        double chord = 0, scale = 0, chromatic = 0;
        for (uint64_t seed = 0; seed < 40; seed++) {
            auralis_parameters p = defaults();
            p.melody_complexity = .5 * c;
            p.mode = (int)(seed % 6), p.key = (int)(seed % 12);
            p.intensity = (double)(seed % 11) / 10;
            struct melody m = listen(seed, &p, 4);
            chord += m.in_chord, scale += m.in_scale, chromatic += m.chromatic;
        }
        double all = chord + scale + chromatic;
        assert_true(fabs(chord / all - asked[c][0]) < .02);
        assert_true(fabs(scale / all - asked[c][1]) < .02);
        assert_true(fabs(chromatic / all - asked[c][2]) < .02);
    }
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Inside a gesture the mean distance is 1 ÷ (0.5 + 2 × intensity) seconds. Rhythms are skewed and a fifth of
 * the distances are pauses, so the median lies near the mean of the rest: within 25 %. */
static void notes_are_as_dense_as_intensity_says(void **state) {
    (void)state;
    static double gap[MOST];
    for (double intensity = 0; intensity <= 1; intensity += .25) {
        auralis_parameters p = defaults();
        p.intensity = intensity;
        int gaps = 0, pauses = 0;
        double interval = 1 / (.5 + 2 * intensity);
        for (uint64_t seed = 0; seed < 12; seed++) {
            struct melody m = listen(seed, &p, 4);
            for (int i = 1; i < m.count && gaps < MOST; i++) {
                gap[gaps] = m.time[i] - m.time[i - 1];
                assert_true(gap[gaps] >= .2);
                pauses += gap[gaps++] > 1.6 + interval;
            }
        }
        qsort(gap, (size_t)gaps, sizeof *gap, ascending);
        double median = gap[gaps / 2];
        assert_true(median > .75 * interval && median < 1.25 * interval);
        double share = (double)pauses / gaps;
        assert_true(share > .14 && share < .30); /* one note in five is followed by a pause */
    }
}

static void lengths_and_strengths_stay_in_bounds(void **state) {
    (void)state;
    struct random r = random_at(8, 8, 8, 8);
    for (int trial = 0; trial < 60; trial++) {
        auralis_parameters p = anything(&r);
        double i = p.intensity, low = i < .3 ? 2 : i < .6 ? 1 : .5, high = i < .3 ? 5 : i < .6 ? 3 : 2;
        struct melody m = listen(random_u64(&r) >> 32, &p, 3);
        double shortest = 99, longest = 0;
        for (int n = 0; n < m.count; n++) {
            assert_true(m.seconds[n] >= low && m.seconds[n] <= high);
            assert_true(m.velocity[n] >= .25 * (.7 + .3 * i) - 1e-9 &&
                        m.velocity[n] <= .5 * (.7 + .3 * i) + 1e-9);
            assert_in_range(m.pitch[n], 21, 127);
            shortest = fmin(shortest, m.seconds[n]), longest = fmax(longest, m.seconds[n]);
            if (n) assert_true(m.time[n] - m.time[n - 1] >= .2);
        }
        assert_true(longest - shortest > .8 * (high - low));
    }
}

/* 1 + ⌊2 × intensity⌋ octaves in a section, and most of it is used. */
static void the_range_is_whole_octaves(void **state) {
    (void)state;
    for (int octaves = 1; octaves <= 3; octaves++)
        for (uint64_t seed = 0; seed < 20; seed++) {
            auralis_parameters p = defaults();
            p.intensity = octaves == 3 ? 1 : (octaves - 1) * .5 + .2;
            p.key = (int)seed % 12;
            struct melody m = listen(seed, &p, 1);
            int low = 127, high = 0;
            for (int n = 0; n < m.count; n++) {
                low = m.pitch[n] < low ? m.pitch[n] : low;
                high = m.pitch[n] > high ? m.pitch[n] : high;
            }
            assert_true(high - low <= 12 * octaves);
            assert_true(high - low >= 8 * octaves);
        }
}

/* A chromatic note is never the last before a pause and moves on by a semitone. */
static void chromatic_notes_resolve(void **state) {
    (void)state;
    auralis_parameters p = defaults();
    p.melody_complexity = 1;
    unsigned scale =
        theory_scale_mask(p.key, p.mode) | 1u << (p.key + 11) % 12; /* and the raised third of V */
    int strange = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct melody m = listen(seed, &p, 2);
        for (int n = 0; n + 1 < m.count; n++) {
            if (scale >> m.pitch[n] % 12 & 1) continue;
            strange++;
            assert_int_equal(abs(m.pitch[n + 1] - m.pitch[n]), 1);
            assert_int_equal(m.instrument[n], AURALIS_LEAD);
        }
    }
    assert_true(strange > 500);
}

/* Rhythms of five notes by the ratios of their distances; how many of one section's are found again in
 * another. */
static double found_again(const struct melody *m, uint64_t of, uint64_t in) {
    int found = 0, all = 0;
    for (int a = 0; a + 4 < m->count; a++) {
        if (m->section[a] != of || m->section[a + 4] != of || m->time[a + 4] - m->time[a] > 6) continue;
        int again = 0;
        for (int b = 0; b + 4 < m->count && !again; b++) {
            if (m->section[b] != in || (of == in && abs(a - b) < 5)) continue;
            again = 1;
            for (int k = 1; k < 4; k++) {
                double x = (m->time[a + k + 1] - m->time[a + k]) / (m->time[a + k] - m->time[a + k - 1]);
                double y = (m->time[b + k + 1] - m->time[b + k]) / (m->time[b + k] - m->time[b + k - 1]);
                if (fabs(log(x / y)) > .16) again = 0;
            }
        }
        all++, found += again;
    }
    return all ? (double)found / all : 0;
}

static void motifs_return_and_then_give_way(void **state) {
    (void)state;
    auralis_parameters p = defaults();
    double same = 0, neighbour = 0, far = 0;
    for (uint64_t seed = 0; seed < 30; seed++) {
        uint64_t first = seed % 5;
        struct melody m = listen(seed, &p, 12);
        for (uint64_t s = first; s < first + 4; s++) {
            same += found_again(&m, s, s) / 120;
            neighbour += found_again(&m, s, s + 1) / 120;
            far += found_again(&m, s, s + 7) / 120;
        }
    }
    assert_true(same > 2 * far);
    assert_true(neighbour > 1.4 * far);
    assert_true(same > .5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tone_classes_have_their_shares),
        cmocka_unit_test(notes_are_as_dense_as_intensity_says),
        cmocka_unit_test(lengths_and_strengths_stay_in_bounds),
        cmocka_unit_test(the_range_is_whole_octaves),
        cmocka_unit_test(chromatic_notes_resolve),
        cmocka_unit_test(motifs_return_and_then_give_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
