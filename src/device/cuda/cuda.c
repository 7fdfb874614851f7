/* cuda.c — NVIDIA's GPUs.
 *
 * The driver's library is opened at run time and what is used of its interface is declared here (CUDA Driver
 * API reference; the names are its own, with the suffixes of the versions that are asked for). The kernels
 * are the same text as everywhere, turned into PTX by clang when Auralis was built. The driver compiles it
 * for the chip once; the result is kept under $XDG_CACHE_HOME/auralis (or ~/.cache/auralis), named after the
 * PTX, the driver and the chip, and a file that does not load is made anew.
 *
 * All engines of a process share the GPU's primary context; each has queues of its own (cuda_queue.h), so
 * that one batch goes up while another is rendered and a third comes down, and engines of several threads do
 * not wait for each other. What goes up passes through pinned memory; only what comes down is waited for. */
#include "cuda_text.h"
#include "base/monotonic.h"
#include "device/cuda/cuda_queue.h"
#include "device/patience.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEAST_CHIP = 75 };

static int attribute(const struct cuda *cu, CUdevice device, int which) {
    int value = 0;
    cu->DeviceGetAttribute(&value, which, device);
    return value;
}

static int chip_of(const struct cuda *cu, CUdevice device) {
    return 10 * attribute(cu, device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) +
           attribute(cu, device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
}

static struct gpu_info describe(const struct cuda *cu, CUdevice device) {
    struct gpu_info info = {.is_gpu = true};
    size_t memory = 0;
    int version = 0;
    cu->DeviceGetName(info.name, sizeof info.name, device);
    cu->DeviceTotalMem(&memory, device);
    cu->DriverGetVersion(&version);
    info.memory = memory;
    info.units = (uint32_t)attribute(cu, device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    snprintf(info.version, sizeof info.version, "CUDA %d.%d, sm_%d", version / 1000, version % 1000 / 10,
             chip_of(cu, device));
    return info;
}

int cuda_list(struct gpu_info *out, int max) {
    struct cuda cu;
    int count = 0;
    if (!cuda_load(&cu)) return 0;
    cu.DeviceGetCount(&count);
    for (int i = 0; i < count && i < max; i++) {
        CUdevice device;
        if (!cu.DeviceGet(&device, i)) out[i] = describe(&cu, device);
    }
    return count; /* the library stays: it does not like to be unloaded */
}

struct cuda_driver {
    struct driver driver;
    struct cuda cu;
    CUdevice device;
    CUcontext context;
    CUmodule module;
    CUfunction function[GPU_ENTRIES];
    struct cuda_queue queue[GPU_QUEUES_MAX];
    struct cuda_queue *gathers; /* NULL: what is asked for begins at once, in the first queue */
    bool lost;                  /* it does not answer: nothing of it may be touched */
};

static struct cuda_driver *mine(struct driver *d) {
    return (struct cuda_driver *)(void *)d;
}

/* A context belongs to the thread that uses it now. */
static int enter(struct cuda_driver *c) {
    return c->lost ? AURALIS_EDEVICE : cuda_result(c->cu.CtxSetCurrent(c->context));
}

static int settle(struct cuda_driver *c, struct cuda_queue *q) {
    struct patience patience = {0};
    CUresult error;
    while ((error = c->cu.StreamQuery(q->stream)) == CUDA_ERROR_NOT_READY)
        if (!patience_left(&patience, c->driver.patience)) {
            c->lost = true;
            return AURALIS_EDEVICE;
        }
    return error ? cuda_result(error) : cuda_queue_settle(&c->cu, q);
}

static int wait_queue(struct driver *d, int number) {
    struct cuda_driver *c = mine(d);
    int result = enter(c);
    return result < 0 || !c->queue[number].busy ? result : settle(c, &c->queue[number]);
}

static int finish(struct driver *d) {
    int result = AURALIS_OK;
    for (int i = 0; i < GPU_QUEUES_MAX && result == AURALIS_OK; i++) result = wait_queue(d, i);
    return result;
}

static int gather(struct driver *d, int queue, bool again) {
    struct cuda_driver *c = mine(d);
    c->gathers = &c->queue[queue];
    c->gathers->graphs = again;
    return enter(c);
}

static int submit(struct driver *d) {
    struct cuda_driver *c = mine(d);
    struct cuda_queue *q = c->gathers;
    c->gathers = NULL;
    int result = enter(c);
    return result < 0 ? result : cuda_queue_submit(&c->cu, q);
}

static int follow(struct driver *d, int other) {
    struct cuda_driver *c = mine(d);
    struct cuda_queue *before = &c->queue[other];
    int result = enter(c);
    if (before == c->gathers) return result;
    if (result == AURALIS_OK) result = cuda_result(c->cu.EventRecord(before->done, before->stream));
    if (result == AURALIS_OK)
        result = cuda_result(c->cu.StreamWaitEvent(c->gathers->stream, before->done, 0));
    return result;
}

static int expect(struct driver *d, int queue, size_t bytes) {
    struct cuda_driver *c = mine(d);
    int result = wait_queue(d, queue);
    return result < 0 ? result : cuda_queue_expect(&c->cu, &c->queue[queue], bytes);
}

static struct cuda_queue *queue_of(struct cuda_driver *c) {
    return c->gathers ? c->gathers : &c->queue[0];
}

/* Begins what was written down so far, as far as nobody gathers. */
static int go_on(struct cuda_driver *c) {
    return c->gathers ? AURALIS_OK : cuda_queue_submit(&c->cu, &c->queue[0]);
}

static int reserve(struct driver *d, size_t bytes, gpu_memory *out) {
    struct cuda_driver *c = mine(d);
    int result = enter(c);
    return result < 0 ? result : cuda_result(c->cu.MemAlloc(out, bytes));
}

static void release(struct driver *d, gpu_memory memory) {
    struct cuda_driver *c = mine(d);
    if (enter(c) == AURALIS_OK) c->cu.MemFree(memory);
}

/* The staging memory or the list is full: everything so far goes up first. */
static int make_way(struct cuda_driver *c, struct cuda_queue *q) {
    bool graphs = q->graphs;
    size_t wanted = q->wanted;
    q->graphs = false;
    int result = cuda_queue_submit(&c->cu, q);
    if (result == AURALIS_OK) q->wanted = 0; /* the memory must stay where it is now */
    if (result == AURALIS_OK) result = settle(c, q);
    q->wanted = wanted;
    q->graphs = graphs;
    return result;
}

static int add(struct cuda_driver *c, struct cuda_queue *q, const struct cuda_operation *wanted) {
    struct cuda_operation *o = cuda_queue_add(q);
    if (!o) {
        int result = make_way(c, q);
        if (result < 0) return result;
        o = cuda_queue_add(q);
    }
    *o = *wanted;
    return AURALIS_OK;
}

static int write_part(struct cuda_driver *c, CUdeviceptr to, const char *from, size_t bytes, size_t sent) {
    struct cuda_queue *q = queue_of(c);
    char *staged = cuda_queue_stage(q, sent);
    if (!staged) {
        int result = make_way(c, q);
        if (result < 0) return result;
        staged = cuda_queue_stage(q, sent);
    }
    if (bytes) memcpy(staged, from, bytes);
    struct cuda_operation up;
    memset(&up, 0, sizeof up); /* lists are compared as memory */
    up.kind = CUDA_UP;
    up.device = to;
    up.host = staged;
    up.bytes = sent;
    return add(c, q, &up);
}

static int write_memory(struct driver *d, gpu_memory to, size_t at, const void *from, size_t bytes) {
    enum { PART = 1 << 20 };
    struct cuda_driver *c = mine(d);
    int result = enter(c);
    size_t all = c->gathers && c->gathers->graphs ? gpu_rounded(bytes) : bytes;
    for (size_t done = 0; done < all && result == AURALIS_OK; done += PART) {
        size_t sent = all - done < PART ? all - done : PART, part = bytes > done ? bytes - done : 0;
        result = write_part(c, to + at + done, (const char *)from + done, part < sent ? part : sent, sent);
    }
    return result < 0 ? result : go_on(c);
}

static int read_memory(struct driver *d, void *to, gpu_memory from, size_t at, size_t bytes) {
    struct cuda_driver *c = mine(d);
    struct cuda_operation down;
    memset(&down, 0, sizeof down);
    down.kind = CUDA_DOWN;
    down.device = from + at;
    down.host = to;
    down.bytes = bytes;
    int result = enter(c);
    if (result == AURALIS_OK) result = add(c, queue_of(c), &down);
    if (result < 0 || c->gathers) return result;
    result = go_on(c);
    return result < 0 ? result : finish(d);
}

static int copy_memory(struct driver *d, gpu_memory to, size_t to_at, gpu_memory from, size_t from_at,
                       size_t bytes) {
    struct cuda_driver *c = mine(d);
    int result = enter(c);
    if (result < 0) return result;
    c->queue[0].busy = true;
    return cuda_result(c->cu.MemcpyDtoDAsync(to + to_at, from + from_at, bytes, c->queue[0].stream));
}

static int launch(struct driver *d, enum gpu_entry entry, uint32_t groups, const struct gpu_argument *a,
                  int count) {
    struct cuda_driver *c = mine(d);
    struct cuda_operation launch;
    memset(&launch, 0, sizeof launch);
    launch.kind = CUDA_LAUNCH;
    launch.function = c->function[entry];
    launch.groups = groups;
    launch.arguments = count;
    for (int i = 0; i < count; i++) launch.argument[i] = a[i].is_memory ? a[i].memory : a[i].number;
    int result = enter(c);
    if (result == AURALIS_OK) result = add(c, queue_of(c), &launch);
    return result < 0 ? result : go_on(c);
}

static void *host_memory(struct driver *d, size_t bytes) {
    struct cuda_driver *c = mine(d);
    void *memory = NULL;
    if (enter(c) < 0 || c->cu.MemHostAlloc(&memory, bytes, 0)) return NULL;
    return memory;
}

static void host_release(struct driver *d, void *memory) {
    if (enter(mine(d)) == AURALIS_OK) mine(d)->cu.MemFreeHost(memory);
}

/* A GPU that does not answer would keep us waiting here too: what it holds is left to the end of the process.
 */
static void close_driver(struct driver *d) {
    struct cuda_driver *c = mine(d);
    if (c->context && enter(c) == AURALIS_OK) {
        for (int i = 0; i < GPU_QUEUES_MAX; i++) cuda_queue_close(&c->cu, &c->queue[i]);
        if (c->module) c->cu.ModuleUnload(c->module);
        c->cu.DevicePrimaryCtxRelease(c->device);
    }
    free(c);
}

/* ---- The compiled kernels ---- */

static uint64_t hash(uint64_t h, const void *data, size_t bytes) { /* FNV-1a */
    for (size_t i = 0; i < bytes; i++) h = (h ^ ((const unsigned char *)data)[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* Where the compiled kernels are kept; false if there is no home. Makes the folder. */
static bool cache_path(const struct cuda_driver *c, char *path, size_t size) {
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char folder[512];
    if (base && *base)
        snprintf(folder, sizeof folder, "%s", base);
    else if (home && *home)
        snprintf(folder, sizeof folder, "%s/.cache", home);
    else
        return false;
    uint64_t key = hash(UINT64_C(0xcbf29ce484222325), CUDA_TEXT, sizeof CUDA_TEXT);
    key = hash(key, c->driver.info.version, strlen(c->driver.info.version));
    mkdir(folder, 0777);
    int written = snprintf(path, size, "%s/auralis", folder);
    if (written < 0 || (size_t)written >= size) return false;
    mkdir(path, 0777);
    written = snprintf(path, size, "%s/auralis/kernels-%016llx.cubin", folder, (unsigned long long)key);
    return written > 0 && (size_t)written < size;
}

static char *read_file(const char *path, size_t *bytes) {
    enum { MOST = 64 << 20 };
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    struct stat status;
    char *data = NULL;
    if (!fstat(fileno(f), &status) && status.st_size > 0 && status.st_size < MOST) {
        *bytes = (size_t)status.st_size;
        data = malloc(*bytes);
        if (data && fread(data, 1, *bytes, f) != *bytes) {
            free(data);
            data = NULL;
        }
    }
    fclose(f);
    return data;
}

/* Appears whole or not at all. */
static void write_file(const char *path, const void *data, size_t bytes) {
    char temporary[640];
    snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
    FILE *f = fopen(temporary, "wb");
    if (!f) return;
    bool good = fwrite(data, 1, bytes, f) == bytes;
    if (fclose(f) || !good || rename(temporary, path)) unlink(temporary);
}

static bool load_cached(struct cuda_driver *c, const char *path) {
    size_t bytes;
    char *image = read_file(path, &bytes);
    bool good = image && !c->cu.ModuleLoadData(&c->module, image);
    free(image);
    return good;
}

static int compile(struct cuda_driver *c, const char *path) {
    CUlinkState link;
    void *image;
    size_t bytes;
    CUresult error = c->cu.LinkCreate(0, NULL, NULL, &link);
    if (error) return cuda_result(error);
    char *text = malloc(sizeof CUDA_TEXT);
    if (text) memcpy(text, CUDA_TEXT, sizeof CUDA_TEXT);
    error = text ? c->cu.LinkAddData(link, CU_JIT_INPUT_PTX, text, sizeof CUDA_TEXT, "auralis", 0, NULL, NULL)
                 : CUDA_ERROR_OUT_OF_MEMORY;
    if (!error) error = c->cu.LinkComplete(link, &image, &bytes);
    if (!error) error = c->cu.ModuleLoadData(&c->module, image);
    if (!error && path) write_file(path, image, bytes);
    c->cu.LinkDestroy(link);
    free(text);
    return cuda_result(error);
}

static int load_kernels(struct cuda_driver *c) {
    char path[600];
    bool cached = cache_path(c, path, sizeof path);
    if (cached) snprintf(c->driver.notes, sizeof c->driver.notes, "%.590s.plans", path);
    if (!cached || !load_cached(c, path)) {
        int result = compile(c, cached ? path : NULL);
        if (result < 0) return result;
    }
    for (int i = 0; i < GPU_ENTRIES; i++) {
        int result = cuda_result(c->cu.ModuleGetFunction(&c->function[i], c->module, GPU_ENTRY_NAMES[i]));
        if (result < 0) return result;
    }
    return AURALIS_OK;
}

static int refuse(auralis_message *why, int result, const char *text) {
    if (why) snprintf(why->text, sizeof why->text, "%s", text);
    return result;
}

static int set_up(struct cuda_driver *c, auralis_message *why) {
    double begin = (double)monotonic_now() * 1e-9;
    if (c->cu.DevicePrimaryCtxRetain(&c->context, c->device))
        return refuse(why, AURALIS_EDEVICE, "the driver gives no context");
    int opened = enter(c);
    for (int i = 0; i < GPU_QUEUES_MAX && opened == AURALIS_OK; i++)
        opened = cuda_queue_open(&c->cu, &c->queue[i]);
    if (opened < 0) return refuse(why, opened, "the driver gives neither streams nor memory");
    int result = load_kernels(c);
    if (result < 0) return refuse(why, result, "the driver does not take the kernels");
    c->driver.info.warm_up = (double)monotonic_now() * 1e-9 - begin;
    return AURALIS_OK;
}

int cuda_open(int number, struct driver **out, auralis_message *why) {
    struct cuda cu;
    int count = 0;
    CUdevice device;
    if (!cuda_load(&cu)) return refuse(why, AURALIS_EUNSUPPORTED, "there is no NVIDIA driver (libcuda.so.1)");
    if (cu.DeviceGetCount(&count) || !count)
        return refuse(why, AURALIS_EUNSUPPORTED, "the driver knows no GPU");
    if (number < 0 || number >= count || cu.DeviceGet(&device, number))
        return refuse(why, AURALIS_ENOENT, "there is no GPU of this number");
    if (chip_of(&cu, device) < LEAST_CHIP)
        return refuse(why, AURALIS_EUNSUPPORTED, "the GPU is older than sm_75 (Turing)");
    struct cuda_driver *c = calloc(1, sizeof *c);
    if (!c) return refuse(why, AURALIS_ENOMEM, "out of memory");
    c->cu = cu;
    c->device = device;
    c->driver = (struct driver){.info = describe(&cu, device),
                                .reserve = reserve,
                                .release = release,
                                .write = write_memory,
                                .read = read_memory,
                                .copy = copy_memory,
                                .launch = launch,
                                .finish = finish,
                                .host_memory = host_memory,
                                .host_release = host_release,
                                .close = close_driver,
                                .queues = GPU_QUEUES_MAX,
                                .gather = gather,
                                .follow = follow,
                                .submit = submit,
                                .wait = wait_queue,
                                .expect = expect};
    int result = set_up(c, why);
    if (result < 0) {
        close_driver(&c->driver);
        return result;
    }
    *out = &c->driver;
    return AURALIS_OK;
}
