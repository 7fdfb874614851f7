/* base64.c — base64 (see base64.h).
 *
 * Six bytes become eight characters in one 64-bit word: the 48 bits are spread over eight bytes in three
 * steps, and all eight are turned into characters at once. The ranges of the alphabet follow each other, so a
 * character is its digit + 'A' plus a correction for every boundary it lies beyond; the words below hold a 1
 * in each byte that does. Tables would have been simpler to read and slower by half. */
#include "base/base64.h"

#include <stdint.h>
#include <string.h>

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* A 1 in each byte of x (all below 64) that is greater than `bound`. */
static uint64_t above(uint64_t x, unsigned bound) {
    return (x + EACH(127 - bound)) >> 7 & EACH(1);
}

static uint64_t characters(uint64_t x) {
    return x + EACH('A') + above(x, 25) * ('a' - 26 - 'A') - above(x, 51) * ('a' - 26 - '0' + 52) -
           above(x, 61) * ('0' - 52 - '+' + 62) + above(x, 62) * ('/' - 63 - '+' + 62);
}

/* From the order of bytes in memory to most significant first, and back. */
static uint64_t big_endian(uint64_t x) {
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? x : __builtin_bswap64(x);
}

/* Eight characters of six bytes; reads eight. */
static void encode_six(char *out, const unsigned char *bytes) {
    uint64_t x;
    memcpy(&x, bytes, 8);
    x = big_endian(x) >> 16;
    x = (x & 0xffffff) | (x & 0xffffff000000) << 8;
    x = (x & 0x00000fff00000fff) | (x & 0x00fff00000fff000) << 4;
    x = (x & 0x003f003f003f003f) | (x & 0x0fc00fc00fc00fc0) << 2;
    x = big_endian(characters(x));
    memcpy(out, &x, 8);
}

size_t base64_encode(char *out, const void *bytes, size_t size) {
    const unsigned char *in = bytes;
    char *at = out;
    for (; size >= 8; size -= 6, in += 6, at += 8) encode_six(at, in);
    while (size) { /* the last seven bytes or fewer */
        unsigned char word[8] = {0};
        char text[8];
        size_t count = size < 3 ? size : 3;
        memcpy(word, in, count);
        encode_six(text, word);
        memset(text + count + 1, '=', 3 - count);
        memcpy(at, text, 4);
        in += count, size -= count, at += 4;
    }
    return (size_t)(at - out);
}

static uint32_t digit(char c) {
    if (c >= 'a') return (uint32_t)(c - 'a' + 26);
    if (c >= 'A') return (uint32_t)(c - 'A');
    if (c >= '0') return (uint32_t)(c - '0' + 52);
    return c == '+' ? 62 : 63;
}

void base64_decode(void *out, const char *text, size_t length) {
    unsigned char *at = out;
    for (size_t i = 0; i + 4 <= length; i += 4) {
        uint32_t group = 0;
        for (size_t k = 0; k < 4; k++) group = group << 6 | digit(text[i + k]);
        *at++ = (unsigned char)(group >> 16);
        *at++ = (unsigned char)(group >> 8);
        *at++ = (unsigned char)group;
    }
}
