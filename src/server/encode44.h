/* encode44.h — 100 ms of a v0 or v1 listener's feed as base64: from its station's lane, or made of its own
 * stream. */
#ifndef AURALIS_SERVER_ENCODE44_H
#define AURALIS_SERVER_ENCODE44_H

#include "server/listener.h"

/* V1_AUDIO_BASE64 characters of the next chunk, valid until the loop's next chunk; NULL when it is not there.
 */
const char *encode44(struct listener *listener);

/* Seconds since 1970. */
double encode44_time(void);

#endif
