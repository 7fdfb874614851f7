/* ten_streams.c — ten personal streams cost at most 10.5 times what one costs: CPU time of the thread, the
 * best of many short turns taken in alternation, so that a busy machine disturbs both alike. */
#include <auralis/auralis.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STREAMS = 10, RATE = 48000, CHUNK = 75, TURNS = 40 };

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(void) {
    static float audio[STREAMS][2 * CHUNK * AURALIS_BLOCK];
    auralis_engine *ten, *one[STREAMS]; /* so that the single stream shares nothing */
    auralis_stream *s[STREAMS], *alone[STREAMS];
    float *out[STREAMS];
    if (auralis_engine_create(NULL, &ten) < 0) return 3;
    for (int i = 0; i < STREAMS; i++) {
        auralis_stream_config c = {
            .seed = (uint64_t)i, .parameters = &auralis_preset_at(i % 4)->parameters, .start = 60 * RATE};
        if (auralis_engine_create(NULL, &one[i]) < 0 || auralis_stream_open(ten, &c, &s[i]) < 0 ||
            auralis_stream_open(one[i], &c, &alone[i]) < 0)
            return 3;
        auralis_stream_preroll(s[i], UINT64_MAX);
        auralis_stream_preroll(alone[i], UINT64_MAX);
        out[i] = audio[i];
    }
    double together = 1e9, single = 1e9;
    for (int turn = 0; turn < TURNS; turn++) {
        double begin = cpu_seconds();
        auralis_engine_render(ten, s, STREAMS, CHUNK, out);
        double spent = cpu_seconds() - begin, each = 0;
        if (spent < together) together = spent;
        for (int i = 0; i < STREAMS; i++) { /* the mean over the same pieces, each by itself */
            begin = cpu_seconds();
            auralis_engine_render(one[i], &alone[i], 1, CHUNK, &out[i]);
            each += (cpu_seconds() - begin) / STREAMS;
        }
        if (each < single) single = each;
    }
    printf("ten streams cost %.2f times one\n", together / single);
    auralis_engine_destroy(ten);
    for (int i = 0; i < STREAMS; i++) auralis_engine_destroy(one[i]);
    return together <= 10.5 * single ? 0 : 1;
}
