/* What only happens to loud streams: the limiter works on a GPU as on the processor, to the last bit.
 * test_loud DEVICE. */
#include "check.h"
#include <auralis/auralis.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTES = 300, BLOCKS = 60, CALLS = 4, SAMPLES = BLOCKS * 128 };

/* Short strokes, all at once, which the loudness trim does not make quieter. */
static auralis_score *loud_score(void) {
    auralis_score *score;
    CHECK(auralis_score_create(48000, &score) == AURALIS_OK);
    for (int i = 0; i < NOTES; i++) {
        auralis_note note = {.onset = (uint64_t)(i % 2) * 40000,
                             .duration = 3000,
                             .pitch = 36 + i % 40,
                             .velocity = 1,
                             .pan = i % 2 ? 0.3 : -0.3,
                             .instrument = i % 2 ? AURALIS_KICK : AURALIS_BELL};
        CHECK(auralis_score_add(score, &note, NULL) == AURALIS_OK);
    }
    return score;
}

static void play(const char *device, auralis_score *score, float (*out)[SAMPLES]) {
    auralis_engine *engine;
    auralis_stream *stream;
    int result = auralis_engine_create(&(auralis_engine_config){.device = device}, &engine);
    if (result == AURALIS_EUNSUPPORTED) exit(77); /* skipped */
    CHECK(result == AURALIS_OK);
    CHECK(auralis_stream_open(engine, &(auralis_stream_config){.score = score}, &stream) == AURALIS_OK);
    for (int i = 0; i < CALLS; i++) {
        float *to = out[i];
        CHECK(auralis_engine_render(engine, &stream, 1, BLOCKS, &to) == AURALIS_OK);
    }
    CHECK(!strncmp(auralis_engine_device(engine), device, strlen(device)));
    auralis_engine_destroy(engine);
}

int main(int argc, char **argv) {
    static float right[CALLS][SAMPLES], heard[CALLS][SAMPLES];
    float loudest = 0;
    CHECK(argc == 2);
    auralis_score *score = loud_score();
    play("cpu", score, right);
    play(argv[1], score, heard);
    for (int call = 0; call < CALLS; call++)
        for (int i = 0; i < SAMPLES; i++) {
            float x = right[call][i] < 0 ? -right[call][i] : right[call][i];
            if (x > loudest) loudest = x;
        }
    printf("loudest sample %g\n", (double)loudest);
    CHECK(loudest > 0.8f && loudest < 1); /* it was limited */
    CHECK(!memcmp(right, heard, sizeof right));
    auralis_score_free(score);
    return 0;
}
