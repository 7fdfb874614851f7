/* listener.h — one simulated listener: connects, listens, checks, leaves (inside src/load only). */
#ifndef AURALIS_LOAD_LISTENER_H
#define AURALIS_LOAD_LISTENER_H

#include "load/crowd.h"
#include "load/message.h"
#include "load/player.h"
#include "load/row.h"

enum listener_phase {
    LISTENER_CONNECTING,
    LISTENER_ASKING,
    LISTENER_PLAYING,
    LISTENER_LEAVING,
    LISTENER_DEAD
};

struct listener {
    struct crowd *crowd;
    struct listener *next; /* among the leaving, or the dead */
    uint32_t number;
    int fd, phase;
    struct load_kind kind;
    bool shared, slow, verified;
    uint64_t seed;
    const struct auralis_preset *preset;
    double ppm;
    uint32_t rate;
    int64_t asked, deadline; /* when it began to connect; when its phase must be over */

    unsigned char *rest; /* the beginning of a frame whose end has not come */
    size_t rest_length, rest_room;
    unsigned char *parts; /* of a message that comes in fragments */
    size_t parts_length;
    int parts_opcode;

    bool greeted, heard;
    int tier;
    uint32_t depth_ms;     /* that the server aims at */
    uint64_t first, frame; /* of the stream: first heard; next expected */
    uint32_t sequence;
    uint64_t count; /* messages of audio */
    struct row row;
    struct player player;
    double jitter_ms; /* RFC 3550 */
    int64_t last_late, report_at;
    struct OpusDecoder *decoder; /* of a verified one that hears Opus */
    struct reference *own;       /* of a personal stream */
    double allowance;            /* slow: bytes it may read */
};

/* Begins to connect number `number`; NULL without memory. Failures are counted. */
struct listener *listener_connect(struct crowd *crowd, uint32_t number);

/* Its socket has something to say. */
void listener_ready(struct listener *listener, uint32_t events);

/* A slow one reads its share of the last `seconds`. */
void listener_read_slowly(struct listener *listener, double seconds);

/* Its phase took too long, at `now`. */
bool listener_overdue(const struct listener *listener, int64_t now);
void listener_give_up(struct listener *listener);

/* Says good-bye, politely or by hanging up; from then on it is in crowd->leaving or crowd->dead. */
void listener_leave(struct listener *listener, bool politely);

/* Frees everybody in crowd->dead. */
void listener_bury(struct crowd *crowd);

#endif
