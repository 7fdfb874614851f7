/* priority.c — who goes first when the processor is short (see priority.h). */
#include "stream/priority.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#ifdef __linux__
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#endif
#include <unistd.h>

/* Linux gives each thread a priority of its own; elsewhere it would be the process's. */
int priority_raise(int nice) {
#ifdef __linux__
    id_t thread = (id_t)syscall(SYS_gettid);
    int before = getpriority(PRIO_PROCESS, thread);
    for (int value = nice; value < before; value++)
        if (setpriority(PRIO_PROCESS, thread, value) == 0) return value;
    return before;
#else
    (void)nice;
    return 0;
#endif
}

int priority_permitted(int nice) {
#ifdef __linux__
    id_t thread = (id_t)syscall(SYS_gettid);
    int before = getpriority(PRIO_PROCESS, thread), got = priority_raise(nice);
    setpriority(PRIO_PROCESS, thread, before);
    return got;
#else
    (void)nice;
    return 0;
#endif
}

int priority_cores(void) {
#ifdef __linux__
    cpu_set_t may;
    if (sched_getaffinity(0, sizeof may, &may) == 0) return CPU_COUNT(&may);
#endif
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores > 1 ? (int)cores : 1;
}

int priority_raise_session(int nice) {
    int got = 0;
#ifdef __linux__
    char text[8];
    int file = getsid(0) == getpid() ? open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC) : -1;
    for (int value = nice; file >= 0 && value < 0 && !got; value++) {
        int length = snprintf(text, sizeof text, "%d", value);
        if (write(file, text, (size_t)length) == length) got = value;
    }
    if (file >= 0) close(file);
#else
    (void)nice;
#endif
    return got;
}

int priority_pin(int index) {
#ifdef __linux__
    cpu_set_t may, one;
    if (sched_getaffinity(0, sizeof may, &may) < 0) return -errno;
    size_t core = 0;
    for (int left = index % CPU_COUNT(&may); !CPU_ISSET(core, &may) || left-- > 0;) core++;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    return sched_setaffinity(0, sizeof one, &one) < 0 ? -errno : (int)core;
#else
    (void)index;
    return -ENOSYS;
#endif
}

int priority_lock_memory(void) {
#ifdef MCL_ONFAULT
    return mlockall(MCL_CURRENT | MCL_ONFAULT) < 0 ? errno : 0;
#else
    return ENOSYS;
#endif
}
