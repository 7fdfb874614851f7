/* shim.c — see shim.h. Compiled with the text that clang turns into PTX, contraction off. */
#include "shim.h"

#include "kernels/program.h"

static void **argument;
int shim_together;

#define MEMORY_AT(type, n) (*(type **)argument[n])
#define NUMBER_AT(n) (*(uint *)argument[n])

#define VOICE(name)                                                                                          \
    static void call_##name(void) {                                                                          \
        run_##name(MEMORY_AT(uint, 0), MEMORY_AT(float, 1), MEMORY_AT(const struct batch_voice, 2),          \
                   MEMORY_AT(const uint, 3), MEMORY_AT(const struct batch_change, 4), MEMORY_AT(float, 5),   \
                   MEMORY_AT(float, 6), MEMORY_AT(float, 7), NUMBER_AT(8), NUMBER_AT(9), NUMBER_AT(10),      \
                   NUMBER_AT(11), NUMBER_AT(12));                                                            \
    }
VOICE(analog)
VOICE(bell)
VOICE(drum)
VOICE(noise)
VOICE(tone)

static void call_mix(void) {
    run_mix(MEMORY_AT(const struct batch_voice, 0), MEMORY_AT(const struct batch_stream, 1),
            MEMORY_AT(float, 2), MEMORY_AT(float, 3), MEMORY_AT(float, 4), NUMBER_AT(5), NUMBER_AT(6));
}

static void call_effects(void) {
    run_effects(MEMORY_AT(float, 0), MEMORY_AT(const struct batch_stream, 1),
                MEMORY_AT(const struct batch_aim, 2), MEMORY_AT(float, 3), MEMORY_AT(float, 4), NUMBER_AT(5),
                NUMBER_AT(6));
}

static void call_dither(void) {
    run_dither(MEMORY_AT(float, 0), MEMORY_AT(short, 1), NUMBER_AT(2), NUMBER_AT(3));
}

static void call_peak(void) {
    run_peak(MEMORY_AT(float, 0), NUMBER_AT(1));
}

int shim_run(const char *entry, uint groups, void **arguments) {
    static const struct {
        const char *name;
        void (*body)(void);
    } entries[] = {{"run_analog", call_analog},   {"run_bell", call_bell},     {"run_drum", call_drum},
                   {"run_noise", call_noise},     {"run_tone", call_tone},     {"run_mix", call_mix},
                   {"run_effects", call_effects}, {"run_dither", call_dither}, {"run_peak", call_peak}};
    argument = arguments;
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (!strcmp(entries[i].name, entry)) {
            shim_together = entries[i].body == call_effects;
            int result = fibers_run(entries[i].body, groups);
            shim_together = 0;
            return result;
        }
    return -1;
}
