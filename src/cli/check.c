/* check.c — auralis check: the proof, on this machine, of "the same bits everywhere". */
#include "cli/commands.h"
#include "cli/options.h"
#include "measure/check.h"

static const char NAME[] = "check";

static const struct option_info TABLE[] = {{0, 0, NULL, NULL, NULL}};

int command_check(int argc, char **argv) {
    struct options options = {.table = TABLE, .count = 1, .argc = argc, .argv = argv};
    for (int id; (id = options_next(&options)) != OPTION_END;) {
        if (id == OPTION_BAD) return EXIT_BAD_INPUT;
        if (id == OPTION_HELP) {
            printf("usage: auralis check\n\n"
                   "Runs every kernel of every instruction set of this machine against scalar C, which must "
                   "give the\n"
                   "same bits, with denormals flushed and not, and against a float64 reference (signal to "
                   "error in\n"
                   "decibels, at least 100). The time is of this run, on one core.\n\n"
                   "Exit status 0 if all agree, 1 if not.\n");
            return EXIT_DONE;
        }
        return refuse(NAME, "\"%s\" is too many", options.value);
    }
    printf("%-8s %-8s %-9s %10s %19s\n", "kernel", "isa", "scalar", "reference", "time");
    int failures = check_voices(stdout) + check_mix(stdout) + check_effects(stdout);
    if (failures) return fail(NAME, "%d kernels are not what they should be", failures);
    printf("all agree\n");
    return EXIT_DONE;
}
