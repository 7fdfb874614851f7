/* presets.c — `auralis presets`: the built-in moods, for people or as the JSON that the server's API gives.
 */
#include "cli/commands.h"
#include "cli/options.h"

#include <auralis/presets.h>

#include <string.h>

enum { JSON = 1 };
static const struct option_info TABLE[] = {
    {JSON, 0, "json", NULL, "As JSON: the elements of GET /api/presets."},
};

static void help(void) {
    printf("usage: auralis presets [NAME] [--json]\n\n"
           "Lists the built-in presets, or shows every parameter of one.\n\n");
    options_help(TABLE, sizeof TABLE / sizeof *TABLE, false, stdout);
    printf("\nExamples\n"
           "  auralis presets\n"
           "  auralis presets sleep\n"
           "  auralis presets --json | jq '.[].name'\n");
}

static void print_list(void) {
    static const char *const KEY[] = {"key", "mode", "bpm", "intensity"};
    for (int i = 0; i < auralis_preset_count(); i++) {
        const auralis_preset *preset = auralis_preset_at(i);
        char text[4][32];
        for (int k = 0; k < 4; k++)
            auralis_parameters_text(&preset->parameters, auralis_parameter_find(KEY[k]), text[k],
                                    sizeof text[k]);
        printf("%-14s %-2s %-11s %4s bpm  intensity %-4s  %s\n", preset->name, text[0], text[1], text[2],
               text[3], preset->help);
    }
}

static void print_one(const auralis_preset *preset) {
    printf("%s: %s\n\n", preset->title, preset->help);
    for (int i = 0; i < auralis_parameter_count(); i++) {
        const auralis_parameter_info *info = auralis_parameter_at(i);
        char text[32];
        auralis_parameters_text(&preset->parameters, i, text, sizeof text);
        printf("  %-26s %s%s%s\n", info->name, text, *info->unit ? " " : "", info->unit);
    }
}

static void print_json_text(const char *text) {
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

static void print_json_value(const auralis_parameters *p, int index) {
    char text[32];
    auralis_parameters_text(p, index, text, sizeof text);
    int type = auralis_parameter_at(index)->type;
    if (type == AURALIS_NUMBER)
        fputs(text, stdout);
    else if (type == AURALIS_SWITCH)
        fputs(auralis_parameters_get(p, index) != 0 ? "true" : "false", stdout);
    else
        print_json_text(text);
}

static void print_json(const auralis_preset *preset, const char *indent) {
    printf("%s{\"name\": ", indent);
    print_json_text(preset->name);
    printf(", \"title\": ");
    print_json_text(preset->title);
    printf(", \"help\": ");
    print_json_text(preset->help);
    printf(", \"builtin\": true, \"parameters\": {");
    for (int i = 0; i < auralis_parameter_count(); i++) {
        printf("%s\n%s  ", i ? "," : "", indent);
        print_json_text(auralis_parameter_at(i)->name);
        printf(": ");
        print_json_value(&preset->parameters, i);
    }
    printf("}}");
}

static void print_json_list(void) {
    printf("[");
    for (int i = 0; i < auralis_preset_count(); i++) {
        printf("%s\n", i ? "," : "");
        print_json(auralis_preset_at(i), "  ");
    }
    printf("\n]\n");
}

static const auralis_preset *find(const char *name) {
    const auralis_preset *preset = auralis_preset_find(name);
    const char *names[64];
    int count = auralis_preset_count() < 64 ? auralis_preset_count() : 64;
    for (int i = 0; i < count; i++) names[i] = auralis_preset_at(i)->name;
    if (!preset)
        refuse("presets", "there is no preset \"%s\"; the nearest is %s", name,
               names[nearest(name, names, (size_t)count)]);
    return preset;
}

int command_presets(int argc, char **argv) {
    struct options options = {
        .table = TABLE, .count = sizeof TABLE / sizeof *TABLE, .argc = argc, .argv = argv};
    const char *name = NULL;
    bool json = false;
    for (int id; (id = options_next(&options)) != OPTION_END;) {
        if (id == OPTION_BAD) return EXIT_BAD_INPUT;
        if (id == OPTION_HELP) return help(), EXIT_DONE;
        if (id == JSON) json = true;
        if (id == OPTION_OPERAND && name)
            return refuse("presets", "one name at a time; \"%s\" is too many", options.value);
        if (id == OPTION_OPERAND) name = options.value;
    }
    const auralis_preset *preset = name ? find(name) : NULL;
    if (name && !preset) return EXIT_BAD_INPUT;
    if (json && preset)
        print_json(preset, ""), printf("\n");
    else if (json)
        print_json_list();
    else if (preset)
        print_one(preset);
    else
        print_list();
    return fflush(stdout) ? fail("presets", "cannot write to standard output") : EXIT_DONE;
}
