#include <auralis/error.h>

const char *auralis_strerror(int result) {
    switch (result) {
    case AURALIS_OK:
        return "success";
    case AURALIS_EINVAL:
        return "a value is outside what is allowed";
    case AURALIS_ENOMEM:
        return "out of memory";
    case AURALIS_ENOENT:
        return "no such name";
    case AURALIS_EFORMAT:
        return "malformed input";
    case AURALIS_ELIMIT:
        return "a limit is reached";
    case AURALIS_EUNSUPPORTED:
        return "not supported by this build or machine";
    case AURALIS_EDEVICE:
        return "the GPU does not work";
    default:
        return "unknown error";
    }
}

const char *auralis_version(void) {
    return AURALIS_VERSION;
}
