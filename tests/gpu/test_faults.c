/* What happens when a GPU is missing, full, hung or lost: test_faults, with the fake libcuda and $FAKE_CUDA
 * (see fake_cuda.c). A GPU that never worked is refused with a reason; one that stops working is left, and
 * every stream goes on here, where it was: no sample may be far from what the processor alone would have
 * played. */
#include <auralis/auralis.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAMS = 3, BLOCKS = 30, CHUNKS = 30, SAMPLES = BLOCKS * 128 };

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: not (%s)\n", __FILE__, __LINE__, #condition);                            \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

static auralis_stream *open_stream(auralis_engine *e, int i) {
    auralis_stream *s;
    auralis_stream_config config = {.seed = (uint64_t)(5 + i),
                                    .start = i == 2 ? 20 * 48000 : 0,
                                    .parameters = &auralis_preset_at(i)->parameters};
    int result = auralis_stream_open(e, &config, &s);
    return result < 0 ? NULL : s;
}

static void refused(const char *fault) {
    auralis_engine *e;
    auralis_message why = {0};
    int result = auralis_engine_create(&(auralis_engine_config){.device = "cuda", .why = &why}, &e);
    printf("%s: %s (%s)\n", fault, why.text, auralis_strerror(result));
    CHECK(result == AURALIS_EUNSUPPORTED || result == AURALIS_EDEVICE || result == AURALIS_ENOMEM);
    CHECK(*why.text);
}

/* Both engines chunk by chunk; the first two streams in batches, the third read in pieces that are no blocks.
 */
static void compare(auralis_engine *cpu, auralis_engine *gpu) {
    static float right[STREAMS][SAMPLES], heard[STREAMS][SAMPLES];
    float *right_out[] = {right[0], right[1]}, *heard_out[] = {heard[0], heard[1]};
    auralis_stream *a[STREAMS], *b[STREAMS];
    float worst = 0, loudest = 0;
    for (int i = 0; i < STREAMS; i++) CHECK((a[i] = open_stream(cpu, i)) && (b[i] = open_stream(gpu, i)));
    for (int chunk = 0; chunk < CHUNKS; chunk++) {
        CHECK(auralis_engine_render(cpu, a, 2, BLOCKS, right_out) == AURALIS_OK);
        CHECK(auralis_engine_render(gpu, b, 2, BLOCKS, heard_out) == AURALIS_OK);
        CHECK(auralis_stream_read(a[2], right[2], 1000) == AURALIS_OK);
        CHECK(auralis_stream_read(b[2], heard[2], 1000) == AURALIS_OK);
        for (int i = 0; i < STREAMS; i++) {
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
    CHECK(worst < 3e-5f);
}

static void survived(const char *fault) {
    auralis_engine *cpu, *gpu;
    CHECK(auralis_engine_create(&(auralis_engine_config){.max_streams = STREAMS}, &cpu) == AURALIS_OK);
    CHECK(auralis_engine_create(&(auralis_engine_config){.device = "cuda", .max_streams = STREAMS}, &gpu) ==
          AURALIS_OK);
    CHECK(!strncmp(auralis_engine_device(gpu), "cuda", 4));
    compare(cpu, gpu);
    printf("%s: %s\n", fault, auralis_engine_device(gpu));
    CHECK(!strncmp(auralis_engine_device(gpu), "cpu", 3) && strstr(auralis_engine_device(gpu), "failed"));
    auralis_engine_destroy(gpu);
    auralis_engine_destroy(cpu);
}

int main(void) {
    const char *fault = getenv("FAKE_CUDA");
    CHECK(fault);
    if (strchr(fault, ':'))
        survived(fault);
    else
        refused(fault);
    return 0;
}
