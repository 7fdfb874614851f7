/* config.c — the configuration file (see config.h; packaging/auralis.conf is its manual).
 *
 * A line is one statement, so a message can always point at the line; nothing nests and nothing is continued.
 * The file is read into a copy, which replaces the caller's configuration only when every line was good. */
#include "server/config.h"
#include "base/text.h"
#include "server/address_limits.h"

#include <auralis/presets.h>

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
    uint32_t global_seen;           /* keys already given: bit i for KEYS[i] */
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

enum key {
    LISTEN,
    THREADS,
    MAX_LISTENERS,
    MAX_PER_ADDRESS,
    ATTEMPTS,
    TRUSTED_PROXY,
    STATE_DIR,
    BUFFER_TIER,
    BURST_SECONDS,
    OPUS_BITRATE,
    MP3_BITRATE,
    ENCODER_THREADS,
    KEYS
};
static const char *const KEY_NAMES[KEYS] = {
    "listen",    "threads",     "max_listeners", "max_per_address", "attempts_per_minute", "trusted_proxy",
    "state_dir", "buffer_tier", "burst_seconds", "opus_bitrate",    "mp3_bitrate",         "encoder_threads"};

static int set_range(struct reader *r, const char *key, const char *value, uint32_t low, uint32_t high,
                     uint32_t *out) {
    uint64_t number;
    if (!parse_whole(value, low, high, &number))
        return complain(r, AURALIS_EINVAL, "%s = %.60s: must be a whole number from %u to %u", key, value,
                        low, high);
    *out = (uint32_t)number;
    return AURALIS_OK;
}

static int set_mp3_bitrate(struct reader *r, const char *value) {
    static const uint32_t allowed[] = {64, 80, 96, 112, 128, 160, 192, 224, 256, 320};
    uint64_t number = 0;
    parse_whole(value, 1, 1000, &number);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (number == allowed[i]) return r->config.mp3_bitrate = (uint32_t)number, AURALIS_OK;
    return complain(r, AURALIS_EINVAL,
                    "mp3_bitrate = %.60s: must be 64, 80, 96, 112, 128, 160, 192, 224, 256 or 320", value);
}

static int set_text(struct reader *r, const char *key, const char *value, char *out, size_t size) {
    if (strlen(value) >= size) return complain(r, AURALIS_ELIMIT, "%s: at most %zu bytes", key, size - 1);
    strcpy(out, value);
    return AURALIS_OK;
}

static int set_listen(struct reader *r, const char *value) {
    char host[96];
    uint16_t port;
    if (config_listen(value, host, &port) < 0)
        return complain(
            r, AURALIS_EINVAL,
            "listen = %.60s: must be ADDRESS:PORT, like 127.0.0.1:8000, [::1]:8000, *:8000 or 8000", value);
    return set_text(r, "listen", value, r->config.listen, sizeof r->config.listen);
}

static int set_proxy(struct reader *r, const char *value) {
    struct address address;
    if (*value && (!address_parse(value, &address) || strpbrk(value, "[]")))
        return complain(r, AURALIS_EINVAL, "trusted_proxy = %.60s: must be an IP address, without a port",
                        value);
    return set_text(r, "trusted_proxy", value, r->config.trusted_proxy, sizeof r->config.trusted_proxy);
}

static int set_state_dir(struct reader *r, const char *value) {
    if (*value && *value != '/' && strcmp(value, ":memory:") != 0)
        return complain(r, AURALIS_EINVAL,
                        "state_dir = %.60s: must be an absolute path, or :memory: to keep nothing", value);
    return set_text(r, "state_dir", value, r->config.state_dir, sizeof r->config.state_dir);
}

static int set_tier(struct reader *r, const char *value) {
    int tier = tier_find(value);
    if (tier < 0)
        return complain(r, AURALIS_EINVAL,
                        "buffer_tier = %.60s: must be minimal, normal, stable or defensive", value);
    r->config.buffer_tier = tier;
    return AURALIS_OK;
}

static int set_global(struct reader *r, int key, const char *value) {
    struct server_config *c = &r->config;
    switch (key) {
    case LISTEN:
        return set_listen(r, value);
    case THREADS:
        return set_range(r, KEY_NAMES[key], value, 1, 256, &c->threads);
    case MAX_LISTENERS:
        return set_range(r, KEY_NAMES[key], value, 1, 100000, &c->max_listeners);
    case MAX_PER_ADDRESS:
        return set_range(r, KEY_NAMES[key], value, 1, 100000, &c->max_per_address);
    case ATTEMPTS:
        return set_range(r, KEY_NAMES[key], value, 1, 100000, &c->attempts_per_minute);
    case TRUSTED_PROXY:
        return set_proxy(r, value);
    case STATE_DIR:
        return set_state_dir(r, value);
    case BURST_SECONDS:
        return set_range(r, KEY_NAMES[key], value, 0, 8, &c->burst_seconds);
    case OPUS_BITRATE:
        return set_range(r, KEY_NAMES[key], value, 32, 320, &c->opus_bitrate);
    case MP3_BITRATE:
        return set_mp3_bitrate(r, value);
    case ENCODER_THREADS:
        return set_range(r, KEY_NAMES[key], value, 1, 64, &c->encoder_threads);
    default:
        return set_tier(r, value);
    }
}

static int global_key(struct reader *r, const char *key, const char *value) {
    for (int i = 0; i < KEYS; i++) {
        if (strcmp(KEY_NAMES[i], key) != 0) continue;
        if (r->global_seen >> i & 1) return complain(r, AURALIS_EINVAL, "%s is given twice", key);
        r->global_seen |= 1u << i;
        return set_global(r, i, value);
    }
    if (!strcmp(key, "seed") || !strcmp(key, "preset") || auralis_parameter_find(key) >= 0)
        return complain(r, AURALIS_EINVAL, "%s belongs into a section, after a line like [station main]",
                        key);
    return complain(r, AURALIS_ENOENT, "there is no key \"%.60s\"; the nearest is %s", key,
                    KEY_NAMES[nearest(key, KEY_NAMES, KEYS)]);
}

enum { SEEN_SEED = 1, SEEN_PRESET = 2 };

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

static int unknown_station_key(struct reader *r, const char *key) {
    const char *names[66] = {"seed", "preset"};
    size_t count = 2;
    for (int i = 0; i < auralis_parameter_count(); i++) names[count++] = auralis_parameter_at(i)->name;
    for (int i = 0; i < KEYS; i++)
        if (!strcmp(key, KEY_NAMES[i]))
            return complain(r, AURALIS_EINVAL, "%s belongs before the first [station …] section", key);
    return complain(r, AURALIS_ENOENT, "there is no key \"%.60s\" of a station; the nearest is %s", key,
                    names[nearest(key, names, count)]);
}

static int station_key(struct reader *r, const char *key, const char *value) {
    auralis_message reason;
    if (!strcmp(key, "seed")) return set_seed(r, value);
    if (!strcmp(key, "preset")) return set_preset(r, value);
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
