/* playlists.c — .m3u and .pls (see playlists.h). */
#include "server/playlists.h"
#include "stream/encoder.h"

#include <stdio.h>
#include <string.h>

static bool ends(const char *path, const char *with) {
    size_t length = strlen(path), end = strlen(with);
    return length > end && !strcmp(path + length - end, with);
}

bool playlist_owns(const char *path) {
    return ends(path, ".m3u") || ends(path, ".pls");
}

static const char *default_format(void) {
    return encoder_name(encoder_available(ENCODER_MP3)    ? ENCODER_MP3
                        : encoder_available(ENCODER_OPUS) ? ENCODER_OPUS
                                                          : ENCODER_WAV);
}

enum { PATH_LONGEST = 1024, ADDRESS_MAX = PATH_LONGEST + 16 };

/* The address of the music: the path, of at most PATH_LONGEST bytes, without .m3u, with a format. */
static void music_address(const char *path, char *out, size_t size) {
    int length = (int)strlen(path) - 4;
    snprintf(out, size, "%.*s", length, path);
    const char *suffix = strrchr(out, '.');
    if (suffix && encoder_find(suffix + 1) >= 0) return;
    snprintf(out + length, size - (size_t)length, ".%s", default_format());
}

static int check(const char *path, const char *query, struct refusal *why) {
    struct stream_request ignored;
    if (strncmp(path, "/listen.", 8) != 0) return 0;
    return stream_request_parse(query, STREAM_REQUEST_HTTP, 0, &ignored, why);
}

int playlist_write(const char *path, const char *query, const char *root, char *out, const char **type,
                   struct refusal *why) {
    char address[ADDRESS_MAX], title[128] = "Auralis";
    if (strlen(path) > PATH_LONGEST)
        return refuse_with(why, REFUSAL_TOO_LARGE, NULL, "the address is too long");
    int result = check(path, query, why);
    if (result < 0) return result;
    music_address(path, address, sizeof address);
    if (!strncmp(address, "/stations/", 10))
        snprintf(title, sizeof title, "Auralis: %.*s",
                 (int)strcspn(address + 10, ".") > 100 ? 100 : (int)strcspn(address + 10, "."), address + 10);
    const char *mark = *query ? "?" : "";
    bool m3u = ends(path, ".m3u");
    *type = m3u ? "audio/x-mpegurl" : "audio/x-scpls";
    int length =
        m3u ? snprintf(out, PLAYLIST_MAX, "#EXTM3U\n#EXTINF:-1,%s\n%s%s%s%s\n", title, root, address, mark,
                       query)
            : snprintf(out, PLAYLIST_MAX,
                       "[playlist]\nNumberOfEntries=1\nFile1=%s%s%s%s\nTitle1=%s\nLength1=-1\nVersion=2\n",
                       root, address, mark, query, title);
    return length < PLAYLIST_MAX ? 0 : refuse_with(why, REFUSAL_TOO_LARGE, NULL, "the address is too long");
}
