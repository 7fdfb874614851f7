/* engine.c — the thinnest engine that sounds: a chord of sines per stream, chosen by the seed. */
#include <auralis/stream.h>
#include <auralis/presets.h>

#include "base/exact.h"
#include "base/random.h"

#include <stdlib.h>
#include <string.h>

struct auralis_engine {
    int unused;
};
struct auralis_stream {
    uint64_t seed, frame;
    uint32_t rate;
    auralis_parameters p;
};

int auralis_engine_create(const auralis_engine_config *config, auralis_engine **out) {
    (void)config;
    *out = calloc(1, sizeof **out);
    return *out ? 0 : AURALIS_ENOMEM;
}
void auralis_engine_destroy(auralis_engine *e) {
    free(e);
}
const char *auralis_engine_isa(const auralis_engine *e) {
    (void)e;
    return "scalar";
}
int auralis_isas(const char **out, int max) {
    if (max > 0) out[0] = "scalar";
    return 1;
}

int auralis_stream_open(auralis_engine *e, const auralis_stream_config *config, auralis_stream **out) {
    (void)e;
    auralis_stream_config c = config ? *config : (auralis_stream_config){0};
    auralis_stream *s = calloc(1, sizeof *s);
    if (!s) return AURALIS_ENOMEM;
    s->seed = c.seed;
    s->rate = c.sample_rate ? c.sample_rate : 48000;
    s->frame = c.start;
    s->p = c.parameters ? *c.parameters : (auralis_parameters)AURALIS_PARAMETERS_DEFAULT;
    *out = s;
    return 0;
}
void auralis_stream_close(auralis_stream *s) {
    free(s);
}

int auralis_stream_read(auralis_stream *s, float *out, size_t frames) {
    struct random r = random_at(s->seed, 0, 0, 0);
    static const int chord[] = {0, 3, 7, 12};
    double f[4];
    for (int k = 0; k < 4; k++)
        f[k] = exact_hz(45 + s->p.key + chord[k] + random_range(&r, -0.02, 0.02)) / s->rate;
    double level = exact_db(s->p.level);
    for (size_t i = 0; i < frames; i++, s->frame++) {
        double l = 0, rr = 0;
        for (int k = 0; k < 4; k++) {
            double x = 0.1 * exact_sin_turns(f[k] * (double)s->frame);
            l += x * (k & 1 ? 0.4 : 0.8);
            rr += x * (k & 1 ? 0.8 : 0.4);
        }
        out[2 * i] = (float)(l * level);
        out[2 * i + 1] = (float)(rr * level);
    }
    return 0;
}

int auralis_engine_render(auralis_engine *e, auralis_stream *const *streams, size_t count, uint32_t blocks,
                          float *const *out) {
    (void)e;
    for (size_t i = 0; i < count; i++)
        auralis_stream_read(streams[i], out[i], (size_t)blocks * AURALIS_BLOCK);
    return 0;
}

uint64_t auralis_stream_frame(const auralis_stream *s) {
    return s->frame;
}

int auralis_stream_set(auralis_stream *s, const auralis_parameters *values, auralis_parameter_set which,
                       uint64_t *stamp, auralis_message *why) {
    auralis_parameters p = s->p;
    for (int i = 0; i < auralis_parameter_count(); i++)
        if (which >> i & 1) {
            int result = auralis_parameters_put(&p, i, auralis_parameters_get(values, i), why);
            if (result < 0) return result;
        }
    s->p = p;
    if (stamp) *stamp = s->frame;
    return 0;
}
auralis_parameters auralis_stream_parameters(const auralis_stream *s) {
    return s->p;
}
void auralis_stream_get_status(const auralis_stream *s, auralis_stream_status *out) {
    *out = (auralis_stream_status){
        .seed = s->seed, .frame = s->frame, .sample_rate = s->rate, .chord = "Am", .voices = 4};
}

uint64_t auralis_stream_preroll(auralis_stream *s, uint64_t blocks) {
    (void)s;
    (void)blocks;
    return 0;
}
