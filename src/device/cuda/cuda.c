/* cuda.c — NVIDIA's GPUs.
 *
 * The driver's library is opened at run time and what is used of its interface is declared here (CUDA Driver
 * API reference; the names are its own, with the suffixes of the versions that are asked for). The kernels
 * are the same text as everywhere, turned into PTX by clang when Auralis was built. The driver compiles it
 * for the chip once; the result is kept under $XDG_CACHE_HOME/auralis (or ~/.cache/auralis), named after the
 * PTX, the driver and the chip, and a file that does not load is made anew.
 *
 * What goes up passes through pinned memory, so that copies and kernels queue up in one stream without
 * waiting for each other; only what comes down is waited for, and not for ever: a GPU that does not answer
 * within ten seconds counts as lost. */
#include "cuda_text.h"
#include "base/monotonic.h"
#include "device/driver.h"
#include "device/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef int CUresult, CUdevice;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUlinkState_st *CUlinkState;
typedef uint64_t CUdeviceptr;

enum {
    CUDA_ERROR_OUT_OF_MEMORY = 2,
    CUDA_ERROR_NOT_READY = 600,
    CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
    CU_STREAM_NON_BLOCKING = 1,
    CU_JIT_INPUT_PTX = 1,
    LEAST_CHIP = 75
};
static const size_t STAGING_BYTES = 8 << 20;
static const double LOST_SECONDS = 10;

struct cuda {
    void *library;
    CUresult (*Init)(unsigned);
    CUresult (*DriverGetVersion)(int *);
    CUresult (*DeviceGetCount)(int *);
    CUresult (*DeviceGet)(CUdevice *, int);
    CUresult (*DeviceGetName)(char *, int, CUdevice);
    CUresult (*DeviceTotalMem)(size_t *, CUdevice);
    CUresult (*DeviceGetAttribute)(int *, int, CUdevice);
    CUresult (*CtxCreate)(CUcontext *, unsigned, CUdevice);
    CUresult (*CtxDestroy)(CUcontext);
    CUresult (*CtxSetCurrent)(CUcontext);
    CUresult (*LinkCreate)(unsigned, int *, void **, CUlinkState *);
    CUresult (*LinkAddData)(CUlinkState, int, void *, size_t, const char *, unsigned, int *, void **);
    CUresult (*LinkComplete)(CUlinkState, void **, size_t *);
    CUresult (*LinkDestroy)(CUlinkState);
    CUresult (*ModuleLoadData)(CUmodule *, const void *);
    CUresult (*ModuleUnload)(CUmodule);
    CUresult (*ModuleGetFunction)(CUfunction *, CUmodule, const char *);
    CUresult (*MemAlloc)(CUdeviceptr *, size_t);
    CUresult (*MemFree)(CUdeviceptr);
    CUresult (*MemHostAlloc)(void **, size_t, unsigned);
    CUresult (*MemFreeHost)(void *);
    CUresult (*MemcpyHtoDAsync)(CUdeviceptr, const void *, size_t, CUstream);
    CUresult (*MemcpyDtoHAsync)(void *, CUdeviceptr, size_t, CUstream);
    CUresult (*MemcpyDtoDAsync)(CUdeviceptr, CUdeviceptr, size_t, CUstream);
    CUresult (*StreamCreate)(CUstream *, unsigned);
    CUresult (*StreamDestroy)(CUstream);
    CUresult (*StreamQuery)(CUstream);
    CUresult (*LaunchKernel)(CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                             CUstream, void **, void **);
};

static bool load(struct cuda *cu) {
    const struct library_function functions[] = {{"cuInit", &cu->Init},
                                                 {"cuDriverGetVersion", &cu->DriverGetVersion},
                                                 {"cuDeviceGetCount", &cu->DeviceGetCount},
                                                 {"cuDeviceGet", &cu->DeviceGet},
                                                 {"cuDeviceGetName", &cu->DeviceGetName},
                                                 {"cuDeviceTotalMem_v2", &cu->DeviceTotalMem},
                                                 {"cuDeviceGetAttribute", &cu->DeviceGetAttribute},
                                                 {"cuCtxCreate_v2", &cu->CtxCreate},
                                                 {"cuCtxDestroy_v2", &cu->CtxDestroy},
                                                 {"cuCtxSetCurrent", &cu->CtxSetCurrent},
                                                 {"cuLinkCreate_v2", &cu->LinkCreate},
                                                 {"cuLinkAddData_v2", &cu->LinkAddData},
                                                 {"cuLinkComplete", &cu->LinkComplete},
                                                 {"cuLinkDestroy", &cu->LinkDestroy},
                                                 {"cuModuleLoadData", &cu->ModuleLoadData},
                                                 {"cuModuleUnload", &cu->ModuleUnload},
                                                 {"cuModuleGetFunction", &cu->ModuleGetFunction},
                                                 {"cuMemAlloc_v2", &cu->MemAlloc},
                                                 {"cuMemFree_v2", &cu->MemFree},
                                                 {"cuMemHostAlloc", &cu->MemHostAlloc},
                                                 {"cuMemFreeHost", &cu->MemFreeHost},
                                                 {"cuMemcpyHtoDAsync_v2", &cu->MemcpyHtoDAsync},
                                                 {"cuMemcpyDtoHAsync_v2", &cu->MemcpyDtoHAsync},
                                                 {"cuMemcpyDtoDAsync_v2", &cu->MemcpyDtoDAsync},
                                                 {"cuStreamCreate", &cu->StreamCreate},
                                                 {"cuStreamDestroy_v2", &cu->StreamDestroy},
                                                 {"cuStreamQuery", &cu->StreamQuery},
                                                 {"cuLaunchKernel", &cu->LaunchKernel}};
    *cu = (struct cuda){0};
    cu->library = library_open("libcuda.so.1", functions, sizeof functions / sizeof *functions);
    if (!cu->library) return false;
    if (!cu->Init(0)) return true;
    dlclose(cu->library);
    return false;
}

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
    if (!load(&cu)) return 0;
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
    CUstream stream;
    CUmodule module;
    CUfunction function[GPU_ENTRIES];
    char *staging; /* pinned; what is on its way up */
    size_t staged;
    bool lost; /* it does not answer: nothing of it may be touched */
};

static struct cuda_driver *mine(struct driver *d) {
    return (struct cuda_driver *)(void *)d;
}

static int result_of(CUresult error) {
    return !error ? AURALIS_OK : error == CUDA_ERROR_OUT_OF_MEMORY ? AURALIS_ENOMEM : AURALIS_EDEVICE;
}

/* A context belongs to the thread that uses it now. */
static int enter(struct cuda_driver *c) {
    return c->lost ? AURALIS_EDEVICE : result_of(c->cu.CtxSetCurrent(c->context));
}

/* Looks often at first, since most of what is waited for takes less than a millisecond. */
static int finish(struct driver *d) {
    struct cuda_driver *c = mine(d);
    int result = enter(c);
    if (result < 0) return result;
    double begin = (double)monotonic_now() * 1e-9;
    CUresult error;
    while ((error = c->cu.StreamQuery(c->stream)) == CUDA_ERROR_NOT_READY) {
        double waited = (double)monotonic_now() * 1e-9 - begin;
        if (waited > LOST_SECONDS) {
            c->lost = true;
            return AURALIS_EDEVICE;
        }
        if (waited > 0.002) usleep(50);
    }
    c->staged = 0;
    return result_of(error);
}

static int reserve(struct driver *d, size_t bytes, gpu_memory *out) {
    struct cuda_driver *c = mine(d);
    int result = enter(c);
    return result < 0 ? result : result_of(c->cu.MemAlloc(out, bytes));
}

static void release(struct driver *d, gpu_memory memory) {
    struct cuda_driver *c = mine(d);
    if (enter(c) == AURALIS_OK) c->cu.MemFree(memory);
}

static int write_memory(struct driver *d, gpu_memory to, size_t at, const void *from, size_t bytes) {
    struct cuda_driver *c = mine(d);
    int result = enter(c);
    for (size_t done = 0; done < bytes && result == AURALIS_OK;) {
        size_t part = bytes - done < STAGING_BYTES ? bytes - done : STAGING_BYTES;
        if (c->staged + part > STAGING_BYTES) result = finish(d);
        if (result < 0) return result;
        memcpy(c->staging + c->staged, (const char *)from + done, part);
        result = result_of(c->cu.MemcpyHtoDAsync(to + at + done, c->staging + c->staged, part, c->stream));
        c->staged += (part + 255) / 256 * 256;
        done += part;
    }
    return result;
}

static int read_memory(struct driver *d, void *to, gpu_memory from, size_t at, size_t bytes) {
    struct cuda_driver *c = mine(d);
    int result = enter(c);
    if (result == AURALIS_OK) result = result_of(c->cu.MemcpyDtoHAsync(to, from + at, bytes, c->stream));
    return result < 0 ? result : finish(d);
}

static int copy_memory(struct driver *d, gpu_memory to, size_t to_at, gpu_memory from, size_t from_at,
                       size_t bytes) {
    struct cuda_driver *c = mine(d);
    int result = enter(c);
    return result < 0 ? result
                      : result_of(c->cu.MemcpyDtoDAsync(to + to_at, from + from_at, bytes, c->stream));
}

static int launch(struct driver *d, enum gpu_entry entry, uint32_t groups, const struct gpu_argument *a,
                  int count) {
    struct cuda_driver *c = mine(d);
    void *parameters[GPU_ARGUMENTS_MAX];
    gpu_memory memory[GPU_ARGUMENTS_MAX];
    uint32_t number[GPU_ARGUMENTS_MAX];
    int result = enter(c);
    if (result < 0) return result;
    for (int i = 0; i < count; i++) {
        memory[i] = a[i].memory;
        number[i] = a[i].number;
        parameters[i] = a[i].is_memory ? (void *)&memory[i] : (void *)&number[i];
    }
    return result_of(c->cu.LaunchKernel(c->function[entry], groups, 1, 1, GPU_GROUP, 1, 1, 0, c->stream,
                                        parameters, NULL));
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
        if (c->staging) c->cu.MemFreeHost(c->staging);
        if (c->stream) c->cu.StreamDestroy(c->stream);
        if (c->module) c->cu.ModuleUnload(c->module);
        c->cu.CtxDestroy(c->context);
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
    if (error) return result_of(error);
    char *text = malloc(sizeof CUDA_TEXT);
    if (text) memcpy(text, CUDA_TEXT, sizeof CUDA_TEXT);
    error = text ? c->cu.LinkAddData(link, CU_JIT_INPUT_PTX, text, sizeof CUDA_TEXT, "auralis", 0, NULL, NULL)
                 : CUDA_ERROR_OUT_OF_MEMORY;
    if (!error) error = c->cu.LinkComplete(link, &image, &bytes);
    if (!error) error = c->cu.ModuleLoadData(&c->module, image);
    if (!error && path) write_file(path, image, bytes);
    c->cu.LinkDestroy(link);
    free(text);
    return result_of(error);
}

static int load_kernels(struct cuda_driver *c) {
    char path[600];
    bool cached = cache_path(c, path, sizeof path);
    if (!cached || !load_cached(c, path)) {
        int result = compile(c, cached ? path : NULL);
        if (result < 0) return result;
    }
    for (int i = 0; i < GPU_ENTRIES; i++) {
        int result = result_of(c->cu.ModuleGetFunction(&c->function[i], c->module, GPU_ENTRY_NAMES[i]));
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
    void *staging = NULL;
    if (c->cu.CtxCreate(&c->context, 0, c->device))
        return refuse(why, AURALIS_EDEVICE, "the driver gives no context");
    CUresult error = c->cu.StreamCreate(&c->stream, CU_STREAM_NON_BLOCKING);
    if (!error) error = c->cu.MemHostAlloc(&staging, STAGING_BYTES, 0);
    c->staging = staging;
    if (error) return refuse(why, result_of(error), "the driver gives neither stream nor memory");
    int result = load_kernels(c);
    if (result < 0) return refuse(why, result, "the driver does not take the kernels");
    c->driver.info.warm_up = (double)monotonic_now() * 1e-9 - begin;
    return AURALIS_OK;
}

int cuda_open(int number, struct driver **out, auralis_message *why) {
    struct cuda cu;
    int count = 0;
    CUdevice device;
    if (!load(&cu)) return refuse(why, AURALIS_EUNSUPPORTED, "there is no NVIDIA driver (libcuda.so.1)");
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
                                .close = close_driver};
    int result = set_up(c, why);
    if (result < 0) {
        close_driver(&c->driver);
        return result;
    }
    *out = &c->driver;
    return AURALIS_OK;
}
