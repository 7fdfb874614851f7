/* Kicks and swells: rare, soft, and only from intensity 0.3. */
#include "cmocka_c.h"
#include "music_lab.h"

#include <math.h>

struct drums {
    int kicks, swells, in_phrase[8];
    double bpm, last;       /* bar of the last kick, over all sections */
    int expected_in_phrase; /* swells */
    double least, most;     /* velocity of kicks */
};

static void note_heard(void *context, const struct heard *h) {
    struct drums *d = context;
    const struct composer_note *n = h->note;
    if (n->role != ROLE_PERCUSSION) return;
    double bar = (double)(h->section * SECTION_BARS + h->number);
    if (n->instrument == AURALIS_KICK) {
        if (d->kicks) assert_true(bar - d->last >= 4);
        assert_true(n->onset * 60 / d->bpm <=
                    200.0 / 48000 + 1e-12); /* ±100 samples about a point behind the beat */
        assert_true(n->velocity >= .3 && n->velocity <= .8);
        d->least = fmin(d->least, n->velocity), d->most = fmax(d->most, n->velocity);
        d->last = bar;
        d->kicks++;
    } else {
        assert_int_equal(n->instrument, AURALIS_SWELL);
        assert_true(n->seconds >= 3 && n->seconds <= 8);
        assert_true(n->velocity >= .15 && n->velocity <= .6);
        d->swells++;
        d->in_phrase[h->number / 8]++;
    }
}

static struct drums listen(uint64_t seed, double intensity, double bpm, uint64_t from, uint64_t sections) {
    auralis_parameters p = defaults();
    p.intensity = intensity, p.bpm = bpm;
    struct drums d = {.bpm = bpm, .least = 1};
    hear(seed, &p, from, sections, note_heard, &d);
    return d;
}

static void nothing_below_three_tenths(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct drums d = listen(seed, .2999, 70, seed, 2);
        assert_int_equal(d.kicks + d.swells, 0);
    }
}

/* Every 4 to 8 bars, about six, of which 30 % are left out: one in 8.6 bars, within a tenth over 400
 * sections. */
static void kicks_are_rare(void **state) {
    (void)state;
    double kicks = 0, least = 1, most = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct drums d = listen(seed, .3 + .7 * (double)seed / 40, 40 + 2 * (double)seed, 3 * seed, 10);
        kicks += d.kicks;
        least = fmin(least, d.least), most = fmax(most, d.most);
    }
    double bars = 400.0 * SECTION_BARS / kicks;
    assert_true(bars > 7.7 && bars < 9.5);
    assert_true(least < .31 && most > .79);
}

static void swells_are_counted_by_the_phrase(void **state) {
    (void)state;
    for (int i = 3; i <= 10; i++)
        for (uint64_t seed = 0; seed < 20; seed++) {
            struct drums d = listen(seed, i / 10.0, 70, seed, 1);
            for (int phrase = 0; phrase < 8; phrase++)
                assert_int_equal(d.in_phrase[phrase], i == 10 ? 2 : i >= 5 ? 1 : 0);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_below_three_tenths),
        cmocka_unit_test(kicks_are_rare),
        cmocka_unit_test(swells_are_counted_by_the_phrase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
