/* A stream whose rendering fails fades out, begins again at the same moment, and is counted; others hear
 * nothing. Linked with --wrap: the pool's calls of the engine come by here. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/monotonic.h"
#include "stream/live.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FAULTY = 7,
    SOUND = 8,
    SECONDS = 3,
    FRAMES = SECONDS * 48000 / LIVE_SLICE * LIVE_SLICE,
    START = 960000
};

/* What goes wrong with stream FAULTY. */
static struct {
    _Atomic uint64_t from, until; /* in slices that begin at these frames of it */
    _Atomic int error;            /* the engine says so; 0: a sample in the middle is no number */
} fault;

int __real_auralis_engine_render_pcm(auralis_engine *, auralis_stream *const *, size_t, uint32_t,
                                     float *const *, int16_t *const *);
int __wrap_auralis_engine_render_pcm(auralis_engine *engine, auralis_stream *const *streams, size_t count,
                                     uint32_t blocks, float *const *out, int16_t *const *pcm);

static bool is_hit(auralis_stream *stream) {
    auralis_stream_status status;
    auralis_stream_get_status(stream, &status);
    return status.seed == FAULTY && status.frame >= fault.from && status.frame < fault.until;
}

int __wrap_auralis_engine_render_pcm(auralis_engine *engine, auralis_stream *const *streams, size_t count,
                                     uint32_t blocks, float *const *out, int16_t *const *pcm) {
    bool hit[64] = {false}, any = false;
    for (size_t i = 0; i < count; i++) any |= hit[i] = is_hit(streams[i]);
    if (any && fault.error) return fault.error;
    int result = __real_auralis_engine_render_pcm(engine, streams, count, blocks, out, pcm);
    for (size_t i = 0; i < count; i++)
        if (hit[i]) out[i][blocks * AURALIS_BLOCK] = NAN;
    return result;
}

static void set_fault(uint64_t from, uint64_t until, int error) {
    fault.from = from;
    fault.until = until;
    fault.error = error;
}

static struct live *pool(void) {
    struct live *live;
    assert_int_equal(live_create(&(struct live_config){.threads = 1, .max_streams = 8}, &live), 0);
    return live;
}

static struct live_stream *open(struct live *live, uint64_t seed) {
    struct live_stream *s;
    assert_int_equal(live_open(live, &(struct live_spec){.stream = {.seed = seed, .start = START}}, &s), 0);
    return s;
}

/* The next slice; false when the stream has failed. */
static bool take(struct live_stream *s, float *audio) {
    for (int tries = 0; live_filled(s) < LIVE_SLICE; tries++) {
        if (live_failed(s)) return false;
        live_want(s);
        assert_true(tries < 20000);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    assert_true(live_copy(s, audio, LIVE_SLICE));
    live_skip(s, LIVE_SLICE);
    return true;
}

static float *piece(uint64_t seed) {
    auralis_engine *engine;
    auralis_stream *stream;
    float *audio = malloc(FRAMES * 2 * sizeof *audio);
    assert_int_equal(auralis_engine_create(NULL, &engine), 0);
    assert_int_equal(
        auralis_stream_open(engine, &(auralis_stream_config){.seed = seed, .start = START}, &stream), 0);
    assert_int_equal(auralis_stream_read(stream, audio, FRAMES), 0);
    auralis_engine_destroy(engine);
    return audio;
}

static float largest_step(const float *audio, size_t from, size_t to) {
    float largest = 0;
    for (size_t i = 2 * from; i + 2 < 2 * to; i++) largest = fmaxf(largest, fabsf(audio[i + 2] - audio[i]));
    return largest;
}

static double rms_difference(const float *a, const float *b, size_t from, size_t to) {
    double sum = 0;
    for (size_t i = 2 * from; i < 2 * to; i++) sum += (a[i] - b[i]) * (double)(a[i] - b[i]);
    return sqrt(sum / (double)(2 * (to - from)));
}

static uint64_t restarted(struct live *live) {
    struct live_counters count;
    live_count(live, &count);
    return count.restarted;
}

/* Both streams for as long as a piece; the faulty one breaks after a second. */
static void one_breaks(int error, float *faulty, float *sound) {
    enum { AT = 48000 / LIVE_SLICE * LIVE_SLICE };
    set_fault(START + AT, START + AT + LIVE_SLICE, error);
    struct live *live = pool();
    struct live_stream *a = open(live, FAULTY), *b = open(live, SOUND);
    for (size_t i = 0; i < FRAMES; i += LIVE_SLICE) {
        assert_true(take(a, faulty + 2 * i));
        assert_true(take(b, sound + 2 * i));
    }
    assert_int_equal(live_frame(a), START + FRAMES);
    assert_in_range(restarted(live), 1,
                    error ? 2 : 1); /* an error is that of all who are rendered together */
    set_fault(0, 0, 0);
    float *wanted = piece(FAULTY);
    assert_memory_equal(faulty, wanted, AT * 2 * sizeof *wanted);
    for (size_t i = 0; i < 2 * FRAMES; i++) assert_true(isfinite(faulty[i]));
    float usual = largest_step(wanted, 0, FRAMES), now = largest_step(faulty, AT - 10, AT + 4 * LIVE_SLICE);
    if (now > usual) fail_msg("a step of %g; in the piece at most %g", (double)now, (double)usual);
    size_t back = AT + 3 * LIVE_SLICE;
    double off = rms_difference(faulty, wanted, back, FRAMES);
    if (off > 1e-4) fail_msg("after it the piece is another: %g", off);
    free(wanted);
    live_close(a);
    live_close(b);
    live_destroy(live);
}

static void a_stream_of_no_numbers_begins_again(void **state) {
    (void)state;
    float *faulty = malloc(FRAMES * 2 * sizeof *faulty), *sound = malloc(FRAMES * 2 * sizeof *sound);
    one_breaks(0, faulty, sound);
    float *wanted = piece(SOUND);
    assert_memory_equal(sound, wanted, FRAMES * 2 * sizeof *wanted);
    free(wanted);
    free(faulty);
    free(sound);
}

static void streams_that_the_engine_refuses_begin_again(void **state) {
    (void)state;
    float *faulty = malloc(FRAMES * 2 * sizeof *faulty), *sound = malloc(FRAMES * 2 * sizeof *sound);
    one_breaks(AURALIS_ENOMEM, faulty, sound);
    free(faulty);
    free(sound);
}

static void a_change_that_waits_for_its_beat_is_kept(void **state) {
    (void)state;
    float audio[2 * LIVE_SLICE];
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
    auralis_parameter_set bpm = (auralis_parameter_set)1 << auralis_parameter_find("bpm");
    struct live *live = pool();
    struct live_stream *s = open(live, FAULTY);
    for (int i = 0; i < 10; i++) assert_true(take(s, audio));
    p.bpm = 61;
    uint64_t ticket = live_set(s, &p, bpm);
    struct live_state told;
    do {
        assert_true(take(s, audio));
        live_read_state(s, &told);
    } while (told.ticket < ticket);
    uint64_t stamp = told.applies_at, now = live_frame(s) + live_filled(s);
    assert_true(stamp > now + 3 * LIVE_SLICE);
    set_fault(now, now + 2 * LIVE_SLICE, 0);
    while (live_frame(s) < stamp + 48000) assert_true(take(s, audio));
    set_fault(0, 0, 0);
    assert_true(restarted(live) >= 1);
    auralis_stream_status status;
    live_read_state(s, &told);
    live_read_status(s, &status);
    assert_true(told.parameters.bpm == 61);
    assert_int_equal(told.applies_at, stamp);
    assert_int_equal(status.beat_frame, stamp);
    live_close(s);
    live_destroy(live);
}

static void one_that_fails_for_ever_is_given_up(void **state) {
    (void)state;
    float audio[2 * LIVE_SLICE];
    set_fault(0, UINT64_MAX, 0);
    struct live *live = pool();
    struct live_stream *a = open(live, FAULTY), *b = open(live, SOUND);
    while (take(a, audio)) assert_true(live_frame(a) < START + FRAMES);
    assert_in_range(restarted(live), 2, 10);
    for (int i = 0; i < 20; i++) assert_true(take(b, audio));
    set_fault(0, 0, 0);
    live_close(a);
    live_close(b);
    live_destroy(live);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_of_no_numbers_begins_again),
        cmocka_unit_test(streams_that_the_engine_refuses_begin_again),
        cmocka_unit_test(a_change_that_waits_for_its_beat_is_kept),
        cmocka_unit_test(one_that_fails_for_ever_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
