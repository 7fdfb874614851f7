/* device.c — see device.h. */
#include "device/device.h"
#include "device/cpu/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In order of preference. */
static const struct {
    const char *name;
    int (*open)(int number, struct driver **out, auralis_message *why);
    int (*list)(struct gpu_info *out, int max);
} KINDS[] = {
#ifdef DEVICE_CUDA
    {"cuda", cuda_open, cuda_list},
#endif
#ifdef DEVICE_OPENCL
    {"opencl", opencl_open, opencl_list},
#endif
    {NULL, NULL, NULL}};

static int refuse(auralis_message *why, int result, const char *text) {
    if (why) snprintf(why->text, sizeof why->text, "%s", text);
    return result;
}

static int open_gpu(int kind, int number, struct device *out, auralis_message *why) {
    struct driver *driver;
    int result = KINDS[kind].open(number, &driver, why);
    if (result < 0) return result;
    *out = (struct device){0};
    return gpu_create(driver, &out->gpu);
}

int device_open(const char *name, const char *isa, struct device *out, auralis_message *why) {
    if (!name || !*name || !strcmp(name, "cpu")) {
        struct device cpu = {0};
        int result = cpu_kernels(isa, &cpu.kernels);
        if (result < 0) return refuse(why, result, auralis_strerror(result));
        *out = cpu;
        return AURALIS_OK;
    }
    size_t length = strcspn(name, ":");
    char *end = NULL;
    long number = name[length] ? strtol(name + length + 1, &end, 10) : 0;
    bool good = !name[length] || (end != name + length + 1 && !*end && number >= 0 && number < 256);
    for (int i = 0; KINDS[i].name && good; i++)
        if (strlen(KINDS[i].name) == length && !memcmp(KINDS[i].name, name, length))
            return open_gpu(i, (int)number, out, why);
    static const char *const others[] = {"opencl", "cuda"};
    for (size_t i = 0; i < sizeof others / sizeof *others && good; i++)
        if (strlen(others[i]) == length && !memcmp(others[i], name, length))
            return refuse(why, AURALIS_EUNSUPPORTED, "this build does not have it");
    return refuse(why, AURALIS_ENOENT, "devices are cpu, opencl, cuda, auto, and opencl:1 for a second one");
}

int device_list(struct device_info *out, int max) {
    enum { MOST = 16 };
    int count = 0;
    for (int i = 0; KINDS[i].name; i++) {
        struct gpu_info info[MOST];
        int found = KINDS[i].list(info, MOST);
        for (int n = 0; n < found && n < MOST; n++, count++) {
            if (count >= max) continue;
            out[count].gpu = info[n];
            snprintf(out[count].name, sizeof out[count].name, "%s:%d", KINDS[i].name, n);
        }
    }
    return count;
}

const char *device_kinds(void) {
#if defined(DEVICE_CUDA) && defined(DEVICE_OPENCL)
    return "cuda, opencl";
#elif defined(DEVICE_CUDA)
    return "cuda";
#elif defined(DEVICE_OPENCL)
    return "opencl";
#else
    return "none";
#endif
}
