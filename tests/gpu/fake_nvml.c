/* fake_nvml.c — a libnvidia-ml.so.1 with two GPUs, the second of which is fake_cuda.c's: 73 % busy, 2 GB in
 * use. It ends the process where it is asked before nvmlInit or for more than it has. */
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum { GPUS = 2, NO_ROOM = 7 };
static int initialised, gpu[GPUS];

static void must(int condition) {
    if (!condition) abort();
}

EXPORT int nvmlInit_v2(void) {
    initialised++;
    return 0;
}
EXPORT int nvmlShutdown(void) {
    must(initialised-- > 0);
    return 0;
}
EXPORT int nvmlDeviceGetCount_v2(unsigned *out) {
    must(initialised);
    *out = GPUS;
    return 0;
}
EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **out) {
    must(initialised && index < GPUS);
    *out = &gpu[index];
    return 0;
}
EXPORT int nvmlDeviceGetName(void *device, char *out, unsigned size) {
    const char *name = device == &gpu[1] ? "Fake GPU" : "Another GPU";
    must(initialised);
    if (strlen(name) >= size) return NO_ROOM;
    memcpy(out, name, strlen(name) + 1);
    return 0;
}
EXPORT int nvmlDeviceGetUtilizationRates(void *device, unsigned out[2]) {
    must(initialised && device == &gpu[1]);
    out[0] = 73;
    out[1] = 5;
    return 0;
}
EXPORT int nvmlDeviceGetMemoryInfo(void *device, unsigned long long out[3]) {
    must(initialised && device == &gpu[1]);
    out[0] = 4ull << 30, out[1] = 2ull << 30, out[2] = 2ull << 30;
    return 0;
}
