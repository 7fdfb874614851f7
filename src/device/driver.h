/* driver.h — what a GPU's programming interface must offer to run the kernels; OpenCL and CUDA each fill
 * in one table.
 *
 * A driver is one opened GPU with the program of kernels/program.h on it. Its work happens in the order in
 * which it is asked for. It is used by one thread at a time. Buffers are handles of 64 bits; 0 is none. Every
 * function returns 0 or AURALIS_ENOMEM or AURALIS_EDEVICE (the GPU is gone or refuses), after which only
 * `close` may be called. */
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
    uint32_t units;    /* compute units */
    bool is_gpu;       /* false: a processor behind a GPU's interface */
    double warm_up;    /* seconds that compiling took */
};

struct driver {
    struct gpu_info info;
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
};

/* Opens GPU `number` of an interface. AURALIS_EUNSUPPORTED: none of the kind here (or not built in),
 * AURALIS_ENOENT: no such number. `why` receives a sentence. */
int opencl_open(int number, struct driver **out, auralis_message *why);
int cuda_open(int number, struct driver **out, auralis_message *why);

/* What there is, without opening it: up to `max`, returns how many there are. */
int opencl_list(struct gpu_info *out, int max);
int cuda_list(struct gpu_info *out, int max);

#endif
