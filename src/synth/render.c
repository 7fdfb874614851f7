/* render.c — a whole score at once (see auralis/render.h).
 *
 * One stream on an engine of its own, read from its first frame to its last. The tail is a bound worked out
 * before the first sample, not a search for silence: the length of a file has to be known when its header is
 * written. */
#include "synth/render.h"
#include "music/score.h"
#include "synth/effects.h"
#include "synth/instrument.h"
#include "synth/known.h"

#include <auralis/render.h>

/* Frame after which no voice sounds. */
static uint64_t last_voice(auralis_score *score) {
    const auralis_note *note = auralis_score_notes(score);
    uint32_t rate = auralis_score_rate(score);
    uint64_t last = 0;
    for (size_t i = 0; i < auralis_score_count(score); i++) {
        uint64_t end = note[i].onset + instrument_life(&note[i], rate);
        if (end > last) last = end;
    }
    return last;
}

/* One and a half times RT60: 90 dB down, and nothing in the effects decays more slowly. The second more is
 * for what the delay still hands over to the reverb. */
uint64_t render_tail(auralis_score *score, double space, bool dry) {
    uint64_t length = auralis_score_length(score), last = last_voice(score);
    uint64_t rings =
        dry || !last ? 0 : (uint64_t)((1 + 1.5 * effects_rt60(space)) * auralis_score_rate(score));
    return last + rings > length ? last + rings - length : 0;
}

void render_seed_voices(auralis_score *score) {
    for (size_t i = 0; i < score->count; i++) {
        auralis_note *n = &score->note[i];
        if (n->instrument == AURALIS_BASS) n->instrument = AURALIS_PAD;
        if (n->instrument == AURALIS_BELL) n->instrument = AURALIS_LEAD;
        n->timbre = AURALIS_TIMBRE_SEED;
        n->pan = 0;
    }
}

uint64_t auralis_render_frames(auralis_score *score, const auralis_render_config *config) {
    static const auralis_parameters initial = AURALIS_PARAMETERS_DEFAULT;
    uint64_t tail = config && config->tail ? render_tail(score, initial.space, config->dry) : 0;
    return auralis_score_length(score) + tail;
}

int render_read(void *self, auralis_stream *stream, auralis_score *score, float *out, uint64_t frames) {
    enum { AT_ONCE = 1 << 16 };
    (void)self;
    struct known *known = known_pays(score) ? known_open(stream, frames) : NULL;
    if (known) {
        int read = known_read(known, out, frames);
        known_close(known);
        return read;
    }
    int result = AURALIS_OK;
    for (uint64_t done = 0; done < frames && result == AURALIS_OK; done += AT_ONCE) {
        uint64_t left = frames - done;
        result = auralis_stream_read(stream, out + AURALIS_CHANNELS * done,
                                     left < AT_ONCE ? (size_t)left : AT_ONCE);
    }
    return result;
}

int render_score(auralis_score *score, const auralis_render_config *config, float *out, uint64_t frames,
                 render_reader *read, void *self) {
    auralis_engine_config engine_config = {.isa = config ? config->isa : NULL, .max_streams = 1};
    auralis_stream_config stream_config = {
        .sample_rate = auralis_score_rate(score), .score = score, .dry = config && config->dry};
    auralis_engine *engine;
    auralis_stream *stream;
    if (frames != auralis_render_frames(score, config)) return AURALIS_EINVAL;
    int result = auralis_engine_create(&engine_config, &engine);
    if (result < 0) return result;
    result = auralis_stream_open(engine, &stream_config, &stream);
    if (result == AURALIS_OK) {
        result = read(self, stream, score, out, frames);
        auralis_stream_close(stream);
    }
    auralis_engine_destroy(engine);
    return result;
}

int auralis_render_score(auralis_score *score, const auralis_render_config *config, float *out,
                         uint64_t frames) {
    return render_score(score, config, out, frames, render_read, NULL);
}
