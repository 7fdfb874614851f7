/* player.h — what a listener would have heard: a player with a clock of its own.
 *
 * It begins when half of the depth it asked for is there and plays at the nominal rate times (1 + ppm / 10⁶).
 * When its buffer is empty it falls silent, which counts once, and begins again as it did first. */
#ifndef AURALIS_LOAD_PLAYER_H
#define AURALIS_LOAD_PLAYER_H

#include <stdbool.h>
#include <stdint.h>

struct player {
    double rate;     /* frames a second of the world's time */
    double start_at; /* frames it waits for before it plays */
    double buffered; /* frames */
    int64_t since;   /* when `buffered` was right, ns */
    bool playing;
    uint64_t starved; /* times it fell silent */
    double least;     /* frames; smallest buffer since the last player_report */
};

void player_begin(struct player *player, uint32_t rate, double ppm, uint32_t depth_ms);

/* `frames` arrived `now`. True when the player had fallen silent before they did. */
bool player_take(struct player *player, uint64_t frames, int64_t now);

/* Frames that it has ahead at `now`; 0 when it is silent or about to be. */
double player_ahead(const struct player *player, int64_t now);

/* The smallest depth in ms since the last time it was asked. */
double player_report(struct player *player);

#endif
