/* The render path is real-time: after warm-up it neither allocates, locks nor enters the operating system.
 *
 * The work runs in a child process behind a seccomp filter that lets nothing through but the last words to a
 * pipe; malloc and pthread_mutex_lock are interposed besides, because both can work without a system call.
 * Each kind of offence is planted once, to show that it would be found. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <auralis/auralis.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STREAMS = 5, CHUNK = 15, CHUNKS = 30000 }; /* 600 s at 48 kHz */
enum plant { PLANT_NOTHING, PLANT_MALLOC, PLANT_FREE, PLANT_LOCK, PLANT_CALL, PLANTS };

static bool armed;
static int offences;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);
void *malloc(size_t size) {
    offences += armed;
    return __libc_malloc(size);
}
void *calloc(size_t n, size_t size) {
    offences += armed;
    return __libc_calloc(n, size);
}
void *realloc(void *p, size_t size) {
    offences += armed;
    return __libc_realloc(p, size);
}
void free(void *p) {
    offences += armed;
    __libc_free(p);
}
int pthread_mutex_lock(pthread_mutex_t *m) {
    (void)m;
    offences += armed;
    return 0; /* nothing here needs a real one */
}

/* From here on only exit, and write to `fd`. */
static bool forbid_system_calls(int fd) {
#define FIELD(name) offsetof(struct seccomp_data, name)
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)fd, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void plant(enum plant what, void **kept) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    if (what == PLANT_MALLOC) *kept = malloc(24);
    if (what == PLANT_FREE) free(*kept), *kept = NULL;
    if (what == PLANT_LOCK) pthread_mutex_lock(&lock);
    if (what == PLANT_CALL) syscall(SYS_getppid);
}

static void turn(auralis_stream *s, const char *name, const char *value) {
    auralis_parameters p = auralis_stream_parameters(s);
    int index = auralis_parameters_set(&p, name, value, NULL);
    if (index >= 0) auralis_stream_set(s, &p, 1u << index, NULL, NULL);
}

static void turn_something(auralis_stream *s, int n) {
    static const char *const turns[][2] = {{"key", "F#"},
                                           {"brightness", "0.9"},
                                           {"bpm", "83.5"},
                                           {"enable_pads", "off"},
                                           {"mode", "lydian"},
                                           {"level", "-7"},
                                           {"enable_pads", "on"},
                                           {"space", "1"},
                                           {"intensity", "1"},
                                           {"harmonic_density", "1"},
                                           {"key", "C"},
                                           {"melody_complexity", "1"},
                                           {"bpm", "120"},
                                           {"space", "0"},
                                           {"pad_timbre", "glass"},
                                           {"enable_melody", "off"},
                                           {"level", "0"},
                                           {"enable_melody", "on"}};
    int i = n % (int)(sizeof turns / sizeof *turns);
    turn(s, turns[i][0], turns[i][1]);
}

/* A note a second for as long as the test lasts, and wheels that never rest. */
static auralis_score *moving_score(void) {
    auralis_score *score;
    if (auralis_score_create(48000, &score) < 0) _exit(3);
    for (int i = 0; i < 600; i++) {
        auralis_note n = {.onset = (uint64_t)i * 48000,
                          .duration = 72000,
                          .pitch = 40 + i % 40,
                          .velocity = 0.3,
                          .instrument = i % 6};
        if (auralis_score_add(score, &n, NULL) < 0) _exit(3);
        for (int k = 0; k < 40; k++) {
            auralis_control c = {(uint64_t)i * 48000 + (uint64_t)k * 1200, k * 0.025,
                                 k % AURALIS_CONTROL_KINDS, 0};
            if (auralis_score_add_control(score, &c, NULL) < 0) _exit(3);
        }
    }
    return score;
}

static void child(int fd, enum plant what) {
    auralis_engine *e;
    auralis_stream *s[STREAMS];
    static float audio[STREAMS][CHUNK * AURALIS_BLOCK * 2];
    float *out[STREAMS];
    void *kept = malloc(24);
    if (auralis_engine_create(NULL, &e) < 0) _exit(3);
    for (int i = 0; i < STREAMS; i++) {
        auralis_stream_config c = {.seed = (uint64_t)i, .parameters = &auralis_preset_at(i)->parameters};
        if (i == STREAMS - 1) c.score = moving_score();
        if (auralis_stream_open(e, &c, &s[i]) < 0) _exit(3);
        out[i] = audio[i];
    }
    auralis_engine_render(e, s, STREAMS, CHUNK, out);
    if (!forbid_system_calls(fd)) _exit(77);
    armed = true;
    int chunks = what == PLANT_NOTHING ? CHUNKS : 50;
    for (int n = 0; n < chunks; n++) {
        auralis_engine_render(e, s, STREAMS, CHUNK, out);
        if (n % 100 == 0) turn_something(s[n / 100 % STREAMS], n / 100);
        if (n == 40) plant(what, &kept);
    }
    armed = false;
    syscall(SYS_write, fd, &offences, sizeof offences);
    syscall(SYS_exit, 0);
}

/* What became of it: the number of offences, −1 if it was killed for a system call, −2 where the kernel has
 * no seccomp. */
static int outcome(enum plant what) {
    int fd[2], status, found = 0;
    assert_int_equal(pipe(fd), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (!pid) {
        child(fd[1], what);
        _exit(3);
    }
    close(fd[1]);
    ssize_t got = read(fd[0], &found, sizeof found);
    close(fd[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) return -1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) return -2;
    assert_int_equal(got, sizeof found);
    return found;
}

static void rendering_is_real_time(void **state) {
    (void)state;
    int found = outcome(PLANT_NOTHING);
    if (found == -2) skip();
    assert_int_equal(found, 0);
}

static void planted_offences_are_found(void **state) {
    (void)state;
    if (outcome(PLANT_CALL) == -2) skip();
    assert_int_equal(outcome(PLANT_MALLOC), 1);
    assert_int_equal(outcome(PLANT_FREE), 1);
    assert_int_equal(outcome(PLANT_LOCK), 1);
    assert_int_equal(outcome(PLANT_CALL), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(planted_offences_are_found),
                                       cmocka_unit_test(rendering_is_real_time)};
    return cmocka_run_group_tests_name("realtime", tests, NULL, NULL);
}
