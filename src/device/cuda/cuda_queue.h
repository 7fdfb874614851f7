/* cuda_queue.h — a CUDA stream with its pinned staging memory, and graphs of batches that come again.
 *
 * What a batch does is first written down as a list of operations. When the same list, to the last address
 * and number, was seen before, the stream is captured into a graph while it works the list off, and from the
 * third time on one call replays it: what is different in the batches lies in the staging memory, not in the
 * list. A few graphs are kept, the least recently used one makes room. Where the driver knows no graphs or
 * refuses one, lists are worked off as they are. Used by one thread at a time, its context current. */
#ifndef AURALIS_DEVICE_CUDA_QUEUE_H
#define AURALIS_DEVICE_CUDA_QUEUE_H

#include "device/cuda/cuda_api.h"
#include "device/driver.h"

enum { CUDA_OPERATIONS = 40, CUDA_GRAPHS = 8 };

struct cuda_operation {
    enum { CUDA_UP, CUDA_DOWN, CUDA_LAUNCH } kind;
    uint32_t groups;
    CUfunction function;
    CUdeviceptr device;
    void *host;
    size_t bytes;
    int arguments;
    uint64_t argument[GPU_ARGUMENTS_MAX]; /* a number lies in the lower half */
};

struct cuda_list {
    int count;
    struct cuda_operation operation[CUDA_OPERATIONS];
};

struct cuda_graph {
    struct cuda_list list; /* empty: unused */
    CUgraphExec graph;     /* NULL: seen once */
    uint64_t used;         /* when: the queue's batches */
};

struct cuda_queue {
    CUstream stream;
    CUevent done; /* what was last submitted */
    char *staging;
    size_t staging_bytes, staged, wanted;
    bool busy;   /* submitted and not waited for */
    bool graphs; /* of the batch that is gathered */
    bool no_graphs;
    uint64_t batches;
    struct cuda_list list;
    struct cuda_graph graph[CUDA_GRAPHS];
};

int cuda_queue_open(const struct cuda *cu, struct cuda_queue *q);
void cuda_queue_close(const struct cuda *cu, struct cuda_queue *q);

/* Makes the staging memory of a queue that is not busy at least so large. */
int cuda_queue_expect(const struct cuda *cu, struct cuda_queue *q, size_t bytes);

/* Room for `bytes` in the staging memory, or NULL: what is there must go first. */
char *cuda_queue_stage(struct cuda_queue *q, size_t bytes);

/* A free place in the list, zeroed; NULL if it is full. */
struct cuda_operation *cuda_queue_add(struct cuda_queue *q);

/* Begins what the list says and empties it. */
int cuda_queue_submit(const struct cuda *cu, struct cuda_queue *q);

/* The stream has been waited for: the staging memory is free, and grows if a batch did not fit, where
 * there is memory for that. */
int cuda_queue_settle(const struct cuda *cu, struct cuda_queue *q);

#endif
