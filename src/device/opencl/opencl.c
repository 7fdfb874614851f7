/* opencl.c — GPUs through OpenCL 1.2.
 *
 * The ICD loader is opened at run time, so neither building nor running needs anything of OpenCL; what is
 * used of its interface is declared here (Khronos OpenCL 1.2 specification, chapters 4 and 5; the names are
 * its own). The kernels go in as text and the driver compiles them, which most drivers keep in a cache of
 * their own. The text forbids contraction by its pragma; no option that loosens arithmetic is given. */
#include "base/monotonic.h"
#include "device/driver.h"
#include "device/library.h"
#include "device/patience.h"
#include "opencl_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int32_t cl_int;
typedef uint32_t cl_uint;
typedef uint64_t cl_ulong;
typedef void *cl_platform_id, *cl_device_id, *cl_context, *cl_command_queue, *cl_mem, *cl_program, *cl_kernel,
    *cl_event;

enum {
    CL_DEVICE_TYPE_GPU = 1 << 2,
    CL_DEVICE_MAX_COMPUTE_UNITS = 0x1002,
    CL_DEVICE_GLOBAL_MEM_SIZE = 0x101F,
    CL_DEVICE_COMPILER_AVAILABLE = 0x1028,
    CL_DEVICE_TYPE = 0x1000,
    CL_DEVICE_NAME = 0x102B,
    CL_DRIVER_VERSION = 0x102D,
    CL_MEM_READ_WRITE = 1,
    CL_PROGRAM_BUILD_LOG = 0x1183,
    CL_EVENT_COMMAND_EXECUTION_STATUS = 0x11D3,
    CL_COMPLETE = 0,
    CL_DEVICES_MAX = 32,
};
#define CL_DEVICE_TYPE_ALL UINT64_C(0xFFFFFFFF)

/* What is used of the library. */
struct opencl {
    void *library;
    cl_int (*GetPlatformIDs)(cl_uint, cl_platform_id *, cl_uint *);
    cl_int (*GetDeviceIDs)(cl_platform_id, cl_ulong, cl_uint, cl_device_id *, cl_uint *);
    cl_int (*GetDeviceInfo)(cl_device_id, cl_uint, size_t, void *, size_t *);
    cl_context (*CreateContext)(const intptr_t *, cl_uint, const cl_device_id *, void *, void *, cl_int *);
    cl_int (*ReleaseContext)(cl_context);
    cl_command_queue (*CreateCommandQueue)(cl_context, cl_device_id, cl_ulong, cl_int *);
    cl_int (*ReleaseCommandQueue)(cl_command_queue);
    cl_mem (*CreateBuffer)(cl_context, cl_ulong, size_t, void *, cl_int *);
    cl_int (*ReleaseMemObject)(cl_mem);
    cl_program (*CreateProgramWithSource)(cl_context, cl_uint, const char **, const size_t *, cl_int *);
    cl_int (*BuildProgram)(cl_program, cl_uint, const cl_device_id *, const char *, void *, void *);
    cl_int (*GetProgramBuildInfo)(cl_program, cl_device_id, cl_uint, size_t, void *, size_t *);
    cl_int (*ReleaseProgram)(cl_program);
    cl_kernel (*CreateKernel)(cl_program, const char *, cl_int *);
    cl_int (*ReleaseKernel)(cl_kernel);
    cl_int (*SetKernelArg)(cl_kernel, cl_uint, size_t, const void *);
    cl_int (*EnqueueNDRangeKernel)(cl_command_queue, cl_kernel, cl_uint, const size_t *, const size_t *,
                                   const size_t *, cl_uint, const void *, void *);
    cl_int (*EnqueueWriteBuffer)(cl_command_queue, cl_mem, cl_uint, size_t, size_t, const void *, cl_uint,
                                 const void *, void *);
    cl_int (*EnqueueReadBuffer)(cl_command_queue, cl_mem, cl_uint, size_t, size_t, void *, cl_uint,
                                const void *, cl_event *);
    cl_int (*EnqueueCopyBuffer)(cl_command_queue, cl_mem, cl_mem, size_t, size_t, size_t, cl_uint,
                                const void *, void *);
    cl_int (*EnqueueMarkerWithWaitList)(cl_command_queue, cl_uint, const void *, cl_event *);
    cl_int (*Flush)(cl_command_queue);
    cl_int (*GetEventInfo)(cl_event, cl_uint, size_t, void *, size_t *);
    cl_int (*ReleaseEvent)(cl_event);
};

static bool load(struct opencl *cl) {
    const struct library_function functions[] = {
        {"clGetPlatformIDs", &cl->GetPlatformIDs},
        {"clGetDeviceIDs", &cl->GetDeviceIDs},
        {"clGetDeviceInfo", &cl->GetDeviceInfo},
        {"clCreateContext", &cl->CreateContext},
        {"clReleaseContext", &cl->ReleaseContext},
        {"clCreateCommandQueue", &cl->CreateCommandQueue},
        {"clReleaseCommandQueue", &cl->ReleaseCommandQueue},
        {"clCreateBuffer", &cl->CreateBuffer},
        {"clReleaseMemObject", &cl->ReleaseMemObject},
        {"clCreateProgramWithSource", &cl->CreateProgramWithSource},
        {"clBuildProgram", &cl->BuildProgram},
        {"clGetProgramBuildInfo", &cl->GetProgramBuildInfo},
        {"clReleaseProgram", &cl->ReleaseProgram},
        {"clCreateKernel", &cl->CreateKernel},
        {"clReleaseKernel", &cl->ReleaseKernel},
        {"clSetKernelArg", &cl->SetKernelArg},
        {"clEnqueueNDRangeKernel", &cl->EnqueueNDRangeKernel},
        {"clEnqueueWriteBuffer", &cl->EnqueueWriteBuffer},
        {"clEnqueueReadBuffer", &cl->EnqueueReadBuffer},
        {"clEnqueueCopyBuffer", &cl->EnqueueCopyBuffer},
        {"clEnqueueMarkerWithWaitList", &cl->EnqueueMarkerWithWaitList},
        {"clFlush", &cl->Flush},
        {"clGetEventInfo", &cl->GetEventInfo},
        {"clReleaseEvent", &cl->ReleaseEvent}};
    *cl = (struct opencl){0};
    cl->library = library_open("libOpenCL.so.1", functions, sizeof functions / sizeof *functions);
    return cl->library != NULL;
}

/* All devices of all platforms, GPUs first; returns how many. */
static int find_devices(const struct opencl *cl, cl_device_id out[CL_DEVICES_MAX]) {
    cl_platform_id platform[CL_DEVICES_MAX];
    cl_uint platforms = 0;
    int count = 0;
    if (cl->GetPlatformIDs(CL_DEVICES_MAX, platform, &platforms) || platforms > CL_DEVICES_MAX) return 0;
    for (int gpus = 1; gpus >= 0; gpus--)
        for (cl_uint p = 0; p < platforms; p++) {
            cl_device_id device[CL_DEVICES_MAX];
            cl_uint devices = 0;
            if (cl->GetDeviceIDs(platform[p], CL_DEVICE_TYPE_ALL, CL_DEVICES_MAX, device, &devices)) continue;
            for (cl_uint d = 0; d < devices && d < CL_DEVICES_MAX && count < CL_DEVICES_MAX; d++) {
                cl_ulong type = 0;
                cl_uint compiles = 0;
                cl->GetDeviceInfo(device[d], CL_DEVICE_TYPE, sizeof type, &type, NULL);
                cl->GetDeviceInfo(device[d], CL_DEVICE_COMPILER_AVAILABLE, sizeof compiles, &compiles, NULL);
                if (compiles && !(type & CL_DEVICE_TYPE_GPU) == !gpus) out[count++] = device[d];
            }
        }
    return count;
}

static struct gpu_info describe(const struct opencl *cl, cl_device_id device) {
    struct gpu_info info = {0};
    cl_ulong type = 0;
    cl->GetDeviceInfo(device, CL_DEVICE_NAME, sizeof info.name, info.name, NULL);
    cl->GetDeviceInfo(device, CL_DRIVER_VERSION, sizeof info.version, info.version, NULL);
    cl->GetDeviceInfo(device, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof info.memory, &info.memory, NULL);
    cl->GetDeviceInfo(device, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof info.units, &info.units, NULL);
    cl->GetDeviceInfo(device, CL_DEVICE_TYPE, sizeof type, &type, NULL);
    info.is_gpu = type & CL_DEVICE_TYPE_GPU;
    return info;
}

int opencl_list(struct gpu_info *out, int max) {
    struct opencl cl;
    cl_device_id device[CL_DEVICES_MAX];
    if (!load(&cl)) return 0;
    int count = find_devices(&cl, device);
    for (int i = 0; i < count && i < max; i++) out[i] = describe(&cl, device[i]);
    return count; /* the library stays: drivers do not like to be unloaded */
}

struct opencl_driver {
    struct driver driver;
    struct opencl cl;
    cl_device_id device;
    cl_context context;
    cl_command_queue queue;
    cl_program program;
    cl_kernel kernel[GPU_ENTRIES];
    bool lost; /* it does not answer: nothing of it may be touched, nor what it may still write to */
};

static struct opencl_driver *mine(struct driver *d) {
    return (struct opencl_driver *)(void *)d;
}

static cl_mem mem_of(gpu_memory m) {
    return (cl_mem)(uintptr_t)m;
}

static int reserve(struct driver *d, size_t bytes, gpu_memory *out) {
    struct opencl_driver *o = mine(d);
    cl_int error;
    if (o->lost) return AURALIS_EDEVICE;
    cl_mem m = o->cl.CreateBuffer(o->context, CL_MEM_READ_WRITE, bytes, NULL, &error);
    if (!m) return AURALIS_ENOMEM;
    *out = (gpu_memory)(uintptr_t)m;
    return AURALIS_OK;
}

static void release(struct driver *d, gpu_memory m) {
    if (!mine(d)->lost) mine(d)->cl.ReleaseMemObject(mem_of(m));
}

static int result_of(cl_int error) {
    return error ? AURALIS_EDEVICE : AURALIS_OK;
}

/* Waits until the event has come, and lets go of it. */
static int settle(struct opencl_driver *o, cl_event event) {
    struct patience patience = {0};
    cl_int error = o->cl.Flush(o->queue), status = CL_COMPLETE + 1;
    while (!error &&
           (error = o->cl.GetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status,
                                       NULL)) == 0 &&
           status > CL_COMPLETE)
        if (!patience_left(&patience, o->driver.patience)) {
            o->lost = true;
            return AURALIS_EDEVICE;
        }
    o->cl.ReleaseEvent(event);
    return result_of(error ? error : status);
}

static int write_memory(struct driver *d, gpu_memory to, size_t at, const void *from, size_t bytes) {
    struct opencl_driver *o = mine(d);
    if (o->lost) return AURALIS_EDEVICE;
    return result_of(o->cl.EnqueueWriteBuffer(o->queue, mem_of(to), 0, at, bytes, from, 0, NULL, NULL));
}

static int read_memory(struct driver *d, void *to, gpu_memory from, size_t at, size_t bytes) {
    struct opencl_driver *o = mine(d);
    cl_event read;
    if (o->lost || o->cl.EnqueueReadBuffer(o->queue, mem_of(from), 0, at, bytes, to, 0, NULL, &read))
        return AURALIS_EDEVICE;
    return settle(o, read);
}

static int copy_memory(struct driver *d, gpu_memory to, size_t to_at, gpu_memory from, size_t from_at,
                       size_t bytes) {
    struct opencl_driver *o = mine(d);
    if (o->lost) return AURALIS_EDEVICE;
    return result_of(
        o->cl.EnqueueCopyBuffer(o->queue, mem_of(from), mem_of(to), from_at, to_at, bytes, 0, NULL, NULL));
}

static int launch(struct driver *d, enum gpu_entry entry, uint32_t groups, const struct gpu_argument *a,
                  int count) {
    struct opencl_driver *o = mine(d);
    cl_kernel kernel = o->kernel[entry];
    if (o->lost) return AURALIS_EDEVICE;
    for (int i = 0; i < count; i++) {
        cl_mem m = a[i].is_memory ? mem_of(a[i].memory) : NULL;
        cl_int error = a[i].is_memory
                           ? o->cl.SetKernelArg(kernel, (cl_uint)i, sizeof m, &m)
                           : o->cl.SetKernelArg(kernel, (cl_uint)i, sizeof a[i].number, &a[i].number);
        if (error) return AURALIS_EDEVICE;
    }
    size_t local = GPU_GROUP, global = (size_t)groups * GPU_GROUP;
    return result_of(o->cl.EnqueueNDRangeKernel(o->queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL));
}

static int finish(struct driver *d) {
    struct opencl_driver *o = mine(d);
    cl_event all;
    if (o->lost || o->cl.EnqueueMarkerWithWaitList(o->queue, 0, NULL, &all)) return AURALIS_EDEVICE;
    return settle(o, all);
}

static void *host_memory(struct driver *d, size_t bytes) {
    (void)d;
    return aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
}

static void host_release(struct driver *d, void *memory) {
    if (!mine(d)->lost) free(memory);
}

/* Of a GPU that does not answer everything is left to the end of the process, letting go would wait. */
static void close_driver(struct driver *d) {
    struct opencl_driver *o = mine(d);
    for (int i = 0; i < GPU_ENTRIES && !o->lost; i++)
        if (o->kernel[i]) o->cl.ReleaseKernel(o->kernel[i]);
    if (o->program && !o->lost) o->cl.ReleaseProgram(o->program);
    if (o->queue && !o->lost) o->cl.ReleaseCommandQueue(o->queue);
    if (o->context && !o->lost) o->cl.ReleaseContext(o->context);
    free(o);
}

static int refuse(auralis_message *why, int result, const char *text) {
    if (why) snprintf(why->text, sizeof why->text, "%s", text);
    return result;
}

static int build(struct opencl_driver *o, auralis_message *why) {
    const char *text = OPENCL_TEXT;
    cl_int error;
    o->program = o->cl.CreateProgramWithSource(o->context, 1, &text, NULL, &error);
    if (!o->program) return refuse(why, AURALIS_EDEVICE, "the driver takes no program");
    if (o->cl.BuildProgram(o->program, 1, &o->device, "-cl-std=CL1.2", NULL, NULL)) {
        char log[180] = "";
        o->cl.GetProgramBuildInfo(o->program, o->device, CL_PROGRAM_BUILD_LOG, sizeof log - 1, log, NULL);
        if (why) snprintf(why->text, sizeof why->text, "the driver does not compile the kernels: %s", log);
        return AURALIS_EDEVICE;
    }
    for (int i = 0; i < GPU_ENTRIES; i++) {
        o->kernel[i] = o->cl.CreateKernel(o->program, GPU_ENTRY_NAMES[i], &error);
        if (!o->kernel[i]) return refuse(why, AURALIS_EDEVICE, "the driver lost a kernel");
    }
    return AURALIS_OK;
}

static int set_up(struct opencl_driver *o, auralis_message *why) {
    cl_int error;
    double begin = (double)monotonic_now() * 1e-9;
    o->context = o->cl.CreateContext(NULL, 1, &o->device, NULL, NULL, &error);
    if (!o->context) return refuse(why, AURALIS_EDEVICE, "the driver gives no context");
    o->queue = o->cl.CreateCommandQueue(o->context, o->device, 0, &error);
    if (!o->queue) return refuse(why, AURALIS_EDEVICE, "the driver gives no queue");
    int result = build(o, why);
    o->driver.info.warm_up = (double)monotonic_now() * 1e-9 - begin;
    return result;
}

int opencl_open(int number, struct driver **out, auralis_message *why) {
    struct opencl cl;
    cl_device_id device[CL_DEVICES_MAX];
    if (!load(&cl)) return refuse(why, AURALIS_EUNSUPPORTED, "there is no libOpenCL.so.1");
    int count = find_devices(&cl, device);
    if (!count) return refuse(why, AURALIS_EUNSUPPORTED, "OpenCL knows no device here");
    if (number < 0 || number >= count)
        return refuse(why, AURALIS_ENOENT, "OpenCL has no device of this number");
    struct opencl_driver *o = calloc(1, sizeof *o);
    if (!o) return refuse(why, AURALIS_ENOMEM, "out of memory");
    o->cl = cl;
    o->device = device[number];
    o->driver = (struct driver){.info = describe(&cl, o->device),
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
    int result = set_up(o, why);
    if (result < 0) {
        close_driver(&o->driver);
        return result;
    }
    *out = &o->driver;
    return AURALIS_OK;
}
