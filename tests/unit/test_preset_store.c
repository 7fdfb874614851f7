/* The presets that users save, and what becomes of them when the disk or the process fails. */
#include "cmocka_c.h"

#include "server/preset_store.h"

#include <auralis/presets.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const auralis_parameters DEFAULTS = AURALIS_PARAMETERS_DEFAULT;
static char folder[256], said[8192];

static void remember(void *self, const char *text) {
    (void)self;
    strncat(said, text, sizeof said - strlen(said) - 2);
    strcat(said, "\n");
}

static struct store *open_store(const char *directory) {
    struct store *store = NULL;
    *said = 0;
    assert_int_equal(store_open(&(struct store_config){.directory = directory, .log = remember}, &store), 0);
    return store;
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "%s/auralis-presets.XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

/* How many files in the folder have `part` in their name; `clear` removes them all. */
static int files_with(const char *part, bool clear) {
    int count = 0;
    char path[600];
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strstr(entry->d_name, part)) count++;
        if (clear && unlink(path)) rmdir(path);
    }
    if (dir) closedir(dir);
    return count;
}

static int remove_folder(void **state) {
    (void)state;
    files_with("", true);
    return rmdir(folder);
}

static const char *file_path(void) {
    static char path[300];
    snprintf(path, sizeof path, "%s/auralis.db", folder);
    return path;
}

static void presets_survive_closing(void **state) {
    (void)state;
    struct store *s = open_store(folder);
    auralis_parameters p = DEFAULTS, out;
    struct refusal why;
    p.bpm = 54.3;
    p.space = 0.1;
    p.enable_kicks = 0;
    p.key = 6;
    assert_true(store_kept(s));
    assert_string_equal(store_path(s), file_path());
    assert_int_equal(preset_store_save(s, "Sp\xc3\xa4t am Abend", &p, &why), 1);
    p.bpm = 55.25;
    assert_int_equal(preset_store_save(s, "Sp\xc3\xa4t am Abend", &p, &why), 0);
    store_close(s);
    s = open_store(folder);
    assert_string_equal(said, "");
    assert_int_equal(preset_store_load(s, "Sp\xc3\xa4t am Abend", &out, &why), 0);
    assert_memory_equal(&out, &p, sizeof p);
    assert_int_equal(preset_store_load(s, "sp\xc3\xa4t am abend", &out, &why), -REFUSAL_NOT_FOUND);
    assert_int_equal(preset_store_load(s, "SLEEP", &out, &why), 0);
    assert_int_equal(preset_store_delete(s, "Sp\xc3\xa4t am Abend", &why), 0);
    assert_int_equal(preset_store_delete(s, "Sp\xc3\xa4t am Abend", &why), -REFUSAL_NOT_FOUND);
    assert_int_equal(preset_store_delete(s, "sleep", &why), -REFUSAL_CONFLICT);
    store_close(s);
}

static void the_list_has_both_kinds(void **state) {
    (void)state;
    struct store *s = open_store(folder);
    assert_int_equal(preset_store_save(s, "b", &DEFAULTS, NULL), 1);
    assert_int_equal(preset_store_save(s, "a \"quoted\"; DROP TABLE presets", &DEFAULTS, NULL), 1);
    json_t *list = preset_store_list(s);
    size_t builtin = (size_t)auralis_preset_count();
    assert_int_equal(json_array_size(list), builtin + 2);
    for (size_t i = 0; i < builtin + 2; i++)
        assert_int_equal(json_is_true(json_object_get(json_array_get(list, i), "builtin")), i < builtin);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, builtin + 1), "name")), "b");
    json_t *names = preset_store_names(s);
    assert_int_equal(json_array_size(names), builtin + 2);
    for (size_t i = 0; i < builtin + 2; i++)
        assert_true(json_equal(json_array_get(names, i), json_object_get(json_array_get(list, i), "name")));
    json_decref(names);
    json_decref(list);
    json_t *one = preset_store_get(s, "b", NULL);
    assert_int_equal(json_object_size(json_object_get(one, "parameters")), auralis_parameter_count());
    json_decref(one);
    store_close(s);
}

static void names(void **state) {
    (void)state;
    char fifty[4 * 50 + 1] = "", fifty_one[4 * 51 + 1] = "";
    for (int i = 0; i < 51; i++) {
        if (i < 50) strcat(fifty, "\xf0\x9f\x8c\x99");
        strcat(fifty_one, "\xf0\x9f\x8c\x99");
    }
    const char *const good[] = {"x", "My evening", fifty, "caf\xc3\xa9", "50 % off?"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(preset_name_check(good[i], NULL), 0);
    const char *const bad[] = {"",    " ", " x", "x ",   fifty_one,  "a\nb",         "a\x7f", "a\xc2\x85",
                               "a/b", ".", "..", "\xff", "\xc0\xaf", "\xed\xa0\x80", "a\x01"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct refusal why;
        assert_int_equal(preset_name_check(bad[i], &why), -REFUSAL_INVALID_VALUE);
        assert_string_equal(why.field, "name");
    }
    assert_int_equal(preset_name_check("Sleep", NULL), -REFUSAL_CONFLICT);
}

static void there_is_a_limit(void **state) {
    (void)state;
    struct store *s = open_store(":memory:");
    char name[32];
    assert_false(store_kept(s));
    for (int i = 0; i < PRESETS_MAX; i++) {
        snprintf(name, sizeof name, "p%d", i);
        assert_int_equal(preset_store_save(s, name, &DEFAULTS, NULL), 1);
    }
    assert_int_equal(preset_store_save(s, "one more", &DEFAULTS, NULL), -REFUSAL_CONFLICT);
    assert_int_equal(preset_store_save(s, "p7", &DEFAULTS, NULL), 0);
    store_close(s);
}

/* A child saves as fast as it can and is killed; whatever it said was saved is there, and whole. */
static void a_kill_loses_nothing(void **state) {
    (void)state;
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        struct store *s = NULL;
        auralis_parameters p = DEFAULTS;
        store_open(&(struct store_config){.directory = folder}, &s);
        for (int i = 0;; i++) {
            char name[16];
            snprintf(name, sizeof name, "k%d", i % 20);
            p.bpm = 40 + i % 80;
            if (preset_store_save(s, name, &p, NULL) < 0 || write(pipes[1], &i, sizeof i) != sizeof i)
                _exit(1);
        }
    }
    close(pipes[1]);
    int last = -1, seen;
    while (last < 60 && read(pipes[0], &seen, sizeof seen) == sizeof seen) last = seen;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    while (read(pipes[0], &seen, sizeof seen) == sizeof seen) last = seen;
    close(pipes[0]);
    assert_true(last >= 60);
    struct store *s = open_store(folder);
    assert_string_equal(said, "");
    for (int i = last - 19; i <= last; i++) {
        char name[16];
        auralis_parameters p;
        snprintf(name, sizeof name, "k%d", i % 20);
        assert_int_equal(preset_store_load(s, name, &p, NULL), 0);
        if (i % 20 != (last + 1) % 20)
            assert_true(p.bpm == 40 + i % 80); /* the next one may just have been saved */
    }
    store_close(s);
}

static void write_file(const char *bytes, size_t size, off_t at) {
    int fd = open(file_path(), O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, size, at), size);
    close(fd);
}

static void check_moved_aside(void) {
    struct store *s = open_store(folder);
    assert_non_null(strstr(said, "damaged"));
    assert_non_null(strstr(said, "auralis.db.damaged-"));
    assert_int_equal(files_with(".damaged-", false), 1);
    assert_true(store_kept(s));
    assert_int_equal(preset_store_save(s, "after", &DEFAULTS, NULL), 1);
    store_close(s);
}

static void a_damaged_file_is_moved_aside(void **state) {
    (void)state;
    char garbage[5000];
    memset(garbage, 'x', sizeof garbage);
    files_with("", true);
    write_file(garbage, sizeof garbage, 0);
    check_moved_aside();
    files_with("", true);
    struct store *s = open_store(folder); /* a good file with a hole in the middle */
    for (int i = 0; i < 200; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        assert_int_equal(preset_store_save(s, name, &DEFAULTS, NULL), 1);
    }
    store_close(s);
    write_file(garbage, sizeof garbage, 4096);
    check_moved_aside();
    files_with("", true);
}

static void a_newer_file_is_left_alone(void **state) {
    (void)state;
    files_with("", true);
    struct store *s = open_store(folder);
    assert_int_equal(preset_store_save(s, "mine", &DEFAULTS, NULL), 1);
    store_close(s);
    write_file("\0\0\0\x63", 4, 60); /* user_version, in the file's header (sqlite.org/fileformat.html) */
    s = open_store(folder);
    assert_non_null(strstr(said, "newer"));
    assert_false(store_kept(s));
    assert_int_equal(preset_store_save(s, "other", &DEFAULTS, NULL), 1);
    store_close(s);
    write_file("\0\0\0\x01", 4, 60);
    s = open_store(folder);
    auralis_parameters p;
    assert_int_equal(preset_store_load(s, "mine", &p, NULL), 0);
    assert_int_equal(preset_store_load(s, "other", &p, NULL), -REFUSAL_NOT_FOUND);
    store_close(s);
    files_with("", true);
}

static void without_a_disk_memory_serves(void **state) {
    (void)state;
    char path[400];
    snprintf(path, sizeof path, "%s/file/state", folder);
    snprintf(said, sizeof said, "%s/file", folder);
    close(open(said, O_WRONLY | O_CREAT, 0600)); /* a file where a folder should be */
    struct store *s = open_store(path);
    assert_false(store_kept(s));
    assert_non_null(strstr(said, "in memory only"));
    assert_int_equal(preset_store_save(s, "x", &DEFAULTS, NULL), 1);
    auralis_parameters p;
    assert_int_equal(preset_store_load(s, "x", &p, NULL), 0);
    store_close(s);
    s = open_store("/proc/auralis"); /* where nobody may write, not even root */
    assert_false(store_kept(s));
    assert_non_null(strstr(said, "in memory only"));
    store_close(s);
}

/* The file stands where it cannot be written: what it holds can still be loaded. A file's size limit stands
 * for the full disk. */
static void a_full_disk_loses_nothing(void **state) {
    (void)state;
    files_with("", true);
    struct store *s = open_store(folder);
    assert_int_equal(preset_store_save(s, "mine", &DEFAULTS, NULL), 1);
    store_close(s);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        struct rlimit limit = {100, 100};
        setrlimit(RLIMIT_FSIZE, &limit);
        auralis_parameters p;
        s = open_store(folder);
        bool fine = !store_kept(s) && strstr(said, "in memory only") && strstr(said, "1 presets") &&
                    preset_store_load(s, "mine", &p, NULL) == 0 &&
                    preset_store_save(s, "x", &DEFAULTS, NULL) == 1;
        store_close(s);
        _exit(fine ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    s = open_store(folder);
    auralis_parameters p;
    assert_int_equal(preset_store_load(s, "mine", &p, NULL), 0);
    store_close(s);
}

static void the_users_folder_is_found(void **state) {
    (void)state;
    char wanted[400];
    setenv("XDG_STATE_HOME", folder, 1);
    struct store *s = open_store(NULL);
    snprintf(wanted, sizeof wanted, "%s/auralis/auralis.db", folder);
    assert_string_equal(store_path(s), wanted);
    store_close(s);
    unlink(wanted);
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", folder, 1);
    s = open_store("");
    snprintf(wanted, sizeof wanted, "%s/.local/state/auralis/auralis.db", folder);
    assert_string_equal(store_path(s), wanted);
    store_close(s);
    unlink(wanted);
    static const char *const made[] = {".local/state/auralis", ".local/state", ".local"};
    for (int i = 0; i < 3; i++) {
        snprintf(wanted, sizeof wanted, "%s/%s", folder, made[i]);
        rmdir(wanted);
    }
}

static void without_a_store_there_are_the_built_in_ones(void **state) {
    (void)state;
    auralis_parameters p;
    assert_int_equal(preset_store_load(NULL, "sleep", &p, NULL), 0);
    assert_int_equal(preset_store_load(NULL, "mine", &p, NULL), -REFUSAL_NOT_FOUND);
    json_t *list = preset_store_list(NULL);
    assert_int_equal(json_array_size(list), auralis_preset_count());
    json_decref(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presets_survive_closing),
        cmocka_unit_test(the_list_has_both_kinds),
        cmocka_unit_test(names),
        cmocka_unit_test(there_is_a_limit),
        cmocka_unit_test(a_kill_loses_nothing),
        cmocka_unit_test(a_damaged_file_is_moved_aside),
        cmocka_unit_test(a_newer_file_is_left_alone),
        cmocka_unit_test(without_a_disk_memory_serves),
        cmocka_unit_test(a_full_disk_loses_nothing),
        cmocka_unit_test(the_users_folder_is_found),
        cmocka_unit_test(without_a_store_there_are_the_built_in_ones),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
