/* process.h — what a process on this machine uses, as /proc tells it. */
#ifndef AURALIS_LOAD_PROCESS_H
#define AURALIS_LOAD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/* The process that listens on this TCP port here, or 0: none, or not to be seen by this user. */
int process_listening(uint16_t port);

struct process_usage {
    double cpu_seconds; /* of its threads; to 10 ms where the kernel counts no finer */
    double rss_mb;      /* resident, 10⁶ bytes */
    int threads;
};

/* False when there is no such process any more. */
bool process_read(int pid, struct process_usage *usage);

#endif
