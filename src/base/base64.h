/* base64.h — base64 (RFC 4648 §4), six bytes at a time. Any thread. */
#ifndef AURALIS_BASE_BASE64_H
#define AURALIS_BASE_BASE64_H

#include <stddef.h>

/* Characters that n bytes make, without terminator. */
#define BASE64_LENGTH(n) (((n) + 2) / 3 * 4)

/* Writes BASE64_LENGTH(size) characters, no terminator; returns how many. */
size_t base64_encode(char *out, const void *bytes, size_t size);

/* The other way round, for whole groups of four characters of the alphabet (no '='): length / 4 × 3 bytes. */
void base64_decode(void *out, const char *text, size_t length);

#endif
