/* play.c — `auralis play`: music through the sound card, until Ctrl-C.
 *
 * The command renders a little ahead into the card's ring and sleeps while it is full. Ctrl-C asks the card
 * for a fade; a second later at most the program has ended. */
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/music.h"
#include "cli/options.h"
#include "stream/sound_card.h"
#include "synth/render.h"

#include <auralis/auralis.h>

#include <string.h>
#include <unistd.h>

static const char NAME[] = "play";

enum { DEVICE = 1, DURATION, RATE, QUIET, SCORE, CHUNK = 16 * AURALIS_BLOCK };

static const struct option_info TABLE[] = {
    {0, 0, NULL, NULL, "Playing"},
    {DEVICE, 0, "device", "N", "Which sound device, a number of auralis devices. Default: the system's own."},
    {RATE, 'r', "rate", "HZ", "44100, 48000 or 96000; default what the device prefers."},
    {DURATION, 'd', "duration", "TIME",
     "Stop after this long: 90, 30s, 10m, 2h, 1h30m, 1:30. Default: play on."},
    {SCORE, 's', "score", "FILE",
     "Play this, with its tail, instead of composing: a phrase as JSON, or a MIDI file."},
    {QUIET, 'q', "quiet", NULL, "Say nothing but errors."},
    MUSIC_OPTIONS,
};
enum { COUNT = sizeof TABLE / sizeof *TABLE };

struct request {
    struct music music;
    int device;
    uint32_t rate;
    uint64_t duration; /* nanoseconds; 0: endless */
    const char *score_path;
    auralis_score *score;
    bool quiet;
};

static void help(void) {
    printf("usage: auralis play [options]\n\n"
           "Plays through the sound card until Ctrl-C.\n");
    options_help(TABLE, COUNT, true, stdout);
    printf("\nExamples\n"
           "  auralis play --preset sleep\n"
           "  auralis play --seed 7 --start 2h\n"
           "\nExit status: 0 done, 1 no sound card, 2 bad input, 130 interrupted.\n");
}

static int read_option(struct request *r, const struct options *o, int id) {
    uint64_t number = 0;
    switch (id) {
    case DEVICE:
        if (!parse_whole(o->value, 0, 9999, &number))
            return refuse(NAME, "--device \"%s\": must be a number that auralis devices shows", o->value);
        r->device = (int)number;
        return EXIT_DONE;
    case RATE:
        return music_rate(o, &r->rate);
    case DURATION:
        if (parse_time(o->value, &r->duration) && r->duration) return EXIT_DONE;
        return refuse(NAME, "%s \"%s\": must be " TIME_ALLOWED " and more than 0", o->name, o->value);
    case SCORE:
        r->score_path = o->value;
        return EXIT_DONE;
    case QUIET:
        r->quiet = true;
        return EXIT_DONE;
    case OPTION_OPERAND:
        return refuse(NAME, "\"%s\" is no option", o->value);
    default:
        return music_option(&r->music, o, id) < 0 ? EXIT_BAD_INPUT : EXIT_DONE;
    }
}

/* Fills the ring, starts the card, keeps the ring full; ends with the piece, on Ctrl-C or when the card goes
 * away. */
static int feed(struct sound_card *card, auralis_stream *stream, uint64_t frames) {
    float audio[CHUNK * AURALIS_CHANNELS];
    auralis_message why;
    bool started = false;
    for (uint64_t done = 0; done < frames && !interrupt_seen();) {
        uint64_t left = frames - done;
        size_t count = left < CHUNK ? (size_t)left : CHUNK;
        if (sound_card_room(card) < count) {
            if (!started && sound_card_start(card, &why) < 0)
                return fail(NAME, "the sound card does not start: %s", why.text);
            started = true;
            if (!sound_card_wait(card)) return fail(NAME, "the sound card has gone away");
            continue;
        }
        int result = auralis_stream_read(stream, audio, count);
        if (result < 0) return fail(NAME, "%s", auralis_strerror(result));
        sound_card_write(card, audio, count);
        done += count;
    }
    if (!started && !interrupt_seen() && sound_card_start(card, &why) < 0)
        return fail(NAME, "the sound card does not start: %s", why.text);
    while (!interrupt_seen() && !sound_card_drained(card) && sound_card_wait(card)) {
    }
    while (interrupt_seen() && !sound_card_fade(card) && sound_card_wait(card)) {
    }
    return interrupt_seen() ? EXIT_INTERRUPTED : EXIT_DONE;
}

static int play_stream(const struct request *r, struct sound_card *card, auralis_stream *stream,
                       uint64_t frames) {
    if (!r->quiet) {
        fprintf(stderr, "Playing %s at %u Hz; Ctrl-C ends it.\n", r->score ? r->score_path : "endless music",
                sound_card_rate(card));
        if (!r->score) fprintf(stderr, "The same again: --seed %llu\n", (unsigned long long)r->music.seed);
    }
    int status = feed(card, stream, frames);
    uint64_t underruns = sound_card_underruns(card);
    if (underruns && !r->quiet)
        fprintf(stderr, "auralis play: the machine was too slow %llu times; a gap each\n",
                (unsigned long long)underruns);
    return status;
}

static uint64_t frames_to_play(const struct request *r, const auralis_parameters *p, uint32_t rate) {
    uint64_t frames = UINT64_MAX, asked = r->duration ? time_frames(r->duration, rate) : UINT64_MAX;
    if (r->score) frames = auralis_score_length(r->score) + render_tail(r->score, p->space, false);
    return asked < frames ? asked : frames;
}

static int play_on(struct request *r, struct sound_card *card, auralis_engine *engine) {
    auralis_parameters parameters = music_parameters(&r->music, NAME, r->quiet || r->score);
    uint32_t rate = sound_card_rate(card);
    auralis_stream_config config = {.seed = r->music.seed,
                                    .sample_rate = rate,
                                    .parameters = &parameters,
                                    .start = time_frames(r->music.start, rate),
                                    .score = r->score};
    auralis_stream *stream;
    int result = auralis_stream_open(engine, &config, &stream);
    if (result < 0) return fail(NAME, "cannot open a stream: %s", auralis_strerror(result));
    int status = play_stream(r, card, stream, frames_to_play(r, &parameters, rate));
    auralis_stream_close(stream);
    return status;
}

/* Reads the score at the card's rate. */
static int load_score(struct request *r, uint32_t rate) {
    auralis_score_free(r->score);
    r->score = NULL;
    return r->score_path ? music_score(NAME, r->score_path, rate, &r->score) : EXIT_DONE;
}

static int play(struct request *r, auralis_engine *engine) {
    struct sound_card *card;
    auralis_message why;
    int status = load_score(r, 48000); /* what is wrong with it is told before any device is opened */
    if (status) return status;
    if (sound_card_open(r->device, r->rate, &card, &why) < 0) {
        auralis_score_free(r->score);
        return fail(NAME, "cannot play: %s. auralis render writes to a file instead", why.text);
    }
    if (sound_card_rate(card) != 48000) status = load_score(r, sound_card_rate(card));
    interrupt_watch();
    if (!status) status = play_on(r, card, engine);
    sound_card_close(card);
    auralis_score_free(r->score);
    return status;
}

int command_play(int argc, char **argv) {
    struct options options = {.table = TABLE, .count = COUNT, .parameters = true, .argc = argc, .argv = argv};
    struct request request = {.device = -1};
    for (int id; (id = options_next(&options)) != OPTION_END;) {
        if (id == OPTION_BAD) return EXIT_BAD_INPUT;
        if (id == OPTION_HELP) return help(), EXIT_DONE;
        int status = read_option(&request, &options, id);
        if (status) return status;
    }
    if (request.score_path && request.music.start)
        return refuse(NAME, "--start does not go with --score, which is played whole");
    if (!request.music.seeded) request.music.seed = music_any_seed();
    auralis_engine_config config = {.isa = request.music.isa, .max_streams = 1};
    auralis_engine *engine;
    int result = auralis_engine_create(&config, &engine);
    if (result < 0) return music_refuse_engine(&request.music, NAME, result);
    int status = play(&request, engine);
    auralis_engine_destroy(engine);
    return status;
}
