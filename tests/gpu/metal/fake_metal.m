/* fake_metal.m — Metal for machines without it: as much of the two frameworks as src/device/metal uses, on
 * GNU's Objective-C runtime, so that the host's own code runs whole streams. Kernels run through run.cpp.
 *
 * It is strict: references must balance (nothing may be used after its end, and at the end of the process
 * nothing may be left), what is autoreleased needs a pool, an encoder is ended before its buffer is
 * committed, memory is touched only while nothing is under way, fast arithmetic is off. A breach ends the
 * process with a message. Work is done when its status has been asked for a few times, not when it is
 * committed: a host that reads too early finds nothing.
 *
 * $FAKE_METAL makes it fail: "none" (no GPU), "queue", "compile", "kernel" (one is missing), "pipeline",
 * "registers" (64 items do not fit), "alloc:N" (the N-th buffer and all later ones), "full:N" (from the N-th
 * buffer on the system's limit is reached), "encoder:N", "error:N" (the N-th command buffer ends in an
 * error), "memory:N" (for want of memory), "hang:N" (from the N-th on none ever ends). */
#import <Metal/Metal.h>

#include "run.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern id class_createInstance(Class class, size_t extra); /* of the runtime */

enum { AUTORELEASED = 256, JOBS = 64, ITEMS = 64, POLLS = 3, FILL = 0xa5 };
static const uint64_t MEMORY = UINT64_C(1) << 32;

#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) breach(__func__, #condition);                                                      \
    } while (0)

static _Noreturn void breach(const char *function, const char *condition) {
    fprintf(stderr, "fake Metal: %s: not (%s)\n", function, condition);
    abort();
}

static int objects, under_way, buffers, encoders, committed;
static uint64_t allocated;
static id waiting[AUTORELEASED]; /* autoreleased, for the pool that ends first */
static int waits, pools;
static id ended;

static bool fails(const char *what, int count) {
    const char *wanted = getenv("FAKE_METAL");
    size_t n = strlen(what);
    if (!wanted || strncmp(wanted, what, n)) return false;
    return wanted[n] == 0 || (wanted[n] == ':' && count >= atoi(wanted + n + 1));
}

/* ---- Foundation ---- */

@implementation NSObject
+ (instancetype)alloc {
    NSObject *o = class_createInstance(self, 0);
    MUST(o);
    o->references = 1;
    objects++;
    return o;
}
- (instancetype)init {
    return self;
}
- (instancetype)retain {
    MUST(references > 0);
    references++;
    return self;
}
- (oneway void)release {
    MUST(references > 0);
    if (--references) return;
    [self dealloc];
    objects--;
    earlier = ended; /* its memory stays, so that a use after this is noticed */
    ended = self;
}
- (instancetype)autorelease {
    MUST(pools > 0 && waits < AUTORELEASED);
    waiting[waits++] = self;
    return self;
}
- (void)dealloc {
}
@end

@implementation NSAutoreleasePool
- (instancetype)init {
    first = waits;
    pools++;
    return self;
}
- (void)drain {
    while (waits > first) [waiting[--waits] release];
    pools--;
    [self release];
}
@end

@implementation NSString
+ (instancetype)stringWithUTF8String:(const char *)characters {
    NSString *s = [[self alloc] init];
    s->text = strdup(characters);
    return [s autorelease];
}
- (const char *)UTF8String {
    MUST(references > 0);
    return text;
}
- (void)dealloc {
    free(text);
    [super dealloc];
}
@end

@implementation NSError
+ (NSError *)numbered:(NSInteger)code {
    NSError *e = [[self alloc] init];
    e->number = code;
    return [e autorelease];
}
- (NSInteger)code {
    return number;
}
- (NSString *)localizedDescription {
    return [NSString stringWithUTF8String:"the fake was told to"];
}
@end

@implementation NSArray
- (NSUInteger)count {
    return used;
}
- (id)objectAtIndex:(NSUInteger)index {
    MUST(index < used);
    return entry[index];
}
- (void)add:(id)object {
    entry[used++] = object;
}
- (void)dealloc {
    for (NSUInteger i = 0; i < used; i++) [entry[i] release];
    [super dealloc];
}
@end

@implementation NSProcessInfo
+ (NSProcessInfo *)processInfo {
    return [[[self alloc] init] autorelease];
}
- (NSString *)operatingSystemVersionString {
    return [NSString stringWithUTF8String:"Version 0.0 (Build FAKE)"];
}
@end

/* ---- Metal: what is compiled ---- */

@interface MTLCompileOptions ()
- (BOOL)fastMathEnabled;
@end
@implementation MTLCompileOptions
- (instancetype)init {
    fast = YES; /* as Apple has it */
    return self;
}
- (void)setFastMathEnabled:(BOOL)wanted {
    fast = wanted;
}
- (BOOL)fastMathEnabled {
    return fast;
}
@end

@interface FakeKernel : NSObject <MTLFunction, MTLComputePipelineState> {
  @public
    char name[32];
}
@end
@implementation FakeKernel
+ (instancetype)named:(const char *)name {
    FakeKernel *k = [[self alloc] init];
    snprintf(k->name, sizeof k->name, "%s", name);
    return k;
}
- (NSUInteger)maxTotalThreadsPerThreadgroup {
    return fails("registers", 0) ? ITEMS / 2 : 1024;
}
@end

@interface FakeLibrary : NSObject <MTLLibrary>
@end
@implementation FakeLibrary
- (id<MTLFunction>)newFunctionWithName:(NSString *)name {
    if (!metal_has([name UTF8String]) || (fails("kernel", 0) && !strcmp([name UTF8String], "run_mix")))
        return nil;
    return [FakeKernel named:[name UTF8String]];
}
@end

/* ---- Metal: memory and work ---- */

@interface FakeBuffer : NSObject <MTLBuffer> {
  @public
    char *at;
    size_t bytes;
}
@end
@implementation FakeBuffer
- (void *)contents {
    MUST(references > 0);
    MUST(!under_way);
    return at;
}
- (void)dealloc {
    allocated -= bytes;
    free(at);
    [super dealloc];
}
@end

struct job {
    FakeKernel *kernel;
    unsigned groups;
    FakeBuffer *buffer[METAL_ARGUMENTS];
    unsigned number[METAL_ARGUMENTS];
    bool is_number[METAL_ARGUMENTS];
};

@interface FakeCommandBuffer : NSObject <MTLCommandBuffer> {
  @public
    struct job job[JOBS];
    int jobs, polls, number;
    bool encoding;
    MTLCommandBufferStatus status;
}
@end

@interface FakeEncoder : NSObject <MTLComputeCommandEncoder> {
  @public
    FakeCommandBuffer *owner;
    struct job next;
}
@end

@implementation FakeEncoder
- (void)setComputePipelineState:(id<MTLComputePipelineState>)state {
    MUST(owner->encoding && state);
    next.kernel = (FakeKernel *)state;
}
- (void)setBuffer:(id<MTLBuffer>)buffer offset:(NSUInteger)offset atIndex:(NSUInteger)index {
    MUST(owner->encoding && buffer && !offset && index < METAL_ARGUMENTS);
    next.buffer[index] = (FakeBuffer *)buffer;
    next.is_number[index] = false;
}
- (void)setBytes:(const void *)bytes length:(NSUInteger)length atIndex:(NSUInteger)index {
    MUST(owner->encoding && length == sizeof next.number[index] && index < METAL_ARGUMENTS);
    memcpy(&next.number[index], bytes, length);
    next.buffer[index] = nil;
    next.is_number[index] = true;
}
/* What was set for one launch is still set at the next, where it is none of its arguments: it is left out. */
- (void)dispatchThreadgroups:(MTLSize)groups threadsPerThreadgroup:(MTLSize)threads {
    MUST(owner->encoding && next.kernel && owner->jobs < JOBS);
    MUST(groups.width > 0 && groups.height == 1 && groups.depth == 1);
    MUST(threads.width == ITEMS && threads.height == 1 && threads.depth == 1);
    next.groups = (unsigned)groups.width;
    struct job *job = &owner->job[owner->jobs++];
    *job = next;
    [job->kernel retain];
    for (int i = 0; i < METAL_ARGUMENTS; i++) [job->buffer[i] retain];
    next = (struct job){0};
}
- (void)endEncoding {
    MUST(owner->encoding);
    owner->encoding = false;
}
- (void)dealloc {
    MUST(!owner->encoding);
    [owner release];
    [super dealloc];
}
@end

@implementation FakeCommandBuffer
- (id<MTLComputeCommandEncoder>)computeCommandEncoder {
    MUST(!encoding && status == MTLCommandBufferStatusNotEnqueued);
    if (fails("encoder", ++encoders)) return nil;
    FakeEncoder *e = [[FakeEncoder alloc] init];
    e->owner = [self retain];
    encoding = true;
    return [e autorelease];
}
- (void)commit {
    MUST(!encoding && status == MTLCommandBufferStatusNotEnqueued);
    status = MTLCommandBufferStatusCommitted;
    number = ++committed;
    under_way++;
    [self retain]; /* until it is done */
}
- (void)runJobs {
    for (int i = 0; i < jobs; i++) {
        struct metal_argument argument[METAL_ARGUMENTS];
        for (int n = 0; n < METAL_ARGUMENTS; n++) {
            argument[n].memory = job[i].buffer[n] ? job[i].buffer[n]->at : NULL;
            argument[n].number = job[i].is_number[n] ? &job[i].number[n] : NULL;
        }
        MUST(metal_run(job[i].kernel->name, job[i].groups, argument) == 0);
    }
}
- (MTLCommandBufferStatus)status {
    MUST(references > 0);
    if (status != MTLCommandBufferStatusCommitted || fails("hang", number)) return status;
    if (++polls < POLLS) return status;
    bool error = fails("error", number) || fails("memory", number);
    if (!error) [self runJobs];
    status = error ? MTLCommandBufferStatusError : MTLCommandBufferStatusCompleted;
    under_way--;
    [self release];
    return status;
}
- (NSError *)error {
    if (status != MTLCommandBufferStatusError) return nil;
    return [NSError numbered:fails("memory", number) ? MTLCommandBufferErrorOutOfMemory
                                                     : MTLCommandBufferErrorDeviceRemoved];
}
- (void)dealloc {
    MUST(!encoding);
    for (int i = 0; i < jobs; i++) {
        [job[i].kernel release];
        for (int n = 0; n < METAL_ARGUMENTS; n++) [job[i].buffer[n] release];
    }
    [super dealloc];
}
@end

@interface FakeQueue : NSObject <MTLCommandQueue>
@end
@implementation FakeQueue
- (id<MTLCommandBuffer>)commandBuffer {
    MUST(references > 0);
    return [[[FakeCommandBuffer alloc] init] autorelease];
}
@end

/* ---- Metal: the GPU ---- */

@interface FakeDevice : NSObject <MTLDevice>
@end
@implementation FakeDevice
- (NSString *)name {
    return [NSString stringWithUTF8String:"Fake M0"];
}
- (BOOL)isLowPower {
    return NO;
}
- (uint64_t)recommendedMaxWorkingSetSize {
    return MEMORY;
}
- (NSUInteger)currentAllocatedSize {
    return fails("full", ++buffers) ? MEMORY : allocated;
}
- (NSUInteger)maxBufferLength {
    return MEMORY / 2;
}
- (id<MTLCommandQueue>)newCommandQueue {
    return fails("queue", 0) ? nil : [[FakeQueue alloc] init];
}
- (id<MTLBuffer>)newBufferWithLength:(NSUInteger)length options:(MTLResourceOptions)options {
    static int count;
    MUST(references > 0);
    MUST(length > 0 && length <= MEMORY / 2 && allocated + length <= MEMORY);
    MUST(options == MTLResourceStorageModeShared);
    if (fails("alloc", ++count)) return nil;
    FakeBuffer *b = [[FakeBuffer alloc] init];
    b->at = aligned_alloc(256, (length + 255) / 256 * 256);
    b->bytes = length;
    memset(b->at, FILL, length); /* nobody may rely on zeros */
    allocated += length;
    return b;
}
- (id<MTLLibrary>)newLibraryWithSource:(NSString *)source
                               options:(MTLCompileOptions *)options
                                 error:(NSError **)error {
    const char *text = [source UTF8String];
    MUST(options && ![options fastMathEnabled]);
    MUST(!strncmp(text, "#include <metal_stdlib>\n#pragma METAL fp contract(off)\n", 55));
    MUST(strstr(text, "kernel void run_effects("));
    if (!fails("compile", 0)) return [[FakeLibrary alloc] init];
    *error = [NSError numbered:3];
    return nil;
}
- (id<MTLComputePipelineState>)newComputePipelineStateWithFunction:(id<MTLFunction>)function
                                                             error:(NSError **)error {
    if (!fails("pipeline", 0)) return [FakeKernel named:((FakeKernel *)function)->name];
    *error = [NSError numbered:2];
    return nil;
}
@end

/* A sanitizer that counts what is left over is not to count what the runtime keeps for itself; check_end
 * counts. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:objc_malloc";
}

/* What hangs is never given back: there nothing can balance. */
static void check_end(void) {
    if (fails("hang", committed)) return;
    if (objects == 0 && pools == 0) return;
    fprintf(stderr, "fake Metal: %d objects and %d pools are left at the end\n", objects, pools);
    _Exit(3);
}

NSArray<id<MTLDevice>> *MTLCopyAllDevices(void) {
    static bool called;
    if (!called) atexit(check_end);
    called = true;
    NSArray *all = [[NSArray alloc] init];
    if (!fails("none", 0)) [all add:[[FakeDevice alloc] init]];
    return all;
}
