/* tokens.h — the secrets by which whoever runs the server is known.
 *
 * They stand in a file, one a line, that nobody else may read, or in the environment (AURALIS_TOKENS, spaces
 * between). A token is 16 to 128 characters of A-Z a-z 0-9 - . _ ~ + / = (what RFC 6750 sends). They are
 * compared in a time that tells nothing of them, and no message ever holds one. */
#ifndef AURALIS_SERVER_TOKENS_H
#define AURALIS_SERVER_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TOKENS_MAX = 32, TOKEN_SHORTEST = 16, TOKEN_LONGEST = 128 };

struct tokens {
    uint32_t count;
    char token[TOKENS_MAX][TOKEN_LONGEST]; /* filled up with zeros */
};

/* Adds those of a text: white space between, what follows a # on a line is a comment. −1 with the reason. */
int tokens_add_text(struct tokens *tokens, const char *text, char *why, size_t size);

/* Adds those of a file, which must be a plain file that others cannot read, of at most 64 KB. */
int tokens_add_file(struct tokens *tokens, const char *path, char *why, size_t size);

/* Whether it is one of them. Takes as long for a wrong one as for a right one. */
bool tokens_match(const struct tokens *tokens, const char *presented, size_t length);

#endif
