/* metal.m — Apple's GPUs, through Metal.
 *
 * Processor and GPU share their memory, so what goes up or down is a copy between two places of it, made
 * while the GPU has nothing to do. Launches gather in one command buffer, which is handed over when somebody
 * waits. One that does not come back in time counts as lost (the system itself ends most that hang).
 *
 * The kernels go in as text (kernels/metal.h) with fast arithmetic off; the system keeps what it compiled.
 * References are counted by hand, for C structures hold them. A call may come from any thread, so each brings
 * its own pool for what the frameworks return. */
#import <Foundation/Foundation.h>
#import <Metal/Metal.h>

#include "base/monotonic.h"
#include "device/driver.h"
#include "device/patience.h"
#include "metal_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEVICES_MAX = 16 };

/* All GPUs, those that save power after the others; each is the caller's to release. */
static int find_devices(id<MTLDevice> out[DEVICES_MAX]) {
    NSArray<id<MTLDevice>> *all = MTLCopyAllDevices();
    int count = 0;
    for (int low = 0; low <= 1; low++)
        for (NSUInteger i = 0; i < [all count] && count < DEVICES_MAX; i++) {
            id<MTLDevice> device = [all objectAtIndex:i];
            if ([device isLowPower] == (low != 0)) out[count++] = [device retain];
        }
    [all release];
    return count;
}

static void release_devices(id<MTLDevice> *device, int count) {
    for (int i = 0; i < count; i++) [device[i] release];
}

static struct gpu_info describe(id<MTLDevice> device) {
    struct gpu_info info = {.memory = [device recommendedMaxWorkingSetSize], .is_gpu = true};
    NSString *system = [[NSProcessInfo processInfo] operatingSystemVersionString];
    snprintf(info.name, sizeof info.name, "%s", [[device name] UTF8String]);
    snprintf(info.version, sizeof info.version, "macOS %s", [system UTF8String]);
    return info;
}

int metal_list(struct gpu_info *out, int max) {
    @autoreleasepool {
        id<MTLDevice> device[DEVICES_MAX];
        int count = find_devices(device);
        for (int i = 0; i < count && i < max; i++) out[i] = describe(device[i]);
        release_devices(device, count);
        return count;
    }
}

struct metal_driver {
    struct driver driver;
    id<MTLDevice> device;
    id<MTLCommandQueue> queue;
    id<MTLComputePipelineState> pipeline[GPU_ENTRIES];
    id<MTLCommandBuffer> work; /* what was launched since the last wait; nil: nothing */
    id<MTLComputeCommandEncoder> encoder;
    bool lost; /* it failed: nothing is asked of it any more */
};

static struct metal_driver *mine(struct driver *d) {
    return (struct metal_driver *)(void *)d;
}

static id<MTLBuffer> buffer_of(gpu_memory m) {
    return (id<MTLBuffer>)(void *)(uintptr_t)m;
}

static char *bytes_of(gpu_memory m) {
    return [buffer_of(m) contents];
}

/* ---- Work ---- */

/* Waits for what was handed over. */
static int await(struct metal_driver *m) {
    struct patience patience = {0};
    MTLCommandBufferStatus status;
    while ((status = [m->work status]) != MTLCommandBufferStatusCompleted) {
        if (status == MTLCommandBufferStatusError)
            return [[m->work error] code] == MTLCommandBufferErrorOutOfMemory ? AURALIS_ENOMEM
                                                                              : AURALIS_EDEVICE;
        if (!patience_left(&patience, m->driver.patience)) return AURALIS_EDEVICE;
    }
    return AURALIS_OK;
}

static int finish(struct driver *d) {
    struct metal_driver *m = mine(d);
    if (m->lost) return AURALIS_EDEVICE;
    if (!m->work) return AURALIS_OK;
    @autoreleasepool {
        [m->encoder endEncoding];
        [m->work commit];
        int result = await(m);
        m->lost = result < 0;
        [m->encoder release];
        [m->work release];
        m->encoder = nil;
        m->work = nil;
        return result;
    }
}

static bool begin_work(struct metal_driver *m) {
    if (m->work) return true;
    m->work = [[m->queue commandBuffer] retain];
    m->encoder = [[m->work computeCommandEncoder] retain];
    if (m->encoder) return true;
    [m->work release];
    m->work = nil;
    m->lost = true;
    return false;
}

static int launch(struct driver *d, enum gpu_entry entry, uint32_t groups, const struct gpu_argument *a,
                  int count) {
    struct metal_driver *m = mine(d);
    @autoreleasepool {
        if (m->lost || !begin_work(m)) return AURALIS_EDEVICE;
        [m->encoder setComputePipelineState:m->pipeline[entry]];
        for (int i = 0; i < count; i++)
            if (a[i].is_memory)
                [m->encoder setBuffer:buffer_of(a[i].memory) offset:0 atIndex:(NSUInteger)i];
            else
                [m->encoder setBytes:&a[i].number length:sizeof a[i].number atIndex:(NSUInteger)i];
        [m->encoder dispatchThreadgroups:MTLSizeMake(groups, 1, 1)
                   threadsPerThreadgroup:MTLSizeMake(GPU_GROUP, 1, 1)];
        return AURALIS_OK;
    }
}

/* ---- Memory ---- */

/* What would make the system swap is refused. */
static int reserve(struct driver *d, size_t bytes, gpu_memory *out) {
    struct metal_driver *m = mine(d);
    @autoreleasepool {
        uint64_t most = [m->device recommendedMaxWorkingSetSize], used = [m->device currentAllocatedSize];
        if (bytes > [m->device maxBufferLength] || used > most || bytes > most - used) return AURALIS_ENOMEM;
        id<MTLBuffer> buffer = [m->device newBufferWithLength:bytes options:MTLResourceStorageModeShared];
        if (!buffer) return AURALIS_ENOMEM;
        *out = (gpu_memory)(uintptr_t)(void *)buffer;
        return AURALIS_OK;
    }
}

static void release_memory(struct driver *d, gpu_memory memory) {
    (void)d;
    @autoreleasepool {
        [buffer_of(memory) release]; /* work that still uses it holds it */
    }
}

static int write_memory(struct driver *d, gpu_memory to, size_t at, const void *from, size_t bytes) {
    int result = finish(d);
    if (result == AURALIS_OK) memcpy(bytes_of(to) + at, from, bytes);
    return result;
}

static int read_memory(struct driver *d, void *to, gpu_memory from, size_t at, size_t bytes) {
    int result = finish(d);
    if (result == AURALIS_OK) memcpy(to, bytes_of(from) + at, bytes);
    return result;
}

static int copy_memory(struct driver *d, gpu_memory to, size_t to_at, gpu_memory from, size_t from_at,
                       size_t bytes) {
    int result = finish(d);
    if (result == AURALIS_OK) memmove(bytes_of(to) + to_at, bytes_of(from) + from_at, bytes);
    return result;
}

static void *host_memory(struct driver *d, size_t bytes) {
    (void)d;
    return malloc(bytes);
}

static void host_release(struct driver *d, void *memory) {
    (void)d;
    free(memory);
}

/* ---- Opening and closing ---- */

static void close_driver(struct driver *d) {
    struct metal_driver *m = mine(d);
    @autoreleasepool {
        finish(d);
        for (int i = 0; i < GPU_ENTRIES; i++) [m->pipeline[i] release];
        [m->queue release];
        [m->device release];
    }
    free(m);
}

static int refuse(auralis_message *why, int result, const char *text) {
    if (why) snprintf(why->text, sizeof why->text, "%s", text);
    return result;
}

static int refuse_error(auralis_message *why, const char *text, NSError *error) {
    const char *said = error ? [[error localizedDescription] UTF8String] : "it does not say why";
    if (why) snprintf(why->text, sizeof why->text, "%s: %.180s", text, said);
    return AURALIS_EDEVICE;
}

static id<MTLLibrary> compile(id<MTLDevice> device, NSError **error) {
    MTLCompileOptions *options = [[MTLCompileOptions alloc] init];
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations" /* its successor begins with macOS 15 */
    [options setFastMathEnabled:NO];
#pragma clang diagnostic pop
    id<MTLLibrary> library = [device newLibraryWithSource:[NSString stringWithUTF8String:METAL_TEXT]
                                                  options:options
                                                    error:error];
    [options release];
    return library;
}

static int make_pipelines(struct metal_driver *m, id<MTLLibrary> library, auralis_message *why) {
    for (int i = 0; i < GPU_ENTRIES; i++) {
        NSError *error = nil;
        id<MTLFunction> function =
            [library newFunctionWithName:[NSString stringWithUTF8String:GPU_ENTRY_NAMES[i]]];
        if (!function) return refuse(why, AURALIS_EDEVICE, "Metal lost a kernel");
        m->pipeline[i] = [m->device newComputePipelineStateWithFunction:function error:&error];
        [function release];
        if (!m->pipeline[i]) return refuse_error(why, "Metal makes no pipeline of a kernel", error);
        if ([m->pipeline[i] maxTotalThreadsPerThreadgroup] < GPU_GROUP)
            return refuse(why, AURALIS_EDEVICE,
                          "a kernel takes more registers than this GPU has for 64 items");
    }
    return AURALIS_OK;
}

static int set_up(struct metal_driver *m, auralis_message *why) {
    NSError *error = nil;
    int64_t begin = monotonic_now();
    m->queue = [m->device newCommandQueue];
    if (!m->queue) return refuse(why, AURALIS_EDEVICE, "Metal gives no queue");
    id<MTLLibrary> library = compile(m->device, &error);
    if (!library) return refuse_error(why, "Metal does not compile the kernels", error);
    int result = make_pipelines(m, library, why);
    [library release];
    m->driver.info.warm_up = (double)(monotonic_now() - begin) * 1e-9;
    return result;
}

static int open_device(id<MTLDevice> device, struct driver **out, auralis_message *why) {
    struct metal_driver *m = calloc(1, sizeof *m);
    if (!m) return refuse(why, AURALIS_ENOMEM, "out of memory");
    m->device = [device retain];
    m->driver = (struct driver){.info = describe(device),
                                .reserve = reserve,
                                .release = release_memory,
                                .write = write_memory,
                                .read = read_memory,
                                .copy = copy_memory,
                                .launch = launch,
                                .finish = finish,
                                .host_memory = host_memory,
                                .host_release = host_release,
                                .close = close_driver};
    int result = set_up(m, why);
    if (result < 0)
        close_driver(&m->driver);
    else
        *out = &m->driver;
    return result;
}

int metal_open(int number, struct driver **out, auralis_message *why) {
    @autoreleasepool {
        id<MTLDevice> device[DEVICES_MAX];
        int count = find_devices(device), result;
        if (!count)
            result = refuse(why, AURALIS_EUNSUPPORTED, "Metal knows no device here");
        else if (number < 0 || number >= count)
            result = refuse(why, AURALIS_ENOENT, "Metal has no device of this number");
        else
            result = open_device(device[number], out, why);
        release_devices(device, count);
        return result;
    }
}
