/* commands.h — the commands of the program.
 *
 * Each stands in a file of its own (command_render in render.c, …). argv[0] is the command's name, the rest
 * what was typed after it; the result is the exit status. */
#ifndef AURALIS_CLI_COMMANDS_H
#define AURALIS_CLI_COMMANDS_H

enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,       /* what was asked for is fine, but a file, sound card or port would not have it */
    EXIT_BAD_INPUT = 2,    /* an option, value, score or configuration is wrong; a message names it */
    EXIT_INTERRUPTED = 130 /* Ctrl-C */
};

int command_render(int argc, char **argv);
int command_play(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_analyze(int argc, char **argv);
int command_check(int argc, char **argv);
int command_serve(int argc, char **argv); /* with AURALIS_WITH_SERVER */
int command_load(int argc, char **argv);  /* with AURALIS_WITH_SERVER */
int command_presets(int argc, char **argv);
int command_devices(int argc, char **argv);

#endif
