/* analyze.c — `auralis analyze`: measures recordings, compares two of them, and reads scores.
 *
 * One file or more than two are measured one after another; two are compared. */
#include "cli/analyze.h"
#include "cli/commands.h"

#include <math.h>
#include <stdlib.h>

static const char NAME[] = "analyze";

#ifdef AURALIS_WITH_ANALYZE

enum { JSON = 1, PNG, HTML, TOLERANCE, SCORE, DURATION };

static const struct option_info TABLE[] = {
    {JSON, 0, "json", NULL,
     "Print JSON: a list of one object a file, or one object where two are compared or a score is read."},
    {PNG, 0, "png", "FILE", "Of one file: write a picture of its spectrogram and levels."},
    {HTML, 0, "html", "FILE",
     "Of one file: write a report with that picture as a page that needs nothing else."},
    {TOLERANCE, 0, "tolerance", "DB",
     "Of two files: let the difference peak at this many dBFS, -200 to 0. Default: not one bit may differ."},
    {0, 0, NULL, NULL, "Scores"},
    {SCORE, 's', "score", NULL,
     "Read notes, not sound: FILE is a phrase as JSON or a MIDI file; without one, what the composer "
     "writes."},
    {DURATION, 'd', "duration", "TIME",
     "Without FILE: how much of the composer's score to read. Default 8h."},
    MUSIC_OPTIONS,
};
enum { COUNT = sizeof TABLE / sizeof *TABLE };

static void help(void) {
    printf(
        "usage: auralis analyze FILE... [--json] [--png FILE] [--html FILE]\n"
        "       auralis analyze A B [--tolerance DB] [--json]\n"
        "       auralis analyze --score [FILE] [options] [--json]\n\n"
        "Measures sound files: loudness, peaks, DC, clicks, gaps, stereo, spectrum. Two files are compared.\n"
        "With --score, measures what is written: harmony, density, range, repetition.\n\n");
    options_help(TABLE, COUNT, true, stdout);
    printf(
        "\nExamples\n"
        "  auralis analyze evening.flac\n"
        "  auralis analyze evening.flac --html evening.html\n"
        "  auralis analyze *.wav --json | jq '.[].integrated_loudness'\n"
        "  auralis analyze before.wav after.wav --tolerance -90\n"
        "  auralis analyze --score --preset sleep --seed 7 --duration 8h\n"
        "  auralis analyze --score song.mid --key D --mode dorian\n"
        "\nExit status: 0 done, 1 two files differ or a file could not be read or written, 2 bad input.\n");
}

static int read_tolerance(const struct options *o, double *out) {
    char *end;
    double value = strtod(o->value, &end);
    if (end == o->value || *end || !(value >= -200 && value <= 0))
        return refuse(NAME, "%s \"%s\": must be a number from -200 to 0", o->name, o->value);
    *out = value;
    return EXIT_DONE;
}

static int read_option(struct analyze_request *r, const struct options *o, int id) {
    switch (id) {
    case OPTION_OPERAND:
        if (r->count == ANALYZE_FILES_MAX)
            return refuse(NAME, "at most %d files at a time", ANALYZE_FILES_MAX);
        r->file[r->count++] = o->value;
        return EXIT_DONE;
    case JSON:
        r->json = true;
        return EXIT_DONE;
    case PNG:
        r->png = o->value;
        return EXIT_DONE;
    case HTML:
        r->html = o->value;
        return EXIT_DONE;
    case TOLERANCE:
        return read_tolerance(o, &r->tolerance);
    case SCORE:
        r->score = true;
        return EXIT_DONE;
    case DURATION:
        r->duration_text = o->value;
        if (parse_time(o->value, &r->duration) && r->duration) return EXIT_DONE;
        return refuse(NAME, "%s \"%s\": must be " TIME_ALLOWED " and more than 0", o->name, o->value);
    default:
        return music_option(&r->music, o, id) < 0 ? EXIT_BAD_INPUT : EXIT_DONE;
    }
}

static int check_request(const struct analyze_request *r) {
    bool music = r->music.which || r->music.preset || r->music.seeded || r->music.start || r->music.isa;
    if (!r->score && !r->count) return refuse(NAME, "which file?");
    if (!r->score && (music || r->duration_text)) return refuse(NAME, "the piece's options go with --score");
    if (r->score && r->count > 1) return refuse(NAME, "--score reads one file at a time");
    if (r->score && r->count && r->duration_text)
        return refuse(NAME, "--duration does not go with a score that is written");
    if ((r->png || r->html) && (r->score || r->count != 1))
        return refuse(NAME, "--png and --html go with one sound file");
    if (!isinf(r->tolerance) && (r->score || r->count != 2))
        return refuse(NAME, "--tolerance goes with two sound files");
    return EXIT_DONE;
}

int command_analyze(int argc, char **argv) {
    struct options options = {.table = TABLE, .count = COUNT, .parameters = true, .argc = argc, .argv = argv};
    struct analyze_request request = {.tolerance = -INFINITY, .duration = UINT64_C(28800000000000)};
    for (int id; (id = options_next(&options)) != OPTION_END;) {
        if (id == OPTION_BAD) return EXIT_BAD_INPUT;
        if (id == OPTION_HELP) return help(), EXIT_DONE;
        int status = read_option(&request, &options, id);
        if (status) return status;
    }
    int status = check_request(&request);
    if (status) return status;
    if (request.score) return analyze_score(&request);
    return request.count == 2 ? analyze_compare(&request) : analyze_sound(&request);
}

#else

int command_analyze(int argc, char **argv) {
    (void)argc, (void)argv;
    return fail(NAME, "this build has no laboratory: it needs libsndfile, libebur128, kissfft and libpng");
}

#endif
