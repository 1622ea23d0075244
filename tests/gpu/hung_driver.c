/* In the place of NVIDIA's driver library (libcuda.so.1): it is there, and never comes back from what it
   is first asked. Signals other than SIGKILL do not reach it. */
#include <signal.h>
#include <unistd.h>

int cuDriverGetVersion(int *version) {
    *version = 99000; /* newer than any toolkit */
    return 0;
}

static int hang(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, 0);
    for (;;) pause();
}

int cuInit(unsigned flags) {
    (void)flags;
    return hang();
}

int cuGetProcAddress(void) {
    return hang();
}

int cuGetProcAddress_v2(void) {
    return hang();
}
