/* twin.c — see twin.h. */
#include "synth/twin.h"
#include "music/score.h"
#include "synth/engine.h"
#include "synth/stream.h"

#include <string.h>
#ifdef __SSE2__
#include <xmmintrin.h>
#endif

enum { MEMORYLESS = 1u << PROGRAM_TONE }; /* programs whose voices need only the block before */

int twin_open(const struct auralis_stream *of, auralis_stream **out) {
    if (!of->score || !engine_kernels(of->engine) || of->frame || of->delivered) return AURALIS_EINVAL;
    auralis_engine_config engine_config = {.isa = auralis_engine_isa(of->engine), .max_streams = 1};
    auralis_stream_config config = {.sample_rate = of->rate,
                                    .parameters = &of->set,
                                    .score = of->score,
                                    .instruments = of->instruments & ((1u << AURALIS_INSTRUMENTS) - 1),
                                    .dry = true};
    auralis_engine *engine;
    int result = auralis_engine_create(&engine_config, &engine);
    if (result < 0) return result;
    result = auralis_stream_open(engine, &config, out);
    if (result < 0) auralis_engine_destroy(engine);
    return result;
}

void twin_close(struct auralis_stream *twin) {
    if (twin) auralis_engine_destroy(twin->engine);
}

void twin_voices(struct auralis_stream *s, uint32_t programs, uint32_t blocks, float (*bus)[BUS_FLOATS],
                 uint32_t begun) {
    shard_voices(s->shard, engine_kernels(s->engine), engine_scratch(s->engine), s->place, programs, blocks,
                 bus, begun);
}

/* Copies whole lines of memory past the caches, where the processor can. */
static void send(float *to, const float *from, size_t count) {
#ifdef __SSE2__
    for (size_t i = 0; i < count; i += 4) _mm_stream_ps(to + i, _mm_load_ps(from + i));
    _mm_sfence();
#else
    memcpy(to, from, count * sizeof *to);
#endif
}

void twin_send(struct auralis_stream *s, uint32_t programs, uint32_t blocks, float (*bus)[BUS_FLOATS]) {
    float(*here)[BUS_FLOATS] = engine_scratch(s->engine)->bus[s->place];
    for (uint32_t done = 0, count; done < blocks; done += count) {
        count = blocks - done < STRETCH_BLOCKS ? blocks - done : STRETCH_BLOCKS;
        twin_voices(s, programs, count, here, 0);
        send(bus[done], here[0], count * BUS_FLOATS);
    }
}

/* The first note that may still sound at frame `at`. */
static size_t first_note(auralis_score *score, uint64_t at) {
    const auralis_note *note = auralis_score_notes(score);
    uint64_t reach = (uint64_t)NOTE_SOUNDS_MAX * score->rate;
    size_t low = 0, high = score->count;
    while (low < high) {
        size_t half = low + (high - low) / 2;
        if (note[half].onset + reach < at)
            low = half + 1;
        else
            high = half;
    }
    return low;
}

/* The onset of the oldest note with a memory that sounds at frame `at`; `at` if none does. A voice stays in
 * its bank for up to two blocks after its end, silent. */
static uint64_t oldest_with_memory(const struct auralis_stream *s, uint64_t at, uint32_t programs) {
    const auralis_note *note = auralis_score_notes(s->score);
    if (!s->controls) programs &= ~(uint32_t)MEMORYLESS; /* what is bent remembers its way */
    for (size_t i = first_note(s->score, at); i < s->score->count && note[i].onset < at; i++)
        if (programs >> instrument_program(note[i].instrument, note[i].timbre) & 1 &&
            note[i].onset + instrument_life(&note[i], s->rate) + 2 * BLOCK > at)
            return note[i].onset;
    return at;
}

static void advance(struct auralis_stream *s, uint64_t to, uint32_t programs) {
    while (s->frame < to) {
        uint64_t left = (to - s->frame) / BLOCK;
        uint32_t blocks = left < SHARD_BLOCKS ? (uint32_t)left : SHARD_BLOCKS;
        twin_voices(s, programs, blocks, engine_scratch(s->engine)->bus[s->place], programs ? 0 : ALL_BUSES);
    }
}

void twin_skip(struct auralis_stream *s, uint64_t blocks, uint32_t programs) {
    if (!blocks) return;
    uint64_t to = s->frame + blocks * BLOCK, last = to - BLOCK,
             from = oldest_with_memory(s, to, programs) / BLOCK * BLOCK;
    advance(s, from < last ? from : last, 0);
    advance(s, last, s->controls ? programs : programs & ~(uint32_t)MEMORYLESS);
    advance(s, to, programs);
}
