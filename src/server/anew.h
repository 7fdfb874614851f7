/* anew.h — a change that is heard at once: a personal stream rendered anew from where its listener is.
 *
 * The listener holds seconds of music that were rendered before the change. It says with the change which
 * frame it plays by now; a second stream of the same piece is opened there, takes the change, and replaces
 * the first as soon as it has a chunk: its messages begin at that frame again (the first one says so), and
 * the listener drops what it held and fades over. Until then, and if anything fails, the first goes on.
 *
 * Functions of the loop's thread. */
#ifndef AURALIS_SERVER_ANEW_H
#define AURALIS_SERVER_ANEW_H

#include "server/listener.h"

/* Begins, or adds to what is in the making. False: not possible or not worth it (what changes waits for its
 * beat anyway, little has been sent ahead, one was made a moment ago); the change is still to be made. */
bool anew_begin(struct listener *listener, uint64_t heard, const auralis_parameters *values,
                auralis_parameter_set set);

/* Has the one in the making come so far? Is another one to be made? */
void anew_look(struct listener *listener, int64_t now);

/* When to look at the latest, 0: no need. */
int64_t anew_next(const struct listener *listener);

/* Gives up what is in the making. */
void anew_forget(struct listener *listener);

#endif
