/* player.c — what a listener would have heard (see player.h). */
#include "load/player.h"

void player_begin(struct player *p, uint32_t rate, double ppm, uint32_t depth_ms) {
    *p = (struct player){.rate = rate * (1 + ppm * 1e-6), .start_at = rate * (depth_ms / 2000.0)};
}

bool player_take(struct player *p, uint64_t frames, int64_t now) {
    bool silent = false;
    if (p->playing) p->buffered -= (double)(now - p->since) * 1e-9 * p->rate;
    p->since = now;
    if (p->playing && p->buffered < 0) {
        silent = true;
        p->starved++;
        p->buffered = 0;
        p->playing = false;
    }
    if (p->buffered < p->least) p->least = p->buffered;
    p->buffered += (double)frames;
    if (!p->playing && p->buffered >= p->start_at) {
        p->playing = true;
        p->least = p->buffered;
    }
    return silent;
}

double player_ahead(const struct player *p, int64_t now) {
    double ahead = p->buffered - (p->playing ? (double)(now - p->since) * 1e-9 * p->rate : 0);
    return ahead > 0 ? ahead : 0;
}

double player_report(struct player *p) {
    double least = p->least > 0 ? p->least : 0;
    p->least = p->buffered;
    return least / p->rate * 1000;
}
