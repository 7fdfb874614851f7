/* Several threads compose for one engine's GPU, or render on the processor: test_spread DEVICE
 * [idle | launch:FILE | frozen:FILE]. Every stream, of whatever share, in floats or 16 bits, has the
 * processor's samples, also while streams come and go and parameters change; and a GPU that is lost under all
 * of them counts as one fault, after which all go on. With kernels that do nothing (FAULT "idle") only the
 * threads are looked at (by a sanitizer). "frozen": from when the engine is made the driver ends whoever
 * takes memory. */
#include "check.h"
#include "stream/team.h"
#include "synth/engine.h"

#include <auralis/auralis.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAMS = 200, MATES = 5, BLOCKS = 8, CALLS = 5, SAMPLES = BLOCKS * 128 };

struct crowd {
    auralis_engine *engine;
    auralis_stream *stream[STREAMS];
    float floats[STREAMS][SAMPLES];
    int16_t narrow[STREAMS][SAMPLES];
};
static struct crowd right, heard;
static float *floats_of[2][STREAMS];
static int16_t *narrow_of[2][STREAMS];

static auralis_stream *open_stream(auralis_engine *e, int i) {
    auralis_stream *s;
    auralis_stream_config config = {.seed = (uint64_t)i,
                                    .start = i % 50 ? 0 : 48000,
                                    .parameters = &auralis_preset_at(i % 4)->parameters};
    CHECK(auralis_stream_open(e, &config, &s) == AURALIS_OK);
    return s;
}

static void meddle(auralis_stream *s, int call) {
    auralis_parameters p = auralis_stream_parameters(s);
    p.brightness = call % 2 ? 0.9 : 0.2;
    p.enable_pads = call % 3 != 0;
    CHECK(auralis_stream_set(s, &p, ~(auralis_parameter_set)0, NULL, NULL) == AURALIS_OK);
}

/* Most of the streams, in another order each time. */
static void render(struct crowd *c, int side, int call) {
    auralis_stream *stream[STREAMS];
    float *floats[STREAMS];
    int16_t *narrow[STREAMS];
    size_t count = 0;
    for (int n = 0; n < STREAMS; n++) {
        int i = (n * 77 + call) % STREAMS;
        if (call == 3 && i % 3 == 0) continue;
        stream[count] = c->stream[i];
        narrow[count] = narrow_of[side][i];
        floats[count++] = floats_of[side][i];
    }
    CHECK(auralis_engine_render_pcm(c->engine, stream, count, BLOCKS, floats, narrow) == AURALIS_OK);
}

static void change(struct crowd *c, int call) {
    for (int i = call; i < STREAMS; i += 5) meddle(c->stream[i], call);
    for (int i = call; i < STREAMS && call % 2; i += 50) {
        auralis_stream_close(c->stream[i]);
        c->stream[i] = open_stream(c->engine, i + call);
    }
}

static bool close_enough(void) {
    for (size_t i = 0; i < (size_t)STREAMS * SAMPLES; i++) {
        float away = right.floats[0][i] - heard.floats[0][i];
        if (away > 1e-6f || away < -1e-6f || abs(right.narrow[0][i] - heard.narrow[0][i]) > 1) return false;
    }
    return true;
}

static bool freezes(const char *fault) {
    return !strncmp(fault, "frozen", 6);
}

/* Call 2 is the one in which the GPU is lost. */
static void strike(const char *fault, int call) {
    const char *path = strchr(fault, '/');
    if (!path) return;
    remove(path);
    CHECK((call < 2 && !freezes(fault)) || fclose(fopen(path, "w")) == 0);
}

static void compare(const char *device, const char *fault) {
    bool same = !memcmp(right.floats, heard.floats, sizeof right.floats) &&
                !memcmp(right.narrow, heard.narrow, sizeof right.narrow);
    if (!strcmp(fault, "idle")) return;
    CHECK(same || (engine_lost(heard.engine) && close_enough()));
    CHECK(engine_lost(heard.engine) || !strncmp(auralis_engine_device(heard.engine), device, strlen(device)));
}

int main(int argc, char **argv) {
    CHECK(argc == 2 || argc == 3);
    const char *device = argv[1], *fault = argc == 3 ? argv[2] : "";
    if (strchr(fault, '/')) remove(strchr(fault, '/'));
    struct team *team = team_open(MATES, NULL);
    CHECK(team && team_size(team) == MATES);
    auralis_engine_config config = {.device = device,
                                    .max_streams = STREAMS,
                                    .spread = team_spread,
                                    .spread_self = team,
                                    .spreads = team_size(team)};
    int result = auralis_engine_create(&config, &heard.engine);
    if (result == AURALIS_EUNSUPPORTED) return 77; /* skipped */
    CHECK(result == AURALIS_OK);
    strike(fault, 0);
    CHECK(auralis_engine_create(NULL, &right.engine) == AURALIS_OK);
    for (int i = 0; i < STREAMS; i++) {
        right.stream[i] = open_stream(right.engine, i);
        heard.stream[i] = open_stream(heard.engine, i);
        for (int side = 0; side < 2; side++) {
            struct crowd *c = side ? &heard : &right;
            floats_of[side][i] = i % 3 == 1 ? NULL : c->floats[i];
            narrow_of[side][i] = i % 3 == 1 ? c->narrow[i] : NULL;
        }
    }
    for (int call = 0; call < CALLS; call++) {
        CHECK(engine_lost(heard.engine) == (strchr(fault, '/') && !freezes(fault) && call > 2));
        strike(fault, call);
        render(&right, 0, call);
        render(&heard, 1, call);
        compare(device, fault);
        if (strchr(fault, '/')) continue; /* what glides is not rescued to the bit */
        change(&right, call);
        change(&heard, call);
    }
    printf("%s%s%s\n", auralis_engine_device(heard.engine), *fault ? ": " : "", fault);
    CHECK(!strcmp(device, "cpu") || engine_gpu_use(heard.engine).busy > 0);
    strike(fault, 0);
    auralis_engine_destroy(right.engine);
    auralis_engine_destroy(heard.engine);
    team_close(team);
    return 0;
}
