/* fake_cuda.c — a libcuda.so.1 for machines without a GPU. It runs the kernels through shim.c, so whole
 * streams can be compared, and it is strict: memory, modules, streams, events, graphs and the context must
 * exist where they are used, be used inside their bounds and be given back in order, copies up must come from
 * pinned memory and stay as they were until the stream has been waited for; a stream that is captured may not
 * be asked and no memory taken meanwhile. A breach ends the process with a message.
 *
 * Work is done when its stream is asked about (cuStreamQuery), not when it is queued, and only that stream's
 * and what it waits for by events: a host that reads too early, or forgot that one stream must wait for
 * another, finds nothing. Whatever order that gives, two jobs of different streams may only touch the same
 * memory, voice or effects if one of them comes after the other: by events, or since the host had waited for
 * it before it asked for the other (struct touched). $FAKE_CUDA makes it fail: "alloc:N" (the N-th cuMemAlloc
 * and all later ones), "call:N" (the N-th of all calls that can fail, whatever it is, and no other), "room:N"
 * (it has N bytes, besides pinned ones), "launch:N" (the N-th cuLaunchKernel; the GPU is lost from there on),
 * "query:N" (likewise, when waiting), "hang:N" (from the N-th launch on nothing ever ends), "capture" (graphs
 * are not known), "instantiate" (they are, and cannot be made), "graph:N" (like "launch:N", of
 * cuGraphLaunch), "context", "compile", "idle" (kernels do nothing: what is left is the host's work), "none"
 * (no GPU), "old" (a chip before Turing), "backwards" (no failure: the last stream's work is done first, as
 * far as events let it), "frozen" (taking memory, pinned or not, is a breach). In place of N the path of a
 * file: it fails once that file is there. Several faults stand between commas. */
#include "shim.h"

#include "kernels/batch.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int CUresult, CUdevice;
typedef uint64_t CUdeviceptr;
enum {
    MEMORIES = 4096,
    QUEUE = 4096,
    ARGUMENTS = 16,
    STREAMS = 64,
    GRAPH_JOBS = 64,
    OUT_OF_MEMORY = 2,
    LOST = 719,
    NOT_READY = 600,
    INVALID = 1,
    UNSUPPORTED = 801
};

#define EXPORT __attribute__((visibility("default")))
#ifdef NO_GRAPHS /* a driver from before they were */
#define GRAPHS
#else
#define GRAPHS EXPORT
#endif
#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) breach(__func__, #condition);                                                      \
    } while (0)

static _Noreturn void breach(const char *function, const char *condition) {
    fprintf(stderr, "fake libcuda: %s: not (%s)\n", function, condition);
    abort();
}

/* Who touched memory last: of each stream its last job's number. Places are voices or effects, of which parts
 * of a call have some each; everything else a job has to itself. */
struct touched {
    uint32_t any[STREAMS], whole[STREAMS];
    struct {
        uint32_t stream, job;
    } * place; /* [bytes / sizeof(uint)] */
};
struct memory {
    char *at;
    size_t bytes;
    int pinned;
    struct touched touched;
};
static struct memory memory[MEMORIES];

struct job {
    enum { UP, DOWN, ACROSS, LAUNCH, AFTER } kind;
    char *to;
    const char *from;
    char *as_it_was; /* of an UP */
    size_t bytes;
    const char *entry;
    uint groups;
    uint64_t value[ARGUMENTS];
    struct stream *other; /* AFTER: so many jobs of another stream */
    uint64_t jobs;
    uint32_t stream, number;  /* its own, from 1 */
    uint32_t before[STREAMS]; /* so many jobs of each stream come before it */
};
struct graph {
    struct job job[GRAPH_JOBS];
    int jobs, runnable;
};
struct stream {
    int open, asked;
    struct job queue[QUEUE];
    int queued;
    uint64_t ended;           /* jobs, ever */
    uint32_t before[STREAMS]; /* jobs of each stream that come before its next one */
    struct graph *capture;
    pthread_t capturer;
};
static struct stream streams[STREAMS];
static struct event {
    int open;
    struct stream *of;
    uint64_t jobs;
    uint32_t before[STREAMS]; /* what it waits for */
} events[STREAMS];
static uint32_t waited[STREAMS]; /* jobs of each stream of which the host knows that they have ended */
static int retained, modules, links, initialised, graphs;
static int allocs, launches, queries, graph_launches, lost;
static __thread int current;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void unlock(const int *held) {
    (void)held;
    pthread_mutex_unlock(&lock);
}
#define LOCKED __attribute__((cleanup(unlock), unused)) const int held = pthread_mutex_lock(&lock)

static int fails(const char *what, int count) {
    const char *wanted = getenv("FAKE_CUDA");
    size_t n = strlen(what);
    for (; wanted && *wanted; wanted += strcspn(wanted, ","), wanted += *wanted == ',') {
        if (strncmp(wanted, what, n) || !strchr(":,", wanted[n])) continue;
        if (wanted[n] != ':') return 1;
        if (wanted[n + 1] != '/') return count >= atoi(wanted + n + 1);
        char path[512];
        snprintf(path, sizeof path, "%.*s", (int)strcspn(wanted + n + 1, ","), wanted + n + 1);
        return !access(path, F_OK);
    }
    return 0;
}

/* What a call that fails says; 0: it does not. A GPU that is lost once is lost for good. */
static CUresult struck(CUresult error) {
    static int calls;
    const char *wanted = getenv("FAKE_CUDA");
    if (!wanted || strncmp(wanted, "call:", 5) || ++calls != atoi(wanted + 5)) return 0;
    if (error == LOST) lost = 1;
    return error;
}
#define MAY_FAIL(error)                                                                                      \
    do {                                                                                                     \
        CUresult struck_ = struck(error);                                                                    \
        if (struck_) return struck_;                                                                         \
    } while (0)

static struct memory *find(const void *at, size_t bytes) {
    for (int i = 0; i < MEMORIES; i++)
        if (memory[i].at && (const char *)at >= memory[i].at &&
            (const char *)at + bytes <= memory[i].at + memory[i].bytes)
            return &memory[i];
    return NULL;
}

static CUresult take(void **out, size_t bytes, int pinned) {
    MUST(bytes > 0);
    for (int i = 0; i < MEMORIES; i++) {
        if (memory[i].at) continue;
        memory[i] = (struct memory){
            .at = aligned_alloc(256, (bytes + 255) / 256 * 256), .bytes = bytes, .pinned = pinned};
        memset(memory[i].at, 0xa5, bytes); /* nobody may rely on zeros */
        *out = memory[i].at;
        return 0;
    }
    return OUT_OF_MEMORY;
}

/* Whether the job reads or writes there. */
static int touches(const struct job *job, const struct memory *m) {
    if (find(job->to, 1) == m || find(job->from, 1) == m) return 1;
    for (int i = 0; i < ARGUMENTS; i++)
        if (job->value[i] > UINT32_MAX && find((void *)(uintptr_t)job->value[i], 1) == m) return 1;
    return 0;
}

/* Bytes of it on the GPU. */
static int memory_used(void) {
    size_t bytes = 0;
    for (int i = 0; i < MEMORIES; i++) bytes += memory[i].at && !memory[i].pinned ? memory[i].bytes : 0;
    return (int)bytes;
}

static void give(void *at, int pinned) {
    struct memory *m = find(at, 1);
    MUST(m && m->at == at && m->pinned == pinned);
    for (int s = 0; s < STREAMS; s++)
        for (int i = 0; i < streams[s].queued; i++) MUST(!touches(&streams[s].queue[i], m));
    free(m->at);
    free(m->touched.place);
    *m = (struct memory){0};
}

static void check_context(void) {
    MUST(initialised);
    MUST(retained > 0);
    MUST(current);
}

/* What may not be done while this thread captures a stream. */
static void check_idle(void) {
    check_context();
    for (int s = 0; s < STREAMS; s++)
        MUST(!streams[s].capture || !pthread_equal(streams[s].capturer, pthread_self()));
}

EXPORT CUresult cuInit(unsigned flags) {
    LOCKED;
    MUST(flags == 0);
    MAY_FAIL(INVALID);
    initialised = 1;
    return 0;
}
EXPORT CUresult cuDriverGetVersion(int *out) {
    *out = 12040;
    return 0;
}
EXPORT CUresult cuDeviceGetCount(int *out) {
    MUST(initialised);
    MAY_FAIL(INVALID);
    *out = !fails("none", 0);
    return 0;
}
EXPORT CUresult cuDeviceGet(CUdevice *out, int number) {
    MUST(number == 0);
    MAY_FAIL(INVALID);
    *out = 7;
    return 0;
}
EXPORT CUresult cuDeviceGetName(char *out, int size, CUdevice device) {
    MUST(device == 7);
    snprintf(out, (size_t)size, "Fake GPU");
    return 0;
}
EXPORT CUresult cuDeviceTotalMem_v2(size_t *out, CUdevice device) {
    MUST(device == 7);
    *out = (size_t)1 << 32;
    return 0;
}
EXPORT CUresult cuDeviceGetAttribute(int *out, int which, CUdevice device) {
    MUST(device == 7);
    *out = which == 75 ? (fails("old", 0) ? 6 : 9) : which == 76 ? 0 : 1;
    return 0;
}
EXPORT CUresult cuDevicePrimaryCtxRetain(void **out, CUdevice device) {
    LOCKED;
    MUST(initialised && device == 7);
    MAY_FAIL(OUT_OF_MEMORY);
    if (fails("context", 0)) return OUT_OF_MEMORY;
    retained++;
    *out = &retained;
    return 0;
}
EXPORT CUresult cuCtxSetCurrent(void *context) {
    LOCKED;
    MUST(context == &retained && retained > 0);
    current = 1;
    return lost ? LOST : 0;
}
EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
    LOCKED;
    MUST(device == 7);
    check_idle();
    if (--retained) return 0;
    for (int i = 0; i < MEMORIES; i++) MUST(!memory[i].at);
    for (int i = 0; i < STREAMS; i++) MUST(!streams[i].open && !events[i].open);
    MUST(modules == 0 && links == 0 && graphs == 0);
    current = 0;
    return 0;
}

EXPORT CUresult cuLinkCreate_v2(unsigned count, int *options, void **values, void **out) {
    LOCKED;
    check_context();
    MUST(!count && !options && !values);
    MAY_FAIL(OUT_OF_MEMORY);
    if (fails("compile", 0)) return INVALID;
    links++;
    *out = &links;
    return 0;
}
static const char IMAGE[] = "\177ELF fake kernels";
EXPORT CUresult cuLinkAddData_v2(void *link, int type, void *data, size_t bytes, const char *name,
                                 unsigned count, int *options, void **values) {
    LOCKED;
    MUST(link == &links && type == 1 && name && !count && !options && !values);
    MUST(memchr(data, 0, bytes) == (char *)data + bytes - 1);
    MUST(strstr(data, ".target sm_75") && strstr(data, ".entry run_effects("));
    MAY_FAIL(INVALID);
    return 0;
}
EXPORT CUresult cuLinkComplete(void *link, void **image, size_t *bytes) {
    LOCKED;
    static char copy[sizeof IMAGE];
    MUST(link == &links);
    MAY_FAIL(INVALID);
    memcpy(copy, IMAGE, sizeof IMAGE);
    *image = copy;
    *bytes = sizeof IMAGE;
    return 0;
}
EXPORT CUresult cuLinkDestroy(void *link) {
    LOCKED;
    MUST(link == &links && links > 0);
    links--;
    return 0;
}
EXPORT CUresult cuModuleLoadData(void **out, const void *image) {
    LOCKED;
    check_idle();
    MAY_FAIL(OUT_OF_MEMORY);
    if (memcmp(image, IMAGE, sizeof IMAGE)) return INVALID; /* a spoilt file */
    modules++;
    *out = &modules;
    return 0;
}
EXPORT CUresult cuModuleUnload(void *module) {
    LOCKED;
    check_idle();
    MUST(module == &modules && modules > 0);
    modules--;
    return 0;
}
EXPORT CUresult cuModuleGetFunction(void **out, void *module, const char *name) {
    LOCKED;
    static const char *const names[] = {"run_analog", "run_bell",    "run_drum",   "run_noise", "run_tone",
                                        "run_mix",    "run_effects", "run_dither", "run_peak"};
    MUST(module == &modules);
    MAY_FAIL(INVALID);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], name)) {
            *out = (void *)(uintptr_t)names[i];
            return 0;
        }
    return INVALID;
}

EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *out, size_t bytes) {
    LOCKED;
    void *at = NULL;
    check_idle();
    MAY_FAIL(OUT_OF_MEMORY);
    MUST(!fails("frozen", 0));
    if (fails("alloc", ++allocs) || fails("room", memory_used() + (int)bytes)) return OUT_OF_MEMORY;
    CUresult result = take(&at, bytes, 0);
    *out = (CUdeviceptr)(uintptr_t)at;
    return result;
}
EXPORT CUresult cuMemFree_v2(CUdeviceptr at) {
    LOCKED;
    check_idle();
    give((void *)(uintptr_t)at, 0);
    return 0;
}
EXPORT CUresult cuMemHostAlloc(void **out, size_t bytes, unsigned flags) {
    LOCKED;
    check_idle();
    MUST(flags == 0 && !fails("frozen", 0));
    MAY_FAIL(OUT_OF_MEMORY);
    return take(out, bytes, 1);
}
EXPORT CUresult cuMemFreeHost(void *at) {
    LOCKED;
    check_idle();
    give(at, 1);
    return 0;
}

/* ---- Streams, events, graphs ---- */

static struct stream *open_stream(void *stream) {
    struct stream *s = stream;
    check_context();
    MUST(s >= streams && s < streams + STREAMS && s->open);
    return s;
}

EXPORT CUresult cuStreamCreate(void **out, unsigned flags) {
    LOCKED;
    check_idle();
    MUST(flags == 1);
    MAY_FAIL(OUT_OF_MEMORY);
    for (int i = 0; i < STREAMS; i++) {
        if (streams[i].open) continue;
        streams[i].open = 1;
        *out = &streams[i];
        return 0;
    }
    return OUT_OF_MEMORY;
}
EXPORT CUresult cuStreamDestroy_v2(void *stream) {
    LOCKED;
    struct stream *s = open_stream(stream);
    check_idle();
    MUST(s->queued == 0);
    s->open = 0;
    return 0;
}

static struct event *open_event(void *event) {
    struct event *e = event;
    check_context();
    MUST(e >= events && e < events + STREAMS && e->open);
    return e;
}

EXPORT CUresult cuEventCreate(void **out, unsigned flags) {
    LOCKED;
    check_idle();
    MUST(flags == 2);
    MAY_FAIL(OUT_OF_MEMORY);
    for (int i = 0; i < STREAMS; i++) {
        if (events[i].open) continue;
        events[i] = (struct event){.open = 1};
        *out = &events[i];
        return 0;
    }
    return OUT_OF_MEMORY;
}
EXPORT CUresult cuEventDestroy_v2(void *event) {
    LOCKED;
    open_event(event)->open = 0;
    return 0;
}

static void later(uint32_t *all, const uint32_t *those) {
    for (int i = 0; i < STREAMS; i++)
        if (those[i] > all[i]) all[i] = those[i];
}

/* At the end of a stream's queue. */
static struct job *append(struct stream *s, const struct job *job) {
    MUST(s->queued < QUEUE);
    struct job *last = &s->queue[s->queued++];
    *last = *job;
    last->stream = (uint32_t)(s - streams);
    last->number = (uint32_t)s->ended + (uint32_t)s->queued;
    later(s->before, waited);
    memcpy(last->before, s->before, sizeof last->before);
    return last;
}

static struct job *enqueue(void *stream, int kind, void *to, const void *from, size_t bytes) {
    struct stream *s = open_stream(stream);
    const struct job job = {.kind = kind, .to = to, .from = from, .bytes = bytes};
    if (!s->capture) return append(s, &job);
    MUST(s->capture->jobs < GRAPH_JOBS);
    s->capture->job[s->capture->jobs] = job;
    return &s->capture->job[s->capture->jobs++];
}

EXPORT CUresult cuEventRecord(void *event, void *stream) {
    LOCKED;
    struct event *e = open_event(event);
    struct stream *s = open_stream(stream);
    MUST(!s->capture);
    MAY_FAIL(LOST);
    e->of = s;
    e->jobs = s->ended + (uint64_t)s->queued;
    memcpy(e->before, s->before, sizeof e->before);
    e->before[s - streams] = (uint32_t)e->jobs;
    return lost ? LOST : 0;
}
EXPORT CUresult cuStreamWaitEvent(void *stream, void *event, unsigned flags) {
    LOCKED;
    struct event *e = open_event(event);
    MUST(flags == 0 && e->of && e->of != stream && !open_stream(stream)->capture);
    MAY_FAIL(LOST);
    struct job *job = enqueue(stream, AFTER, NULL, NULL, 0);
    job->other = e->of;
    job->jobs = e->jobs;
    later(((struct stream *)stream)->before, e->before);
    return lost ? LOST : 0;
}

GRAPHS CUresult cuStreamBeginCapture_v2(void *stream, int mode) {
    LOCKED;
    struct stream *s = open_stream(stream);
    MUST(mode == 1); /* this thread's calls only: other engines go on */
    MUST(!s->capture);
    MAY_FAIL(LOST);
    if (fails("capture", 0)) return UNSUPPORTED;
    s->capture = calloc(1, sizeof *s->capture);
    s->capturer = pthread_self();
    graphs++;
    return lost ? LOST : 0;
}
GRAPHS CUresult cuStreamEndCapture(void *stream, void **out) {
    LOCKED;
    struct stream *s = open_stream(stream);
    MUST(s->capture);
    struct graph *captured = s->capture;
    s->capture = NULL;
    CUresult error = struck(INVALID);
    if (error) {
        free(captured);
        graphs--;
    }
    *out = error ? NULL : captured;
    return lost ? LOST : error;
}
GRAPHS CUresult cuGraphInstantiateWithFlags(void **out, void *graph, uint64_t flags) {
    LOCKED;
    struct graph *g = graph, *copy;
    check_context();
    MUST(flags == 0 && !g->runnable && g->jobs > 0);
    MAY_FAIL(OUT_OF_MEMORY);
    copy = malloc(sizeof *copy);
    if (fails("instantiate", 0) || lost) {
        free(copy);
        return lost ? LOST : OUT_OF_MEMORY;
    }
    *copy = *g;
    copy->runnable = 1;
    graphs++;
    *out = copy;
    return 0;
}
static void forget_graph(struct graph *g, int runnable) {
    check_context();
    MUST(g && g->runnable == runnable);
    graphs--;
    free(g);
}
GRAPHS CUresult cuGraphDestroy(void *graph) {
    LOCKED;
    forget_graph(graph, 0);
    return 0;
}
GRAPHS CUresult cuGraphExecDestroy(void *graph) {
    LOCKED;
    check_idle();
    forget_graph(graph, 1);
    return 0;
}

static void keep_as_it_was(struct job *job) {
    job->as_it_was = malloc(job->bytes);
    memcpy(job->as_it_was, job->from, job->bytes);
}

/* Its memory must be there still. */
static void check_job(const struct job *job) {
    if (job->kind != LAUNCH) {
        MUST(find(job->to, job->bytes) && find(job->from, job->bytes));
        return;
    }
    for (int i = 0; i < ARGUMENTS; i++)
        if (job->value[i] > UINT32_MAX) MUST(find((void *)(uintptr_t)job->value[i], 1));
}

GRAPHS CUresult cuGraphLaunch(void *graph, void *stream) {
    LOCKED;
    const struct graph *g = graph;
    MUST(g->runnable);
    MUST(!open_stream(stream)->capture);
    MAY_FAIL(LOST);
    if (fails("graph", ++graph_launches)) lost = 1;
    for (int i = 0; i < g->jobs; i++) {
        check_job(&g->job[i]);
        if (g->job[i].kind == LAUNCH && fails("launch", ++launches)) lost = 1;
        struct job *job = append(stream, &g->job[i]);
        if (job->kind == UP) keep_as_it_was(job);
    }
    return lost ? LOST : 0;
}

/* ---- Work ---- */

EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, void *stream) {
    LOCKED;
    struct memory *m = find((void *)(uintptr_t)to, bytes), *host = find(from, bytes);
    MUST(m && !m->pinned);
    MUST(host && host->pinned);
    MAY_FAIL(LOST);
    struct job *job = enqueue(stream, UP, (void *)(uintptr_t)to, from, bytes);
    if (!((struct stream *)stream)->capture) keep_as_it_was(job);
    return lost ? LOST : 0;
}
EXPORT CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, void *stream) {
    LOCKED;
    struct memory *m = find((void *)(uintptr_t)from, bytes), *host = find(to, bytes);
    MUST(m && !m->pinned);
    MUST(host && host->pinned);
    MAY_FAIL(LOST);
    enqueue(stream, DOWN, to, (void *)(uintptr_t)from, bytes);
    return lost ? LOST : 0;
}
EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, void *stream) {
    LOCKED;
    MUST(find((void *)(uintptr_t)to, bytes) && find((void *)(uintptr_t)from, bytes));
    MAY_FAIL(LOST);
    enqueue(stream, ACROSS, (void *)(uintptr_t)to, (void *)(uintptr_t)from, bytes);
    return lost ? LOST : 0;
}

/* How many of an entry's arguments are memory, and how many numbers follow. */
static void shape_of(const char *entry, int *memories, int *numbers) {
    *memories = !strcmp(entry, "run_mix") || !strcmp(entry, "run_effects") ? 5
                : !strcmp(entry, "run_peak")                               ? 1
                : !strcmp(entry, "run_dither")                             ? 2
                                                                           : 8;
    *numbers = *memories == 8 ? 5 : *memories == 1 ? 1 : 2;
}

EXPORT CUresult cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                               unsigned by, unsigned bz, unsigned shared, void *stream, void **parameters,
                               void **extra) {
    LOCKED;
    int memories, numbers;
    MUST(gx > 0 && gy == 1 && gz == 1 && bx == 64 && by == 1 && bz == 1 && shared == 0 && parameters &&
         !extra);
    MAY_FAIL(LOST);
    if (fails("launch", ++launches)) lost = 1;
    if (lost) return LOST;
    struct job *job = enqueue(stream, LAUNCH, NULL, NULL, 0);
    job->entry = function;
    job->groups = gx;
    shape_of(job->entry, &memories, &numbers);
    for (int i = 0; i < memories; i++) {
        memcpy(&job->value[i], parameters[i], sizeof job->value[i]);
        MUST(find((void *)(uintptr_t)job->value[i], 1));
    }
    for (int i = memories; i < memories + numbers; i++) memcpy(&job->value[i], parameters[i], sizeof(uint));
    return 0;
}

/* Those jobs come before this one. */
static int after_all(const struct job *job, const uint32_t *those) {
    for (uint32_t i = 0; i < STREAMS; i++)
        if (i != job->stream && those[i] > job->before[i]) return 0;
    return 1;
}

static void touch(const struct job *job, const void *at) {
    struct memory *m = find(at, 1);
    MUST(after_all(job, m->touched.any));
    m->touched.any[job->stream] = m->touched.whole[job->stream] = job->number;
}

static void touch_place(const struct job *job, uint64_t at, uint32_t place) {
    struct memory *m = find((void *)(uintptr_t)at, 1);
    struct touched *t = &m->touched;
    MUST(place < m->bytes / sizeof(uint));
    if (!t->place) t->place = calloc(m->bytes / sizeof(uint), sizeof *t->place);
    MUST(after_all(job, t->whole));
    MUST(t->place[place].stream == job->stream || t->place[place].job <= job->before[t->place[place].stream]);
    t->any[job->stream] = t->place[place].job = job->number;
    t->place[place].stream = job->stream;
}

/* Of what the parts share a launch has what its lists name, which lie on the GPU by now. */
static void touch_listed(const struct job *job, int memories) {
    const uint64_t *v = job->value;
    const struct batch_voice *voices = (const void *)(uintptr_t)v[2];
    const struct batch_stream *listed = (const void *)(uintptr_t)v[1];
    for (uint64_t i = v[9]; memories == 8 && i < v[10]; i++)
        if (voices[i].start || voices[i].change || voices[i].from < voices[i].to)
            touch_place(job, v[0], voices[i].place);
    for (uint64_t i = 0; !strcmp(job->entry, "run_effects") && i < v[5]; i++)
        if (!listed[i].dry) touch_place(job, v[0], listed[i].effects);
}

static void touch_all(const struct job *job) {
    int memories, numbers;
    if (job->kind != LAUNCH) {
        touch(job, job->to);
        touch(job, job->from);
        return;
    }
    shape_of(job->entry, &memories, &numbers);
    int shared = memories == 8 ? 2 : !strcmp(job->entry, "run_effects"); /* the first ones: banks, effects */
    for (int i = shared; i < memories; i++) touch(job, (void *)(uintptr_t)job->value[i]);
    touch_listed(job, memories);
}

static void do_job(struct job *job) {
    void *arguments[ARGUMENTS];
    if (job->kind == LAUNCH && fails("idle", 0)) return;
    touch_all(job);
    if (job->kind == LAUNCH) {
        for (int i = 0; i < ARGUMENTS; i++) arguments[i] = &job->value[i];
        MUST(shim_run(job->entry, job->groups, arguments) == 0);
        return;
    }
    if (job->kind == UP) MUST(!memcmp(job->from, job->as_it_was, job->bytes));
    memmove(job->to, job->from, job->bytes);
    free(job->as_it_was);
}

static void forget_jobs(struct stream *s) {
    for (int i = 0; i < s->queued; i++) free(s->queue[i].as_it_was);
    s->ended += (uint64_t)s->queued;
    s->queued = 0;
}

/* The first `count` jobs of a stream, and what they wait for. */
static void work_off(struct stream *s, uint64_t count) {
    int n = 0;
    for (; n < s->queued && s->ended + (uint64_t)n < count; n++) {
        struct job *job = &s->queue[n];
        if (job->kind == AFTER)
            work_off(job->other, job->jobs);
        else
            do_job(job);
    }
    memmove(s->queue, s->queue + n, (size_t)(s->queued - n) * sizeof *s->queue);
    s->ended += (uint64_t)n;
    s->queued -= n;
}

EXPORT CUresult cuStreamQuery(void *stream) {
    LOCKED;
    struct stream *s = open_stream(stream);
    MUST(!s->capture);
    if (fails("query", ++queries) || struck(LOST)) lost = 1;
    if (lost) {
        for (int i = 0; i < STREAMS; i++) forget_jobs(&streams[i]);
        return LOST;
    }
    if (fails("hang", launches)) return NOT_READY;
    if (s->queued && ++s->asked % 3) return NOT_READY; /* it takes a while */
    for (int i = STREAMS; i-- > 0 && fails("backwards", 0);) work_off(&streams[i], UINT64_MAX);
    work_off(s, UINT64_MAX);
    later(waited, s->before);
    waited[s - streams] = (uint32_t)s->ended;
    return 0;
}
