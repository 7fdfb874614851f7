/* check.c — auralis check: the proof, on this machine, of "the same bits everywhere". */
#include "cli/commands.h"
#include "cli/options.h"
#include "measure/check.h"

static const char NAME[] = "check";

enum { BITS = 1, LONG, DEVICE };

static const struct option_info TABLE[] = {
    {BITS, 0, "bits", NULL,
     "Compare bits only, without the reference and the time: quick, also when emulated."},
    {LONG, 0, "long", NULL,
     "A minute of every voice and of the effects against the reference, as presets use them and at extremes: "
     "half a minute."},
    {DEVICE, 0, "device", "NAME",
     "Whole streams on a GPU (auralis devices lists them) against the processor instead: every sample must "
     "agree."}};
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

static int check_streams(const char *device) {
    auralis_message why = {0};
    int result = check_device(stdout, device, &why);
    if (result == AURALIS_ENOENT || result == AURALIS_EUNSUPPORTED)
        return refuse(NAME, "--device \"%s\": %s", device, why.text);
    if (result < 0)
        return fail(NAME, "--device %s: %s", device, *why.text ? why.text : auralis_strerror(result));
    if (result) return fail(NAME, "%s does not give the samples that the processor gives", device);
    printf("all agree\n");
    return EXIT_DONE;
}

int command_check(int argc, char **argv) {
    struct options options = {.table = TABLE, .count = COUNT, .argc = argc, .argv = argv};
    bool bits = false, minute = false;
    const char *device = NULL;
    for (int id; (id = options_next(&options)) != OPTION_END;) {
        if (id == OPTION_BAD) return EXIT_BAD_INPUT;
        if (id == OPTION_HELP) return help(), EXIT_DONE;
        if (id == DEVICE) device = options.value;
        if (id != BITS && id != LONG && id != DEVICE)
            return refuse(NAME, "\"%s\" is too many", options.value);
        bits |= id == BITS;
        minute |= id == LONG;
    }
    if (device) return check_streams(device);
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
