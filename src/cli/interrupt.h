/* interrupt.h — Ctrl-C, politely: a command looks and ends in good order, its temporary files removed. */
#ifndef AURALIS_CLI_INTERRUPT_H
#define AURALIS_CLI_INTERRUPT_H

#include <stdbool.h>

/* From now on SIGINT, SIGTERM and SIGHUP only set a flag. */
void interrupt_watch(void);

/* Whether one of them has arrived. */
bool interrupt_seen(void);

/* For servers: a hangup is no longer an interrupt, but is asked for by itself: whether there has been one
 * since it was asked last. */
void interrupt_watch_hangup(void);
bool interrupt_hangup_seen(void);

#endif
