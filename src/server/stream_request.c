/* stream_request.c — what a listener asks for in an address (see stream_request.h). */
#include "server/stream_request.h"
#include "base/text.h"
#include "server/parameters_json.h"
#include "server/tier.h"

#include <string.h>

static int hex(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Undoes %-escapes (RFC 3986 §2.1); '+' is a space in a query and itself in a path. */
static int decode(const char *text, size_t length, bool query, char *out, size_t size, const char *field,
                  struct refusal *why) {
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 1 < length ? hex(text[i + 1]) : -1, low = i + 2 < length ? hex(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return refuse_with(why, REFUSAL_INVALID_VALUE, field,
                                   "a %% in an address must be followed by two hexadecimal digits");
            c = (char)(high << 4 | low);
            i += 2;
        } else if (query && c == '+') {
            c = ' ';
        }
        if (!c)
            return refuse_with(why, REFUSAL_INVALID_VALUE, field, "an address must not hold the character 0");
        if (n + 1 >= size)
            return refuse_with(why, REFUSAL_INVALID_VALUE, field, "%s is too long: at most %zu bytes",
                               *field ? field : "the key", size - 1);
        out[n++] = c;
    }
    out[n] = 0;
    if (utf8_length(out) < 0)
        return refuse_with(why, REFUSAL_INVALID_VALUE, field, "an address must be UTF-8");
    return 0;
}

int path_decode(const char *text, size_t length, char *out, size_t size, const char *field,
                struct refusal *why) {
    return decode(text, length, false, out, size, field, why);
}

int query_next(const char **at, char key[64], char value[QUERY_VALUE], struct refusal *why) {
    while (**at == '&') ++*at;
    if (!**at) return 0;
    const char *start = *at;
    size_t length = strcspn(start, "&"), name = strcspn(start, "=&");
    *at = start + length;
    int result = decode(start, name, true, key, 64, "", why);
    if (result < 0) return result;
    if (name == length)
        return refuse_with(why, REFUSAL_INVALID_VALUE, key, "%s needs a value: %s=…", key, key);
    if (!*key) return refuse_with(why, REFUSAL_INVALID_VALUE, "", "a value in the query has no key");
    result = decode(start + name + 1, length - name - 1, true, value, QUERY_VALUE, key, why);
    return result < 0 ? result : 1;
}

bool station_name_valid(const char *name) {
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return length >= 1 && length <= STATION_NAME_MAX && !name[length];
}

int client_id_check(const char *id, struct refusal *why) {
    static const char *const reserved[] = {"admin", "system", "test"};
    size_t length = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    if (length < 1 || length > CLIENT_ID_MAX || id[length])
        return refuse_with(why, REFUSAL_INVALID_VALUE, "client_id",
                           "client_id must be 1 to 64 letters, digits, _ or -");
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (!strcmp(id, reserved[i]))
            return refuse_with(why, REFUSAL_INVALID_VALUE, "client_id",
                               "client_id \"%s\" is reserved; take another", id);
    return 0;
}

enum key { SEED, PRESET, STATION, START, FORMAT, CHUNK, BUFFER_TIER, RESUME, KEYS };
static const char *const KEY_NAMES[KEYS] = {"seed",   "preset", "station",     "start",
                                            "format", "chunk",  "buffer_tier", "resume"};

static int read_whole(const char *key, const char *value, uint64_t high, uint64_t *out, struct refusal *why) {
    if (parse_whole(value, 0, high, out)) return 0;
    return refuse_with(why, REFUSAL_INVALID_VALUE, key, "%s must be a whole number from 0 to %llu", key,
                       (unsigned long long)high);
}

static int read_station(const char *value, struct stream_request *r, struct refusal *why) {
    if (!station_name_valid(value))
        return refuse_with(why, REFUSAL_INVALID_VALUE, "station",
                           "station must be 1 to %d lower-case letters, digits, _ or -", STATION_NAME_MAX);
    strcpy(r->station, value);
    return 0;
}

static int read_preset(const char *value, struct stream_request *r, struct refusal *why) {
    long length = utf8_length(value);
    if (length < 1 || length > PRESET_NAME_CHARACTERS)
        return refuse_with(why, REFUSAL_INVALID_VALUE, "preset",
                           "preset must be a name of 1 to %d characters", PRESET_NAME_CHARACTERS);
    strcpy(r->preset, value);
    return 0;
}

static const char *const FORMATS[] = {"int16", "float32", "opus"};

const char *stream_format_name(int format) {
    return FORMATS[format];
}

int stream_format_find(const char *name) {
    for (int i = 0; i <= STREAM_OPUS; i++)
        if (!strcmp(name, FORMATS[i])) return i;
    return -1;
}

static int read_format(const char *value, struct stream_request *r, struct refusal *why) {
    int format = stream_format_find(value);
    if (format < 0)
        return refuse_with(why, REFUSAL_INVALID_VALUE, "format", "format must be float32, int16 or opus");
    r->format = format;
    return 0;
}

static int read_chunk(const char *value, struct stream_request *r, struct refusal *why) {
    uint64_t frames;
    if (!parse_whole(value, CHUNK_FRAMES_MIN, CHUNK_FRAMES_MAX, &frames) || frames % CHUNK_FRAMES_STEP)
        return refuse_with(why, REFUSAL_INVALID_VALUE, "chunk",
                           "chunk must be a multiple of %d from %d to %d", CHUNK_FRAMES_STEP,
                           CHUNK_FRAMES_MIN, CHUNK_FRAMES_MAX);
    r->chunk = (uint32_t)frames;
    return 0;
}

static int read_tier(const char *value, struct stream_request *r, struct refusal *why) {
    int tier = tier_find(value);
    if (tier < 0)
        return refuse_with(why, REFUSAL_INVALID_VALUE, "buffer_tier",
                           "buffer_tier must be minimal, normal, stable or defensive");
    r->tier = tier;
    return 0;
}

static int read_resume(const char *value, struct stream_request *r, struct refusal *why) {
    if (strlen(value) >= sizeof r->resume)
        return refuse_with(why, REFUSAL_INVALID_VALUE, "resume", "resume is too long");
    strcpy(r->resume, value);
    return 0;
}

static int read_key(int key, const char *value, struct stream_request *r, struct refusal *why) {
    switch (key) {
    case SEED:
        r->personal = true;
        return read_whole("seed", value, UINT64_MAX, &r->seed, why);
    case PRESET:
        return read_preset(value, r, why);
    case STATION:
        return read_station(value, r, why);
    case RESUME:
        r->personal = true;
        return read_resume(value, r, why);
    case START:
        r->started = true;
        return read_whole("start", value, STREAM_START_MAX, &r->start, why);
    case FORMAT:
        return read_format(value, r, why);
    case CHUNK:
        return read_chunk(value, r, why);
    default:
        return read_tier(value, r, why);
    }
}

static bool has_key(int version, int key) {
    if (version == STREAM_REQUEST_HTTP) return key == SEED || key == PRESET || key == START;
    return version == 2 || (key != FORMAT && key != CHUNK);
}

/* Neither a key of the request nor a parameter: names the nearest of both. */
static int refuse_key(const char *key, int version, struct refusal *why) {
    const char *names[KEYS + 64];
    size_t count = 0;
    for (int i = 0; i < KEYS; i++)
        if (has_key(version, i)) names[count++] = KEY_NAMES[i];
    for (int i = 0; i < auralis_parameter_count(); i++) names[count++] = auralis_parameter_at(i)->name;
    const char *best = names[nearest(key, names, count)];
    int result = refuse_with(
        why, REFUSAL_UNKNOWN_FIELD, key, "there is no \"%.60s\" to ask for%s; the nearest is %s", key,
        !strcmp(key, "format") || !strcmp(key, "chunk") ? " here (auralis-v2 has it)" : "", best);
    if (why) snprintf(why->nearest, sizeof why->nearest, "%s", best);
    return result;
}

static int read_pair(const char *key, const char *value, int version, uint32_t *seen,
                     struct stream_request *r, struct refusal *why) {
    for (int i = 0; i < KEYS; i++) {
        if (strcmp(key, KEY_NAMES[i]) != 0 || !has_key(version, i)) continue;
        if (*seen >> i & 1) return refuse_with(why, REFUSAL_INVALID_VALUE, key, "%s is given twice", key);
        *seen |= 1u << i;
        return read_key(i, value, r, why);
    }
    if (auralis_parameter_find(key) < 0) return refuse_key(key, version, why);
    return parameters_from_text(key, value, &r->values, &r->set, why);
}

/* A message of Opus holds whole packets. */
static int check_chunk(struct stream_request *r, bool given, struct refusal *why) {
    if (!given) r->chunk = r->format == STREAM_OPUS ? OPUS_CHUNK_FRAMES_MAX : CHUNK_FRAMES_DEFAULT;
    if (r->format != STREAM_OPUS || (r->chunk % OPUS_PACKET_FRAMES == 0 && r->chunk <= OPUS_CHUNK_FRAMES_MAX))
        return 0;
    return refuse_with(why, REFUSAL_INVALID_VALUE, "chunk",
                       "with opus, chunk must be a multiple of %d up to %d", OPUS_PACKET_FRAMES,
                       OPUS_CHUNK_FRAMES_MAX);
}

/* What only makes sense together. */
static int check(const struct stream_request *r, uint32_t seen, struct refusal *why) {
    if (r->personal && (seen >> STATION & 1))
        return refuse_with(why, REFUSAL_INVALID_VALUE, "station",
                           "either seed (a stream of one's own) or station (a shared one), not both");
    if (*r->resume && (r->set || (seen & (1u << SEED | 1u << PRESET))))
        return refuse_with(why, REFUSAL_INVALID_VALUE, "resume",
                           "resume stands for the seed, the preset and all parameters: give none of them");
    if (r->personal) return 0;
    const char *field = seen >> PRESET & 1 ? "preset" : seen >> START & 1 ? "start" : NULL;
    for (int i = 0; !field && i < auralis_parameter_count(); i++)
        if (r->set >> i & 1) field = auralis_parameter_at(i)->name;
    if (!field) return 0;
    return refuse_with(why, REFUSAL_INVALID_VALUE, field,
                       "%s is for a stream of one's own: give a seed, like seed=42", field);
}

int stream_request_parse(const char *query, int version, int tier, struct stream_request *out,
                         struct refusal *why) {
    struct stream_request r = {.values = AURALIS_PARAMETERS_DEFAULT,
                               .format = version == 2 ? STREAM_FLOAT32 : STREAM_INT16,
                               .chunk = CHUNK_FRAMES_DEFAULT,
                               .tier = tier};
    char key[64], value[QUERY_VALUE];
    uint32_t seen = 0;
    int more;
    if (!query) query = "";
    if (strlen(query) > QUERY_MAX)
        return refuse_with(why, REFUSAL_INVALID_VALUE, NULL, "a query has at most %d bytes", QUERY_MAX);
    while ((more = query_next(&query, key, value, why)) > 0) {
        int result = read_pair(key, value, version, &seen, &r, why);
        if (result < 0) return result;
    }
    if (more < 0) return more;
    int result = version == STREAM_REQUEST_HTTP ? 0 : check(&r, seen, why);
    if (result >= 0) result = check_chunk(&r, seen >> CHUNK & 1, why);
    if (result < 0) return result;
    if (!r.personal && !*r.station) strcpy(r.station, "main");
    *out = r;
    return 0;
}
