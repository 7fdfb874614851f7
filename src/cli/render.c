/* render.c — `auralis render`: music into a file.
 *
 * Everything that can be wrong with the request is found before the first sample: options first, then whether
 * the format takes them, then the score; only then is the output opened. What was asked for appears whole or
 * not at all; the score that goes beside it (--midi) waits for it. */
#include "base/exact.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/music.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/score_midi.h"
#include "stream/audio_file.h"
#include "stream/crew.h"
#include "stream/offline.h"
#include "stream/priority.h"
#include "synth/known.h"
#include "synth/render.h"

#include <auralis/auralis.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char NAME[] = "render";

enum { OUTPUT = 1, DURATION, RATE, FORMAT, BITRATE, THREADS, QUIET, SCORE, TAIL, DRY, MIDI, STEMS, DEVICE };

static const struct option_info TABLE[] = {
    {0, 0, NULL, NULL, "Output"},
    {OUTPUT, 'o', "output", "FILE",
     "Where to: .wav, .flac, .opus or .ogg (Ogg Opus), .mp3; - writes WAV to standard output. Needed, unless "
     "there is --midi or --stems."},
    {STEMS, 0, "stems", "DIR",
     "One file for each instrument into this folder, with its effects: pads, lead, bass, bells, kicks, "
     "swells; "
     "WAV, or of the kind that -o is. They add up to the whole wherever its limiter rests."},
    {DURATION, 'd', "duration", "TIME", "How long: 90, 30s, 10m, 2h, 1h30m, 1:30. Default 60s."},
    {RATE, 'r', "rate", "HZ", "44100, 48000 or 96000; default 48000. Opus takes 48000 only, MP3 not 96000."},
    {FORMAT, 'f', "format", "16|24|float",
     "Sample format. Default float for WAV, 24 for FLAC (which has no float); 16 is dithered."},
    {BITRATE, 0, "bitrate", "KBPS",
     "Average kbit/s: Opus 32 to 510, default 160; MP3 64 to 320, default 256."},
    {THREADS, 0, "threads", "N",
     "Threads, 1 to 64; the samples are the same. Composed music has a use for 2, a written score for more. "
     "Default: as many as there are cores, at most 8."},
    {QUIET, 'q', "quiet", NULL, "No progress bar, summary or warnings."},
    {0, 0, NULL, NULL, "A written score"},
    {SCORE, 's', "score", "FILE",
     "Play this instead of composing: a phrase as JSON, or a MIDI file (formats 0 and 1)."},
    {TAIL, 0, "tail", NULL, "With --score: let the last notes and the reverb die away after its end."},
    {DRY, 0, "dry", NULL, "With --score: the original's plain voices, without effects."},
    {MIDI, 'm', "midi", "FILE", "Write the notes of what is rendered as a MIDI file."},
    MUSIC_OPTIONS,
    {DEVICE, 0, "device", "NAME",
     "Where to render: cpu, opencl, cuda, metal, or auto (a GPU if there is a good one); the samples are the "
     "same. Default cpu, which is quicker for one piece."},
};
enum { COUNT = sizeof TABLE / sizeof *TABLE };

struct request {
    struct music music;
    struct audio_file_spec file;
    const char *duration_text;
    uint64_t duration; /* nanoseconds */
    int threads;
    bool quiet, tail, dry;
    const char *device;                              /* NULL: the processor */
    const char *score_path, *midi_path, *stems_path; /* NULL: none */
    struct audio_file_spec stem;                     /* with stems_path: of each */
    auralis_score *score;                            /* of score_path; NULL: compose */
};

static void help(void) {
    printf("usage: auralis render -o FILE [options]\n\n"
           "Renders music to a file, faster than real time. The same seed, parameters and rate give the\n"
           "same samples everywhere.\n");
    options_help(TABLE, COUNT, true, stdout);
    printf("\nExamples\n"
           "  auralis render -o evening.flac --seed 7 --preset sleep --duration 1h\n"
           "  auralis render -o take.wav --key D --mode dorian --bpm 54 --enable-kicks off -d 10m\n"
           "  auralis render -o later.opus --seed 7 --start 6h --duration 30s\n"
           "  auralis render -o - -f 16 -d 5m | aplay\n"
           "  auralis render -o song.flac --score song.mid --tail\n"
           "  auralis render --stems parts --seed 7 --preset focus -d 10m -f 24\n"
           "  auralis render --midi evening.mid --seed 7 --preset sleep --duration 1h\n"
           "\nExit status: 0 done, 1 the file could not be written, 2 bad input, 130 interrupted.\n");
}

static int read_whole(const struct options *o, uint64_t low, uint64_t high, uint64_t *out) {
    if (parse_whole(o->value, low, high, out)) return EXIT_DONE;
    return refuse(NAME, "%s \"%s\": must be a whole number from %llu to %llu", o->name, o->value,
                  (unsigned long long)low, (unsigned long long)high);
}

static int read_format(const struct options *o, int *encoding) {
    static const char *const names[] = {[AUDIO_INT16] = "16", [AUDIO_INT24] = "24", [AUDIO_FLOAT] = "float"};
    for (int i = AUDIO_INT16; i <= AUDIO_FLOAT; i++)
        if (!strcmp(o->value, names[i])) {
            *encoding = i;
            return EXIT_DONE;
        }
    return refuse(NAME, "%s \"%s\": must be 16, 24 or float", o->name, o->value);
}

static int read_duration(const struct options *o, struct request *r) {
    r->duration_text = o->value;
    if (parse_time(o->value, &r->duration) && r->duration) return EXIT_DONE;
    return refuse(NAME, "%s \"%s\": must be " TIME_ALLOWED " and more than 0", o->name, o->value);
}

static int read_path(const struct options *o, const char **path) {
    if (*path) return refuse(NAME, "%s: one file at a time: %s and %s", o->name, *path, o->value);
    *path = o->value;
    return EXIT_DONE;
}

static int read_option(struct request *r, const struct options *o, int id) {
    uint64_t number = 0;
    int status;
    switch (id) {
    case OUTPUT:
        return read_path(o, &r->file.path);
    case DURATION:
        return read_duration(o, r);
    case RATE:
        return music_rate(o, &r->file.rate);
    case FORMAT:
        return read_format(o, &r->file.encoding);
    case BITRATE:
        status = read_whole(o, 1, 1000, &number);
        r->file.bitrate = (uint32_t)number;
        return status;
    case DEVICE:
        r->device = o->value;
        return EXIT_DONE;
    case THREADS:
        status = read_whole(o, 1, 64, &number);
        r->threads = (int)number;
        return status;
    case QUIET:
        r->quiet = true;
        return EXIT_DONE;
    case SCORE:
        return read_path(o, &r->score_path);
    case MIDI:
        return read_path(o, &r->midi_path);
    case STEMS:
        return read_path(o, &r->stems_path);
    case TAIL:
        r->tail = true;
        return EXIT_DONE;
    case DRY:
        r->dry = true;
        return EXIT_DONE;
    case OPTION_OPERAND:
        return refuse(NAME, "\"%s\" is no option; the file goes after -o", o->value);
    default:
        return music_option(&r->music, o, id) < 0 ? EXIT_BAD_INPUT : EXIT_DONE;
    }
}

/* A score leaves nothing to compose: what steers the composer would be ignored, and is refused instead. */
static int check_score_request(const struct request *r) {
    if (!r->score_path)
        return r->tail || r->dry ? refuse(NAME, "%s goes with --score", r->tail ? "--tail" : "--dry")
                                 : EXIT_DONE;
    if (r->duration_text) return refuse(NAME, "--duration does not go with --score, which has its own");
    if (r->music.start) return refuse(NAME, "--start does not go with --score, which is rendered whole");
    for (int i = 0; i < auralis_parameter_count(); i++) {
        const auralis_parameter_info *info = auralis_parameter_at(i);
        bool heard = !strcmp(info->name, "bpm") || /* which the delay follows */
                     (info->timing == AURALIS_AT_BLOCK && info->type == AURALIS_NUMBER);
        if ((r->music.which >> i & 1) && !heard)
            return refuse(NAME, "%s steers the composer and does not go with --score", info->title);
    }
    return EXIT_DONE;
}

/* Whether a file can be what was asked for; fills in the defaults. */
static int check_file(struct audio_file_spec *file) {
    auralis_message why;
    if (audio_file_check(file, &why) < 0)
        return refuse(NAME, "%s: %s", *why.place == 'o' ? file->path : why.place, why.text);
    return EXIT_DONE;
}

static int check_stems_request(struct request *r) {
    if (r->dry)
        return refuse(NAME,
                      "--stems does not go with --dry: the soft clip of the original bends what is added up");
    r->stem = r->file;
    if (!r->file.path) r->stem.container = AUDIO_WAV;
    r->stem.path = r->stems_path;
    return check_file(&r->stem);
}

static int check_audio_request(struct request *r) {
    if (!strcmp(r->file.path, "-") && isatty(STDOUT_FILENO))
        return refuse(NAME, "-o - writes sound, and standard output is a terminal; pipe it somewhere");
    r->file.container = audio_file_container(r->file.path);
    if (r->file.container < 0)
        return refuse(NAME, "%s: the suffix must be .wav, .flac, .opus, .ogg or .mp3", r->file.path);
    return EXIT_DONE;
}

/* What must hold before anything is opened; fills in the defaults. */
static int check_request(struct request *r) {
    if (!r->file.path && !r->midi_path && !r->stems_path)
        return refuse(NAME, "where to? -o FILE says so, and its suffix the format; -o - is a pipe");
    if (r->file.path && r->midi_path && !strcmp(r->file.path, r->midi_path))
        return refuse(NAME, "-o and --midi name the same file: %s", r->midi_path);
    int status = check_score_request(r);
    if (!status && r->file.path) status = check_audio_request(r);
    if (!status && r->stems_path) status = check_stems_request(r);
    if (!status && r->file.path) status = check_file(&r->file);
    return status;
}

/* What the job's callbacks reach. */
struct run {
    const struct request *request;
    struct audio_file *file;
    struct progress progress;
    auralis_message why;
    float peak;
};

static int write_audio(void *self, const float *audio, size_t frames) {
    struct run *run = self;
    return audio_file_write(run->file, audio, frames, &run->why);
}

static bool on_progress(void *self, uint64_t frames, float peak) {
    struct run *run = self;
    run->peak = peak;
    progress_update(&run->progress, (double)frames / run->request->file.rate);
    return !interrupt_seen();
}

static void print_summary(const struct request *r, const struct run *run, double took) {
    double seconds = (double)r->file.frames / r->file.rate;
    uint64_t milliseconds = (uint64_t)(seconds * 1000 + 0.5), s = milliseconds / 1000;
    fprintf(stderr, "%s: %llu:%02llu:%02llu.%03llu at %u Hz in %.2f s (%.0fx real time), ", r->file.path,
            (unsigned long long)(s / 3600), (unsigned long long)(s / 60 % 60), (unsigned long long)(s % 60),
            (unsigned long long)(milliseconds % 1000), r->file.rate, took,
            seconds / (took > 1e-6 ? took : 1e-6));
    if (run->peak > 0)
        fprintf(stderr, "peak %.1f dBFS\n", exact_log2((double)run->peak) * 6.020599913279624);
    else
        fprintf(stderr, "silent\n");
}

static int finish(const struct request *r, struct run *run, int result) {
    if (result == 0) {
        result = audio_file_close(run->file, &run->why);
    } else {
        audio_file_discard(run->file);
    }
    double took = progress_end(&run->progress);
    if (result == OFFLINE_STOPPED) {
        fprintf(stderr, "auralis render: interrupted; nothing was written to %s\n", r->file.path);
        return EXIT_INTERRUPTED;
    }
    if (result == AUDIO_FILE_EIO) return fail(NAME, "cannot write %s: %s", r->file.path, run->why.text);
    if (result < 0) return fail(NAME, "%s: %s", r->file.path, auralis_strerror(result));
    if (!r->quiet) print_summary(r, run, took);
    return EXIT_DONE;
}

static int write_stream(const struct request *r, auralis_stream *stream, struct crew *crew,
                        struct known *known) {
    struct run run = {.request = r};
    int result = audio_file_open(&r->file, &run.file, &run.why);
    if (result == AURALIS_EINVAL) return refuse(NAME, "%s: %s", r->file.path, run.why.text);
    if (result < 0) return fail(NAME, "cannot write %s: %s", r->file.path, run.why.text);
    progress_begin(&run.progress, (double)r->file.frames / r->file.rate, r->quiet);
    struct offline_job job = {.stream = stream,
                              .crew = crew,
                              .known = known,
                              .frames = r->file.frames,
                              .threads = r->threads,
                              .write = write_audio,
                              .progress = on_progress,
                              .self = &run};
    return finish(r, &run, offline_render(&job));
}

/* `instruments`: as in auralis_stream_config. */
static int render_audio(const struct request *r, auralis_engine *engine, const auralis_parameters *parameters,
                        uint32_t instruments) {
    auralis_stream_config config = {.seed = r->music.seed,
                                    .sample_rate = r->file.rate,
                                    .parameters = parameters,
                                    .start = r->file.position,
                                    .score = r->score,
                                    .dry = r->dry,
                                    .instruments = instruments};
    auralis_stream *stream;
    int result = auralis_stream_open(engine, &config, &stream);
    if (result < 0) return fail(NAME, "cannot open a stream: %s", auralis_strerror(result));
    struct crew *crew = r->score ? crew_open(stream, r->file.frames, r->threads) : NULL;
    bool side_by_side = r->score && !crew && known_pays(r->score);
    struct known *known = side_by_side ? known_open(stream, r->file.frames) : NULL;
    int status = write_stream(r, stream, crew, known);
    crew_close(crew);
    known_close(known);
    auralis_stream_close(stream);
    return status;
}

static int render_stem(const struct request *r, auralis_engine *engine, const auralis_parameters *parameters,
                       int instrument) {
    static const char *const names[AURALIS_INSTRUMENTS] = {
        [AURALIS_PAD] = "pads",   [AURALIS_LEAD] = "lead",  [AURALIS_BASS] = "bass",
        [AURALIS_BELL] = "bells", [AURALIS_KICK] = "kicks", [AURALIS_SWELL] = "swells"};
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s.%s", r->stems_path, names[instrument],
                          audio_container_name(r->stem.container));
    if (length < 0 || (size_t)length >= sizeof path) return fail(NAME, "%s: too long a name", r->stems_path);
    struct request stem = *r;
    stem.file = r->stem;
    stem.file.path = path;
    stem.file.frames = r->file.frames;
    stem.file.position = r->file.position;
    stem.file.dither = r->file.dither + 1 + (uint64_t)instrument; /* noises that add up as noise does */
    return render_audio(&stem, engine, parameters, 1u << instrument);
}

/* One after the other; each appears when it is whole. */
static int render_stems(const struct request *r, auralis_engine *engine,
                        const auralis_parameters *parameters) {
    int status = EXIT_DONE;
    if (mkdir(r->stems_path, 0777) < 0 && errno != EEXIST)
        return fail(NAME, "cannot make the folder %s: %s", r->stems_path, strerror(errno));
    for (int i = 0; i < AURALIS_INSTRUMENTS && !status; i++) status = render_stem(r, engine, parameters, i);
    return status;
}

static int open_and_render(const struct request *r, const auralis_parameters *parameters) {
    auralis_message why = {0};
    auralis_engine_config config = {.isa = r->music.isa, .max_streams = 1, .device = r->device, .why = &why};
    auralis_engine *engine;
    int result = auralis_engine_create(&config, &engine);
    if (result < 0 && r->device && *why.text) return refuse(NAME, "--device \"%s\": %s", r->device, why.text);
    if (result < 0) return music_refuse_engine(&r->music, NAME, result);
    if (r->device && !r->quiet)
        fprintf(stderr, "Device: %s%s%s\n", auralis_engine_device(engine), *why.text ? ": " : "", why.text);
    int status = r->file.path ? render_audio(r, engine, parameters, 0) : EXIT_DONE;
    if (!status && r->stems_path) status = render_stems(r, engine, parameters);
    auralis_engine_destroy(engine);
    return status;
}

/* Writes the score to its temporary file. */
static int begin_midi(const struct request *r, const auralis_parameters *p, struct output_file *file) {
    if (r->score) return score_midi_write(NAME, r->midi_path, r->score, p->bpm, file);
    auralis_score *composed;
    int result =
        score_midi_compose(r->music.seed, p, r->file.rate, r->file.position, r->file.frames, &composed);
    if (result == AURALIS_ELIMIT)
        return refuse(NAME, "--midi: the piece has more notes than a score holds, %d",
                      AURALIS_SCORE_NOTES_MAX);
    if (result < 0) return fail(NAME, "cannot compose the score: %s", auralis_strerror(result));
    int status = score_midi_write(NAME, r->midi_path, composed, p->bpm, file);
    auralis_score_free(composed);
    return status;
}

/* The audio, the score, or both or neither. */
static int render_all(const struct request *r, const auralis_parameters *parameters) {
    struct output_file midi;
    int status = r->midi_path ? begin_midi(r, parameters, &midi) : EXIT_DONE;
    if (status) return status;
    if (r->file.path || r->stems_path) status = open_and_render(r, parameters);
    if (!r->midi_path) return status;
    int error = 0;
    if (status)
        output_file_discard(&midi);
    else
        error = output_file_commit(&midi);
    return error ? fail(NAME, "cannot write %s: %s", r->midi_path, strerror(error)) : status;
}

static int render(struct request *r) {
    int status = r->score_path ? music_score(NAME, r->score_path, r->file.rate, &r->score) : EXIT_DONE;
    if (status) return status;
    if (r->dry) render_seed_voices(r->score);
    auralis_parameters parameters = music_parameters(&r->music, NAME, r->quiet || r->score);
    r->file.dither = r->music.seed;
    if (r->score) {
        r->file.frames = auralis_score_length(r->score);
        if (r->tail) r->file.frames += render_tail(r->score, parameters.space, r->dry);
    } else {
        r->file.position = time_frames(r->music.start, r->file.rate);
        r->file.frames = time_frames(r->duration, r->file.rate);
    }
    status = render_all(r, &parameters);
    auralis_score_free(r->score);
    return status;
}

static int default_threads(void) {
    enum { MOST = 8 };
    int cores = priority_cores();
    return cores > MOST ? MOST : cores;
}

int command_render(int argc, char **argv) {
    struct options options = {.table = TABLE, .count = COUNT, .parameters = true, .argc = argc, .argv = argv};
    struct request request = {
        .file.rate = 48000, .duration = UINT64_C(60000000000), .threads = default_threads()};
    int status = EXIT_DONE;
    for (int id; (id = options_next(&options)) != OPTION_END;) {
        if (id == OPTION_BAD) return EXIT_BAD_INPUT;
        if (id == OPTION_HELP) return help(), EXIT_DONE;
        status = read_option(&request, &options, id);
        if (status) return status;
    }
    status = check_request(&request);
    if (status) return status;
    interrupt_watch();
    return render(&request);
}
