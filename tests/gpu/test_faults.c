/* What happens when a GPU is missing, full, hung or lost: test_faults DEVICE FAULT, with a fake driver that
 * is told to fail (fake_cuda.c, metal/fake_metal.m). A GPU that never worked is refused with a reason; one
 * that stops working is left, and every stream goes on here, where it was: no sample may be far from what the
 * processor alone would have played. One that is full keeps what it has. */
#include "base/monotonic.h"
#include "check.h"
#include "synth/engine.h"
#include "synth/pcm16.h"

#include <auralis/auralis.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STREAMS = 3, BLOCKS = 30, CHUNKS = 30, SAMPLES = BLOCKS * 128 };

static auralis_stream *open_stream(auralis_engine *e, int i) {
    auralis_stream *s;
    auralis_stream_config config = {.seed = (uint64_t)(5 + i),
                                    .start = i == 2 ? 20 * 48000 : 0,
                                    .parameters = &auralis_preset_at(i)->parameters};
    int result = auralis_stream_open(e, &config, &s);
    return result < 0 ? NULL : s;
}

/* Streams with odd numbers are heard in 16 bits: the processor's samples become what they should be. */
static void make_narrow(const auralis_stream *s, int i, int16_t *pcm, const float *audio, uint32_t blocks) {
    size_t frames = (size_t)blocks * AURALIS_BLOCK;
    pcm16_convert(pcm, audio, frames, pcm16_key((uint64_t)(5 + i)), auralis_stream_frame(s) - frames);
}

static void refused(const char *device, const char *fault) {
    auralis_engine *e;
    auralis_message why = {0};
    int result = auralis_engine_create(&(auralis_engine_config){.device = device, .why = &why}, &e);
    printf("%s: %s (%s)\n", fault, why.text, auralis_strerror(result));
    CHECK(result == AURALIS_EUNSUPPORTED || result == AURALIS_EDEVICE || result == AURALIS_ENOMEM);
    CHECK(*why.text);
}

static const double PATIENCE = 0.3;

/* How long the GPU may be silent: the longest that anything took so far counts twice, so this holds on a busy
 * machine too. One that is silent longer than that is lost (driver.h): a hang cannot go unseen. */
static void check_patience(const auralis_engine *gpu, int64_t begin, int64_t *longest) {
    int64_t took = monotonic_now() - begin;
    if (took > *longest) *longest = took;
    if (engine_lost(gpu)) return;
    double patience = engine_gpu_use(gpu).patience;
    CHECK(patience >= PATIENCE && patience <= PATIENCE + 2e-9 * (double)*longest);
}

/* Both engines chunk by chunk; the first two streams in batches, one of them in 16 bits, the third read in
 * pieces that are no blocks. */
static void compare(auralis_engine *cpu, auralis_engine *gpu, int chunks) {
    static float right[STREAMS][SAMPLES], heard[STREAMS][SAMPLES];
    static int16_t right_pcm[SAMPLES], heard_pcm[SAMPLES];
    float *right_out[] = {right[0], right[1]}, *heard_out[] = {heard[0], NULL};
    int16_t *narrow[] = {NULL, heard_pcm};
    auralis_stream *a[STREAMS], *b[STREAMS];
    float worst = 0, loudest = 0;
    int64_t longest = 0, begin = monotonic_now();
    engine_be_patient(gpu, PATIENCE);
    for (int i = 0; i < STREAMS; i++) CHECK((a[i] = open_stream(cpu, i)) && (b[i] = open_stream(gpu, i)));
    for (int chunk = 0; chunk < chunks; chunk++) {
        CHECK(auralis_engine_render(cpu, a, 2, BLOCKS, right_out) == AURALIS_OK);
        CHECK(auralis_engine_render_pcm(gpu, b, 2, BLOCKS, heard_out, narrow) == AURALIS_OK);
        check_patience(gpu, begin, &longest);
        begin = monotonic_now();
        make_narrow(a[1], 1, right_pcm, right[1], BLOCKS);
        CHECK(!memcmp(right_pcm, heard_pcm, sizeof right_pcm));
        CHECK(auralis_stream_read(a[2], right[2], 1000) == AURALIS_OK);
        CHECK(auralis_stream_read(b[2], heard[2], 1000) == AURALIS_OK);
        for (int i = 0; i < STREAMS; i += 2) {
            CHECK(auralis_stream_frame(a[i]) == auralis_stream_frame(b[i]));
            for (int n = 0; n < (i == 2 ? 2000 : SAMPLES); n++) {
                float away = heard[i][n] - right[i][n], size = right[i][n] < 0 ? -right[i][n] : right[i][n];
                away = away < 0 ? -away : away;
                if (away > worst) worst = away;
                if (size > loudest) loudest = size;
            }
        }
    }
    printf("largest difference %g of %g\n", (double)worst, (double)loudest);
    CHECK(loudest > 0.01f);
    CHECK(worst < 1e-6f);
}

static void survived(const char *device, const char *fault) {
    auralis_engine *cpu, *gpu;
    CHECK(auralis_engine_create(&(auralis_engine_config){.max_streams = STREAMS}, &cpu) == AURALIS_OK);
    int result =
        auralis_engine_create(&(auralis_engine_config){.device = device, .max_streams = STREAMS}, &gpu);
    if (result == AURALIS_EUNSUPPORTED) exit(77); /* skipped */
    CHECK(result == AURALIS_OK);
    CHECK(!strncmp(auralis_engine_device(gpu), device, strlen(device)));
    compare(cpu, gpu, CHUNKS);
    const char *says = auralis_engine_device(gpu);
    CHECK(says);
    printf("%s: %s\n", fault, says);
    if (!strncmp(fault, "alloc", 5) ||
        !strncmp(fault, "full", 4)) /* somebody found no room, nobody is lost */
        CHECK(!engine_lost(gpu) && engine_gpu_use(gpu).full > 0);
    else
        CHECK(!strncmp(says, "cpu", 3) && strstr(says, "failed"));
    auralis_engine_destroy(gpu);
    auralis_engine_destroy(cpu);
}

/* A GPU with room for a few of eight streams: the others are rendered beside it, all with the right samples,
 * and who comes after one of the few has left finds room there again. */
static void shared(const char *device) {
    enum { MANY = 8, FEW_BLOCKS = 20, FEW_SAMPLES = FEW_BLOCKS * 128 };
    static float right[MANY][FEW_SAMPLES], heard[MANY][FEW_SAMPLES];
    auralis_engine *cpu, *gpu;
    auralis_stream *a[MANY], *b[MANY];
    static int16_t right_pcm[MANY][FEW_SAMPLES], heard_pcm[MANY][FEW_SAMPLES];
    float *right_out[MANY], *heard_out[MANY];
    int16_t *narrow[MANY];
    auralis_message why;
    const auralis_engine_config config = {.device = device, .max_streams = MANY, .why = &why};
    CHECK(auralis_engine_create(NULL, &cpu) == AURALIS_OK);
    CHECK(auralis_engine_create(&config, &gpu) == AURALIS_OK);
    printf("%s\n", why.text);
    CHECK(strstr(why.text, "; memory for ") && strstr(why.text, " of 8 streams"));
    uint64_t there = 0, full = 0;
    for (int i = 0; i < MANY; i++) {
        right_out[i] = right[i], heard_out[i] = heard[i];
        narrow[i] = i % 2 ? heard_pcm[i] : NULL;
        CHECK((a[i] = open_stream(cpu, i)) && (b[i] = open_stream(gpu, i)));
        full = engine_gpu_use(gpu).full;
        if (full == 0) there++;
    }
    printf("%d there, %d here\n", (int)there, (int)full);
    CHECK(there >= 2 && full >= 2 && there + full == MANY);
    for (int chunk = 0; chunk < CHUNKS; chunk++) {
        CHECK(auralis_engine_render(cpu, a, MANY, FEW_BLOCKS, right_out) == AURALIS_OK);
        CHECK(auralis_engine_render_pcm(gpu, b, MANY, FEW_BLOCKS, heard_out, narrow) == AURALIS_OK);
        for (int i = 0; i < MANY; i++) {
            if (i % 2) make_narrow(a[i], i, right_pcm[i], right[i], FEW_BLOCKS);
            CHECK(i % 2 ? !memcmp(right_pcm[i], heard_pcm[i], sizeof right_pcm[i])
                        : !memcmp(right[i], heard[i], sizeof right[i]));
        }
        CHECK(right[chunk % MANY][FEW_SAMPLES - 1] != 0 || chunk < 3);
        if (chunk % 3) continue;
        int anew = chunk / 3 % MANY; /* first those that are there, then the others */
        auralis_stream_close(a[anew]);
        auralis_stream_close(b[anew]);
        CHECK((a[anew] = open_stream(cpu, anew)) && (b[anew] = open_stream(gpu, anew)));
        full += (uint64_t)anew >= there;
        CHECK(engine_gpu_use(gpu).full == full);
    }
    CHECK(auralis_stream_read(a[0], right[0], 100) == AURALIS_OK);
    CHECK(auralis_stream_read(b[0], heard[0], 100) == AURALIS_OK);
    CHECK(auralis_stream_read(a[MANY - 1], right[1], 100) == AURALIS_OK);
    CHECK(auralis_stream_read(b[MANY - 1], heard[1], 100) == AURALIS_OK);
    for (int i = 0; i < 2; i++) CHECK(!memcmp(right[i], heard[i], 200 * sizeof **right));
    CHECK(!strncmp(auralis_engine_device(gpu), device, strlen(device)));
    auralis_engine_destroy(gpu);
    auralis_engine_destroy(cpu);
}

/* The driver's n-th call fails: the GPU is refused with a reason, or all streams go on with the right
 * samples.
 */
static void one_call(const char *device, int n) {
    auralis_engine *cpu, *gpu;
    auralis_message why = {0};
    char fault[32];
    snprintf(fault, sizeof fault, "call:%d", n);
    setenv("FAKE_CUDA", fault, 1);
    CHECK(auralis_engine_create(&(auralis_engine_config){.max_streams = STREAMS}, &cpu) == AURALIS_OK);
    int result = auralis_engine_create(
        &(auralis_engine_config){.device = device, .max_streams = STREAMS, .why = &why}, &gpu);
    printf("%s: %s\n", fault, result < 0 ? why.text : "opened");
    if (result == AURALIS_OK) {
        compare(cpu, gpu, 6);
        auralis_engine_destroy(gpu);
    } else {
        CHECK(*why.text);
    }
    auralis_engine_destroy(cpu);
}

/* Each call, as long as they are few, then some of many; a process each, for the driver counts from its
 * start.
 */
static void each_call(const char *device) {
    enum { ALL = 120, LAST = 1500 };
    for (int n = 1; n <= LAST; n += n < ALL ? 1 : n / 12) {
        int status;
        fflush(stdout);
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            one_call(device, n);
            exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        if (status) fprintf(stderr, "call %d\n", n);
        CHECK(status == 0);
    }
}

static void turn(auralis_stream *s, int chunk) {
    auralis_parameters p = auralis_stream_parameters(s);
    p.brightness = chunk % 2 ? 0.9 : 0.2;
    p.enable_pads = chunk % 3 != 0;
    p.level = chunk % 4 ? 0 : -6;
    CHECK(auralis_stream_set(s, &p, ~(auralis_parameter_set)0, NULL, NULL) == AURALIS_OK);
}

/* From the moment at which all streams are open the GPU has no memory left, not even for the first call: that
 * is never noticed, but by one who opens then. `path`: of the file that says so to the driver. */
static void full_once_open(const char *device, const char *path) {
    enum { MANY = 128, EACH = 15, CALLS = 12, LONG = EACH * 128 };
    static float right[MANY][LONG], heard[MANY][LONG];
    auralis_engine *cpu, *gpu;
    auralis_stream *a[MANY], *b[MANY];
    float *right_out[MANY], *heard_out[MANY];
    auralis_engine_config config = {.device = device, .max_streams = MANY};
    remove(path);
    CHECK(auralis_engine_create(NULL, &cpu) == AURALIS_OK);
    CHECK(auralis_engine_create(&config, &gpu) == AURALIS_OK);
    for (int i = 0; i < MANY; i++) {
        auralis_stream_config stream = {.seed = (uint64_t)i,
                                        .parameters = &auralis_preset_at(i % 4)->parameters};
        right_out[i] = right[i], heard_out[i] = heard[i];
        CHECK(auralis_stream_open(cpu, &stream, &a[i]) == AURALIS_OK);
        CHECK(auralis_stream_open(gpu, &stream, &b[i]) == AURALIS_OK);
    }
    FILE *f = fopen(path, "w");
    CHECK(f && !fclose(f));
    for (int chunk = 0; chunk < CALLS; chunk++) {
        for (int i = chunk % 2; i < MANY; i += 2) turn(a[i], chunk), turn(b[i], chunk);
        size_t first = chunk % 5 ? 0 : 7; /* some wait, and hear of it later */
        CHECK(auralis_engine_render(cpu, a + first, MANY - first, EACH, right_out + first) == AURALIS_OK);
        CHECK(auralis_engine_render(gpu, b + first, MANY - first, EACH, heard_out + first) == AURALIS_OK);
        CHECK(!strncmp(auralis_engine_device(gpu), device, strlen(device)));
        CHECK(!memcmp(right, heard, sizeof right));
    }
    CHECK(engine_gpu_use(gpu).full == 0);
    auralis_engine_destroy(gpu);
    auralis_engine_destroy(cpu);
    remove(path);
}

/* From when the engine is made on the driver ends the process when it is asked for memory, on the GPU or
 * pinned: all streams are opened and rendered with what was reserved at the start. Kernels do nothing, so the
 * samples say nothing. */
static void frozen(const char *device, const char *path) {
    enum { MANY = 512, CALLS = 8, EACH = 15, LONG = EACH * 128 };
    static float heard[MANY][LONG];
    static auralis_stream *stream[MANY];
    static float *out[MANY];
    auralis_engine *gpu;
    auralis_engine_config config = {.device = device, .max_streams = MANY};
    remove(path);
    CHECK(auralis_engine_create(&config, &gpu) == AURALIS_OK);
    FILE *f = fopen(path, "w");
    CHECK(f && !fclose(f));
    int64_t begin = monotonic_now();
    for (int i = 0; i < MANY; i++) {
        auralis_stream_config own = {.seed = (uint64_t)i,
                                     .parameters = &auralis_preset_at(i % 4)->parameters};
        out[i] = heard[i];
        CHECK(auralis_stream_open(gpu, &own, &stream[i]) == AURALIS_OK);
    }
    printf("a stream: %.0f bytes, open in %.2f ms\n", (double)engine_gpu_use(gpu).bytes / MANY,
           (double)(monotonic_now() - begin) * 1e-6 / MANY);
    for (int call = 0; call < CALLS; call++)
        CHECK(auralis_engine_render(gpu, stream, MANY, EACH, out) == AURALIS_OK);
    CHECK(!engine_lost(gpu) && engine_gpu_use(gpu).full == 0);
    auralis_engine_destroy(gpu);
    remove(path);
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    if (!strcmp(argv[2], "each"))
        each_call(argv[1]);
    else if (strstr(argv[2], "frozen"))
        frozen(argv[1], strchr(argv[2], '/'));
    else if (strstr(argv[2], ":/"))
        full_once_open(argv[1], strchr(argv[2], '/'));
    else if (!strncmp(argv[2], "room", 4))
        shared(argv[1]);
    else if (strchr(argv[2], ':'))
        survived(argv[1], argv[2]);
    else
        refused(argv[1], argv[2]);
    return 0;
}
