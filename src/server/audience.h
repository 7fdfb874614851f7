/* audience.h — those who listen to a station over plain HTTP and take what they are given, all of a moment
 * together.
 *
 * A listener who is up to date joins a *round*: everybody of this loop who hears the same encoding and is due
 * at the same moment. When the next part is due, it is read once and sent from the one buffer to every
 * descriptor, one call each and nothing else: no timer, no copy and no state of a listener's own is touched.
 * Whoever takes less than all of it falls out, and goes on alone until it has caught up.
 *
 * All functions: on the loop's thread. */
#ifndef AURALIS_SERVER_AUDIENCE_H
#define AURALIS_SERVER_AUDIENCE_H

#include "server/encoding.h"
#include "server/icy.h"
#include "server/station.h"

struct loop;
struct round;

struct audience_member {
    int descriptor;
    struct icy icy;
    /* It fell out of its round: of the parts before `part` it still lacks `size` bytes. It may not end, nor
     * join a round, before this returns. */
    void (*fallen)(struct audience_member *member, uint64_t part, const unsigned char *rest, size_t size,
                   int64_t now);
    struct round *round; /* NULL: in none */
    uint32_t seat;
};

/* Joins those who hear `encoding` of `station`, to whom frame 0 is due at `base` and `part` comes next, at
 * `frame`. False: nobody does, and there is no memory for the first. */
bool audience_join(struct loop *loop, struct audience_member *member, const struct station *station,
                   const struct encoding *encoding, int64_t base, uint64_t part, uint64_t frame);

/* Leaves its round, if it is in one, without being told. */
void audience_leave(struct audience_member *member);

#endif
