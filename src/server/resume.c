/* resume.c — a signed musical moment (see resume.h). In hexadecimal: version, count of parameters, rate,
 * seed, frame, beat_frame, beat, the parameters as doubles, the signature; numbers are little-endian. */
#include "server/resume.h"

#include "server/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { VERSION = 1, SIGNATURE = 16, HEAD = 6 + 4 * 8, BYTES = (RESUME_TEXT - 1) / 2, PATH = 1300 };

/* Signing --------------------------------------------------------------------------------------------------
 */

static uint64_t turn(uint64_t x, int by) {
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4]) {
    v[0] += v[1], v[2] += v[3];
    v[1] = turn(v[1], 13) ^ v[0], v[3] = turn(v[3], 16) ^ v[2];
    v[0] = turn(v[0], 32);
    v[2] += v[1], v[0] += v[3];
    v[1] = turn(v[1], 17) ^ v[2], v[3] = turn(v[3], 21) ^ v[0];
    v[2] = turn(v[2], 32);
}

static uint64_t sip_hash(const uint64_t key[2], const unsigned char *bytes, size_t n) {
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
                     key[1] ^ 0x7465646279746573};
    for (size_t at = 0; at <= n; at += 8) {
        uint64_t word = n - at < 8 ? (uint64_t)n << 56 : 0;
        for (size_t i = 0; i < 8 && at + i < n; i++) word |= (uint64_t)bytes[at + i] << 8 * i;
        v[3] ^= word;
        sip_round(v), sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++) sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static unsigned char *put(unsigned char *at, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) *at++ = (unsigned char)(value >> 8 * i);
    return at;
}

static void sign(const struct resume_key *key, const unsigned char *bytes, size_t n,
                 unsigned char signature[SIGNATURE]) {
    put(put(signature, sip_hash(key->word, bytes, n), 8), sip_hash(key->word + 2, bytes, n), 8);
}

/* Words ----------------------------------------------------------------------------------------------------
 */

void resume_write(const struct resume_key *key, const struct moment *m, char text[RESUME_TEXT]) {
    unsigned char bytes[BYTES], *at = bytes;
    int count = auralis_parameter_count();
    at = put(at, VERSION, 1);
    at = put(at, (uint64_t)count, 1);
    at = put(at, m->rate, 4);
    at = put(at, m->seed, 8);
    at = put(at, m->frame, 8);
    at = put(at, m->beat_frame, 8);
    at = put(at, m->beat, 8);
    for (int i = 0; i < count; i++) {
        double value = auralis_parameters_get(&m->parameters, i);
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        at = put(at, bits, 8);
    }
    sign(key, bytes, (size_t)(at - bytes), at);
    at += SIGNATURE;
    for (const unsigned char *b = bytes; b < at; b++, text += 2) snprintf(text, 3, "%02x", *b);
}

static int hex(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static uint64_t get(const unsigned char **at, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint64_t) * (*at)++ << 8 * i;
    return value;
}

static bool read_parameters(const unsigned char *at, auralis_parameters *out) {
    *out = (auralis_parameters)AURALIS_PARAMETERS_DEFAULT;
    for (int i = 0; i < auralis_parameter_count(); i++) {
        uint64_t bits = get(&at, 8);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (auralis_parameters_put(out, i, value, NULL) < 0) return false;
    }
    return true;
}

bool resume_read(const struct resume_key *key, const char *text, struct moment *m) {
    unsigned char bytes[BYTES], signature[SIGNATURE];
    size_t n = strlen(text) / 2, wanted = HEAD + 8 * (size_t)auralis_parameter_count() + SIGNATURE;
    if (strlen(text) != 2 * wanted || wanted > BYTES) return false;
    for (size_t i = 0; i < n; i++) {
        int high = hex(text[2 * i]), low = hex(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    unsigned char differs = 0;
    sign(key, bytes, n - SIGNATURE, signature);
    for (int i = 0; i < SIGNATURE; i++) differs |= signature[i] ^ bytes[n - SIGNATURE + (size_t)i];
    if (differs || bytes[0] != VERSION || bytes[1] != auralis_parameter_count()) return false;
    const unsigned char *at = bytes + 2;
    m->rate = (uint32_t)get(&at, 4);
    m->seed = get(&at, 8);
    m->frame = get(&at, 8);
    m->beat_frame = get(&at, 8);
    m->beat = get(&at, 8);
    return read_parameters(at, &m->parameters);
}

/* The key --------------------------------------------------------------------------------------------------
 */

static bool read_key(const char *path, struct resume_key *key) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    bool whole = read(file, key->word, sizeof key->word) == (ssize_t)sizeof key->word;
    close(file);
    return whole;
}

void resume_key_load(const struct store *store, struct resume_key *key) {
    char path[PATH];
    const char *file = store_path(store), *slash = strrchr(file, '/');
    bool kept = store_kept(store) && slash;
    if (kept) snprintf(path, sizeof path, "%.*s/resume.key", (int)(slash - file), file);
    if (kept && read_key(path, key)) return;
    if (getrandom(key->word, sizeof key->word, 0) != (ssize_t)sizeof key->word)
        memset(key->word, 0x5a, sizeof key->word);
    if (!kept) return;
    int made = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool written = made >= 0 && write(made, key->word, sizeof key->word) == (ssize_t)sizeof key->word &&
                   fsync(made) == 0;
    if (made >= 0) close(made);
    if (!written) store_say(store, "resume.key cannot be written: nobody can resume after a restart");
}
