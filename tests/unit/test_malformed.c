/* Every malformed configuration and preset of the tree is refused, at the place it should be.
 *   test_malformed DATA-FOLDER
 * config/NAME.conf: NAME.expect is "LINE: " and how the message begins. preset/NAME.json is the body of POST
 * /api/presets: NAME.expect is the status, the code and the field to blame. */
#include "cmocka_c.h"

#include "server/api.h"
#include "server/config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *data;

static size_t read_file(const char *kind, const char *name, const char *suffix, char *out, size_t size) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/%s%s", data, kind, name, suffix);
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s cannot be opened", path);
    size_t length = fread(out, 1, size - 1, file);
    fclose(file);
    out[length] = 0;
    return length;
}

/* Calls `each` with every NAME of the folder and its expectation, without the newline; returns how many. */
static int for_each(const char *kind, void (*each)(const char *name, const char *expect)) {
    char path[1024], expect[512];
    int count = 0;
    snprintf(path, sizeof path, "%s/%s", data, kind);
    DIR *dir = opendir(path);
    if (!dir) fail_msg("%s cannot be opened", path);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char *suffix = strstr(entry->d_name, ".expect");
        if (!suffix) continue;
        *suffix = 0;
        read_file(kind, entry->d_name, ".expect", expect, sizeof expect);
        expect[strcspn(expect, "\n")] = 0;
        each(entry->d_name, expect);
        count++;
    }
    closedir(dir);
    return count;
}

static void check_config(const char *name, const char *expect) {
    static const struct server_config defaults = SERVER_CONFIG_DEFAULT;
    static char text[CONFIG_FILE_MAX];
    struct server_config config = defaults;
    struct config_message why;
    char said[600];
    size_t length = read_file("config", name, ".conf", text, sizeof text);
    if (config_read(text, length, "F", &config, &why) == 0) fail_msg("%s.conf is accepted", name);
    snprintf(said, sizeof said, "%s: %s", why.place, why.text);
    if (strncmp(said, "F:", 2) || strncmp(said + 2, expect, strlen(expect)))
        fail_msg("%s.conf: %s, not %s", name, said, expect);
    assert_memory_equal(&config, &defaults, sizeof config);
}

static void malformed_configurations(void **state) {
    (void)state;
    assert_true(for_each("config", check_config) >= 50);
}

static bool only_main(void *self, const char *station, auralis_parameters *out) {
    (void)self;
    static const auralis_parameters defaults = AURALIS_PARAMETERS_DEFAULT;
    *out = defaults;
    return !strcmp(station, "main");
}

static struct store *store;

static void check_preset(const char *name, const char *expect) {
    static char body[64 * 1024];
    struct api_host host = {.parameters = only_main, .store = store};
    struct api_request request = {
        .method = "POST", .path = "/api/presets", .content_type = "application/json", .body = body};
    struct api_response response;
    char said[200];
    request.body_length = read_file("preset", name, ".json", body, sizeof body);
    api_handle(&host, &request, &response);
    json_t *answer = json_loads(response.body, 0, NULL), *error = json_object_get(answer, "error");
    if (!error) fail_msg("%s.json is accepted: %d %s", name, response.status, response.body);
    const char *field = json_string_value(json_object_get(json_object_get(error, "details"), "field"));
    snprintf(said, sizeof said, "%d %s%s%s", response.status,
             json_string_value(json_object_get(error, "code")), field ? " " : "", field ? field : "");
    if (strcmp(said, expect) != 0) fail_msg("%s.json: %s, not %s: %s", name, said, expect, response.body);
    json_decref(answer);
    api_response_clear(&response);
}

static void malformed_presets(void **state) {
    (void)state;
    assert_int_equal(store_open(&(struct store_config){.directory = ":memory:"}, &store), 0);
    json_t *before = preset_store_list(store);
    assert_true(for_each("preset", check_preset) >= 40);
    json_t *after = preset_store_list(store);
    assert_true(json_equal(before, after));
    json_decref(before);
    json_decref(after);
    store_close(store);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_configurations),
        cmocka_unit_test(malformed_presets),
    };
    data = argc > 1 ? argv[1] : "tests/data/malformed";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
