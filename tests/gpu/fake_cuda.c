/* fake_cuda.c — a libcuda.so.1 for machines without a GPU. It runs the kernels through shim.c, so whole
 * streams can be compared, and it is strict: memory, modules, streams and contexts must exist where they are
 * used, be used inside their bounds and be given back in order, copies up must come from pinned memory and
 * stay as they were until the stream has been waited for. A breach ends the process with a message.
 *
 * Work is done when the stream is asked about (cuStreamQuery), not when it is queued: a host that reads too
 * early finds nothing. $FAKE_CUDA makes it fail: "alloc:N" (the N-th cuMemAlloc and all later ones),
 * "launch:N" (the N-th cuLaunchKernel; the GPU is lost from there on), "query:N" (likewise, when waiting),
 * "hang:N" (from the N-th launch on nothing ever ends), "context", "compile", "idle" (kernels do nothing:
 * what is left is the host's work), "none" (no GPU), "old" (a chip before Turing). */
#include "shim.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int CUresult, CUdevice;
typedef uint64_t CUdeviceptr;
enum {
    MEMORIES = 4096,
    QUEUE = 4096,
    ARGUMENTS = 16,
    OUT_OF_MEMORY = 2,
    LOST = 719,
    NOT_READY = 600,
    INVALID = 1
};

#define EXPORT __attribute__((visibility("default")))
#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) breach(__func__, #condition);                                                      \
    } while (0)

static _Noreturn void breach(const char *function, const char *condition) {
    fprintf(stderr, "fake libcuda: %s: not (%s)\n", function, condition);
    abort();
}

struct memory {
    char *at;
    size_t bytes;
    int pinned;
};
static struct memory memory[MEMORIES];

struct job {
    enum { UP, DOWN, ACROSS, LAUNCH } kind;
    char *to;
    const char *from;
    char *as_it_was; /* of an UP */
    size_t bytes;
    const char *entry;
    uint groups;
    uint64_t value[ARGUMENTS];
};
static struct job queue[QUEUE];
static int queued, streams, contexts, modules, links, initialised, current;
static int allocs, launches, queries, lost;

static int fails(const char *what, int count) {
    const char *wanted = getenv("FAKE_CUDA");
    size_t n = strlen(what);
    if (!wanted || strncmp(wanted, what, n)) return 0;
    return wanted[n] == 0 || (wanted[n] == ':' && count >= atoi(wanted + n + 1));
}

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
        memory[i] = (struct memory){aligned_alloc(256, (bytes + 255) / 256 * 256), bytes, pinned};
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

static void give(void *at, int pinned) {
    struct memory *m = find(at, 1);
    MUST(m && m->at == at && m->pinned == pinned);
    for (int i = 0; i < queued; i++) MUST(!touches(&queue[i], m));
    free(m->at);
    *m = (struct memory){0};
}

static void check_context(void) {
    MUST(initialised);
    MUST(contexts == 1);
    MUST(current);
}

EXPORT CUresult cuInit(unsigned flags) {
    MUST(flags == 0);
    initialised = 1;
    return 0;
}
EXPORT CUresult cuDriverGetVersion(int *out) {
    *out = 12040;
    return 0;
}
EXPORT CUresult cuDeviceGetCount(int *out) {
    MUST(initialised);
    *out = !fails("none", 0);
    return 0;
}
EXPORT CUresult cuDeviceGet(CUdevice *out, int number) {
    MUST(number == 0);
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
EXPORT CUresult cuCtxCreate_v2(void **out, unsigned flags, CUdevice device) {
    MUST(initialised && flags == 0 && device == 7);
    if (fails("context", 0)) return OUT_OF_MEMORY;
    contexts++;
    current = 1;
    *out = &contexts;
    return 0;
}
EXPORT CUresult cuCtxSetCurrent(void *context) {
    MUST(context == &contexts && contexts == 1);
    current = 1;
    return lost ? LOST : 0;
}
EXPORT CUresult cuCtxDestroy_v2(void *context) {
    check_context();
    MUST(context == &contexts);
    for (int i = 0; i < MEMORIES; i++) MUST(!memory[i].at);
    MUST(streams == 0 && modules == 0 && links == 0);
    contexts--;
    current = 0;
    return 0;
}

EXPORT CUresult cuLinkCreate_v2(unsigned count, int *options, void **values, void **out) {
    check_context();
    MUST(!count && !options && !values);
    if (fails("compile", 0)) return INVALID;
    links++;
    *out = &links;
    return 0;
}
static const char IMAGE[] = "\177ELF fake kernels";
EXPORT CUresult cuLinkAddData_v2(void *link, int type, void *data, size_t bytes, const char *name,
                                 unsigned count, int *options, void **values) {
    MUST(link == &links && type == 1 && name && !count && !options && !values);
    MUST(memchr(data, 0, bytes) == (char *)data + bytes - 1);
    MUST(strstr(data, ".target sm_75") && strstr(data, ".entry run_effects("));
    return 0;
}
EXPORT CUresult cuLinkComplete(void *link, void **image, size_t *bytes) {
    static char copy[sizeof IMAGE];
    MUST(link == &links);
    memcpy(copy, IMAGE, sizeof IMAGE);
    *image = copy;
    *bytes = sizeof IMAGE;
    return 0;
}
EXPORT CUresult cuLinkDestroy(void *link) {
    MUST(link == &links && links == 1);
    links--;
    return 0;
}
EXPORT CUresult cuModuleLoadData(void **out, const void *image) {
    check_context();
    if (memcmp(image, IMAGE, sizeof IMAGE)) return INVALID; /* a spoilt file */
    modules++;
    *out = &modules;
    return 0;
}
EXPORT CUresult cuModuleUnload(void *module) {
    check_context();
    MUST(module == &modules && modules == 1);
    modules--;
    return 0;
}
EXPORT CUresult cuModuleGetFunction(void **out, void *module, const char *name) {
    static const char *const names[] = {"run_analog", "run_bell", "run_drum",    "run_noise",
                                        "run_tone",   "run_mix",  "run_effects", "run_dither"};
    MUST(module == &modules);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], name)) {
            *out = (void *)(uintptr_t)names[i];
            return 0;
        }
    return INVALID;
}

EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *out, size_t bytes) {
    void *at = NULL;
    check_context();
    if (fails("alloc", ++allocs)) return OUT_OF_MEMORY;
    CUresult result = take(&at, bytes, 0);
    *out = (CUdeviceptr)(uintptr_t)at;
    return result;
}
EXPORT CUresult cuMemFree_v2(CUdeviceptr at) {
    check_context();
    give((void *)(uintptr_t)at, 0);
    return 0;
}
EXPORT CUresult cuMemHostAlloc(void **out, size_t bytes, unsigned flags) {
    check_context();
    MUST(flags == 0);
    return take(out, bytes, 1);
}
EXPORT CUresult cuMemFreeHost(void *at) {
    check_context();
    give(at, 1);
    return 0;
}

EXPORT CUresult cuStreamCreate(void **out, unsigned flags) {
    check_context();
    MUST(flags == 1);
    streams++;
    *out = &streams;
    return 0;
}
EXPORT CUresult cuStreamDestroy_v2(void *stream) {
    check_context();
    MUST(stream == &streams && streams == 1);
    MUST(queued == 0);
    streams--;
    return 0;
}

static struct job *enqueue(void *stream, int kind, void *to, const void *from, size_t bytes) {
    check_context();
    MUST(stream == &streams && streams == 1);
    MUST(queued < QUEUE);
    struct job *job = &queue[queued++];
    *job = (struct job){.kind = kind, .to = to, .from = from, .bytes = bytes};
    return job;
}

EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, void *stream) {
    struct memory *m = find((void *)(uintptr_t)to, bytes), *host = find(from, bytes);
    MUST(m && !m->pinned);
    MUST(host && host->pinned);
    struct job *job = enqueue(stream, UP, (void *)(uintptr_t)to, from, bytes);
    job->as_it_was = malloc(bytes);
    memcpy(job->as_it_was, from, bytes);
    return lost ? LOST : 0;
}
EXPORT CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, void *stream) {
    struct memory *m = find((void *)(uintptr_t)from, bytes), *host = find(to, bytes);
    MUST(m && !m->pinned);
    MUST(host && host->pinned);
    enqueue(stream, DOWN, to, (void *)(uintptr_t)from, bytes);
    return lost ? LOST : 0;
}
EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, void *stream) {
    MUST(find((void *)(uintptr_t)to, bytes) && find((void *)(uintptr_t)from, bytes));
    enqueue(stream, ACROSS, (void *)(uintptr_t)to, (void *)(uintptr_t)from, bytes);
    return lost ? LOST : 0;
}

/* How many of an entry's arguments are memory, and how many numbers follow. */
static void shape_of(const char *entry, int *memories, int *numbers) {
    *memories = !strcmp(entry, "run_mix") || !strcmp(entry, "run_effects") ? 5
                : !strcmp(entry, "run_dither")                             ? 3
                                                                           : 8;
    *numbers = *memories == 5 ? 2 : *memories == 3 ? 1 : 5;
}

EXPORT CUresult cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                               unsigned by, unsigned bz, unsigned shared, void *stream, void **parameters,
                               void **extra) {
    int memories, numbers;
    MUST(gx > 0 && gy == 1 && gz == 1 && bx == 64 && by == 1 && bz == 1 && shared == 0 && parameters &&
         !extra);
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

static void do_job(struct job *job) {
    void *arguments[ARGUMENTS];
    if (job->kind == LAUNCH && fails("idle", 0)) return;
    if (job->kind == LAUNCH) {
        for (int i = 0; i < ARGUMENTS; i++) arguments[i] = &job->value[i];
        MUST(shim_run(job->entry, job->groups, arguments) == 0);
        return;
    }
    if (job->kind == UP) MUST(!memcmp(job->from, job->as_it_was, job->bytes));
    memmove(job->to, job->from, job->bytes);
    free(job->as_it_was);
}

EXPORT CUresult cuStreamQuery(void *stream) {
    static int asked;
    check_context();
    MUST(stream == &streams && streams == 1);
    if (fails("query", ++queries)) lost = 1;
    if (lost) {
        queued = 0;
        return LOST;
    }
    if (fails("hang", launches)) return NOT_READY;
    if (queued && ++asked % 3) return NOT_READY; /* it takes a while */
    for (int i = 0; i < queued; i++) do_job(&queue[i]);
    queued = 0;
    return 0;
}
