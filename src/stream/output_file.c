/* output_file.c — a file that appears under its name only when it is whole (see output_file.h). */
#include "stream/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char TEMPORARY[] = ".auralis-XXXXXX";

/* The permissions a new file gets from open(2). */
static mode_t new_mode(void) {
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static int open_temporary(struct output_file *f, mode_t mode) {
    const char *slash = strrchr(f->path, '/');
    size_t folder = slash ? (size_t)(slash - f->path) + 1 : 0;
    f->temporary = malloc(folder + sizeof TEMPORARY);
    if (!f->temporary) return ENOMEM;
    memcpy(f->temporary, f->path, folder);
    memcpy(f->temporary + folder, TEMPORARY, sizeof TEMPORARY);
    f->fd = mkostemp(f->temporary, O_CLOEXEC);
    if (f->fd < 0) return errno;
    if (fchmod(f->fd, mode) < 0 && errno != EPERM && errno != ENOTSUP) return errno;
    return 0;
}

static int open_named(struct output_file *f, const char *path) {
    struct stat status;
    if (stat(path, &status) < 0) {
        f->path = strdup(path);
        if (!f->path) return ENOMEM;
        return errno == ENOENT ? open_temporary(f, new_mode()) : errno;
    }
    if (S_ISDIR(status.st_mode)) return EISDIR;
    if (access(path, W_OK) < 0) return errno;
    f->path = realpath(path, NULL);
    if (!f->path) return errno;
    if (S_ISREG(status.st_mode)) return open_temporary(f, status.st_mode & 07777);
    f->direct = true;
    f->fd = open(path, O_WRONLY | O_CLOEXEC);
    return f->fd < 0 ? errno : 0;
}

int output_file_open(struct output_file *f, const char *path) {
    *f = (struct output_file){.fd = -1};
    if (!strcmp(path, "-")) {
        f->direct = true;
        f->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        return f->fd < 0 ? errno : 0;
    }
    int error = open_named(f, path);
    if (error) output_file_discard(f);
    return error;
}

int output_file_write(struct output_file *f, const void *bytes, size_t size) {
    for (const char *at = bytes; size;) {
        ssize_t done = write(f->fd, at, size);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return done < 0 ? errno : EIO;
        at += done;
        size -= (size_t)done;
    }
    return 0;
}

int output_file_commit(struct output_file *f) {
    int error = close(f->fd) < 0 ? errno : 0;
    f->fd = -1;
    if (!error && f->temporary && rename(f->temporary, f->path) < 0) error = errno;
    if (!error) {
        free(f->temporary);
        f->temporary = NULL;
    }
    output_file_discard(f);
    return error;
}

void output_file_discard(struct output_file *f) {
    if (f->fd >= 0) {
        close(f->fd);
        if (f->temporary) unlink(f->temporary);
    } else if (f->temporary) {
        unlink(f->temporary);
    }
    free(f->temporary);
    free(f->path);
    *f = (struct output_file){.fd = -1};
}
