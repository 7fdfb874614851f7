/* encode44.h — 100 ms of a v0 or v1 listener's feed as base64: from its station's lane, or made of its own
 * stream.
 *
 * Clients of v0 and v1 play what they get end to end. So when audio is passed over, the chunk after it begins
 * with what would have come next, and goes over into its own within 20 ms. */
#ifndef AURALIS_SERVER_ENCODE44_H
#define AURALIS_SERVER_ENCODE44_H

#include "server/listener.h"

/* V1_AUDIO_BASE64 characters of the next chunk, valid until the loop's next chunk; NULL when it is not there.
 */
const char *encode44(struct listener *listener);

/* Before the next chunk is passed over: keeps its beginning for that, if none was since the last that was
 * sent. */
void encode44_passing(struct listener *listener);

/* The server goes. */
void encode44_part(struct listener *listener, const char *reason);

/* Seconds since 1970. */
double encode44_time(void);

#endif
