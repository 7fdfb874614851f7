/* process.c — what a process on this machine uses (see process.h).
 *
 * The kernel lists listening sockets by port with their inode; a process's descriptors link to the same
 * inode. */
#include "load/process.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned long listening_inode(const char *table, uint16_t port) {
    FILE *f = fopen(table, "r");
    char line[512];
    unsigned long found = 0, inode;
    unsigned local, state;
    while (f && !found && fgets(line, sizeof line, f)) {
        if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*s %*s %lu", &local,
                   &state, &inode) == 3 &&
            local == port && state == 0x0A)
            found = inode;
    }
    if (f) fclose(f);
    return found;
}

static bool holds(const char *pid, const char *socket) {
    char path[300], target[64];
    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *folder = opendir(path);
    bool found = false;
    for (const struct dirent *d; folder && !found && (d = readdir(folder));) {
        snprintf(path, sizeof path, "/proc/%s/fd/%.16s", pid, d->d_name);
        ssize_t n = readlink(path, target, sizeof target - 1);
        if (n <= 0) continue;
        target[n] = 0;
        found = !strcmp(target, socket);
    }
    if (folder) closedir(folder);
    return found;
}

int process_listening(uint16_t port) {
    unsigned long inode = listening_inode("/proc/net/tcp", port);
    if (!inode) inode = listening_inode("/proc/net/tcp6", port);
    char socket[64];
    snprintf(socket, sizeof socket, "socket:[%lu]", inode);
    DIR *processes = inode ? opendir("/proc") : NULL;
    int pid = 0;
    for (const struct dirent *d; processes && !pid && (d = readdir(processes));)
        if (isdigit((unsigned char)d->d_name[0]) && holds(d->d_name, socket)) pid = atoi(d->d_name);
    if (processes) closedir(processes);
    return pid;
}

/* Seconds that the living threads have run, if this kernel counts them; else 0. */
static double scheduled_seconds(int pid) {
    char path[300];
    double sum = 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *folder = opendir(path);
    for (const struct dirent *d; folder && (d = readdir(folder));) {
        snprintf(path, sizeof path, "/proc/%d/task/%.16s/schedstat", pid, d->d_name);
        unsigned long long ran;
        FILE *f = isdigit((unsigned char)d->d_name[0]) ? fopen(path, "r") : NULL;
        if (f && fscanf(f, "%llu", &ran) == 1) sum += (double)ran * 1e-9;
        if (f) fclose(f);
    }
    if (folder) closedir(folder);
    return sum;
}

bool process_read(int pid, struct process_usage *usage) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    if (!f) return false;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    const char *rest = strrchr(text, ')'); /* the name before it may hold anything */
    unsigned long long user, system;
    long threads, pages;
    if (!rest || sscanf(rest + 1,
                        " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %ld %*d %*u "
                        "%*u %ld",
                        &user, &system, &threads, &pages) != 4)
        return false;
    *usage = (struct process_usage){.cpu_seconds = (double)(user + system) / (double)sysconf(_SC_CLK_TCK),
                                    .rss_mb = (double)pages * (double)sysconf(_SC_PAGESIZE) * 1e-6,
                                    .threads = (int)threads};
    double exact = scheduled_seconds(pid);
    if (exact > 0) usage->cpu_seconds = exact;
    return true;
}
