/* websocket.h — the client's side of a WebSocket (RFC 6455): as much of it as a listener needs.
 *
 * A load generator holds thousands of connections on one core, beside which a full client library would be
 * the heavier part. Nothing here touches a socket or allocates. Any thread. */
#ifndef AURALIS_LOAD_WEBSOCKET_H
#define AURALIS_LOAD_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum websocket_opcode {
    WEBSOCKET_CONTINUATION = 0,
    WEBSOCKET_TEXT = 1,
    WEBSOCKET_BINARY = 2,
    WEBSOCKET_CLOSE = 8,
    WEBSOCKET_PING = 9,
    WEBSOCKET_PONG = 10
};

enum { WEBSOCKET_FRAME_MAX = 1 << 20, WEBSOCKET_SAID_MAX = 1024, WEBSOCKET_HEAD_MAX = 8 };

struct websocket_frame {
    bool final;
    int opcode;
    const unsigned char *payload; /* inside the bytes given */
    size_t length;
};

/* The frame that the n bytes begin with: how many bytes it takes, 0 when it is not all there, −1 when it
 * breaks the rules or is longer than WEBSOCKET_FRAME_MAX. */
long websocket_next(const unsigned char *bytes, size_t n, struct websocket_frame *frame);

/* One masked frame of at most WEBSOCKET_SAID_MAX bytes into out[length + WEBSOCKET_HEAD_MAX]; its size. */
size_t websocket_frame(unsigned char *out, int opcode, const void *payload, size_t length, uint32_t mask);

/* The request that opens a socket; snprintf's result. `protocol` may be empty. */
int websocket_request(char *out, size_t size, const char *host, const char *path, const char *protocol);

/* What the server answered. */
struct websocket_answer {
    int status;    /* HTTP; 101 is a socket */
    bool accepted; /* 101, and it proves that the request was understood, and took the protocol */
    size_t length; /* of the head, with its empty line */
};

/* False while the head is not all there. */
bool websocket_read_answer(const char *bytes, size_t n, const char *protocol,
                           struct websocket_answer *answer);

#endif
