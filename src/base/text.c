/* text.c — small questions about text that people typed (see text.h). */
#include "base/text.h"

#include <string.h>

/* Levenshtein's distance, one row at a time, of at most 63 characters. */
static unsigned edit_distance(const char *a, const char *b) {
    unsigned row[64];
    size_t columns = strnlen(b, 63);
    for (size_t j = 0; j <= columns; j++) row[j] = (unsigned)j;
    for (size_t i = 0; a[i] && i < 63; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < columns; j++) {
            unsigned best = diagonal + (a[i] != b[j]);
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j + 1] + 1 < best) best = row[j + 1] + 1;
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    return row[columns];
}

int nearest(const char *typed, const char *const *names, size_t count) {
    int best = -1;
    unsigned least = ~0u;
    for (size_t i = 0; i < count; i++) {
        bool begins = *typed && !strncmp(names[i], typed, strlen(typed));
        unsigned distance = begins ? 1 : edit_distance(typed, names[i]);
        if (distance < least) {
            least = distance;
            best = (int)i;
        }
    }
    return best;
}

bool parse_whole(const char *text, uint64_t low, uint64_t high, uint64_t *out) {
    uint64_t value = 0;
    if (!*text) return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return false;
        uint64_t digit = (uint64_t)(*text - '0');
        if (value > (UINT64_MAX - digit) / 10) return false;
        value = value * 10 + digit;
    }
    if (value < low || value > high) return false;
    *out = value;
    return true;
}

int utf8_next(const char *text, uint32_t *character) {
    const unsigned char *s = (const unsigned char *)text;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    int bytes = s[0] == 0     ? 0
                : s[0] < 0x80 ? 1
                : s[0] < 0xc0 ? 0
                : s[0] < 0xe0 ? 2
                : s[0] < 0xf0 ? 3
                : s[0] < 0xf8 ? 4
                              : 0;
    if (bytes < 2) {
        *character = s[0];
        return bytes;
    }
    uint32_t value = s[0] & (0x7fu >> bytes);
    for (int i = 1; i < bytes; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
        value = value << 6 | (s[i] & 0x3f);
    }
    if (value < least[bytes] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return 0;
    *character = value;
    return bytes;
}

long utf8_length(const char *text) {
    long characters = 0;
    uint32_t character;
    while (*text) {
        int bytes = utf8_next(text, &character);
        if (!bytes) return -1;
        text += bytes;
        characters++;
    }
    return characters;
}
