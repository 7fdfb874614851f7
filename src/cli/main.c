/* main.c — the program: picks the command.
 *
 * Each command reads its own options (options.h) and stands in a file of its own (commands.h). */
#include "cli/commands.h"
#include "cli/options.h"
#include "device/device.h"
#include "stream/audio_file.h"
#include "stream/encoder.h"
#include "stream/sound_card.h"

#include <auralis/auralis.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct command {
    const char *name, *help;
    int (*run)(int argc, char **argv);
} COMMANDS[] = {
    {"render", "Music into a file: WAV, FLAC, Ogg Opus, MP3, or WAV through a pipe.", command_render},
    {"play", "Music through the sound card.", command_play},
#ifdef AURALIS_WITH_SERVER
    {"serve", "Music for everybody: a page, sockets and an API.", command_serve},
    {"load", "Many simulated listeners of a server, and whether they were served well.", command_load},
#endif
    {"analyze", "Measures sound files and scores, and compares two recordings.", command_analyze},
    {"check", "Proves that every instruction set gives the same samples, and how exact they are.",
     command_check},
    {"bench", "How fast the kernels, streams and phrases are on this machine.", command_bench},
    {"presets", "The built-in moods and their parameters.", command_presets},
    {"devices", "The kernels, GPUs and sound devices of this machine.", command_devices},
};
enum { COMMAND_COUNT = sizeof COMMANDS / sizeof *COMMANDS };

static int help(FILE *to) {
    fprintf(to, "usage: auralis COMMAND [options]\n\n"
                "Endless ambient music, composed and synthesised live.\n\nCommands\n");
    for (int i = 0; i < COMMAND_COUNT; i++) fprintf(to, "  %-10s %s\n", COMMANDS[i].name, COMMANDS[i].help);
    fprintf(to, "\nOptions\n"
                "  -h, --help     This help; auralis COMMAND --help tells about a command.\n"
                "  -V, --version  The version, and what this build can do.\n"
                "\nExamples\n"
                "  auralis render -o evening.flac --preset sleep --duration 1h\n"
                "  auralis play --preset focus\n"
                "\nExit status\n"
                "  0    done\n"
                "  1    a file, sound card or port would not have it\n"
                "  2    bad input: an option, a value, a score or a configuration; the message names it\n"
                "  130  interrupted\n");
    return fflush(to) ? EXIT_FAILED : EXIT_DONE;
}

static int version(void) {
    const char *isas[8];
    int count = auralis_isas(isas, 8);
    printf("auralis %s\n", auralis_version());
    printf("  kernels:    ");
    for (int i = 0; i < count && i < 8; i++) printf("%s%s", i ? ", " : "", isas[i]);
    printf("\n  GPUs:       %s", device_kinds());
    printf("\n  files:      ");
    for (int i = 0; i < AUDIO_CONTAINERS; i++)
        if (audio_file_available(i)) printf("%s%s", i ? ", " : "", audio_container_name(i));
    printf("\n  live:       ");
    for (int i = 0; i < ENCODER_FORMATS; i++)
        if (encoder_available(i)) printf("%s%s", i ? ", " : "", encoder_name(i));
    printf("\n  sound card: %s\n", sound_card_available() ? "PortAudio" : "none");
#ifdef AURALIS_WITH_SERVER
    printf("  server:     v0, v1 and v2 sockets, HTTP API\n");
#else
    printf("  server:     none\n");
#endif
#ifdef AURALIS_WITH_ICECAST
    printf("  icecast:    libshout\n");
#else
    printf("  icecast:    none\n");
#endif
#ifdef AURALIS_WITH_ANALYZE
    printf("  analyze:    libebur128, kissfft, libpng\n");
#else
    printf("  analyze:    none\n");
#endif
    return fflush(stdout) ? EXIT_FAILED : EXIT_DONE;
}

static const struct command *find(const char *name) {
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (!strcmp(COMMANDS[i].name, name)) return &COMMANDS[i];
    return NULL;
}

static int refuse_command(const char *typed) {
    const char *names[COMMAND_COUNT + 1];
    for (int i = 0; i < COMMAND_COUNT; i++) names[i] = COMMANDS[i].name;
    if (*typed != '-') {
        const char *best = names[nearest(typed, names, COMMAND_COUNT)];
        return refuse("", "there is no command \"%s\"; the nearest is %s", typed, best);
    }
    const char *const options[] = {"--help", "--version"};
    return refuse("", "there is no option %s; the nearest is %s", typed, options[nearest(typed, options, 2)]);
}

int main(int argc, char **argv) {
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit is an error of write, not the end of the process */
    if (argc < 2) return help(stderr), EXIT_BAD_INPUT;
    const char *typed = argv[1];
    if (!strcmp(typed, "--version") || !strcmp(typed, "-V")) return version();
    bool asks = !strcmp(typed, "--help") || !strcmp(typed, "-h") || !strcmp(typed, "help");
    if (asks && argc == 2) return help(stdout);
    const struct command *command = find(asks ? argv[2] : typed);
    if (!command) return refuse_command(asks ? argv[2] : typed);
    char *question[] = {argv[asks ? 2 : 1], "--help", NULL};
    return asks ? command->run(2, question) : command->run(argc - 1, argv + 1);
}
