/* The configuration file. Its argument is packaging/auralis.conf, the manual. */
#include "cmocka_c.h"

#include "server/config.h"
#include "server/config_keys.h"

#include <auralis/presets.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *manual;
static const struct server_config DEFAULTS = SERVER_CONFIG_DEFAULT;

static int read_text(const char *text, struct server_config *config, struct config_message *why) {
    return config_read(text, strlen(text), "a.conf", config, why);
}

static void nothing_changes_nothing(void **state) {
    (void)state;
    static const char *const empty[] = {"", "\n\n", "# words\n  \t \n", "\xef\xbb\xbf# of some editor\r\n"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        struct server_config c = DEFAULTS;
        assert_int_equal(read_text(empty[i], &c, NULL), 0);
        assert_memory_equal(&c, &DEFAULTS, sizeof c);
    }
}

static void everything_can_be_said(void **state) {
    (void)state;
    struct server_config c = DEFAULTS;
    struct config_message why = {.text = ""};
    int result = read_text("listen = [::1]:9000 # here\r\n"
                           "threads=2\npin = on\n"
                           "\tmax_listeners =   50\t\n"
                           "max_per_address = 3\nattempts_per_minute = 20\n"
                           "trusted_proxy = 10.0.0.9\n"
                           "state_dir = \"/tmp/a #1\"  # quoted\n"
                           "buffer_tier = stable\n"
                           "[station evening] # a station\n"
                           "bpm = 48\npreset = sleep\nseed = 18446744073709551615\nkey = F#\n"
                           "[ station main ]\n"
                           "enable_kicks = off",
                           &c, &why);
    if (result) fail_msg("%s: %s", why.place, why.text);
    assert_string_equal(c.listen, "[::1]:9000");
    assert_true(c.threads == 2 && c.pin && c.max_listeners == 50 && c.max_per_address == 3 &&
                c.attempts_per_minute == 20);
    assert_string_equal(c.trusted_proxy, "10.0.0.9");
    assert_string_equal(c.state_dir, "/tmp/a #1");
    assert_int_equal(c.buffer_tier, TIER_STABLE);
    assert_int_equal(c.station_count, 2);
    assert_string_equal(c.station[0].name, "main");
    assert_true(c.station[0].seed == 0 && !c.station[0].parameters.enable_kicks &&
                c.station[0].parameters.bpm == 70);
    const struct station_config *evening = &c.station[1];
    const auralis_parameters *sleep = &auralis_preset_find("sleep")->parameters;
    assert_string_equal(evening->name, "evening");
    assert_true(evening->seed == UINT64_MAX && evening->parameters.bpm == 48 && evening->parameters.key == 6);
    assert_true(evening->parameters.mode == sleep->mode && evening->parameters.intensity == sleep->intensity);
}

static void a_flag_goes_before_the_file(void **state) {
    (void)state;
    struct server_config c = DEFAULTS;
    struct config_message why;
    assert_int_equal(read_text("threads = 2\nlisten = 127.0.0.1:9000\n", &c, NULL), 0);
    assert_int_equal(config_set(&c, "listen", "127.0.0.1:0", &why), 0);
    assert_string_equal(c.listen, "127.0.0.1:0");
    assert_int_equal(c.threads, 2);
    assert_true(config_set(&c, "threads", "0", &why) < 0);
    assert_string_equal(why.place, "");
    assert_int_equal(c.threads, 2);
}

static void one_bad_line_and_nothing_is_used(void **state) {
    (void)state;
    struct server_config c = DEFAULTS;
    struct config_message why;
    assert_true(read_text("threads = 2\nlisten = 127.0.0.1:9000\nbufer_tier = stable\n", &c, &why) < 0);
    assert_string_equal(why.place, "a.conf:3");
    assert_non_null(strstr(why.text, "nearest is buffer_tier"));
    assert_memory_equal(&c, &DEFAULTS, sizeof c);
}

static void limits_hold(void **state) {
    (void)state;
    struct server_config c = DEFAULTS;
    struct config_message why;
    char *text = malloc(CONFIG_FILE_MAX + 1);
    memset(text, '\n', CONFIG_FILE_MAX + 1);
    assert_int_equal(config_read(text, CONFIG_FILE_MAX, "x", &c, &why), 0);
    assert_int_equal(config_read(text, CONFIG_FILE_MAX + 1, "x", &c, &why), AURALIS_ELIMIT);
    size_t at = 0;
    for (int i = 1; i <= CONFIG_STATIONS_MAX; i++) {
        at += (size_t)sprintf(text + at, "[station s%d]\n", i);
        c = DEFAULTS;
        int result = config_read(text, at, "x", &c, &why);
        assert_int_equal(result, i < CONFIG_STATIONS_MAX ? 0 : AURALIS_ELIMIT); /* main is one of them */
    }
    assert_non_null(strstr(why.text, "32"));
    at = (size_t)sprintf(text, "[station main]\n");
    for (int i = 1; i < CONFIG_STATIONS_MAX; i++) at += (size_t)sprintf(text + at, "[station s%d]\n", i);
    assert_int_equal(config_read(text, at, "x", &c, &why), 0);
    at += (size_t)sprintf(text + at, "[station main]\n");
    assert_int_equal(config_read(text, at, "x", &c, &why), AURALIS_EINVAL);
    char name[400];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    assert_true(config_read("x", 1, name, &c, &why) < 0);
    assert_non_null(strstr(why.place, ":1")); /* the line is still there when the name is shortened */
    free(text);
}

static void addresses_to_listen_at(void **state) {
    (void)state;
    static const struct {
        const char *text, *host;
        uint16_t port;
    } good[] = {{"127.0.0.1:8000", "127.0.0.1", 8000},
                {"[::1]:1", "::1", 1},
                {"*:80", "*", 80},
                {"8000", "127.0.0.1", 8000},
                {"localhost:0", "localhost", 0}};
    static const char *const bad[] = {
        "",      ":80",          "::1:80",         "127.0.0.1", "127.0.0.1:", "a:b",  "1.2.3.4:65536",
        "[::1]", "[1.2.3.4]:80", "example.org:80", "1.2.3:80",  "1.2.3.4:-1", "[:80", "[]:80"};
    char host[96];
    uint16_t port;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(config_listen(good[i].text, host, &port), 0);
        assert_string_equal(host, good[i].host);
        assert_int_equal(port, good[i].port);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (config_listen(bad[i], host, &port) == 0) fail_msg("accepted: %s", bad[i]);
}

static void files_are_read(void **state) {
    (void)state;
    struct server_config c = DEFAULTS;
    struct config_message why;
    assert_int_equal(config_read_file("/no/such/file.conf", &c, &why), AURALIS_ENOENT);
    assert_string_equal(why.place, "/no/such/file.conf");
    assert_non_null(strstr(why.text, "No such file"));
    assert_int_equal(config_read_file("/", &c, &why), AURALIS_ENOENT);
    assert_int_equal(config_read_file("/dev/zero", &c, &why), AURALIS_ELIMIT);
}

/* The manual names every key, and what it shows is accepted: as it stands, and with every example
 * uncommented. */
static void the_environment_goes_between(void **state) {
    (void)state;
    struct server_config c = DEFAULTS;
    struct config_message why;
    assert_int_equal(read_text("threads = 2\nmax_listeners = 20\n", &c, NULL), 0);
    setenv("AURALIS_THREADS", "3", 1);
    setenv("AURALIS_MAX_LISTENERS", "30", 1);
    assert_int_equal(config_environment(&c, &why), 0);
    assert_int_equal(config_set(&c, "max_listeners", "40", &why), 0);
    assert_true(c.threads == 3 && c.max_listeners == 40);
    setenv("AURALIS_THREADS", "many", 1);
    assert_true(config_environment(&c, &why) < 0);
    assert_string_equal(why.place, "AURALIS_THREADS");
    unsetenv("AURALIS_THREADS");
    unsetenv("AURALIS_MAX_LISTENERS");
}

/* What is printed says the same when it is read. */
static void printing_loses_nothing(void **state) {
    (void)state;
    struct server_config c = DEFAULTS, again = DEFAULTS;
    struct config_message why = {.text = ""};
    char *text = NULL;
    size_t size = 0;
    assert_int_equal(
        read_text(
            "listen = [::1]:9000\nthreads = 2\npin = on\nstate_dir = \"/tmp/a #1\"\nbuffer_tier = stable\n"
            "allowed_origins = https://a.example, https://b.example:8443\n"
            "[station main]\nseed = 9\npreset = sleep\nbpm = 47.125\n[station b]\nmode = dorian\n",
            &c, &why),
        0);
    FILE *to = open_memstream(&text, &size);
    config_print(&c, to);
    fclose(to);
    if (config_read(text, size, "printed", &again, &why)) fail_msg("%s: %s", why.place, why.text);
    assert_memory_equal(&again, &c, sizeof c);
    free(text);
}

static void the_manual_is_right(void **state) {
    (void)state;
    struct server_config c = DEFAULTS;
    struct config_message why = {.text = ""};
    char line[512], all[32768] = "";
    if (config_read_file(manual, &c, &why)) fail_msg("%s: %s", why.place, why.text);
    assert_memory_equal(&c, &DEFAULTS, sizeof c);
    FILE *file = fopen(manual, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (*line == '#' && line[1] != ' ' && line[1] != '\n') strcat(all, line + 1);
    fclose(file);
    for (int i = 0; i < config_key_count(); i++) {
        char wanted[80];
        snprintf(wanted, sizeof wanted, "%s = ", config_key_name(i));
        if (!strstr(all, wanted)) fail_msg("%s is missing", config_key_name(i));
    }
    if (read_text(all, &c, &why)) fail_msg("%s: %s", why.place, why.text);
    assert_string_equal(c.listen, DEFAULTS.listen);
    assert_true(c.max_listeners == DEFAULTS.max_listeners && c.max_per_address == DEFAULTS.max_per_address &&
                c.attempts_per_minute == DEFAULTS.attempts_per_minute &&
                c.buffer_tier == DEFAULTS.buffer_tier);
    assert_int_equal(c.station_count, 2);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changes_nothing),
        cmocka_unit_test(everything_can_be_said),
        cmocka_unit_test(a_flag_goes_before_the_file),
        cmocka_unit_test(one_bad_line_and_nothing_is_used),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(addresses_to_listen_at),
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(the_environment_goes_between),
        cmocka_unit_test(printing_loses_nothing),
        cmocka_unit_test(the_manual_is_right),
    };
    manual = argc > 1 ? argv[1] : "packaging/auralis.conf";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
