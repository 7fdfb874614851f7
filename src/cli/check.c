/* check.c — auralis check: the proof, on this machine, of "the same bits everywhere". */
#include "cli/commands.h"
#include "cli/options.h"
#include "measure/check.h"

static const char NAME[] = "check";

enum { BITS = 1, LONG };

static const struct option_info TABLE[] = {
    {BITS, 0, "bits", NULL,
     "Compare bits only, without the reference and the time: quick, also when emulated."},
    {LONG, 0, "long", NULL,
     "A minute of every voice and of the effects against the reference, as presets use them and at extremes: "
     "half a minute."}};
enum { COUNT = sizeof TABLE / sizeof *TABLE };

static void help(void) {
    printf(
        "usage: auralis check [options]\n\n"
        "Runs every kernel of every instruction set of this machine against scalar C, which must give the\n"
        "same bits, with denormals flushed and not, and against a float64 reference (signal to error in\n"
        "decibels, at least 100). The time is of this run, on one core.\n\n");
    options_help(TABLE, COUNT, false, stdout);
    printf("\nExit status 0 if all agree, 1 if not.\n");
}

int command_check(int argc, char **argv) {
    struct options options = {.table = TABLE, .count = COUNT, .argc = argc, .argv = argv};
    bool bits = false, minute = false;
    for (int id; (id = options_next(&options)) != OPTION_END;) {
        if (id == OPTION_BAD) return EXIT_BAD_INPUT;
        if (id == OPTION_HELP) return help(), EXIT_DONE;
        if (id != BITS && id != LONG) return refuse(NAME, "\"%s\" is too many", options.value);
        bits |= id == BITS;
        minute |= id == LONG;
    }
    if (bits && minute) return refuse(NAME, "--bits asks for no reference, --long for nothing else");
    if (minute) {
        int far = check_voices_long(stdout) + check_effects_long(stdout);
        if (far) return fail(NAME, "%d are too far from the reference", far);
        printf("all are near enough\n");
        return EXIT_DONE;
    }
    printf(bits ? "%-8s %-8s %s\n" : "%-8s %-8s %-9s %10s %19s\n", "kernel", "isa", "scalar", "reference",
           "time");
    int failures = check_voices(stdout, bits) + check_mix(stdout, bits) + check_effects(stdout, bits);
    if (failures) return fail(NAME, "%d kernels are not what they should be", failures);
    printf("all agree\n");
    return EXIT_DONE;
}
