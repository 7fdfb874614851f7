/* music_lab.h — what the composer's tests share: walking through a piece, and parameters to try. */
#ifndef AURALIS_TESTS_MUSIC_LAB_H
#define AURALIS_TESTS_MUSIC_LAB_H

#include "base/random.h"
#include "music/composer.h"

#include <auralis/presets.h>
#include <string.h>

/* A note on the absolute time line of its piece. */
struct heard {
    const struct composer_note *note;
    const struct composer_bar *bar;
    uint64_t section;
    uint32_t number; /* of the bar in its section */
    double time;     /* seconds */
};

typedef void hear_fn(void *context, const struct heard *heard);

static inline void hear(uint64_t seed, const auralis_parameters *p, uint64_t from, uint64_t sections,
                        hear_fn *fn, void *context) {
    for (uint64_t section = from; section < from + sections; section++)
        for (uint32_t b = 0; b < SECTION_BARS; b++) {
            struct composer_bar bar;
            composer_bar(seed, p, section, b, &bar);
            double start = (double)(section * SECTION_BARS + b) * bar.seconds;
            for (uint32_t i = 0; i < bar.count; i++) {
                struct heard h = {&bar.note[i], &bar, section, b,
                                  start + bar.note[i].onset * bar.seconds / BAR_BEATS};
                fn(context, &h);
            }
        }
}

static inline auralis_parameters defaults(void) {
    return (auralis_parameters)AURALIS_PARAMETERS_DEFAULT;
}

/* Anywhere in the ranges of the table, with every part on. */
static inline auralis_parameters anything(struct random *r) {
    auralis_parameters p = defaults();
    for (int i = 0; i < auralis_parameter_count(); i++) {
        const auralis_parameter_info *info = auralis_parameter_at(i);
        double low = info->minimum, high = info->maximum;
        if (info->type == AURALIS_NUMBER)
            auralis_parameters_put(&p, i,
                                   random_below(r, 4)   ? random_range(r, low, high)
                                   : random_below(r, 2) ? low
                                                        : high,
                                   NULL);
        else if (info->type == AURALIS_CHOICE)
            auralis_parameters_put(&p, i, low + random_below(r, (uint32_t)(high - low) + 1), NULL);
    }
    return p;
}

static inline int same_note(const struct composer_note *a, const struct composer_note *b) {
    return a->onset == b->onset && a->seconds == b->seconds && a->pitch == b->pitch &&
           a->velocity == b->velocity && a->pan == b->pan && a->instrument == b->instrument &&
           a->timbre == b->timbre && a->role == b->role;
}

static inline int same_bar(const struct composer_bar *a, const struct composer_bar *b) {
    if (a->count != b->count || a->seconds != b->seconds || a->brightness != b->brightness ||
        a->density != b->density || strcmp(a->chord.name, b->chord.name) || a->chord.bass != b->chord.bass ||
        a->chord.tones != b->chord.tones || a->chord.degree != b->chord.degree ||
        a->chord.root != b->chord.root || a->chord.bars != b->chord.bars ||
        a->chord.first_bar != b->chord.first_bar)
        return 0;
    for (int i = 0; i < a->chord.tones; i++)
        if (a->chord.pitch[i] != b->chord.pitch[i]) return 0;
    for (uint32_t i = 0; i < a->count; i++)
        if (!same_note(&a->note[i], &b->note[i])) return 0;
    return 1;
}

#endif
