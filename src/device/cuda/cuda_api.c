/* cuda_api.c — see cuda_api.h. */
#include "device/cuda/cuda_api.h"
#include "device/library.h"

#include <auralis/error.h>

#include <dlfcn.h>

static void load_graphs(struct cuda *cu) {
    const struct library_function functions[] = {{"cuStreamBeginCapture_v2", &cu->StreamBeginCapture},
                                                 {"cuStreamEndCapture", &cu->StreamEndCapture},
                                                 {"cuGraphInstantiateWithFlags", &cu->GraphInstantiate},
                                                 {"cuGraphLaunch", &cu->GraphLaunch},
                                                 {"cuGraphDestroy", &cu->GraphDestroy},
                                                 {"cuGraphExecDestroy", &cu->GraphExecDestroy}};
    void *library = library_open("libcuda.so.1", functions, sizeof functions / sizeof *functions);
    cu->graphs = library != NULL;
    if (library) dlclose(library); /* one of two openings */
}

bool cuda_load(struct cuda *cu) {
    *cu = (struct cuda){0};
    const struct library_function functions[] = {
        {"cuInit", &cu->Init},
        {"cuDriverGetVersion", &cu->DriverGetVersion},
        {"cuDeviceGetCount", &cu->DeviceGetCount},
        {"cuDeviceGet", &cu->DeviceGet},
        {"cuDeviceGetName", &cu->DeviceGetName},
        {"cuDeviceTotalMem_v2", &cu->DeviceTotalMem},
        {"cuDeviceGetAttribute", &cu->DeviceGetAttribute},
        {"cuDevicePrimaryCtxRetain", &cu->DevicePrimaryCtxRetain},
        {"cuDevicePrimaryCtxRelease_v2", &cu->DevicePrimaryCtxRelease},
        {"cuCtxSetCurrent", &cu->CtxSetCurrent},
        {"cuLinkCreate_v2", &cu->LinkCreate},
        {"cuLinkAddData_v2", &cu->LinkAddData},
        {"cuLinkComplete", &cu->LinkComplete},
        {"cuLinkDestroy", &cu->LinkDestroy},
        {"cuModuleLoadData", &cu->ModuleLoadData},
        {"cuModuleUnload", &cu->ModuleUnload},
        {"cuModuleGetFunction", &cu->ModuleGetFunction},
        {"cuMemAlloc_v2", &cu->MemAlloc},
        {"cuMemFree_v2", &cu->MemFree},
        {"cuMemHostAlloc", &cu->MemHostAlloc},
        {"cuMemFreeHost", &cu->MemFreeHost},
        {"cuMemcpyHtoDAsync_v2", &cu->MemcpyHtoDAsync},
        {"cuMemcpyDtoHAsync_v2", &cu->MemcpyDtoHAsync},
        {"cuMemcpyDtoDAsync_v2", &cu->MemcpyDtoDAsync},
        {"cuStreamCreate", &cu->StreamCreate},
        {"cuStreamDestroy_v2", &cu->StreamDestroy},
        {"cuStreamQuery", &cu->StreamQuery},
        {"cuStreamWaitEvent", &cu->StreamWaitEvent},
        {"cuEventCreate", &cu->EventCreate},
        {"cuEventDestroy_v2", &cu->EventDestroy},
        {"cuEventRecord", &cu->EventRecord},
        {"cuLaunchKernel", &cu->LaunchKernel}};
    cu->library = library_open("libcuda.so.1", functions, sizeof functions / sizeof *functions);
    if (!cu->library) return false;
    load_graphs(cu);
    if (!cu->Init(0)) return true;
    dlclose(cu->library);
    return false;
}

int cuda_result(CUresult error) {
    return !error ? AURALIS_OK : error == CUDA_ERROR_OUT_OF_MEMORY ? AURALIS_ENOMEM : AURALIS_EDEVICE;
}
