/* cuda_queue.c — see cuda_queue.h. */
#include "device/cuda/cuda_queue.h"

#include <string.h>

static const size_t STAGING_BYTES = 4 << 20;

static int take_staging(const struct cuda *cu, struct cuda_queue *q, size_t bytes) {
    void *memory = NULL;
    int result = cuda_result(cu->MemHostAlloc(&memory, bytes, 0));
    if (result < 0) return result;
    memset(memory, 0, bytes);
    if (q->staging) cu->MemFreeHost(q->staging);
    q->staging = memory;
    q->staging_bytes = bytes;
    return AURALIS_OK;
}

int cuda_queue_open(const struct cuda *cu, struct cuda_queue *q) {
    int result = cuda_result(cu->StreamCreate(&q->stream, CU_STREAM_NON_BLOCKING));
    if (result == AURALIS_OK) result = cuda_result(cu->EventCreate(&q->done, CU_EVENT_DISABLE_TIMING));
    if (result == AURALIS_OK) result = take_staging(cu, q, STAGING_BYTES);
    q->no_graphs = !cu->graphs;
    return result;
}

static void forget(const struct cuda *cu, struct cuda_graph *g) {
    if (g->graph) cu->GraphExecDestroy(g->graph);
    g->graph = NULL;
    g->list.count = 0;
}

void cuda_queue_close(const struct cuda *cu, struct cuda_queue *q) {
    for (int i = 0; i < CUDA_GRAPHS; i++) forget(cu, &q->graph[i]);
    if (q->staging) cu->MemFreeHost(q->staging);
    if (q->done) cu->EventDestroy(q->done);
    if (q->stream) cu->StreamDestroy(q->stream);
}

int cuda_queue_expect(const struct cuda *cu, struct cuda_queue *q, size_t bytes) {
    if (bytes <= q->staging_bytes) return AURALIS_OK;
    int result = take_staging(cu, q, bytes + bytes / 2);
    return result == AURALIS_ENOMEM ? take_staging(cu, q, bytes) : result;
}

char *cuda_queue_stage(struct cuda_queue *q, size_t bytes) {
    size_t room = (bytes + 255) / 256 * 256;
    q->wanted += room;
    if (q->staged + room > q->staging_bytes) return NULL;
    q->staged += room;
    return q->staging + q->staged - room;
}

struct cuda_operation *cuda_queue_add(struct cuda_queue *q) {
    if (q->list.count == CUDA_OPERATIONS) return NULL;
    struct cuda_operation *o = &q->list.operation[q->list.count++];
    memset(o, 0, sizeof *o);
    return o;
}

static CUresult perform(const struct cuda *cu, const struct cuda_queue *q, struct cuda_operation *o) {
    void *parameters[GPU_ARGUMENTS_MAX];
    switch (o->kind) {
    case CUDA_UP:
        return cu->MemcpyHtoDAsync(o->device, o->host, o->bytes, q->stream);
    case CUDA_DOWN:
        return cu->MemcpyDtoHAsync(o->host, o->device, o->bytes, q->stream);
    default:
        for (int i = 0; i < o->arguments; i++) parameters[i] = &o->argument[i];
        return cu->LaunchKernel(o->function, o->groups, 1, 1, GPU_GROUP, 1, 1, 0, q->stream, parameters,
                                NULL);
    }
}

static CUresult perform_all(const struct cuda *cu, struct cuda_queue *q) {
    CUresult error = 0;
    for (int i = 0; i < q->list.count && !error; i++) error = perform(cu, q, &q->list.operation[i]);
    return error;
}

static bool alike(const struct cuda_list *a, const struct cuda_list *b) {
    return a->count == b->count &&
           !memcmp(a->operation, b->operation, (size_t)a->count * sizeof *a->operation);
}

/* The graph of the list; where there is none, the place of the one not used for longest is its own now. */
static struct cuda_graph *find(const struct cuda *cu, struct cuda_queue *q, bool *known) {
    struct cuda_graph *oldest = &q->graph[0];
    *known = true;
    for (int i = 0; i < CUDA_GRAPHS; i++) {
        if (alike(&q->graph[i].list, &q->list)) return &q->graph[i];
        if (q->graph[i].used < oldest->used) oldest = &q->graph[i];
    }
    *known = false;
    forget(cu, oldest);
    oldest->list.count = q->list.count;
    memcpy(oldest->list.operation, q->list.operation, (size_t)q->list.count * sizeof *q->list.operation);
    return oldest;
}

/* Captures the list; false if the driver refuses, and never asked again. */
static bool capture(const struct cuda *cu, struct cuda_queue *q, struct cuda_graph *g) {
    CUgraph graph = NULL;
    bool good = !cu->StreamBeginCapture(q->stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
    if (good) {
        good = !perform_all(cu, q);
        good = !cu->StreamEndCapture(q->stream, &graph) && good && graph; /* it ends in any case */
    }
    if (good) good = !cu->GraphInstantiate(&g->graph, graph, 0);
    if (!good) g->graph = NULL;
    if (graph) cu->GraphDestroy(graph);
    q->no_graphs = !good;
    return good;
}

int cuda_queue_submit(const struct cuda *cu, struct cuda_queue *q) {
    struct cuda_graph *g = NULL;
    bool known = false;
    CUresult error = 0;
    q->batches++;
    if (q->graphs && !q->no_graphs && q->list.count) g = find(cu, q, &known);
    if (g) g->used = q->batches;
    if (known && (g->graph || capture(cu, q, g)))
        error = cu->GraphLaunch(g->graph, q->stream);
    else
        error = perform_all(cu, q);
    q->list.count = 0;
    q->graphs = false;
    q->busy = true;
    return cuda_result(error);
}

int cuda_queue_settle(const struct cuda *cu, struct cuda_queue *q) {
    q->busy = false;
    q->staged = 0;
    size_t wanted = q->wanted;
    q->wanted = 0;
    if (wanted <= q->staging_bytes) return AURALIS_OK;
    int result = take_staging(cu, q, wanted + wanted / 2);
    return result == AURALIS_ENOMEM ? AURALIS_OK : result; /* then batches go up piece by piece */
}
