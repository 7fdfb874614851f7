/* config.c — the configuration file (see config.h; packaging/auralis.conf is its manual).
 *
 * A line is one statement, so a message can always point at the line; nothing nests and nothing is continued.
 * The file is read into a copy, which replaces the caller's configuration only when every line was good. */
#include "server/config.h"
#include "base/text.h"
#include "server/config_keys.h"
#include "server/address_limits.h"

#include <auralis/presets.h>

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1400 };

/* Where the reader stands. */
struct reader {
    struct server_config config;
    const char *name; /* of the file; NULL for an option of the command line */
    unsigned line;
    struct station_config *station; /* whose section this is; NULL before the first */
    uint64_t global_seen;           /* keys already given: bit i for key i */
    uint32_t station_seen;          /* in this section: SEEN_SEED, SEEN_PRESET */
    uint32_t stations_seen;         /* sections already given: bit i for station i */
    auralis_parameter_set set;      /* parameters of this section, … */
    auralis_parameters values;      /* … and what they are: laid over the preset when the section ends */
    auralis_parameters base;        /* the preset's */
    struct config_message *why;
};

static int complain(struct reader *r, int result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int complain(struct reader *r, int result, const char *format, ...) {
    if (!r->why) return result;
    va_list args;
    va_start(args, format);
    size_t length = r->name ? strlen(r->name) : 0;
    *r->why->place = 0;
    if (r->name)
        snprintf(r->why->place, sizeof r->why->place, "%s%s:%u", length > 120 ? "…" : "",
                 length > 120 ? r->name + length - 120 : r->name, r->line);
    vsnprintf(r->why->text, sizeof r->why->text, format, args);
    va_end(args);
    return result;
}

int config_listen(const char *listen, char host[96], uint16_t *port) {
    const char *colon = strrchr(listen, ':');
    const char *digits = colon ? colon + 1 : listen;
    size_t length = colon ? (size_t)(colon - listen) : 0;
    uint64_t number;
    struct address address;
    char name[96] = "127.0.0.1";
    if (!parse_whole(digits, 0, 65535, &number) || length >= sizeof name) return AURALIS_EINVAL;
    if (colon) {
        bool bracketed = length >= 2 && listen[0] == '[' && listen[length - 1] == ']';
        snprintf(name, sizeof name, "%.*s", (int)(bracketed ? length - 2 : length), listen + bracketed);
        if (strcmp(name, "*") != 0 && strcmp(name, "localhost") != 0 && !address_parse(name, &address))
            return AURALIS_EINVAL;
        if ((strchr(name, ':') != NULL) != bracketed) return AURALIS_EINVAL; /* [::1]:80, never ::1:80 */
    }
    strcpy(host, name);
    *port = (uint16_t)number;
    return AURALIS_OK;
}

static int unknown_key(struct reader *r, const char *key) {
    const char *names[CONFIG_KEYS_MAX];
    int count = config_key_count();
    for (int i = 0; i < count; i++) names[i] = config_key_name(i);
    if (!strcmp(key, "seed") || !strcmp(key, "preset") || auralis_parameter_find(key) >= 0)
        return complain(r, AURALIS_EINVAL, "%s belongs into a section, after a line like [station main]",
                        key);
    return complain(r, AURALIS_ENOENT, "there is no key \"%.60s\"; the nearest is %s", key,
                    names[nearest(key, names, (size_t)count)]);
}

static int global_key(struct reader *r, const char *key, const char *value) {
    char why[256];
    int index = config_key_find(key);
    if (index < 0) return unknown_key(r, key);
    if (r->global_seen >> index & 1) return complain(r, AURALIS_EINVAL, "%s is given twice", key);
    r->global_seen |= UINT64_C(1) << index;
    int result = config_key_set(&r->config, index, value, why, sizeof why);
    return result < 0 ? complain(r, result, "%s", why) : result;
}

enum { SEEN_SEED = 1, SEEN_PRESET = 2, SEEN_ICECAST = 4 };

static int set_seed(struct reader *r, const char *value) {
    if (r->station_seen & SEEN_SEED)
        return complain(r, AURALIS_EINVAL, "seed is given twice in this section");
    r->station_seen |= SEEN_SEED;
    if (!parse_whole(value, 0, UINT64_MAX, &r->station->seed))
        return complain(r, AURALIS_EINVAL,
                        "seed = %.60s: must be a whole number from 0 to 18446744073709551615", value);
    return AURALIS_OK;
}

static int set_preset(struct reader *r, const char *value) {
    if (r->station_seen & SEEN_PRESET)
        return complain(r, AURALIS_EINVAL, "preset is given twice in this section");
    r->station_seen |= SEEN_PRESET;
    const auralis_preset *preset = auralis_preset_find(value);
    if (!preset) {
        const char *names[64];
        int count = auralis_preset_count();
        for (int i = 0; i < count && i < 64; i++) names[i] = auralis_preset_at(i)->name;
        return complain(r, AURALIS_ENOENT,
                        "preset = %.60s: there is no built-in preset of this name; the nearest is %s", value,
                        names[nearest(value, names, (size_t)count)]);
    }
    r->base = preset->parameters;
    return AURALIS_OK;
}

/* As the key of the whole server, whose rules are the same. */
static int set_icecast(struct reader *r, const char *value) {
    struct server_config scratch;
    char why[256];
    if (r->station_seen & SEEN_ICECAST)
        return complain(r, AURALIS_EINVAL, "icecast is given twice in this section");
    r->station_seen |= SEEN_ICECAST;
    int result = config_key_set(&scratch, config_key_find("icecast"), value, why, sizeof why);
    if (result < 0) return complain(r, result, "%s", why);
    strcpy(r->station->icecast, scratch.icecast);
    return AURALIS_OK;
}

static int unknown_station_key(struct reader *r, const char *key) {
    const char *names[67] = {"seed", "preset", "icecast"};
    size_t count = 3;
    for (int i = 0; i < auralis_parameter_count(); i++) names[count++] = auralis_parameter_at(i)->name;
    if (config_key_find(key) >= 0)
        return complain(r, AURALIS_EINVAL, "%s belongs before the first [station …] section", key);
    return complain(r, AURALIS_ENOENT, "there is no key \"%.60s\" of a station; the nearest is %s", key,
                    names[nearest(key, names, count)]);
}

static int station_key(struct reader *r, const char *key, const char *value) {
    auralis_message reason;
    if (!strcmp(key, "seed")) return set_seed(r, value);
    if (!strcmp(key, "preset")) return set_preset(r, value);
    if (!strcmp(key, "icecast")) return set_icecast(r, value);
    int index = auralis_parameter_find(key);
    if (index < 0) return unknown_station_key(r, key);
    if (r->set >> index & 1) return complain(r, AURALIS_EINVAL, "%s is given twice in this section", key);
    int result = auralis_parameters_set(&r->values, key, value, &reason);
    if (result < 0) return complain(r, result, "%s = %.40s: %s", key, value, reason.text);
    r->set |= (auralis_parameter_set)1 << index;
    return AURALIS_OK;
}

/* The section's parameters over its preset. */
static void end_section(struct reader *r) {
    if (!r->station) return;
    r->station->parameters = r->base;
    for (int i = 0; i < auralis_parameter_count(); i++)
        if (r->set >> i & 1)
            auralis_parameters_put(&r->station->parameters, i, auralis_parameters_get(&r->values, i), NULL);
}

static int begin_section(struct reader *r, const char *name) {
    static const auralis_parameters defaults = AURALIS_PARAMETERS_DEFAULT;
    struct server_config *c = &r->config;
    uint32_t i = 0;
    if (!station_name_valid(name))
        return complain(r, AURALIS_EINVAL,
                        "[station %.40s]: a name is 1 to %d lower-case letters, digits, _ or -", name,
                        STATION_NAME_MAX);
    while (i < c->station_count && strcmp(c->station[i].name, name) != 0) i++;
    if (i == CONFIG_STATIONS_MAX)
        return complain(r, AURALIS_ELIMIT, "there are at most %d stations", CONFIG_STATIONS_MAX);
    if (r->stations_seen >> i & 1) return complain(r, AURALIS_EINVAL, "[station %s] is given twice", name);
    if (i == c->station_count) c->station_count++;
    end_section(r);
    r->station = &c->station[i];
    *r->station = (struct station_config){.seed = 0};
    strcpy(r->station->name, name);
    r->stations_seen |= UINT32_C(1) << i;
    r->station_seen = 0;
    r->set = 0;
    r->values = r->base = defaults;
    return AURALIS_OK;
}

static bool space(char c) {
    return c == ' ' || c == '\t';
}

/* Cuts spaces off both ends, in place. */
static char *trim(char *text) {
    while (space(*text)) text++;
    size_t length = strlen(text);
    while (length && space(text[length - 1])) text[--length] = 0;
    return text;
}

static int section_line(struct reader *r, char *line) {
    char *end = strchr(line, ']');
    if (end) {
        char *rest = trim(end + 1);
        if (*rest && *rest != '#') return complain(r, AURALIS_EFORMAT, "after ] only a # comment may follow");
        *end = 0;
    }
    char *inside = trim(line + 1);
    if (!end || strncmp(inside, "station", 7) != 0 || !space(inside[7]))
        return complain(r, AURALIS_EFORMAT, "a section is a line like [station evening]");
    return begin_section(r, trim(inside + 7));
}

/* The value: what stands between double quotes, or everything up to a '#' that follows a space. NULL with the
 * complaint made. */
static char *cut_value(struct reader *r, char *text) {
    char *value = trim(text);
    if (*value == '"') {
        char *end = strchr(++value, '"');
        if (!end) return complain(r, AURALIS_EFORMAT, "the closing \" is missing"), NULL;
        char *rest = trim(end + 1);
        if (*rest && *rest != '#')
            return complain(r, AURALIS_EFORMAT, "after the closing \" only a # comment may follow"), NULL;
        *end = 0;
        return value;
    }
    for (char *c = value; *c; c++)
        if (*c == '#' && (c == value || space(c[-1]))) {
            *c = 0;
            break;
        }
    return trim(value);
}

static int key_line(struct reader *r, char *line) {
    char *equals = strchr(line, '=');
    if (!equals) return complain(r, AURALIS_EFORMAT, "a line is key = value, [station NAME] or a # comment");
    *equals = 0;
    char *key = trim(line), *value = cut_value(r, equals + 1);
    if (!value) return AURALIS_EFORMAT;
    if (!*key) return complain(r, AURALIS_EFORMAT, "a key is missing before =");
    if (!*value && !strchr(equals + 1, '"'))
        return complain(r, AURALIS_EFORMAT, "%.60s needs a value (\"\" is the empty one)", key);
    return r->station ? station_key(r, key, value) : global_key(r, key, value);
}

static int one_line(struct reader *r, const char *text, size_t length) {
    char line[LINE_MAX_BYTES + 1];
    if (length && text[length - 1] == '\r') length--;
    if (length > LINE_MAX_BYTES)
        return complain(r, AURALIS_ELIMIT, "a line has at most %d bytes", LINE_MAX_BYTES);
    memcpy(line, text, length);
    line[length] = 0;
    if (strlen(line) != length || utf8_length(line) < 0)
        return complain(r, AURALIS_EFORMAT, "the file is not UTF-8 text");
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < 0x20 && *c != '\t')
            return complain(r, AURALIS_EFORMAT, "a control character stands in the line");
    char *start = trim(line);
    if (!*start || *start == '#') return AURALIS_OK;
    return *start == '[' ? section_line(r, start) : key_line(r, start);
}

int config_read(const char *text, size_t length, const char *name, struct server_config *config,
                struct config_message *why) {
    struct reader r = {.config = *config, .name = name, .why = why};
    const char *end = text + length;
    if (length > CONFIG_FILE_MAX)
        return complain(&r, AURALIS_ELIMIT, "a configuration has at most %d bytes", CONFIG_FILE_MAX);
    if (length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) text += 3; /* some editors begin so */
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t line = newline ? (size_t)(newline - text) : (size_t)(end - text);
        r.line++;
        int result = one_line(&r, text, line);
        if (result < 0) return result;
        text += line + (newline != NULL);
    }
    end_section(&r);
    *config = r.config;
    return AURALIS_OK;
}

/* At most one byte more than allowed, so that config_read finds it too long. A size of a file is not to be
 * believed: it may be a pipe. */
static char *read_all(const char *path, size_t *length) {
    FILE *file = fopen(path, "rbe");
    char *text = file ? malloc(CONFIG_FILE_MAX + 1) : NULL;
    if (text) *length = fread(text, 1, CONFIG_FILE_MAX + 1, file);
    int error = text && ferror(file) ? errno : 0;
    if (file) fclose(file);
    if (!error) return text;
    free(text);
    errno = error;
    return NULL;
}

int config_read_file(const char *path, struct server_config *config, struct config_message *why) {
    size_t length = 0;
    char *text = read_all(path, &length);
    if (!text) {
        struct reader r = {.name = path, .why = why};
        int error = errno, result = complain(&r, AURALIS_ENOENT, "cannot read it: %s", strerror(error));
        if (why) *strrchr(why->place, ':') = 0; /* no line is to blame */
        return result;
    }
    int result = config_read(text, length, path, config, why);
    free(text);
    return result;
}

int config_set(struct server_config *config, const char *key, const char *value, struct config_message *why) {
    struct reader r = {.config = *config, .why = why};
    int result = global_key(&r, key, value);
    if (result < 0) return result;
    *config = r.config;
    return AURALIS_OK;
}

int config_environment(struct server_config *config, struct config_message *why) {
    for (int i = 0; i < config_key_count(); i++) {
        char name[64] = "AURALIS_", *at = name + strlen(name);
        for (const char *key = config_key_name(i); *key; key++) *at++ = (char)toupper((unsigned char)*key);
        *at = 0;
        const char *value = getenv(name);
        if (!value) continue;
        int result = config_set(config, config_key_name(i), value, why);
        if (result < 0) {
            if (why) snprintf(why->place, sizeof why->place, "%s", name);
            return result;
        }
    }
    return AURALIS_OK;
}

static void print_station(const struct station_config *station, FILE *to) {
    fprintf(to, "\n[station %s]\nseed = %llu\n", station->name, (unsigned long long)station->seed);
    if (*station->icecast)
        fprintf(to, "#icecast = icecast://…%s  # without its password\n", strrchr(station->icecast, '@'));
    for (int i = 0; i < auralis_parameter_count(); i++) {
        char text[64];
        auralis_parameters_text(&station->parameters, i, text, sizeof text);
        fprintf(to, "%s = %s\n", auralis_parameter_at(i)->name, text);
    }
}

void config_print(const struct server_config *config, FILE *to) {
    for (int i = 0; i < config_key_count(); i++) {
        char text[CONFIG_PATH_MAX + 2];
        config_key_text(config, i, text, sizeof text);
        fprintf(to, *text ? "%s = %s\n" : "#%s =%s  # left to the server\n", config_key_name(i), text);
    }
    for (uint32_t i = 0; i < config->station_count; i++) print_station(&config->station[i], to);
}
