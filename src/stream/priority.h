/* priority.h — who goes first when the processor is short.
 *
 * Sending before rendering before encoding, and all three before other programs: the system's ordinary
 * scheduler with raised priority (nice). Real-time classes were not taken: a server that renders on every
 * core at real-time priority starves its own event loops when a crowd opens streams, and a raised one gets
 * nine tenths of a core against a program at nice 0. What is permitted decides; without the right to raise
 * it, everything runs as it is.
 *
 * Where Linux groups threads by session (autogroup, sched(7)), sessions share a core before threads do, and a
 * thread's priority says nothing to a program of another session. There the session is raised too. */
#ifndef AURALIS_STREAM_PRIORITY_H
#define AURALIS_STREAM_PRIORITY_H

enum { PRIORITY_SEND = -12, PRIORITY_RENDER = -10, PRIORITY_ENCODE = -8, PRIORITY_SESSION = -10 };

/* The calling thread: as near to `nice` as is permitted; what it got. */
int priority_raise(int nice);

/* What the calling thread would get. */
int priority_permitted(int nice);

/* How many cores the calling thread may use, 1 at least: as many as the machine has unless taskset,
 * CPUAffinity= or a container's cpuset say less. */
int priority_cores(void);

/* The program's session, if it is one of its own, as a service's is: what others run in a terminal is not
 * ours to raise. What it got; 0: it is as it was, or sessions are not grouped here. */
int priority_raise_session(int nice);

/* The calling thread: only on one of the cores that it may use, the index-th of them, counted round and
 * round. The core, or a negative errno value. */
int priority_pin(int index);

/* Before threads are made: the program and what it has so far stays in memory once it is there. 0, or an
 * errno value. What streams need later is not locked: they touch it many times a second, and it is to go back
 * when they close. */
int priority_lock_memory(void);

#endif
