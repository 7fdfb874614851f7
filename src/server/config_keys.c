/* config_keys.c — the settings of the server as a whole (see config_keys.h). */
#include "server/config_keys.h"
#include "base/text.h"
#include "server/address_limits.h"
#include "server/icecast_url.h"
#include "server/origin.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* NULL when a value is fine, else what it must be. */
typedef const char *check(const char *value);

static const char *check_listen(const char *value) {
    char host[96];
    uint16_t port;
    return config_listen(value, host, &port) < 0
               ? "must be ADDRESS:PORT, like 127.0.0.1:8000, [::1]:8000, *:8000 or 8000"
               : NULL;
}

static const char *check_proxy(const char *value) {
    struct address address;
    return *value && (!address_parse(value, &address) || strpbrk(value, "[]"))
               ? "must be an IP address, without a port"
               : NULL;
}

static const char *check_state_dir(const char *value) {
    return *value && *value != '/' && strcmp(value, ":memory:") != 0
               ? "must be an absolute path, or :memory: to keep nothing"
               : NULL;
}

static const char *check_path(const char *value) {
    return *value && *value != '/' ? "must be an absolute path" : NULL;
}

static const char *check_tier(const char *value) {
    return tier_find(value) < 0 ? "must be minimal, normal, stable or defensive" : NULL;
}

static const char *check_switch(const char *value) {
    return strcmp(value, "on") != 0 && strcmp(value, "off") != 0 ? "must be on or off" : NULL;
}

static const char *check_mp3_bitrate(const char *value) {
    static const uint32_t allowed[] = {64, 80, 96, 112, 128, 160, 192, 224, 256, 320};
    uint64_t number = 0;
    parse_whole(value, 1, 1000, &number);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (number == allowed[i]) return NULL;
    return "must be 64, 80, 96, 112, 128, 160, 192, 224, 256 or 320";
}

static const char *check_origins(const char *value) {
    return origin_list_valid(value)
               ? NULL
               : "must be addresses like https://radio.example.org, with a comma between them, or *";
}

static const char *check_icecast(const char *value) {
    struct icecast_url url;
#ifndef AURALIS_WITH_ICECAST
    if (*value) return "is not possible: this program was built without libshout";
#endif
    return *value ? icecast_url_parse(value, &url) : NULL;
}

enum kind { WHOLE, TEXT, TIER, SWITCH };

static const struct key {
    const char *name;
    int kind;
    size_t offset;
    uint32_t low, high; /* of a number; of a text: bytes of its place */
    check *check;
    bool fixed, secret;
} KEYS[] = {
#define FIELD(field) offsetof(struct server_config, field)
#define NUMBER(field, low, high, ...)                                                                        \
    { #field, WHOLE, FIELD(field), low, high, __VA_ARGS__ }
#define STRING(field, ...)                                                                                   \
    { #field, TEXT, FIELD(field), 0, sizeof((struct server_config *)0)->field, __VA_ARGS__ }
    STRING(listen, .check = check_listen, .fixed = true),
    STRING(tls_certificate, .check = check_path, .fixed = true),
    STRING(tls_key, .check = check_path, .fixed = true),
    STRING(token_file, .check = check_path),
    STRING(allowed_origins, .check = check_origins),
    STRING(trusted_proxy, .check = check_proxy),
    NUMBER(threads, 1, 256, .fixed = true),
    {"pin", SWITCH, FIELD(pin), .check = check_switch, .fixed = true},
    NUMBER(loops, 1, 64, .fixed = true),
    NUMBER(max_listeners, 1, 100000, .fixed = true),
    NUMBER(max_connections, 1, 1000000, NULL),
    NUMBER(max_connections_per_address, 1, 100000, NULL),
    NUMBER(max_per_address, 1, 100000, NULL),
    NUMBER(attempts_per_minute, 1, 100000, NULL),
    NUMBER(requests_per_minute, 1, 1000000, NULL),
    STRING(state_dir, .check = check_state_dir, .fixed = true),
    {"buffer_tier", TIER, FIELD(buffer_tier), .check = check_tier},
    NUMBER(burst_seconds, 0, 8, .fixed = true),
    NUMBER(opus_bitrate, 32, 320, .fixed = true),
    NUMBER(mp3_bitrate, 64, 320, .check = check_mp3_bitrate, .fixed = true),
    STRING(icecast, .check = check_icecast, .secret = true),
    NUMBER(encoder_threads, 1, 64, .fixed = true),
#undef FIELD
#undef NUMBER
#undef STRING
};
enum { KEYS_COUNT = sizeof KEYS / sizeof *KEYS };
_Static_assert(sizeof KEYS / sizeof *KEYS <= 63, "a bit for each");

int config_key_count(void) {
    return KEYS_COUNT;
}

const char *config_key_name(int key) {
    return KEYS[key].name;
}

int config_key_find(const char *name) {
    for (int i = 0; i < KEYS_COUNT; i++)
        if (!strcmp(KEYS[i].name, name)) return i;
    return -1;
}

bool config_key_fixed(int key) {
    return KEYS[key].fixed;
}

static int refuse(char *why, size_t size, int result, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int refuse(char *why, size_t size, int result, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(why, size, format, args);
    va_end(args);
    return result;
}

int config_key_set(struct server_config *config, int key, const char *value, char *why, size_t size) {
    const struct key *k = &KEYS[key];
    char *place = (char *)config + k->offset;
    uint64_t number = 0;
    const char *must = k->check ? k->check(value) : NULL;
    if (must && k->secret) return refuse(why, size, AURALIS_EINVAL, "%s: %s", k->name, must);
    if (must) return refuse(why, size, AURALIS_EINVAL, "%s = %.60s: %s", k->name, value, must);
    switch (k->kind) {
    case WHOLE:
        if (!parse_whole(value, k->low, k->high, &number))
            return refuse(why, size, AURALIS_EINVAL, "%s = %.60s: must be a whole number from %u to %u",
                          k->name, value, k->low, k->high);
        *(uint32_t *)(void *)place = (uint32_t)number;
        return AURALIS_OK;
    case TIER:
        *(int *)(void *)place = tier_find(value);
        return AURALIS_OK;
    case SWITCH:
        *(bool *)place = !strcmp(value, "on");
        return AURALIS_OK;
    default:
        if (strlen(value) >= k->high)
            return refuse(why, size, AURALIS_ELIMIT, "%s: at most %u bytes", k->name, k->high - 1);
        strcpy(place, value);
        return AURALIS_OK;
    }
}

void config_key_text(const struct server_config *config, int key, char *out, size_t size) {
    const struct key *k = &KEYS[key];
    const char *place = (const char *)config + k->offset;
    uint32_t number;
    switch (k->kind) {
    case WHOLE:
        memcpy(&number, place, sizeof number);
        *out = 0;
        if (number >= k->low) snprintf(out, size, "%u", number);
        break;
    case TIER:
        snprintf(out, size, "%s", tier_name(*(const int *)(const void *)place));
        break;
    case SWITCH:
        snprintf(out, size, "%s", *(const bool *)place ? "on" : "off");
        break;
    default:
        if (k->secret && strchr(place, '@'))
            snprintf(out, size, "icecast://…%s  # without its password", strrchr(place, '@'));
        else
            snprintf(out, size, !*place || strchr(place, '#') ? "\"%s\"" : "%s", place);
    }
}
