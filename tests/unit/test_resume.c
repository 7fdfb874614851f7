/* Going on with a piece from what is known of it (seed, parameters, frame, where the beats lie), in a stream
 * of its own: the same music, to −100 dB. */
#include "cmocka_c.h"

#include <math.h>
#include <stdlib.h>

#include <auralis/auralis.h>

enum { RATE = 48000 };

static auralis_engine *engine;

static auralis_stream *open_stream(const auralis_stream_config *config) {
    auralis_stream *s;
    assert_int_equal(auralis_stream_open(engine, config, &s), 0);
    return s;
}

static void read_away(auralis_stream *s, double seconds) {
    static float audio[2 * RATE];
    for (double at = 0; at < seconds; at += 1) assert_int_equal(auralis_stream_read(s, audio, RATE), 0);
}

/* The largest difference of the next five seconds of both, and how loud they are. */
static double difference(auralis_stream *a, auralis_stream *b, double *loudest) {
    enum { FRAMES = 5 * RATE };
    static float x[2 * FRAMES], y[2 * FRAMES];
    double most = *loudest = 0;
    assert_int_equal(auralis_stream_read(a, x, FRAMES), 0);
    assert_int_equal(auralis_stream_read(b, y, FRAMES), 0);
    for (int i = 0; i < 2 * FRAMES; i++) {
        most = fmax(most, fabs((double)x[i] - (double)y[i]));
        *loudest = fmax(*loudest, fabs((double)x[i]));
    }
    return most;
}

static auralis_stream *go_on(auralis_stream *s, auralis_parameters *p) {
    auralis_stream_status status;
    auralis_stream_get_status(s, &status);
    *p = auralis_stream_parameters(s);
    return open_stream(&(auralis_stream_config){.seed = status.seed,
                                                .parameters = p,
                                                .start = status.frame,
                                                .beat_frame = status.beat_frame,
                                                .beat = status.beat});
}

static void change(auralis_stream *s, const char *name, double value) {
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
    int i = auralis_parameter_find(name);
    assert_int_equal(auralis_parameters_put(&p, i, value, NULL), 0);
    assert_int_equal(auralis_stream_set(s, &p, (auralis_parameter_set)1 << i, NULL, NULL), 0);
}

static void goes_on_where_the_tempo_has_changed(void **state) {
    (void)state;
    static const double tempi[] = {97, 45}; /* a slower tempo: the piece began before frame 0, so to speak */
    for (int i = 0; i < 2; i++) {
        auralis_stream *s = open_stream(&(auralis_stream_config){.seed = 11});
        auralis_stream_status before, after;
        auralis_parameters p;
        double loudest;
        auralis_stream_get_status(s, &before);
        assert_int_equal(before.beat_frame + before.beat, 0);
        read_away(s, 10);
        change(s, "bpm", tempi[i]);
        read_away(s, 60);
        auralis_stream *later = go_on(s, &p);
        auralis_stream_get_status(later, &after);
        assert_true(after.beat_frame > 10 * RATE && after.beat > 5);
        assert_true(difference(s, later, &loudest) < 1e-5);
        assert_true(loudest > 0.01);
        auralis_stream_close(s);
        auralis_stream_close(later);
    }
}

/* The chord that was struck at the change sounds on, though no bar tells of it. What sounded before has died
 * away, but for its echoes and, at last, these too. */
static void goes_on_soon_after_a_change(void **state) {
    (void)state;
    static const struct {
        int seconds;
        double off; /* of the loudest sample */
    } later[] = {{3, 0.05}, {8, 1e-4}, {16, 1e-5}};
    for (int i = 0; i < 3; i++) {
        auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
        double loudest;
        p.enable_melody = p.enable_swells = p.enable_kicks = 0;
        auralis_stream *s = open_stream(&(auralis_stream_config){.seed = 5, .parameters = &p});
        read_away(s, 40);
        change(s, "bpm", 52);
        read_away(s, later[i].seconds);
        auralis_stream *other = go_on(s, &p);
        double off = difference(s, other, &loudest);
        assert_true(off < later[i].off * loudest);
        auralis_stream_close(s);
        auralis_stream_close(other);
    }
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    auralis_stream *s;
    assert_int_equal(auralis_stream_open(engine, &(auralis_stream_config){.start = 5, .beat_frame = 6}, &s),
                     AURALIS_EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_where_the_tempo_has_changed),
        cmocka_unit_test(goes_on_soon_after_a_change),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    if (auralis_engine_create(NULL, &engine) < 0) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    auralis_engine_destroy(engine);
    return failed;
}
