/* devices.c — `auralis devices`: what this machine renders with and plays through. */
#include "cli/commands.h"
#include "cli/options.h"
#include "device/device.h"
#include "measure/bench.h"
#include "stream/sound_card.h"

#include <auralis/engine.h>

#include <string.h>
#include <unistd.h>

enum { ISAS = 1, ISAS_MAX = 8 };

static const struct option_info TABLE[] = {
    {ISAS, 0, "isas", NULL, "Only the names for --isa, one a line, best first."},
};
enum { COUNT = sizeof TABLE / sizeof *TABLE };

static void help(void) {
    printf("usage: auralis devices [options]\n\n"
           "The kernels that run on this machine; what streams can be rendered on, with how many pad voices "
           "each was\n"
           "seen to play in real time just now (a second each); and the sound devices for auralis play "
           "--device.\n\n");
    options_help(TABLE, COUNT, false, stdout);
}

static const char *about(const char *isa) {
    static const char *const known[][2] = {{"avx512", "16 lanes"},
                                           {"avx2", "8 lanes"},
                                           {"sse2", "4 lanes"},
                                           {"neon", "4 lanes"},
                                           {"scalar", "plain C"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(isa, known[i][0])) return known[i][1];
    return "";
}

static void print_isas(bool names_only) {
    const char *isa[ISAS_MAX];
    int count = auralis_isas(isa, ISAS_MAX);
    if (!names_only) printf("Kernels (--isa; the samples are the same)\n");
    for (int i = 0; i < count && i < ISAS_MAX; i++)
        if (names_only)
            printf("%s\n", isa[i]);
        else
            printf("  %-8s %s%s\n", isa[i], about(isa[i]), i ? "" : ", used here unless told otherwise");
}

/* What a device was measured to do, or why it does nothing. */
static void print_voices(const char *device, const char *of) {
    auralis_engine *e;
    auralis_message why = {0};
    double voices;
    fflush(stdout);
    int result =
        auralis_engine_create(&(auralis_engine_config){.device = device, .max_streams = 1, .why = &why}, &e);
    if (result == AURALIS_OK) {
        auralis_engine_destroy(e);
        result = bench_pads(device, strcmp(device, "cpu") ? bench_threads() : 1, 1, &voices);
    }
    if (result == AURALIS_OK)
        printf("%.0f pad voices in real time%s\n", voices, of);
    else
        printf("does not work: %s\n", *why.text ? why.text : auralis_strerror(result));
}

static void print_cpu(void) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    printf("  %-9s %.1f GB, %ld core%s, ", "cpu", (double)pages * (double)page * 1e-9, cores,
           cores == 1 ? "" : "s");
    print_voices("cpu", " on one core");
}

static void print_devices(void) {
    enum { GPUS_MAX = 16 };
    struct device_info gpu[GPUS_MAX];
    int count = device_list(gpu, GPUS_MAX);
    printf("\nDevices (--device of render, serve, check and bench; the samples are the same)\n");
    print_cpu();
    for (int i = 0; i < count && i < GPUS_MAX; i++) {
        const struct gpu_info *g = &gpu[i].gpu;
        printf("  %-9s %s, %.1f GB, ", gpu[i].name, g->name, (double)g->memory * 1e-9);
        if (g->units) printf("%u compute units, ", g->units);
        printf("driver %s, ", g->version);
        if (g->is_gpu)
            print_voices(gpu[i].name, "");
        else
            printf("a processor, for tests\n");
    }
    if (!count) printf("  no GPU\n");
}

static void print_device(void *self, const struct sound_device *d) {
    (void)self;
    printf("  %3d  %s (%s), %.0f Hz%s\n", d->number, d->name, d->host, d->rate,
           d->usual ? ", the default" : "");
}

static void print_sound(void) {
    printf("\nSound devices (auralis play --device)\n");
    if (!sound_card_available())
        printf("  unknown: this build has no PortAudio\n");
    else if (sound_card_list(print_device, NULL) == 0)
        printf("  none\n");
}

int command_devices(int argc, char **argv) {
    struct options options = {.table = TABLE, .count = COUNT, .argc = argc, .argv = argv};
    bool names_only = false;
    for (int id; (id = options_next(&options)) != OPTION_END;) {
        if (id == OPTION_BAD) return EXIT_BAD_INPUT;
        if (id == OPTION_HELP) return help(), EXIT_DONE;
        if (id == OPTION_OPERAND) return refuse("devices", "\"%s\" is no option", options.value);
        if (id == ISAS) names_only = true;
    }
    print_isas(names_only);
    if (!names_only) print_devices();
    if (!names_only) print_sound();
    return fflush(stdout) ? fail("devices", "cannot write to standard output") : EXIT_DONE;
}
