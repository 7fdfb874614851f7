/* team.h — threads that do a piece of work each whenever they are asked, for auralis_engine_config.spread.
 *
 *     struct team *team = team_open(8, NULL);
 *     config.spread = team_spread, config.spread_self = team, config.spreads = team_size(team);
 *     …
 *     team_close(team);                            after the engine */
#ifndef AURALIS_STREAM_TEAM_H
#define AURALIS_STREAM_TEAM_H

#include <stdint.h>

struct team;

/* So many threads together with the caller's, 1 to 64; `begin` is called first in each new one and may
 * be NULL. NULL: without memory. Fewer than asked for where the system gives no more. */
struct team *team_open(uint32_t threads, void (*begin)(void));
void team_close(struct team *team); /* NULL is fine */
uint32_t team_size(const struct team *team);

/* work(argument, 0) here and work(argument, n) for each other n below team_size, at once, each always on the
 * same thread; returns when all are done. One caller at a time. */
void team_spread(void *team, void (*work)(void *argument, uint32_t n), void *argument);

#endif
