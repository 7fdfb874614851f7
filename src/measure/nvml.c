/* nvml.c — see nvml.h. The library comes with the driver, is opened at run time and what is used of it is
 * declared here (NVML API Reference Guide, whose names these are). */
#include "measure/nvml.h"
#include "device/library.h"

#include <stdlib.h>
#include <string.h>

struct nvml {
    int (*Init)(void);
    int (*Shutdown)(void);
    int (*DeviceGetCount)(unsigned *);
    int (*DeviceGetHandleByIndex)(unsigned, void **);
    int (*DeviceGetName)(void *, char *, unsigned);
    int (*DeviceGetUtilizationRates)(void *, unsigned[2]);     /* GPU, memory; percent */
    int (*DeviceGetMemoryInfo)(void *, unsigned long long[3]); /* total, free, used; bytes */
    void *device;
};

static bool find(struct nvml *n, const char *text, int number) {
    unsigned count = 0;
    n->DeviceGetCount(&count);
    for (unsigned i = 0; i < count; i++) {
        char name[96] = "";
        if (n->DeviceGetHandleByIndex(i, &n->device) || n->DeviceGetName(n->device, name, sizeof name))
            continue;
        if (*name && strstr(text, name) && number-- == 0) return true;
    }
    return false;
}

struct nvml *nvml_open(const char *text, int number) {
    struct nvml *n = calloc(1, sizeof *n);
    if (!n) return NULL;
    const struct library_function functions[] = {
        {"nvmlInit_v2", &n->Init},
        {"nvmlShutdown", &n->Shutdown},
        {"nvmlDeviceGetCount_v2", &n->DeviceGetCount},
        {"nvmlDeviceGetHandleByIndex_v2", &n->DeviceGetHandleByIndex},
        {"nvmlDeviceGetName", &n->DeviceGetName},
        {"nvmlDeviceGetUtilizationRates", &n->DeviceGetUtilizationRates},
        {"nvmlDeviceGetMemoryInfo", &n->DeviceGetMemoryInfo}};
    if (!library_open("libnvidia-ml.so.1", functions, sizeof functions / sizeof *functions) || n->Init()) {
        free(n);
        return NULL;
    }
    if (find(n, text, number)) return n;
    nvml_close(n);
    return NULL;
}

void nvml_close(struct nvml *n) {
    if (!n) return;
    n->Shutdown(); /* the library stays, like the driver's */
    free(n);
}

bool nvml_read(const struct nvml *n, unsigned *percent, uint64_t *bytes) {
    unsigned rates[2];
    unsigned long long memory[3];
    if (!n || n->DeviceGetUtilizationRates(n->device, rates) || n->DeviceGetMemoryInfo(n->device, memory))
        return false;
    *percent = rates[0];
    *bytes = memory[2];
    return true;
}
