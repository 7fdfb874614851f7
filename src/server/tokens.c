/* tokens.c — the secrets by which whoever runs the server is known (see tokens.h). */
#include "server/tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 64 * 1024 };

static bool allowed(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~+/=", c));
}

static int add(struct tokens *t, const char *token, size_t length, unsigned line, char *why, size_t size) {
    for (size_t i = 0; i < length; i++)
        if (!allowed(token[i]))
            return snprintf(why, size, "line %u: a token is made of letters, digits and - . _ ~ + / =", line),
                   -1;
    if (length < TOKEN_SHORTEST || length > TOKEN_LONGEST)
        return snprintf(why, size, "line %u: a token has %d to %d characters, this one %zu", line,
                        TOKEN_SHORTEST, TOKEN_LONGEST, length),
               -1;
    if (t->count == TOKENS_MAX) return snprintf(why, size, "there are at most %d tokens", TOKENS_MAX), -1;
    memset(t->token[t->count], 0, TOKEN_LONGEST);
    memcpy(t->token[t->count++], token, length);
    return 0;
}

int tokens_add_text(struct tokens *t, const char *text, char *why, size_t size) {
    unsigned line = 1;
    while (*text) {
        size_t length = strcspn(text, " \t\r\n#");
        if (length && add(t, text, length, line, why, size) < 0) return -1;
        text += length;
        if (*text == '#') text += strcspn(text, "\n");
        if (*text == '\n') line++;
        if (*text) text++;
    }
    return 0;
}

/* Opened first and asked then, so that nobody can put another file in its place between. */
static int open_private(const char *path, char *why, size_t size) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return snprintf(why, size, "cannot read it: %s", strerror(errno)), -1;
    if (fstat(fd, &info) || !S_ISREG(info.st_mode))
        snprintf(why, size, "it is no plain file");
    else if (info.st_mode & S_IROTH)
        snprintf(why, size, "everybody on this machine can read it: chmod o-r");
    else if (info.st_size > FILE_MAX)
        snprintf(why, size, "it has more than %d bytes", FILE_MAX);
    else
        return fd;
    close(fd);
    return -1;
}

int tokens_add_file(struct tokens *t, const char *path, char *why, size_t size) {
    int fd = open_private(path, why, size), result = -1;
    char *text = fd < 0 ? NULL : malloc(FILE_MAX + 1);
    ssize_t length = text ? read(fd, text, FILE_MAX) : -1;
    if (length >= 0) {
        text[length] = 0;
        result = tokens_add_text(t, text, why, size);
        explicit_bzero(text, (size_t)length);
    } else if (fd >= 0) {
        snprintf(why, size, "cannot read it: %s", strerror(errno));
    }
    free(text);
    if (fd >= 0) close(fd);
    return result;
}

bool tokens_match(const struct tokens *t, const char *presented, size_t length) {
    char padded[TOKEN_LONGEST] = {0};
    unsigned found = 0;
    if (length < TOKEN_SHORTEST || length > TOKEN_LONGEST) return false;
    memcpy(padded, presented, length);
    for (uint32_t i = 0; i < t->count; i++) {
        unsigned char differing = 0;
        for (size_t j = 0; j < TOKEN_LONGEST; j++) {
            const volatile char *mine = &t->token[i][j]; /* so that no compiler leaves early */
            differing |= (unsigned char)(*mine ^ padded[j]);
        }
        found |= differing == 0;
    }
    return found;
}
