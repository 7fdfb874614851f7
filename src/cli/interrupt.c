/* interrupt.c — Ctrl-C, politely (see interrupt.h). A signal handler can reach nothing but a flag of the
 * process, so this is the one place of the program that has one. */
#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t seen, hangup;

static void notice(int signal_number) {
    (void)signal_number;
    seen = 1;
}

void interrupt_watch(void) {
    struct sigaction action = {.sa_handler = notice};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

bool interrupt_seen(void) {
    return seen;
}

static void notice_hangup(int signal_number) {
    (void)signal_number;
    hangup = 1;
}

void interrupt_watch_hangup(void) {
    struct sigaction action = {.sa_handler = notice_hangup, .sa_flags = SA_RESTART};
    sigaction(SIGHUP, &action, NULL);
}

bool interrupt_hangup_seen(void) {
    bool was = hangup;
    hangup = 0;
    return was;
}
