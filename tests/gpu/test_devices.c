/* Whole streams on a GPU's interface against the same streams on the processor: every sample must agree. The
 * device is the argument; where it does not exist the test is skipped (exit 77). */
#include <auralis/auralis.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAMS = 6, STEP = 40, STEPS = 24 };

static void die(const char *what, int result) {
    fprintf(stderr, "%s: %s\n", what, auralis_strerror(result));
    exit(1);
}

struct set {
    auralis_engine *engine;
    auralis_stream *stream[STREAMS];
    float *out[STREAMS];
};

static int open_set(struct set *s, const char *device) {
    static const uint32_t rates[STREAMS] = {48000, 44100, 48000, 96000, 48000, 48000};
    int result =
        auralis_engine_create(&(auralis_engine_config){.device = device, .max_streams = STREAMS}, &s->engine);
    if (result < 0) return result;
    for (int i = 0; i < STREAMS; i++) {
        auralis_stream_config config = {.seed = (uint64_t)(70 + i),
                                        .sample_rate = rates[i],
                                        .parameters = &auralis_preset_at(i)->parameters,
                                        .start = i == 4 ? 30 * 48000 + 17 : 0};
        if ((result = auralis_stream_open(s->engine, &config, &s->stream[i])) < 0) die("open", result);
        s->out[i] = calloc(STEP * 128, sizeof(float));
    }
    return AURALIS_OK;
}

/* What listeners do between two chunks. */
static void meddle(struct set *s, int step) {
    auralis_parameters p = auralis_stream_parameters(s->stream[1]);
    if (step == 6 || step == 7) {
        p.brightness = step == 6 ? 0.9 : 0.2;
        p.space = 0.9;
        p.level = -6;
        auralis_stream_set(s->stream[1], &p, ~(auralis_parameter_set)0, NULL, NULL);
    }
    if (step == 9 || step == 14) {
        p = auralis_stream_parameters(s->stream[2]);
        p.enable_pads = step == 14;
        p.bpm = step == 9 ? 97 : 61;
        auralis_stream_set(s->stream[2], &p, ~(auralis_parameter_set)0, NULL, NULL);
    }
}

static size_t compare(struct set *a, struct set *b) {
    size_t differ = 0;
    double energy = 0;
    for (int step = 0; step < STEPS; step++) {
        meddle(a, step);
        meddle(b, step);
        size_t first = step % 3 == 1 ? 3 : 0, count = STREAMS - first; /* some are told something and wait */
        uint32_t blocks = step % 2 ? STEP : STEP - 13;
        int result = auralis_engine_render(a->engine, a->stream + first, count, blocks, a->out + first);
        if (result < 0) die("cpu", result);
        result = auralis_engine_render(b->engine, b->stream + first, count, blocks, b->out + first);
        if (result < 0) die("device", result);
        for (size_t i = first; i < first + count; i++)
            for (size_t n = 0; n < blocks * 128; n++) {
                energy += a->out[i][n] * a->out[i][n];
                if (!memcmp(&a->out[i][n], &b->out[i][n], sizeof(float))) continue;
                if (differ++ < 5)
                    fprintf(stderr, "stream %zu step %d sample %zu: %.9g, not %.9g\n", i, step, n,
                            b->out[i][n], a->out[i][n]);
            }
    }
    if (!(energy > 1)) die("nothing was heard", 0);
    return differ;
}

int main(int argc, char **argv) {
    struct set cpu, device;
    if (argc < 2) return 2;
    int result = open_set(&device, argv[1]);
    if (result == AURALIS_EUNSUPPORTED) return printf("no %s here\n", argv[1]), 77;
    if (result < 0) die(argv[1], result);
    if ((result = open_set(&cpu, "cpu")) < 0) die("cpu", result);
    size_t differ = compare(&cpu, &device);
    printf("%s: %zu samples differ\n", argv[1], differ);
    auralis_engine_destroy(cpu.engine);
    auralis_engine_destroy(device.engine);
    return differ != 0;
}
