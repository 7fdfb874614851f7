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
#ifdef DEVICE_METAL
    {"metal", metal_open, metal_list},
#endif
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

static bool is_processor(const char *name) {
    return !name || !*name || !strcmp(name, "cpu");
}

static int open_driver(const char *name, struct driver **out, struct plan_wish *wish, auralis_message *why) {
    size_t length = strcspn(name, ":,"), comma = strcspn(name, ",");
    char *end = NULL;
    long number = name[length] == ':' ? strtol(name + length + 1, &end, 10) : 0;
    bool good = name[length] != ':' ||
                (end != name + length + 1 && end == name + comma && number >= 0 && number < 256);
    if (!plan_wish_read(name + comma + (name[comma] == ','), wish))
        return refuse(
            why, AURALIS_ENOENT,
            "after a device's name stand parts=1 to 4, graphs=on or off, blocks=1 to 75, trials=off");
    for (int i = 0; KINDS[i].name && good; i++)
        if (strlen(KINDS[i].name) == length && !memcmp(KINDS[i].name, name, length))
            return KINDS[i].open((int)number, out, why);
    static const char *const others[] = {"opencl", "cuda", "metal"};
    for (size_t i = 0; i < sizeof others / sizeof *others && good; i++)
        if (strlen(others[i]) == length && !memcmp(others[i], name, length))
            return refuse(why, AURALIS_EUNSUPPORTED, "this build does not have it");
    return refuse(why, AURALIS_ENOENT,
                  "devices are cpu, opencl, cuda, metal, auto, and opencl:1 for a second one");
}

int device_open(const char *name, const char *isa, struct device *out, auralis_message *why) {
    struct device opened = {0};
    struct driver *driver;
    struct plan_wish wish;
    int result =
        is_processor(name) ? cpu_kernels(isa, &opened.kernels) : open_driver(name, &driver, &wish, why);
    if (result < 0 && is_processor(name)) return refuse(why, result, auralis_strerror(result));
    if (result < 0) return result;
    if (!opened.kernels) result = gpu_create(driver, &wish, &opened.gpu);
    if (result < 0)
        return refuse(why, result,
                      result == AURALIS_ENOMEM ? "there is no memory for a first batch"
                                               : "the GPU does not run the kernels");
    *out = opened;
    return AURALIS_OK;
}

int device_driver(const char *name, struct driver **out, auralis_message *why) {
    struct plan_wish ignored;
    if (is_processor(name)) return refuse(why, AURALIS_EUNSUPPORTED, "the processor has no driver");
    return open_driver(name, out, &ignored, why);
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
    static const char kinds[] =
#ifdef DEVICE_METAL
        ", metal"
#endif
#ifdef DEVICE_CUDA
        ", cuda"
#endif
#ifdef DEVICE_OPENCL
        ", opencl"
#endif
        "";
    return *kinds ? kinds + 2 : "none";
}
