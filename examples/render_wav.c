/* render_wav.c — ten seconds of music in a WAV file: the smallest program that embeds Auralis.
 *
 *     cc render_wav.c $(pkg-config --cflags --libs auralis) -o render_wav && ./render_wav out.wav 7
 */
#include <auralis/auralis.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 48000, SECONDS = 10, FRAMES = 480 };

/* The 44 bytes before the samples: 16-bit stereo. */
static void make_header(unsigned char header[44], uint32_t frames) {
    const uint32_t data = frames * 4,
                   numbers[][3] = {/* where, value, bytes */
                                   {4, 36 + data, 4}, {16, 16, 4}, {20, 1, 2},  {22, 2, 2},   {24, RATE, 4},
                                   {28, RATE * 4, 4}, {32, 4, 2},  {34, 16, 2}, {40, data, 4}};
    memcpy(header, "RIFF....WAVEfmt ....................data....", 44);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        for (uint32_t byte = 0; byte < numbers[i][2]; byte++)
            header[numbers[i][0] + byte] = (unsigned char)(numbers[i][1] >> 8 * byte);
}

static int write_samples(FILE *file, auralis_stream *stream, uint32_t frames) {
    float audio[2 * FRAMES];
    unsigned char bytes[4 * FRAMES];
    for (uint32_t done = 0; done < frames; done += FRAMES) {
        int result = auralis_stream_read(stream, audio, FRAMES);
        if (result < 0) return result;
        for (size_t i = 0; i < 2 * FRAMES; i++) {
            int sample = (int)(audio[i] * 32767.0f);
            bytes[2 * i] = (unsigned char)sample;
            bytes[2 * i + 1] = (unsigned char)(sample >> 8);
        }
        if (fwrite(bytes, 1, sizeof bytes, file) != sizeof bytes) return AURALIS_ELIMIT;
    }
    return AURALIS_OK;
}

int main(int argc, char **argv) {
    if (argc < 2) return fprintf(stderr, "usage: render_wav FILE [SEED]\n"), 2;

    auralis_engine *engine;
    auralis_stream *stream;
    auralis_stream_config config = {.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 7, .sample_rate = RATE};
    int result = auralis_engine_create(NULL, &engine);
    if (result < 0) return fprintf(stderr, "engine: %s\n", auralis_strerror(result)), 1;
    result = auralis_stream_open(engine, &config, &stream);
    if (result < 0) return fprintf(stderr, "stream: %s\n", auralis_strerror(result)), 1;

    unsigned char header[44];
    make_header(header, RATE * SECONDS);
    FILE *file = fopen(argv[1], "wb");
    if (!file) return perror(argv[1]), 1;
    bool written =
        fwrite(header, 1, 44, file) == 44 && write_samples(file, stream, RATE * SECONDS) == AURALIS_OK;
    if (fclose(file) || !written) return fprintf(stderr, "%s: cannot write\n", argv[1]), 1;

    auralis_engine_destroy(engine); /* closes the stream too */
    printf("%s: %d s of seed %llu\n", argv[1], SECONDS, (unsigned long long)config.seed);
    return 0;
}
