/* listener.h — one connection: what it asked for, where it is in the music, and when it gets the next chunk.
 *
 * Pacing. A listener's frame f is due at `base` + f / rate, where `base` lies a buffer's depth (its tier) in
 * the past of the moment it joined: what is due already goes out as fast as the socket takes it, everything
 * after that at absolute times, one chunk a chunk period. So the server is always `depth` ahead of what the
 * listener hears, no matter how long it listens. A phase of up to one chunk period, from a hash, keeps
 * listeners who arrive together from being served in one row. Phases lie on a grid of two milliseconds: of
 * thousands, some share a moment, and the loop wakes up five hundred times a second and not for each. Opus,
 * whose messages are a tenth of a second long, is sent at moments 10 ms apart: waking costs more than
 * sending. A chunk is written as soon as it is due; only a socket that is full is waited for.
 *
 * Too slow a reader finds its socket full. When it is two depths late, its buffer ran out long ago:
 * it is passed over, counted, and the next chunk says so (the discontinuity flag). Audio that the server
 * itself rendered too late is never passed over; the listener's time moves instead.
 *
 * All functions: on the loop's thread. */
#ifndef AURALIS_SERVER_LISTENER_H
#define AURALIS_SERVER_LISTENER_H

#include "server/feed.h"
#include "server/loop.h"
#include "server/pace.h"
#include "server/token_bucket.h"

enum { LISTENER_INBOX = 1024, LISTENER_OUTBOX = 32 };

struct listener;

/* How one version of the protocol speaks. */
struct protocol {
    int version;
    enum lws_write_protocol write;    /* of chunks: text or binary */
    uint32_t rate;                    /* of a personal stream */
    double patience;                  /* how many times ten messages a second a client may send */
    void (*greet)(struct listener *); /* the first message */
    size_t (*chunk)(struct listener *,
                    unsigned char *out); /* the next chunk as a message; 0: it cannot be made */
    void (*receive)(struct listener *, const char *text, size_t length);
    void (*status)(struct listener *);                                       /* every five seconds */
    void (*changed)(struct listener *, const struct live_state *, bool own); /* the stream's parameters */
    void (*retiered)(struct listener *);                                     /* the tier changed by itself */
    void (*complain)(struct listener *, const struct refusal *);
    void (*part)(struct listener *, const char *reason); /* the server goes */
    void (*passing)(struct listener *);                  /* the next chunk is to be passed over */
};

/* A personal stream that is rendered anew from what its listener hears by now (anew.c). */
struct anew {
    struct feed feed;          /* from there on; stream NULL: none in the making */
    auralis_parameters values; /* the change that it is for */
    auralis_parameter_set set;
    uint64_t ticket;     /* of it */
    int64_t begun, done; /* when this one began, when the last one was sent */
    int64_t until;       /* what was due before then has been sent before */
    int64_t again;       /* when there is another to be made, since something was turned meanwhile; 0: no */
    uint64_t heard;      /* where the listener will be then */
    bool late;           /* it takes long: the stream at hand has taken the change too */
    bool first;          /* the next message is the first of it */
};

struct outgoing {
    struct outgoing *next;
    size_t length;
    unsigned char bytes[]; /* LWS_PRE free bytes, then the text */
};

struct listener {
    struct loop *loop;
    struct lws *wsi;
    const struct protocol *protocol;
    struct listener *previous, *next;                 /* in loop->listeners, once begun */
    struct listener *waiting_previous, *waiting_next; /* in loop->waiting */
    bool begun, waiting, asked, discontinuity;
    bool counted;     /* by the address limits */
    bool may_control; /* the station that it listens to */
    struct address address;
    char client_id[CLIENT_ID_MAX + 1];
    struct stream_request request;
    int station; /* −1: a stream of its own */
    struct feed feed;
    struct anew anew;

    int64_t joined, base;
    int64_t steady; /* what was due before then came in a burst, which says nothing about its line */
    int64_t asked_at, waited; /* when it was last found full; how long that lasted */
    struct wake wake;
    int64_t status_at;
    uint32_t sequence;
    struct tier_state tier;
    struct pace pace;
    int tier_floor;          /* what it asked for: the tier falls back to this, not below */
    uint32_t since_observed; /* frames */
    uint32_t observed;
    int64_t tier_asked; /* when it last asked for a tier */
    uint64_t depth_ms;  /* its share of server.depth_ms */

    uint64_t ticket_seen, ticket_own; /* newest change it was told of; its own newest one */
    struct token_bucket tokens;

    uint64_t chunks_sent, bytes_sent, underruns, passed;
    char *bridge;                /* what goes over into the next chunk, as the protocol carries it */
    bool told_underruns;         /* v1: PERSISTENT_UNDERRUNS was said */
    uint32_t reported_underruns; /* of its player, as it said last */

    char inbox[LISTENER_INBOX];
    size_t inbox_length;
    bool inbox_overflow;
    struct outgoing *outbox, **outbox_end;
    uint32_t outbox_count;
    int close_code; /* 0: stays */
    char close_reason[64];
    int64_t close_at; /* not before: what is still coming in would turn the closing into a reset */
};

/* Makes a listener of a handshake that passed every check and opens its stream. 0, or below with `why`
 * filled. */
int listener_create(struct loop *loop, const struct protocol *protocol, const struct stream_request *request,
                    const char *client_id, struct listener **out, struct refusal *why);
void listener_destroy(struct listener *listener);

/* The socket is open / took what was written / brought a piece of a message. Below 0: close it now. */
void listener_begin(struct listener *listener, struct lws *wsi);
int listener_writable(struct listener *listener);
int listener_received(struct listener *listener, const char *text, size_t length, bool first, bool last,
                      bool binary);

/* Its time has come (schedule), or a worker may have something for it. */
void listener_tick(struct listener *listener, int64_t now);

/* After a wake-up: stays among those who wait, if it still waits for an answer. */
void listener_keep_waiting(struct listener *listener);

/* Tells it of a change to its stream's parameters, once. */
void listener_check_changes(struct listener *listener);

/* What protocols use. say: queues a text (a copy). close: after what is queued. */
void listener_say(struct listener *listener, const char *text, size_t length);
void listener_close(struct listener *listener, int code, const char *reason);
/* Changes the stream's parameters; below 0 with `why` filled. */
int listener_change(struct listener *listener, const auralis_parameters *values, auralis_parameter_set set,
                    struct refusal *why);
/* The same, heard as soon as may be: renders a personal stream anew from frame `heard` on, which its listener
 * has come to. */
int listener_change_at(struct listener *listener, uint64_t heard, const auralis_parameters *values,
                       auralis_parameter_set set, struct refusal *why);
/* Opus packets of a personal stream: `feed->stream` is the encoding's from then on, also when that fails. An
 * auralis result. */
int listener_encode(struct listener *listener, struct feed *feed);
/* Frames to be rendered ahead for chunks of this length. */
uint32_t listener_depth(uint32_t chunk);
/* Asks for a look at it when a worker has something. */
void listener_wait(struct listener *listener);
/* The parameters as last asked for. */
void listener_parameters(struct listener *listener, auralis_parameters *out);
/* Takes a tier that was asked for; false: too soon after the last time. */
bool listener_request_tier(struct listener *listener, int tier);
/* Gives the tier back to its floor, if it sank below; true when the listener must be told of a new depth than
 * `before`, ms. */
bool listener_retier(struct listener *listener, uint32_t before);
/* Its player plays frame `played` by now. */
void listener_played(struct listener *listener, uint64_t played);
/* How much it has ahead by now, ms. */
double listener_ahead_ms(const struct listener *listener, int64_t now);
/* The piece: seed of its stream. */
uint64_t listener_seed(const struct listener *listener);

#endif
