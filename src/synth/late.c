/* late.c — see late.h.
 *
 * What sounds in the middle of a piece began up to two minutes before. Rendering all that once took most of
 * the time that opening took. But a voice has little that only rendering knows: its envelope, LFOs and noise
 * are closed forms of its age, and its phases are sums of whole numbers. Only where vibrato moves the pitch
 * must these be added up block by block, with the kernel's own arithmetic, which is a few dozen instructions.
 * What is left is what filters and edges of waves remember: less than a tenth of a second. A stream is rolled
 * forward by more than that, for its reverb.
 *
 * A score's voices may be bent by its controllers, so there everything is rendered. */
#define KERNEL_SCALAR
#include "kernels/vibrato.h"

#include "music/score.h"
#include "synth/late.h"
#include "synth/stream.h"

/* After 1.7 × RT60 the past is 100 dB down; the rest is for what filters and the limiter remember. */
static const double TAILS_OF_RT60 = 1.8, MARGIN_SECONDS = 0.3, DRY_SECONDS = 1.5;

uint64_t late_heard_from(const struct auralis_stream *s, uint64_t start) {
    double seconds = s->dry ? DRY_SECONDS : TAILS_OF_RT60 * effects_rt60(s->playing.space) + MARGIN_SECONDS;
    uint64_t horizon = (uint64_t)(seconds * s->rate);
    return start > horizon ? start - horizon : 0;
}

uint64_t late_oldest(const struct auralis_stream *s, uint64_t at) {
    const auralis_note *note = auralis_score_notes(s->score);
    for (size_t i = 0; i < s->score->count && note[i].onset < at; i++)
        if (note[i].onset + instrument_life(&note[i], s->rate) > at) return note[i].onset;
    return at;
}

/* Vibrato: block by block. */
static void vibrate(struct voice_start *voice, int at, uint32_t blocks) {
    uint32_t *words[VOICE_WORDS_MAX];
    for (int w = 0; w < VOICE_WORDS_MAX; w++) words[w] = &voice->word[w];
    struct voice_run run = {.words = words, .count = 1};
    for (uint32_t b = 0; b < blocks; b++) {
        float from = word_f(&run, at + WAVE_BENT, 0), to = wave_bend(&run, at, 0, -1);
        for (int o = 0; o < 3; o++)
            *words[at + WAVE_PHASE1 + o] +=
                glide_block(glide_between(word_i(&run, at + WAVE_INC1 + o, 0), from, to));
        *words[VOICE_AGE] += BLOCK;
    }
}

/* Phases that move evenly. */
static void turn(struct voice_start *voice, int phase, int inc, int count, uint32_t frames) {
    for (int i = 0; i < count; i++) voice->word[phase + i] += voice->word[inc + i] * frames;
}

bool late_voice(struct voice_start *voice, uint32_t blocks) {
    uint32_t *word = voice->word, frames = blocks * BLOCK;
    int at = voice->program == PROGRAM_TONE ? TONE_WAVE : ANALOG_WAVE;
    switch (voice->program) {
    case PROGRAM_DRUM:
        return false;
    case PROGRAM_NOISE:
        break;
    case PROGRAM_BELL:
        turn(voice, BELL_PHASE, BELL_INC, BELL_PARTIALS, frames);
        break;
    default:
        if (word[at + WAVE_VIBRATO_DEPTH] & INT32_MAX) {
            vibrate(voice, at, blocks);
            return true;
        }
        turn(voice, at + WAVE_PHASE1, at + WAVE_INC1, 3, frames);
    }
    word[VOICE_AGE] += frames;
    return true;
}
