/* resume.h — the word by which a listener who was cut off comes back to the same musical moment.
 *
 * A stream is a pure function, so all that must be known to go on with it is its musical moment: seed,
 * parameters, and where its beats lie. The server tells each listener of a personal stream that moment,
 * signed; who connects again with it goes on from any frame, also when the server was killed and started in
 * between: the key lies in the state directory. The server itself remembers nothing.
 *
 * The signature is two SipHash-2-4 under different keys (J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast
 * short-input PRF", 2012). What it keeps out is nonsense, not people: a moment holds nothing that a listener
 * could not ask for by itself. Any thread. */
#ifndef AURALIS_SERVER_RESUME_H
#define AURALIS_SERVER_RESUME_H

#include <auralis/parameters.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

enum { RESUME_TEXT = 900 }; /* characters of a word at most, and the 0 */

struct resume_key {
    uint64_t word[4];
};

struct moment {
    uint64_t seed, frame, beat_frame, beat;
    uint32_t rate;
    auralis_parameters parameters;
};

/* Reads the key beside the store's file, or makes it; where nothing is kept, a new one each time. */
void resume_key_load(const struct store *store, struct resume_key *key);

/* Writes the word. */
void resume_write(const struct resume_key *key, const struct moment *moment, char text[RESUME_TEXT]);

/* False: it is not a word of this key and version. */
bool resume_read(const struct resume_key *key, const char *text, struct moment *moment);

#endif
