/* Any bytes as a path that a stranger asks for: of a file of the page, of a station's segments, of a socket.
 * What is found is a file that is there, a name that is allowed, and nothing else. */
#include "fuzz.h"

#include "server/hls.h"
#include "server/web.h"

#include <ctype.h>

static void check_file(const char *path) {
    const void *data = NULL;
    const char *type = NULL;
    size_t size = 0;
    if (web_file(path, &data, &size, &type) < 0) return;
    MUST(data && size && type && *type && web_etag(path));
    MUST(*path == '/' && !strstr(path, ".."));
}

/* "/stations/NAME.m3u8" or "/stations/NAME/NUMBER.mp3". */
static void check_segment(const char *path) {
    static const char STATIONS[] = "/stations/";
    if (!hls_owns(path)) return;
    MUST(!strncmp(path, STATIONS, sizeof STATIONS - 1));
    const char *name = path + sizeof STATIONS - 1, *end = name + strcspn(name, "./");
    MUST(end > name && end - name <= STATION_NAME_MAX);
    if (!strcmp(end, ".m3u8")) return;
    MUST(*end++ == '/' && isdigit((unsigned char)*end));
    while (isdigit((unsigned char)*end)) end++;
    MUST(!strcmp(end, ".mp3"));
}

static void check_client(const char *id) {
    struct refusal why = {0};
    if (client_id_check(id, &why) < 0) {
        MUST(*why.message && why.code > 0);
        return;
    }
    MUST(*id && strlen(id) <= CLIENT_ID_MAX);
    for (; *id; id++) MUST(isalnum((unsigned char)*id) || *id == '_' || *id == '-');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size);
    check_file(text);
    check_segment(text);
    check_client(text);
    free(text);
    return 0;
}
