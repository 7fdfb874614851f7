/* music.c — what to play: the options that render and play share.
 *
 * A preset may stand before or after the parameters that change it, so what was typed is kept apart until all
 * is read. */
#include "cli/music.h"
#include "cli/commands.h"
#include "stream/score_file.h"

#include <auralis/engine.h>

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static int read_preset(struct music *m, const struct options *o) {
    m->preset = auralis_preset_find(o->value);
    if (m->preset) return 1;
    const char *names[64];
    int count = auralis_preset_count() < 64 ? auralis_preset_count() : 64;
    for (int i = 0; i < count; i++) names[i] = auralis_preset_at(i)->name;
    refuse(o->argv[0], "there is no preset \"%s\"; the nearest is %s, and auralis presets lists them",
           o->value, names[nearest(o->value, names, (size_t)count)]);
    return -1;
}

static int read_parameter(struct music *m, const struct options *o, int index) {
    auralis_message why;
    if (auralis_parameters_set(&m->typed, auralis_parameter_at(index)->name, o->value, &why) < 0) {
        refuse(o->argv[0], "%s \"%s\": %s", o->name, o->value, why.text);
        return -1;
    }
    m->which |= (auralis_parameter_set)1 << index;
    return 1;
}

int music_option(struct music *m, const struct options *o, int id) {
    if (id >= OPTION_PARAMETER) return read_parameter(m, o, id - OPTION_PARAMETER);
    switch (id) {
    case MUSIC_SEED:
        m->seeded = true;
        if (parse_whole(o->value, 0, UINT64_MAX, &m->seed)) return 1;
        refuse(o->argv[0], "--seed \"%s\": must be a whole number from 0 to 18446744073709551615", o->value);
        return -1;
    case MUSIC_PRESET:
        return read_preset(m, o);
    case MUSIC_START:
        if (parse_time(o->value, &m->start)) return 1;
        refuse(o->argv[0], "--start \"%s\": must be " TIME_ALLOWED, o->value);
        return -1;
    case MUSIC_ISA:
        m->isa = o->value;
        return 1;
    default:
        return 0;
    }
}

auralis_parameters music_parameters(const struct music *m, const char *command, bool quiet) {
    auralis_parameters p = AURALIS_PARAMETERS_DEFAULT;
    if (m->preset) p = m->preset->parameters;
    for (int i = 0; i < auralis_parameter_count(); i++)
        if (m->which >> i & 1) auralis_parameters_put(&p, i, auralis_parameters_get(&m->typed, i), NULL);
    const char *warnings[8];
    int count = quiet ? 0 : auralis_parameters_warnings(&p, warnings, 8);
    for (int i = 0; i < count; i++) fprintf(stderr, "auralis %s: these settings %s\n", command, warnings[i]);
    return p;
}

uint64_t music_any_seed(void) {
    uint32_t seed = 0;
    return getentropy(&seed, sizeof seed) == 0 ? seed : (uint64_t)time(NULL);
}

int music_rate(const struct options *o, uint32_t *rate) {
    uint64_t value = 0;
    if (!parse_whole(o->value, 0, UINT32_MAX, &value) || (value != 44100 && value != 48000 && value != 96000))
        return refuse(o->argv[0], "%s \"%s\": must be 44100, 48000 or 96000", o->name, o->value);
    *rate = (uint32_t)value;
    return EXIT_DONE;
}

int music_score(const char *command, const char *path, uint32_t rate, auralis_score **out) {
    auralis_message why;
    int result = score_file_read(path, rate, out, &why);
    if (result == AURALIS_ENOENT || result == AURALIS_ENOMEM)
        return fail(command, "cannot read %s: %s", path, why.text);
    return result < 0 ? refuse(command, "%s: %s: %s", path, why.place, why.text) : EXIT_DONE;
}

int music_refuse_engine(const struct music *m, const char *command, int result) {
    const char *isa = m->isa ? m->isa : getenv("AURALIS_ISA"), *here[8];
    const char *source = m->isa ? "--isa" : "$AURALIS_ISA";
    if (!isa || (result != AURALIS_ENOENT && result != AURALIS_EUNSUPPORTED))
        return fail(command, "cannot make an engine: %s", auralis_strerror(result));
    char list[96] = "";
    int count = auralis_isas(here, 8);
    for (int i = 0; i < count; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", here[i]);
    }
    return refuse(command, "%s \"%s\": %s; here are %s", source, isa,
                  result == AURALIS_ENOENT ? "there are no such kernels" : "this machine or build lacks them",
                  list);
}
