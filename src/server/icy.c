/* icy.c — titles within an MP3 stream (see icy.h). */
#include "server/icy.h"

#include <stdio.h>
#include <string.h>

static void field(const auralis_parameters *p, const char *name, char *out, size_t size) {
    auralis_parameters_text(p, auralis_parameter_find(name), out, size);
}

void icy_title(char title[ICY_TITLE_MAX], const char *name, const struct live_stream *stream) {
    struct live_state state;
    auralis_stream_status status;
    char key[16], mode[32];
    live_read_state(stream, &state);
    live_read_status(stream, &status);
    field(&state.parameters, "key", key, sizeof key);
    field(&state.parameters, "mode", mode, sizeof mode);
    snprintf(title, ICY_TITLE_MAX, "%s: %s %s%s%s", name, key, mode, *status.chord ? ", " : "", status.chord);
}

/* Quotes would end the title; the names of chords, keys and stations have none. */
static size_t put_block(struct icy *icy, unsigned char *out, const char *title) {
    char text[ICY_BLOCK_MAX] = "";
    if (!strcmp(title, icy->title)) return *out = 0, 1;
    snprintf(icy->title, sizeof icy->title, "%s", title);
    int length = snprintf(text, sizeof text, "StreamTitle='%s';", title);
    size_t sixteens = ((size_t)length + 15) / 16;
    memset(out, 0, 1 + 16 * sixteens);
    *out = (unsigned char)sixteens;
    memcpy(out + 1, text, (size_t)length);
    return 1 + 16 * sixteens;
}

size_t icy_copy(struct icy *icy, unsigned char *out, const unsigned char *bytes, size_t size,
                const char *title) {
    size_t written = 0;
    while (size) {
        size_t left = ICY_INTERVAL - icy->since, take = size < left ? size : left;
        memcpy(out + written, bytes, take);
        written += take;
        bytes += take;
        size -= take;
        icy->since += (uint32_t)take;
        if (icy->since < ICY_INTERVAL) continue;
        written += put_block(icy, out + written, title);
        icy->since = 0;
    }
    return written;
}
