/* compose_score.c — what the composer writes, as a score.
 *
 * A stream lays bar b of section s on the beat grid at beat (s × 64 + b) × 4 of a clock that is anchored at
 * frame 0, and rounds onsets and lengths with the functions of music/clock.h. The same arithmetic here gives
 * the same frames, so a score written to a file and a stream that plays agree to the sample. */
#include "music/clock.h"
#include "music/composer.h"
#include "music/score.h"

static const uint64_t FRAMES_MAX = (uint64_t)1 << 48;
enum { AT_ONCE = 64 }; /* bars */

static int add(auralis_score *score, const struct composer_note *note, uint64_t onset) {
    auralis_note n = {.onset = onset,
                      .duration = clock_duration_frames(note->seconds, score->rate),
                      .pitch = note->pitch,
                      .velocity = note->velocity,
                      .pan = note->pan,
                      .instrument = note->instrument,
                      .timbre = note->timbre};
    return auralis_score_add(score, &n, NULL);
}

/* What becomes of the bars as they are composed. */
struct writing {
    auralis_score *score;
    double bpm;
    uint64_t from, to;
    int result;
};

static void add_bar(void *self, uint64_t bar, const struct composer_bar *written) {
    struct writing *w = self;
    uint64_t start = clock_beat_frame(0, bar * BAR_BEATS, w->bpm, w->score->rate);
    for (uint32_t i = 0; i < written->count && w->result == AURALIS_OK; i++) {
        uint64_t onset = start + clock_onset_frames(written->note[i].onset, w->bpm, w->score->rate);
        if (onset >= w->from && onset < w->to) w->result = add(w->score, &written->note[i], onset);
    }
}

/* The bar whose last onset may still round to `frame`: that of the frame before. */
static uint64_t bar_at(uint64_t frame, const auralis_parameters *p, uint32_t rate) {
    return clock_beat_at(0, frame ? frame - 1 : 0, p->bpm, rate) / BAR_BEATS;
}

int auralis_score_compose(uint64_t seed, const auralis_parameters *parameters, uint32_t sample_rate,
                          uint64_t from, uint64_t to, auralis_score **out) {
    static const auralis_parameters initial = AURALIS_PARAMETERS_DEFAULT;
    const auralis_parameters *p = parameters ? parameters : &initial;
    if (to < from || to > FRAMES_MAX || auralis_parameters_check(p, NULL) < 0) return AURALIS_EINVAL;
    auralis_score *score;
    int result = auralis_score_create(sample_rate, &score);
    if (result < 0) return result;
    struct writing w = {score, p->bpm, from, to, AURALIS_OK};
    uint64_t bar = bar_at(from, p, sample_rate), end = bar_at(to, p, sample_rate) + 1;
    for (; to > from && bar < end && w.result == AURALIS_OK; bar += AT_ONCE)
        composer_bars(seed, p, bar, end - bar < AT_ONCE ? (uint32_t)(end - bar) : AT_ONCE, add_bar, &w);
    result = w.result;
    if (result < 0) {
        auralis_score_free(score);
        return result;
    }
    *out = score;
    return AURALIS_OK;
}
