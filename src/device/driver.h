/* driver.h — what a GPU's programming interface must offer to run the kernels; Metal, OpenCL and CUDA each
 * fill in one table.
 *
 * A driver is one opened GPU with the program of kernels/program.h on it. Its work happens in the order in
 * which it is asked for. It is used by one thread at a time. Buffers are handles of 64 bits; 0 is none. Every
 * function returns 0 or AURALIS_ENOMEM (of `reserve`: nothing has changed) or AURALIS_EDEVICE (the GPU is
 * gone or refuses), after which only `close` may be called. */
#ifndef AURALIS_DEVICE_DRIVER_H
#define AURALIS_DEVICE_DRIVER_H

#include <auralis/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The entries of kernels/program.h. */
enum gpu_entry {
    ENTRY_ANALOG, /* the first five in the order of enum voice_program */
    ENTRY_BELL,
    ENTRY_DRUM,
    ENTRY_NOISE,
    ENTRY_TONE,
    ENTRY_MIX,
    ENTRY_EFFECTS,
    ENTRY_DITHER,
    ENTRY_PEAK, /* for measuring only */
    GPU_ENTRIES
};
extern const char *const GPU_ENTRY_NAMES[GPU_ENTRIES];

enum { GPU_GROUP = 64, GPU_ARGUMENTS_MAX = 16 };

typedef uint64_t gpu_memory;

struct gpu_argument {
    bool is_memory;
    union {
        gpu_memory memory;
        uint32_t number;
    };
};

struct gpu_info {
    char name[128];    /* "NVIDIA H100", as its driver calls it */
    char version[128]; /* of the driver */
    uint64_t memory;   /* bytes */
    uint32_t units;    /* compute units; 0: not told */
    bool is_gpu;       /* false: a processor behind a GPU's interface */
    double warm_up;    /* seconds that compiling took */
};

struct driver {
    struct gpu_info info;
    double patience; /* seconds in which what is waited for must be done (patience.h); set by who opens it */
    int (*reserve)(struct driver *self, size_t bytes, gpu_memory *out);
    void (*release)(struct driver *self, gpu_memory memory);
    int (*write)(struct driver *self, gpu_memory to, size_t at, const void *from, size_t bytes);
    int (*read)(struct driver *self, void *to, gpu_memory from, size_t at, size_t bytes); /* waits */
    int (*copy)(struct driver *self, gpu_memory to, size_t to_at, gpu_memory from, size_t from_at,
                size_t bytes);
    int (*launch)(struct driver *self, enum gpu_entry entry, uint32_t groups,
                  const struct gpu_argument *arguments, int count);
    int (*finish)(struct driver *self);                      /* waits for everything */
    void *(*host_memory)(struct driver *self, size_t bytes); /* quick to read into; NULL: none left */
    void (*host_release)(struct driver *self, void *memory);
    void (*close)(struct driver *self);

    /* Where a GPU has several queues that go on beside each other, else 0 and NULL. `gather` says that
     * writes, launches and reads up to `submit` are one batch of that queue, in which reads do not wait;
     * `submit` hands the batch over, `wait` waits for it. The queue has been waited for before it gathers
     * again. With `again` batches alike are expected, which may be kept to be replayed whole: then a write
     * sends gpu_rounded(bytes), of which the rest means nothing. `follow`: what is gathered comes after what
     * was last submitted to another queue. */
    int queues;
    int (*gather)(struct driver *self, int queue, bool again);
    int (*follow)(struct driver *self, int other);
    int (*submit)(struct driver *self);
    int (*wait)(struct driver *self, int queue);
    /* A batch of that queue, which nobody gathers now, writes so many bytes at most, in few pieces: none of
     * it allocates. AURALIS_ENOMEM: where there is no room. NULL: none ever does. */
    int (*expect)(struct driver *self, int queue, size_t bytes);
    char notes[600]; /* a file for what was measured on this GPU with these kernels; "": none */
};

enum { GPU_QUEUES_MAX = 4 };

/* The next of few sizes, at most an eighth larger, so that batches are alike. */
static inline size_t gpu_rounded(size_t size) {
    size_t step = 64;
    while (size / step >= 16) step *= 2;
    return size ? (size + step - 1) / step * step : step;
}

/* Opens GPU `number` of an interface. AURALIS_EUNSUPPORTED: none of the kind here (or not built in),
 * AURALIS_ENOENT: no such number. `why` receives a sentence. */
int metal_open(int number, struct driver **out, auralis_message *why);
int opencl_open(int number, struct driver **out, auralis_message *why);
int cuda_open(int number, struct driver **out, auralis_message *why);

/* What there is, without opening it: up to `max`, returns how many there are. */
int metal_list(struct gpu_info *out, int max);
int opencl_list(struct gpu_info *out, int max);
int cuda_list(struct gpu_info *out, int max);

#endif
