/* priority.c — who goes first when the processor is short (see priority.h). */
#include "stream/priority.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

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

int priority_lock_memory(void) {
#ifdef MCL_ONFAULT
    return mlockall(MCL_CURRENT | MCL_ONFAULT) < 0 ? errno : 0;
#else
    return ENOSYS;
#endif
}
