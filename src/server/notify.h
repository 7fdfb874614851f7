/* notify.h — tells the service manager how the server is (sd_notify(3)), by its own few lines: a datagram to
 * the socket that NOTIFY_SOCKET names. Does nothing where there is none. One thread. */
#ifndef AURALIS_SERVER_NOTIFY_H
#define AURALIS_SERVER_NOTIFY_H

#include <stdint.h>

/* "READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…"; several on lines of their own. */
void notify_say(const char *state);

/* How long the manager waits for a WATCHDOG=1 before it starts the server anew, ns; 0: it does not wait. */
int64_t notify_watchdog(void);

#endif
