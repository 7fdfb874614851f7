/* options.c — reading the command line, and saying what is wrong with it (see options.h).
 *
 * getopt_long keeps its place in global variables, cannot name the nearest valid option and knows nothing of
 * the parameter table; a walker of our own is shorter than working around it. */
#include "cli/options.h"
#include "cli/commands.h"

#include <auralis/parameters.h>

#include <stdarg.h>
#include <string.h>

static int complain(const char *command, const char *format, va_list args, int status) {
    fprintf(stderr, "auralis%s%s: ", *command ? " " : "", command);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    if (status == EXIT_BAD_INPUT) fprintf(stderr, "See auralis%s%s --help.\n", *command ? " " : "", command);
    return status;
}

int refuse(const char *command, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int status = complain(command, format, args, EXIT_BAD_INPUT);
    va_end(args);
    return status;
}

int fail(const char *command, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int status = complain(command, format, args, EXIT_FAILED);
    va_end(args);
    return status;
}

/* A parameter's name on the command line: with - for _. */
static void dashed(const char *name, char out[64]) {
    size_t n = 0;
    for (; name[n] && n < 63; n++) out[n] = name[n] == '_' ? '-' : name[n];
    out[n] = 0;
}

static int find_parameter(const char *typed) {
    char name[64];
    for (int i = 0; i < auralis_parameter_count(); i++) {
        dashed(auralis_parameter_at(i)->name, name);
        if (!strcmp(name, typed)) return i;
    }
    return -1;
}

static const struct option_info *find_option(const struct options *o, const char *typed) {
    for (size_t i = 0; i < o->count; i++)
        if (o->table[i].id && !strcmp(o->table[i].name, typed)) return &o->table[i];
    return NULL;
}

static const struct option_info *find_letter(const struct options *o, char letter) {
    for (size_t i = 0; i < o->count; i++)
        if (o->table[i].id && o->table[i].letter == letter) return &o->table[i];
    return NULL;
}

static int refuse_unknown(const struct options *o, const char *typed) {
    enum { MOST = 96 };
    char parameter[MOST][64];
    const char *names[MOST] = {"help"};
    size_t n = 1;
    for (size_t i = 0; i < o->count && n < MOST; i++)
        if (o->table[i].id) names[n++] = o->table[i].name;
    for (int i = 0; o->parameters && i < auralis_parameter_count() && n < MOST; i++, n++) {
        dashed(auralis_parameter_at(i)->name, parameter[n]);
        names[n] = parameter[n];
    }
    refuse(o->argv[0], "there is no option %s; the nearest is --%s", o->typed,
           names[nearest(typed, names, n)]);
    return OPTION_BAD;
}

/* The value of the option just found: after its "=", else the next argument. */
static int take_value(struct options *o, int id, bool wanted, const char *attached) {
    o->name = o->typed;
    o->value = attached;
    if (wanted && !attached) {
        if (o->next + 1 >= o->argc) {
            refuse(o->argv[0], "%s needs a value", o->typed);
            return OPTION_BAD;
        }
        o->value = o->argv[++o->next];
    } else if (!wanted && attached) {
        refuse(o->argv[0], "%s takes no value", o->typed);
        return OPTION_BAD;
    }
    return id;
}

static int long_option(struct options *o, const char *text) {
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : strlen(text);
    snprintf(o->typed, sizeof o->typed, "--%.*s", (int)(length < 60 ? length : 60), text);
    const char *typed = o->typed + 2, *attached = equals ? equals + 1 : NULL;
    if (!strcmp(typed, "help")) return OPTION_HELP;
    const struct option_info *info = find_option(o, typed);
    if (info) return take_value(o, info->id, info->value != NULL, attached);
    int parameter = o->parameters ? find_parameter(typed) : -1;
    if (parameter >= 0) return take_value(o, OPTION_PARAMETER + parameter, true, attached);
    return refuse_unknown(o, typed);
}

static int short_option(struct options *o, const char *text) {
    snprintf(o->typed, sizeof o->typed, "-%c", *text);
    const struct option_info *info = find_letter(o, *text);
    if (!info && *text == 'h' && !text[1]) return OPTION_HELP;
    if (!info || (!info->value && text[1])) {
        snprintf(o->typed, sizeof o->typed, "-%.60s", text);
        return refuse_unknown(o, text);
    }
    return take_value(o, info->id, info->value != NULL, text[1] ? text + 1 : NULL);
}

int options_next(struct options *o) {
    if (o->next + 1 >= o->argc) return OPTION_END;
    const char *text = o->argv[++o->next];
    if (!o->operands && !strcmp(text, "--")) {
        o->operands = true;
        return options_next(o);
    }
    if (o->operands || text[0] != '-' || !text[1]) {
        o->value = text;
        return OPTION_OPERAND;
    }
    return text[1] == '-' ? long_option(o, text + 2) : short_option(o, text + 1);
}

/* One entry of the help: the option on the left, its text wrapped on the right. */
static void help_entry(FILE *to, const char *left, const char *text) {
    enum { COLUMN = 34, WIDTH = 88 };
    int at = fprintf(to, "  %s", left);
    if (at > COLUMN - 2) {
        fputc('\n', to);
        at = 0;
    }
    at += fprintf(to, "%*s", COLUMN - at, "");
    for (bool first = true; *text; first = false) {
        size_t word = strcspn(text, " ");
        if (!first && at + 1 + (int)word > WIDTH)
            at = fprintf(to, "\n%*s", COLUMN, "") - 1;
        else if (!first)
            at += fprintf(to, " ");
        at += fprintf(to, "%.*s", (int)word, text);
        text += word;
        text += *text == ' ';
    }
    fputc('\n', to);
}

static void parameter_help(FILE *to, const auralis_parameter_info *info, int index) {
    char name[64], left[96], text[512], initial[32];
    const auralis_parameters defaults = AURALIS_PARAMETERS_DEFAULT;
    auralis_parameters ends = defaults;
    dashed(info->name, name);
    auralis_parameters_text(&defaults, index, initial, sizeof initial);
    size_t used = (size_t)snprintf(text, sizeof text, "%s ", info->help);
    if (info->type == AURALIS_NUMBER) {
        char low[32] = "", high[32] = "";
        auralis_parameters_put(&ends, index, info->minimum, NULL);
        auralis_parameters_text(&ends, index, low, sizeof low);
        auralis_parameters_put(&ends, index, info->maximum, NULL);
        auralis_parameters_text(&ends, index, high, sizeof high);
        snprintf(text + used, sizeof text - used, "%s to %s%s%s, default %s", low, high,
                 *info->unit ? " " : "", info->unit, initial);
    } else if (info->type == AURALIS_SWITCH) {
        snprintf(text + used, sizeof text - used, "Default %s", initial);
    } else {
        for (int i = 0; i <= (int)(info->maximum - info->minimum) && used < sizeof text; i++)
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? ", " : "", info->choices[i]);
        if (used < sizeof text) snprintf(text + used, sizeof text - used, "; default %s", initial);
    }
    static const char *const values[] = {
        [AURALIS_NUMBER] = "N", [AURALIS_SWITCH] = "on|off", [AURALIS_CHOICE] = "NAME"};
    snprintf(left, sizeof left, "    --%s %s", name, values[info->type]);
    help_entry(to, left, text);
}

void options_help(const struct option_info *table, size_t count, bool parameters, FILE *to) {
    for (size_t i = 0; i < count; i++) {
        const struct option_info *info = &table[i];
        char left[96];
        if (!info->id) {
            fprintf(to, "\n%s\n", info->help);
            continue;
        }
        snprintf(left, sizeof left, "%c%c%c --%s%s%s", info->letter ? '-' : ' ',
                 info->letter ? info->letter : ' ', info->letter ? ',' : ' ', info->name,
                 info->value ? " " : "", info->value ? info->value : "");
        help_entry(to, left, info->help);
    }
    help_entry(to, "-h, --help", "This help.");
    if (!parameters) return;
    fprintf(to, "\nThe music\n");
    for (int i = 0; i < auralis_parameter_count(); i++) parameter_help(to, auralis_parameter_at(i), i);
}

enum { SECOND = 1000000000 };
static const uint64_t CENTURY = 100 * 8766 * UINT64_C(3600) * SECOND;

/* Digits with an optional fraction, times `unit` nanoseconds; moves `text` on. */
static bool parse_decimal(const char **text, uint64_t *whole, uint64_t *billionths) {
    const char *s = *text;
    bool digits = false;
    uint64_t place = SECOND;
    *whole = *billionths = 0;
    for (; *s >= '0' && *s <= '9'; s++, digits = true) {
        if (*whole > 4000000000u) return false;
        *whole = *whole * 10 + (uint64_t)(*s - '0');
    }
    if (*s == '.')
        for (s++; *s >= '0' && *s <= '9'; s++, digits = true)
            *billionths += (place /= 10) * (uint64_t)(*s - '0');
    *text = s;
    return digits;
}

static bool add_time(uint64_t *total, uint64_t whole, uint64_t billionths, uint64_t seconds) {
    if (whole > CENTURY / SECOND / seconds) return false;
    *total += whole * seconds * SECOND + billionths * seconds;
    return *total <= CENTURY;
}

static bool two_digits(const char *s) {
    return s[0] >= '0' && s[0] <= '5' && s[1] >= '0' && s[1] <= '9' && (s[2] < '0' || s[2] > '9');
}

/* "1:30", "1:02:03.5": after the first, two digits below 60; a fraction only on the seconds. */
static bool parse_clock(const char *text, uint64_t *nanoseconds) {
    uint64_t part[3], billionths = 0, total = 0;
    int n = 0;
    for (;; text++) {
        if (billionths || n == 3 || (n > 0 && !two_digits(text))) return false;
        if (!parse_decimal(&text, &part[n++], &billionths)) return false;
        if (*text != ':') break;
    }
    if (*text || n < 2) return false;
    for (int i = 0; i < n; i++)
        if (!add_time(&total, part[i], i == n - 1 ? billionths : 0, i == n - 1 ? 1 : i == n - 2 ? 60 : 3600))
            return false;
    *nanoseconds = total;
    return true;
}

bool parse_time(const char *text, uint64_t *nanoseconds) {
    if (strchr(text, ':')) return parse_clock(text, nanoseconds);
    uint64_t total = 0, last = UINT64_MAX;
    do {
        uint64_t whole, billionths, seconds;
        if (!parse_decimal(&text, &whole, &billionths)) return false;
        if (*text == 'h')
            seconds = 3600;
        else if (*text == 'm')
            seconds = 60;
        else if (*text == 's' || (!*text && last == UINT64_MAX))
            seconds = 1;
        else
            return false;
        if (seconds >= last || !add_time(&total, whole, billionths, seconds)) return false;
        last = seconds;
        text += *text != 0;
    } while (*text);
    *nanoseconds = total;
    return true;
}

uint64_t time_frames(uint64_t nanoseconds, uint32_t rate) {
    return nanoseconds / SECOND * rate + (nanoseconds % SECOND * rate + SECOND / 2) / SECOND;
}
