/* auralis/error.h — results and messages.
 *
 * Every function that can fail returns 0 (AURALIS_OK) or one of the negative codes below and leaves
 * its outputs untouched when it fails. Functions that read something a person wrote (a score, a
 * parameter, a preset) also fill an auralis_message, which names the place and says what is allowed. */
#ifndef AURALIS_ERROR_H
#define AURALIS_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define AURALIS_API __attribute__((visibility("default")))
#else
#define AURALIS_API
#endif

enum auralis_result {
    AURALIS_OK = 0,
    AURALIS_EINVAL = -1,       /* an argument or value is outside what is allowed */
    AURALIS_ENOMEM = -2,       /* memory could not be reserved */
    AURALIS_ENOENT = -3,       /* no such preset, parameter, ISA or file */
    AURALIS_EFORMAT = -4,      /* malformed input (score, MIDI, number) */
    AURALIS_ELIMIT = -5,       /* a stated limit would be exceeded */
    AURALIS_EUNSUPPORTED = -6, /* this build or machine cannot do it (ISA, rate) */
    AURALIS_EDEVICE = -7,      /* the GPU refuses or is gone */
};

/* What was wrong, for people. `place` names a field, byte or event ("bpm", "byte 14", "melody[3]"),
 * `text` is one sentence with what is allowed. Both are always terminated; caller owned. */
typedef struct auralis_message {
    char place[64];
    char text[256];
} auralis_message;

/* A short English description of a result code; static storage, never NULL. Any thread. */
AURALIS_API const char *auralis_strerror(int result);

/* "MAJOR.MINOR.PATCH" of the library that is running; static storage. Any thread. */
AURALIS_API const char *auralis_version(void);

#ifdef __cplusplus
}
#endif
#endif
