/* many_streams.c — sixteen pieces at once: the batch primitive, and a control that is turned while they play.
 *
 * The engine advances all listed streams together, which is cheaper than one after the other. Half of them
 * are told to play more quietly after two seconds; the levels show it. */
#include <auralis/auralis.h>

#include <stdio.h>
#include <stdlib.h>

enum { STREAMS = 16, RATE = 48000, BLOCKS = RATE / AURALIS_BLOCK, SECONDS = 4 };

static double mean_square(const float *audio, size_t samples) {
    double sum = 0;
    for (size_t i = 0; i < samples; i++) sum += (double)audio[i] * (double)audio[i];
    return sum / (double)samples;
}

static int check(int result, const char *what) {
    if (result >= 0) return result;
    fprintf(stderr, "%s: %s\n", what, auralis_strerror(result));
    exit(1);
}

/* Turns the level of every second stream down by 20 dB; which parameters are meant says a bit mask. */
static void turn_down(auralis_stream **streams) {
    auralis_parameters values = AURALIS_PARAMETERS_DEFAULT;
    auralis_message why;
    int level = auralis_parameters_set(&values, "level", "-20", &why);
    if (level < 0) {
        fprintf(stderr, "%s: %s\n", why.place, why.text);
        exit(1);
    }
    for (int i = 1; i < STREAMS; i += 2)
        check(auralis_stream_set(streams[i], &values, 1u << level, NULL, &why), "set");
}

int main(void) {
    static float audio[STREAMS][BLOCKS * AURALIS_BLOCK * AURALIS_CHANNELS]; /* one second each */
    auralis_engine *engine;
    auralis_stream *streams[STREAMS];
    float *out[STREAMS];
    check(auralis_engine_create(&(auralis_engine_config){.max_streams = STREAMS}, &engine), "engine");
    for (int i = 0; i < STREAMS; i++) {
        const auralis_preset *preset = auralis_preset_at(i % auralis_preset_count());
        auralis_stream_config config = {
            .seed = (uint64_t)i, .sample_rate = RATE, .start = 60 * RATE, .parameters = &preset->parameters};
        check(auralis_stream_open(engine, &config, &streams[i]), "stream");
        out[i] = audio[i];
    }
    for (int second = 0; second < SECONDS; second++) {
        if (second == SECONDS / 2) turn_down(streams);
        check(auralis_engine_render(engine, streams, STREAMS, BLOCKS, out), "render");
        printf("second %d:", second);
        for (int i = 0; i < STREAMS; i++)
            printf(" %.5f", mean_square(audio[i], sizeof audio[i] / sizeof *audio[i]));
        printf("\n");
    }
    auralis_engine_destroy(engine);
    return 0;
}
