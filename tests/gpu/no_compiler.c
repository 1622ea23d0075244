/* In the place of NVIDIA's run-time compiler (libnvrtc): cuDNN finds all it looks up, and every
   compilation fails. What works with it has compiled nothing. */
enum { success = 0, compilation_failed = 6 };

int nvrtcVersion(int *major, int *minor) {
    *major = 13;
    *minor = 0;
    return success;
}

int nvrtcCreateProgram(void **program, const char *source, const char *name, int count,
                       const char *const *headers, const char *const *names) {
    static int made;
    (void)source, (void)name, (void)count, (void)headers, (void)names;
    *program = &made;
    return success;
}

int fail(void);
int fail(void) {
    return compilation_failed;
}

int nvrtcCompileProgram(void) __attribute__((alias("fail")));
int __nvrtcCPEx(void) __attribute__((alias("fail")));
int nvrtcGetProgramLogSize(void) __attribute__((alias("fail")));
int nvrtcGetProgramLog(void) __attribute__((alias("fail")));
int nvrtcGetPTXSize(void) __attribute__((alias("fail")));
int nvrtcGetPTX(void) __attribute__((alias("fail")));
int nvrtcGetCUBINSize(void) __attribute__((alias("fail")));
int nvrtcGetCUBIN(void) __attribute__((alias("fail")));

int nvrtcDestroyProgram(void **program) {
    *program = 0;
    return success;
}

const char *nvrtcGetErrorString(int error) {
    (void)error;
    return "there is no compiler";
}
