/* The composer as a whole: a pure function, seekable, bounded, fitting, never the same twice. */
#include "cmocka_c.h"
#include "music_lab.h"

#include "music/clock.h"
#include "music/form.h"
#include "music/harmony.h"

#include <math.h>
#include <stdlib.h>

/* Bars of many pieces asked for in any order are those asked for one after another. */
static void a_bar_follows_from_its_place_alone(void **state) {
    (void)state;
    struct random r = random_at(1, 0, 0, 0);
    static struct composer_bar in_order[2 * SECTION_BARS];
    for (int trial = 0; trial < 40; trial++) {
        auralis_parameters p = anything(&r), other = anything(&r);
        uint64_t seed = random_u64(&r), section = random_u64(&r) >> (24 + random_below(&r, 40));
        for (uint32_t b = 0; b < 2 * SECTION_BARS; b++)
            composer_bar(seed, &p, section + b / SECTION_BARS, b % SECTION_BARS, &in_order[b]);
        for (int i = 0; i < 200; i++) {
            uint32_t b = random_below(&r, 2 * SECTION_BARS);
            struct composer_bar bar;
            composer_bar(random_u64(&r), &other, section, b % SECTION_BARS, &bar);
            memset(&bar, (int)random_below(&r, 256), sizeof bar);
            composer_bar(seed, &p, section + b / SECTION_BARS, b % SECTION_BARS, &bar);
            assert_true(same_bar(&bar, &in_order[b]));
        }
    }
}

struct run {
    uint64_t seed, next;
    const auralis_parameters *p;
};

static void is_the_bar(void *self, uint64_t bar, const struct composer_bar *composed) {
    struct run *run = self;
    struct composer_bar alone;
    assert_true(bar == run->next++);
    composer_bar(run->seed, run->p, bar / SECTION_BARS, (uint32_t)(bar % SECTION_BARS), &alone);
    assert_true(same_bar(composed, &alone));
}

/* However many are asked for at once, from wherever. */
static void bars_side_by_side_are_those_asked_for_one_by_one(void **state) {
    (void)state;
    struct random r = random_at(3, 0, 0, 0);
    for (int trial = 0; trial < 400; trial++) {
        auralis_parameters p = anything(&r);
        uint64_t first = random_u64(&r) >> (18 + random_below(&r, 46));
        struct run run = {random_u64(&r), first, &p};
        uint32_t count = random_below(&r, 150);
        composer_bars(run.seed, &p, first, count, is_the_bar, &run);
        assert_true(run.next == first + count);
    }
}

/* Whatever is asked for: order, ranges, lengths, the bound on notes far away. */
static void notes_are_within_their_bounds(void **state) {
    (void)state;
    struct random r = random_at(2, 0, 0, 0);
    uint32_t most = 0;
    for (int trial = 0; trial < 12000; trial++) {
        auralis_parameters p = anything(&r);
        struct composer_bar bar;
        composer_bar(random_u64(&r), &p, random_below(&r, 500), random_below(&r, SECTION_BARS), &bar);
        most = bar.count > most ? bar.count : most;
        assert_true(fabs(bar.seconds - 240 / p.bpm) < 1e-12);
        for (uint32_t i = 0; i < bar.count; i++) {
            const struct composer_note *n = &bar.note[i];
            assert_true(n->onset >= 0 && n->onset < 4);
            if (i) assert_true(n->onset >= bar.note[i - 1].onset);
            assert_true(n->seconds > 0 && n->seconds <= 90);
            assert_true(n->pitch >= 21 && n->pitch <= 127);
            assert_true(n->velocity > 0 && n->velocity <= 1);
            assert_true(n->pan >= -1 && n->pan <= 1);
            assert_in_range(n->instrument, 0, AURALIS_INSTRUMENTS - 1);
        }
    }
    assert_true(most < BAR_NOTES_MAX / 2);
}

struct fit {
    const auralis_parameters *p;
    uint64_t seed;
    double fitting, all;
    struct harmony harmony;
    uint64_t planned;
};

static void weigh(void *context, const struct heard *h) {
    struct fit *f = context;
    if (h->note->role == ROLE_PERCUSSION) return;
    if (f->all == 0 || f->planned != h->section) harmony_plan(f->seed, f->p, h->section, &f->harmony);
    f->planned = h->section;
    unsigned mask = theory_scale_mask(f->p->key, f->p->mode);
    mask |= theory_shape_mask(&f->harmony.shape[harmony_index(&f->harmony, h->number)]);
    f->fitting += mask >> (int)h->note->pitch % 12 & 1;
    f->all++;
}

/* All notes, in each piece of 8 sections; the melody alone, where chords and bass do not help, over 12
 * pieces. */
static void notes_fit_their_chord_or_scale(void **state) {
    (void)state;
    for (int preset = -1; preset < auralis_preset_count(); preset++) {
        double fitting = 0, all = 0;
        for (uint64_t seed = 0; seed < 12; seed++) {
            auralis_parameters p = preset < 0 ? defaults() : auralis_preset_at(preset)->parameters;
            struct fit whole = {.p = &p, .seed = seed}, melody = {.p = &p, .seed = seed};
            hear(seed, &p, 0, 8, weigh, &whole);
            assert_true(whole.fitting >= .95 * whole.all);
            p.enable_pads = 0;
            hear(seed, &p, 0, 8, weigh, &melody);
            fitting += melody.fitting, all += melody.all;
        }
        assert_true(fitting >= .96 * all);
    }
}

static void bass_and_pads_play_their_chord(void **state) {
    (void)state;
    struct random r = random_at(3, 0, 0, 0);
    for (int trial = 0; trial < 300; trial++) {
        auralis_parameters p = anything(&r);
        uint64_t seed = random_u64(&r);
        for (uint32_t b = 0; b < SECTION_BARS; b++) {
            struct composer_bar bar;
            struct harmony h;
            composer_bar(seed, &p, 9, b, &bar);
            harmony_plan(seed, &p, 9, &h);
            const struct chord_shape *shape = &h.shape[harmony_index(&h, b)];
            assert_int_equal(bar.chord.root, shape->root);
            assert_int_equal(bar.chord.bass % 12, shape->root);
            for (int i = 1; i < bar.chord.tones; i++)
                assert_true(bar.chord.pitch[i] > bar.chord.pitch[i - 1]);
            for (uint32_t i = 0; i < bar.count; i++) {
                int pitch = (int)bar.note[i].pitch, role = bar.note[i].role;
                if (role == ROLE_BASS) assert_int_equal(pitch, bar.chord.bass);
                if (role == ROLE_CHORD) assert_true(theory_shape_mask(shape) >> pitch % 12 & 1);
            }
        }
    }
}

/* One switch removes its own part and leaves every other note as it was. */
static void switches_remove_their_part_only(void **state) {
    (void)state;
    static const char *const name[] = {"enable_pads", "enable_melody", "enable_kicks", "enable_swells"};
    struct random r = random_at(4, 0, 0, 0);
    int removed[4] = {0};
    for (int trial = 0; trial < 3000; trial++) {
        auralis_parameters p = anything(&r);
        uint64_t seed = random_u64(&r);
        uint32_t b = random_below(&r, SECTION_BARS), which = random_below(&r, 4);
        struct composer_bar all, less;
        composer_bar(seed, &p, 1, b, &all);
        auralis_parameters_set(&p, name[which], "off", NULL);
        composer_bar(seed, &p, 1, b, &less);
        uint32_t kept = 0;
        for (uint32_t i = 0; i < all.count; i++) {
            int instrument = all.note[i].instrument;
            uint32_t part = instrument == AURALIS_KICK    ? 2
                            : instrument == AURALIS_SWELL ? 3
                                                          : all.note[i].role == ROLE_MELODY;
            if (part == which)
                removed[which]++;
            else
                assert_true(kept < less.count && same_note(&all.note[i], &less.note[kept++]));
        }
        assert_int_equal(kept, less.count);
    }
    for (int i = 0; i < 4; i++) assert_true(removed[i] > 10);
}

/* No jump from bar to bar, over sections too; and over an hour they have been low and high. */
static void arcs_are_slow_and_wide(void **state) {
    (void)state;
    auralis_parameters p = defaults();
    for (uint64_t seed = 0; seed < 20; seed++) {
        double density = 0, brightness = 0, least[2] = {9, 9}, most[2] = {-9, -9};
        for (uint32_t b = 0; b < 17 * SECTION_BARS; b++) {
            struct composer_bar bar;
            composer_bar(seed, &p, b / SECTION_BARS, b % SECTION_BARS, &bar);
            if (b) assert_true(fabs(bar.density - density) < .12 && fabs(bar.brightness - brightness) < .24);
            density = bar.density, brightness = bar.brightness;
            least[0] = fmin(least[0], density), most[0] = fmax(most[0], density);
            least[1] = fmin(least[1], brightness), most[1] = fmax(most[1], brightness);
        }
        assert_true(least[0] >= 0 && most[0] <= 1 && least[1] >= -1 && most[1] <= 1);
        assert_true(least[0] < .25 && most[0] > .75 && least[1] < -.5 && most[1] > .5);
    }
}

/* Bars of a section in which the wave is higher than in the bar before; and no jump, over sections too. */
static double rising(int mode, uint64_t seed) {
    double before = 0, bars = 0;
    for (uint32_t b = 0; b < 8 * SECTION_BARS; b++) {
        double now = form_wave(seed, mode, b / SECTION_BARS, b % SECTION_BARS);
        assert_true(now >= -1 && now <= 1 && (!b || fabs(now - before) < .25));
        bars += b && now > before;
        before = now;
    }
    return bars / 8;
}

/* Bright modes rise longer than they sink, dark ones the other way round; and the pads follow: those struck
 * above the middle are stronger by a few dB. */
static void sections_are_waves_of_the_mode(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        auralis_parameters p = defaults();
        double strength[2] = {0}, notes[2] = {0};
        assert_true(rising(AURALIS_LYDIAN, seed) > 40 && rising(AURALIS_PHRYGIAN, seed) < 24);
        assert_true(fabs(rising(AURALIS_DORIAN, seed) - 32) < 4);
        for (uint32_t b = 0; b < 8 * SECTION_BARS; b++) {
            struct composer_bar bar;
            composer_bar(seed, &p, b / SECTION_BARS, b % SECTION_BARS, &bar);
            int high = form_wave(seed, p.mode, b / SECTION_BARS, b % SECTION_BARS) > 0;
            for (uint32_t i = 0; i < bar.count; i++)
                if (bar.note[i].role == ROLE_CHORD) strength[high] += bar.note[i].velocity, notes[high]++;
        }
        double db = 20 * log10(strength[1] / notes[1] / (strength[0] / notes[0]));
        if (db < 2 || db > 5) fail_msg("seed %d: %.2f dB", (int)seed, db);
    }
}

static uint64_t mix(uint64_t hash, double value) {
    return random_mix(hash ^ (uint64_t)(int64_t)floor(value * 50 + .5));
}

static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Eight hours in phrases of eight bars (27 s): no phrase's melody, and no section's harmony, comes a second
 * time. Times are compared to a fiftieth of a beat, strengths not at all. */
static void nothing_repeats_in_eight_hours(void **state) {
    (void)state;
    for (int preset = -1; preset < auralis_preset_count(); preset++) {
        auralis_parameters p = preset < 0 ? defaults() : auralis_preset_at(preset)->parameters;
        uint64_t sections = (uint64_t)(8 * 3600 / (SECTION_BARS * 240 / p.bpm)) + 1;
        static uint64_t phrase[4000];
        size_t phrases = 0;
        for (uint64_t s = 0; s < sections; s++)
            for (uint32_t first = 0; first < SECTION_BARS; first += 8) {
                uint64_t hash = 0;
                uint32_t notes = 0;
                for (uint32_t b = first; b < first + 8; b++) {
                    struct composer_bar bar;
                    composer_bar(77, &p, s, b, &bar);
                    for (uint32_t i = 0; i < bar.count; i++)
                        if (bar.note[i].role == ROLE_MELODY) {
                            hash = mix(mix(hash, bar.note[i].onset + 4 * (b - first)), bar.note[i].pitch);
                            notes++;
                        }
                }
                if (notes >= 3) phrase[phrases++] = hash;
            }
        assert_true(phrases > 500);
        qsort(phrase, phrases, sizeof *phrase, ascending);
        for (size_t i = 1; i < phrases; i++) assert_true(phrase[i] != phrase[i - 1]);
    }
}

/* What a stream restarts at a beat: with the bar's own notes from that beat on, every voice sounds once. */
static void the_chord_at_a_beat_is_what_still_sounds(void **state) {
    (void)state;
    struct random r = random_at(6, 0, 0, 0);
    for (int trial = 0; trial < 2000; trial++) {
        auralis_parameters p = anything(&r);
        uint64_t seed = random_u64(&r), section = random_below(&r, 99);
        uint32_t b = random_below(&r, SECTION_BARS), beat = random_below(&r, 4);
        struct composer_bar at, bar;
        composer_chord_at(seed, &p, section, b, beat, &at);
        composer_bar(seed, &p, section, b, &bar);
        double now = (b + beat / 4.0) * bar.seconds;
        for (uint32_t i = 0; i < at.count; i++) {
            const struct composer_note *n = &at.note[i];
            assert_true(n->onset == beat && n->seconds > 0 && n->seconds <= 90);
            bool found = false; /* it began earlier in this chord, and ends when that note ends */
            for (uint32_t e = (uint32_t)bar.chord.first_bar; e <= b && !found; e++) {
                struct composer_bar early;
                composer_bar(seed, &p, section, e, &early);
                for (uint32_t k = 0; k < early.count; k++) {
                    const struct composer_note *m = &early.note[k];
                    double onset = e * bar.seconds + m->onset * bar.seconds / 4;
                    if (m->pitch == n->pitch && m->instrument == n->instrument && onset < now)
                        found |= fabs(onset + m->seconds - now - n->seconds) < 1e-6;
                }
            }
            assert_true(found);
        }
        uint32_t later = 0;
        for (uint32_t i = 0; i < bar.count; i++)
            later += bar.note[i].onset >= beat &&
                     (bar.note[i].role == ROLE_CHORD || bar.note[i].role == ROLE_BASS);
        assert_true(at.count + later > 0 && at.count <= 6);
        p.enable_pads = 0;
        composer_chord_at(seed, &p, section, b, beat, &at);
        assert_int_equal(at.count, 0);
    }
}

static auralis_score *compose(uint64_t seed, const auralis_parameters *p, uint32_t rate, uint64_t from,
                              uint64_t to) {
    auralis_score *score = NULL;
    assert_int_equal(auralis_score_compose(seed, p, rate, from, to, &score), 0);
    return score;
}

/* The frames of the beat grid, by hand, over three sections. */
static void a_score_lies_on_the_streams_grid(void **state) {
    (void)state;
    struct random r = random_at(7, 0, 0, 0);
    for (int trial = 0; trial < 20; trial++) {
        auralis_parameters p = anything(&r);
        uint64_t seed = random_u64(&r), end = clock_beat_frame(0, 3 * SECTION_BARS * 4, p.bpm, 44100);
        auralis_score *score = compose(seed, &p, 44100, 0, end);
        const auralis_note *note = auralis_score_notes(score);
        size_t n = 0;
        for (uint64_t b = 0; b < 3 * SECTION_BARS; b++) {
            struct composer_bar bar;
            composer_bar(seed, &p, b / SECTION_BARS, b % SECTION_BARS, &bar);
            for (uint32_t i = 0; i < bar.count; i++, n++) {
                uint64_t onset = clock_beat_frame(0, b * 4, p.bpm, 44100) +
                                 clock_onset_frames(bar.note[i].onset, p.bpm, 44100);
                assert_true(n < auralis_score_count(score));
                assert_true(note[n].onset == onset && note[n].pitch == bar.note[i].pitch);
                assert_true(note[n].duration == clock_duration_frames(bar.note[i].seconds, 44100));
                assert_true(note[n].velocity == bar.note[i].velocity && note[n].pan == bar.note[i].pan);
                assert_int_equal(note[n].instrument, bar.note[i].instrument);
                assert_int_equal(note[n].timbre, bar.note[i].timbre);
            }
        }
        assert_int_equal(n, auralis_score_count(score));
        auralis_score_free(score);
    }
}

static void pieces_of_a_score_are_the_score(void **state) {
    (void)state;
    struct random r = random_at(8, 0, 0, 0);
    for (int trial = 0; trial < 60; trial++) {
        auralis_parameters p = anything(&r);
        uint64_t seed = random_u64(&r), cut[4] = {random_below(&r, 1u << 30)};
        for (int i = 1; i < 4; i++) cut[i] = cut[i - 1] + random_below(&r, 1u << 22);
        auralis_score *whole = compose(seed, &p, 48000, cut[0], cut[3]);
        size_t n = 0;
        for (int i = 0; i < 3; i++) {
            auralis_score *part = compose(seed, &p, 48000, cut[i], cut[i + 1]);
            for (size_t k = 0; k < auralis_score_count(part); k++, n++) {
                const auralis_note *a = &auralis_score_notes(part)[k], *b = &auralis_score_notes(whole)[n];
                assert_true(n < auralis_score_count(whole));
                assert_true(a->onset == b->onset && a->pitch == b->pitch && a->duration == b->duration);
                assert_true(a->onset >= cut[i] && a->onset < cut[i + 1]);
            }
            auralis_score_free(part);
        }
        assert_int_equal(n, auralis_score_count(whole));
        auralis_score_free(whole);
    }
}

static void a_score_refuses_what_is_out_of_range(void **state) {
    (void)state;
    auralis_parameters p = defaults();
    auralis_score *score = NULL;
    assert_int_equal(auralis_score_compose(1, &p, 48000, 10, 9, &score), AURALIS_EINVAL);
    assert_int_equal(auralis_score_compose(1, &p, 48000, 0, UINT64_MAX, &score), AURALIS_EINVAL);
    assert_int_equal(auralis_score_compose(1, &p, 7, 0, 10, &score), AURALIS_EINVAL);
    p.bpm = NAN;
    assert_int_equal(auralis_score_compose(1, &p, 48000, 0, 10, &score), AURALIS_EINVAL);
    assert_null(score);
    score = compose(1, NULL, 48000, 5, 5);
    assert_int_equal(auralis_score_count(score), 0);
    auralis_score_free(score);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bar_follows_from_its_place_alone),
        cmocka_unit_test(bars_side_by_side_are_those_asked_for_one_by_one),
        cmocka_unit_test(notes_are_within_their_bounds),
        cmocka_unit_test(notes_fit_their_chord_or_scale),
        cmocka_unit_test(bass_and_pads_play_their_chord),
        cmocka_unit_test(switches_remove_their_part_only),
        cmocka_unit_test(arcs_are_slow_and_wide),
        cmocka_unit_test(sections_are_waves_of_the_mode),
        cmocka_unit_test(nothing_repeats_in_eight_hours),
        cmocka_unit_test(the_chord_at_a_beat_is_what_still_sounds),
        cmocka_unit_test(a_score_lies_on_the_streams_grid),
        cmocka_unit_test(pieces_of_a_score_are_the_score),
        cmocka_unit_test(a_score_refuses_what_is_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
