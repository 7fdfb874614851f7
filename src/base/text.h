/* text.h — small questions about text that people typed. No locale, no allocation, any thread. */
#ifndef AURALIS_BASE_TEXT_H
#define AURALIS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which of `count` names is nearest to `typed`: begins with it, or the smallest edit distance; −1 if there
 * are none. */
int nearest(const char *typed, const char *const *names, size_t count);

/* A whole decimal number from low to high: digits only. */
bool parse_whole(const char *text, uint64_t low, uint64_t high, uint64_t *out);

/* The character that starts at `text` (RFC 3629: shortest form, no surrogates, at most U+10FFFF) and its
 * bytes; 0 bytes where there is none or at the end of the string. */
int utf8_next(const char *text, uint32_t *character);

/* Characters in `text`, or −1 if it is not UTF-8. */
long utf8_length(const char *text);

#endif
