/* connection.h — one connection, or one stream on a connection of HTTP/2: what it is at the moment, and how
 * long it may remain so.
 *
 * libwebsockets has timeouts of its own, but they begin anew with every byte: whoever sends one now and then
 * would stay for ever. Here the whole of a request must be there ten seconds after its beginning, the whole
 * of an answer must be taken within a minute, and who asks nothing more goes after half a minute. Listeners
 * have their own time. On the loop's thread. */
#ifndef AURALIS_SERVER_CONNECTION_H
#define AURALIS_SERVER_CONNECTION_H

#include "server/http.h"
#include "server/loop.h"

enum connection_phase {
    CONNECTION_KNOCKING, /* its request is not there yet, … */
    CONNECTION_SENDING,  /* … or not yet its body */
    CONNECTION_TAKING,   /* the answer, or waiting for it */
    CONNECTION_IDLE,     /* between requests */
    CONNECTION_LISTENING /* or carrying streams: no limit here */
};

struct connection {
    struct lws *wsi;
    struct connection *previous, *next; /* in loop->connections */
    struct listener *listener;          /* a socket, from its handshake on */
    struct exchange *exchange;          /* the request at hand */
    bool counted;                       /* at the door: no stream of another */
    struct address address;             /* then: for whom */
    int phase;
    int64_t deadline; /* 0: none */
};

/* NULL: there is none yet. */
struct connection *connection_of(struct lws *wsi);

/* The one there is, or a new one; NULL without memory. */
struct connection *connection_make(struct loop *loop, struct lws *wsi);
void connection_free(struct loop *loop, struct lws *wsi);

/* A request begins on it. */
void connection_asked(struct connection *connection);

/* Something has happened: what is it now? */
void connection_look(struct connection *connection, int64_t now);

/* Hangs up on those whose time is over. */
void connections_shed(struct loop *loop, int64_t now);

#endif
