/* Stands in for the NVIDIA driver's library where there is none, so that cuDNN compiles kernels for
   GPUs that are elsewhere (cytofleet doctor --prepare). There is no device, and nothing runs; but
   compiled kernels can be "loaded", which is how cuDNN ends a compilation. Numbers of errors are the
   driver's. */
#include <dlfcn.h>
#include <stddef.h>

enum { success = 0, no_device = 100, not_found = 500 };

int refuse(void) __attribute__((visibility("hidden")));
int refuse(void) {
    return no_device;
}

/* cuDNN looks these up by name, and wants them all. */
int cuCtxGetCurrent(void) __attribute__((alias("refuse")));
int cuCtxGetLimit(void) __attribute__((alias("refuse")));
int cuCtxPopCurrent(void) __attribute__((alias("refuse")));
int cuCtxPushCurrent(void) __attribute__((alias("refuse")));
int cuDeviceGet(void) __attribute__((alias("refuse")));
int cuDeviceGetCount(void) __attribute__((alias("refuse")));
int cuKernelGetAttribute(void) __attribute__((alias("refuse")));
int cuKernelSetAttribute(void) __attribute__((alias("refuse")));
int cuLaunchCooperativeKernel(void) __attribute__((alias("refuse")));
int cuLaunchKernel(void) __attribute__((alias("refuse")));
int cuLaunchKernelEx(void) __attribute__((alias("refuse")));
int cuLibraryLoadFromFile(void) __attribute__((alias("refuse")));
int cuLinkAddData(void) __attribute__((alias("refuse")));
int cuLinkComplete(void) __attribute__((alias("refuse")));
int cuLinkCreate(void) __attribute__((alias("refuse")));
int cuLinkDestroy(void) __attribute__((alias("refuse")));
int cuOccupancyMaxPotentialClusterSize(void) __attribute__((alias("refuse")));
int cuStreamGetCtx(void) __attribute__((alias("refuse")));

int cuInit(unsigned flags) {
    (void)flags;
    return no_device;
}

int cuDriverGetVersion(int *version) {
    *version = CYTOFLEET_CUDA_VERSION;
    return success;
}

int cuGetErrorString(int error, const char **text) {
    (void)error;
    *text = "there is no driver here";
    return success;
}

int cuGetErrorName(int error, const char **text) {
    return cuGetErrorString(error, text);
}

int cuLibraryLoadData(void **library, const void *code, void *options, void *values,
                      unsigned options_count, void *more, void *more_values, unsigned more_count) {
    static int loaded;
    (void)code, (void)options, (void)values, (void)options_count;
    (void)more, (void)more_values, (void)more_count;
    *library = &loaded;
    return success;
}

int cuLibraryUnload(void *library) {
    (void)library;
    return success;
}

int cuLibraryGetKernel(void **kernel, void *library, const char *name) {
    (void)name;
    *kernel = library;
    return success;
}

int cuGetProcAddress_v2(const char *name, void **function, int version, unsigned long long flags,
                        int *found) {
    Dl_info own;
    void *self = NULL;
    (void)version, (void)flags;
    *function = NULL;
    if (dladdr((void *)&refuse, &own) != 0) self = dlopen(own.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    if (self != NULL) {
        *function = dlsym(self, name);
        dlclose(self);
    }
    /* What is not here says that there is no device. */
    if (*function == NULL) *function = (void *)&refuse;
    if (found != NULL) *found = 0;
    return success;
}

int cuGetProcAddress(const char *name, void **function, int version, unsigned long long flags) {
    return cuGetProcAddress_v2(name, function, version, flags, NULL);
}
