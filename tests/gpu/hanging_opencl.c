/* hanging_opencl.c — a layer for OpenCL's loader ($OPENCL_LAYERS) whose devices stop to answer: after so
 * many events as $HANG_AFTER says nothing is ever done. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    GET_EVENT_INFO = 42,
    ENTRIES_MAX = 512,
    COMPLETE = 0,
    STATUS = 0x11D3,
    VERSION = 0x4240,
    VERSION_100 = 100
};

static void *entries[ENTRIES_MAX]; /* the loader's table: CL/cl_icd.h has their order */
static int done;

static int32_t get_event_info(void *event, uint32_t what, size_t size, void *value, size_t *returned) {
    int32_t (*next)(void *, uint32_t, size_t, void *, size_t *);
    memcpy(&next, &entries[ENTRIES_MAX - 1], sizeof next);
    int32_t error = next(event, what, size, value, returned);
    int32_t submitted = 2, status = submitted;
    if (!error && what == STATUS && size == sizeof status) memcpy(&status, value, sizeof status);
    if (status == COMPLETE && __atomic_fetch_add(&done, 1, __ATOMIC_SEQ_CST) >= atoi(getenv("HANG_AFTER")))
        memcpy(value, &submitted, sizeof submitted);
    return error;
}

int32_t clGetLayerInfo(uint32_t what, size_t size, void *value, size_t *returned) {
    const uint32_t version = VERSION_100;
    if (what != VERSION || (value && size < sizeof version)) return -30;
    if (value) memcpy(value, &version, sizeof version);
    if (returned) *returned = sizeof version;
    return 0;
}

int32_t clInitLayer(uint32_t count, void *const *target, uint32_t *count_out, void ***out) {
    int32_t (*mine)(void *, uint32_t, size_t, void *, size_t *) = get_event_info;
    if (count <= GET_EVENT_INFO || count >= ENTRIES_MAX) return -30;
    memcpy(entries, target, count * sizeof *entries);
    entries[ENTRIES_MAX - 1] = entries[GET_EVENT_INFO];
    memcpy(&entries[GET_EVENT_INFO], &mine, sizeof mine);
    *count_out = count;
    *out = entries;
    return 0;
}
