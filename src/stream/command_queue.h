/* command_queue.h — what event loops ask of a render worker: bounded, many writers, one reader, no lock.
 *
 * Each cell carries a sequence number that says whose turn it is (D. Vyukov's bounded queue). A full queue
 * refuses; the caller then has a defined answer to give, and nothing ever waits. */
#ifndef AURALIS_STREAM_COMMAND_QUEUE_H
#define AURALIS_STREAM_COMMAND_QUEUE_H

#include <auralis/parameters.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct live_stream;

enum command_kind { COMMAND_OPEN, COMMAND_SET };

struct command {
    enum command_kind kind;
    struct live_stream *stream;
    auralis_parameters values; /* COMMAND_SET */
    auralis_parameter_set which;
    uint64_t ticket;
};

struct command_cell;

struct command_queue {
    struct command_cell *cells;
    size_t capacity; /* a power of two */
    _Atomic size_t tail;
    size_t head; /* the reader's */
};

/* `capacity`: a power of two. False without memory. */
bool command_queue_init(struct command_queue *queue, size_t capacity);
void command_queue_release(struct command_queue *queue);

/* Any thread; false when the queue is full. */
bool command_queue_push(struct command_queue *queue, const struct command *command);

/* The one reader; false when it is empty. */
bool command_queue_pop(struct command_queue *queue, struct command *command);

#endif
