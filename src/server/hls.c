/* hls.c — HTTP Live Streaming of a station (see hls.h).
 *
 * Segment n is made of the parts 25 n … 25 n + 24 of the station's MP3: 125 frames of 1,152 samples, three
 * seconds to the sample. Its number in the playlist is n plus a number that the station drew from the
 * calendar when it began, so that numbers go on rising when a station, or the server, begins anew, and no
 * cache mistakes one for another.
 *
 * In front of each segment stands an ID3 tag that says when it begins, on the 90 kHz clock of MPEG transport
 * streams (RFC 8216 §3.4). */
#include "server/hls.h"
#include "base/text.h"
#include "server/stations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS = 3, PARTS = 25, LISTED = 6, LEAST = 2, TAG = 73 };

static const char STATIONS[] = "/stations/", LIST[] = ".m3u8", SEGMENT[] = ".mp3";

/* "/stations/NAME.m3u8" or "/stations/NAME/NUMBER.mp3". */
static bool read_path(const char *path, char name[STATION_NAME_MAX + 1], bool *list, uint64_t *number) {
    if (strncmp(path, STATIONS, sizeof STATIONS - 1) != 0) return false;
    path += sizeof STATIONS - 1;
    size_t length = strcspn(path, "./"), digits;
    char text[24];
    if (length < 1 || length > STATION_NAME_MAX) return false;
    memcpy(name, path, length);
    name[length] = 0;
    path += length;
    *list = !strcmp(path, LIST);
    if (*list || *path++ != '/') return *list;
    digits = strspn(path, "0123456789");
    if (digits >= sizeof text || strcmp(path + digits, SEGMENT) != 0) return false;
    memcpy(text, path, digits);
    text[digits] = 0;
    return parse_whole(text, 0, UINT64_MAX, number);
}

bool hls_owns(const char *path) {
    char name[STATION_NAME_MAX + 1];
    bool list;
    uint64_t number;
    return read_path(path, name, &list, &number);
}

static int write_list(const char *name, const struct part_ring *parts, uint64_t base,
                      struct hls_answer *out) {
    uint64_t oldest = (part_ring_oldest(parts) + PARTS - 1) / PARTS, end = part_ring_head(parts) / PARTS;
    if (end < oldest + LEAST) return HLS_LATER;
    uint64_t first = end - oldest > LISTED ? end - LISTED : oldest;
    FILE *to = open_memstream(&out->bytes, &out->length);
    if (!to) return AURALIS_ENOMEM;
    fprintf(to, "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%llu\n", SECONDS,
            (unsigned long long)(base + first));
    for (uint64_t n = first; n < end; n++)
        fprintf(to, "#EXTINF:%d.000,\n%s/%llu%s\n", SECONDS, name, (unsigned long long)(base + n), SEGMENT);
    if (fclose(to)) return AURALIS_ENOMEM;
    out->type = "application/vnd.apple.mpegurl";
    out->cache = "public, max-age=1";
    return 0;
}

/* The tag of RFC 8216 §3.4: an ID3v2.4 PRIV frame with a 33-bit time of 90,000 a second. */
static void put_tag(unsigned char *out, uint64_t segment) {
    static const char OWNER[] = "com.apple.streaming.transportStreamTimestamp"; /* and its NUL */
    uint64_t time = segment * SECONDS * 90000 & ((UINT64_C(1) << 33) - 1);
    memset(out, 0, TAG);
    memcpy(out, "ID3\x04", 4);
    out[9] = TAG - 10;
    memcpy(out + 10, "PRIV", 4);
    out[17] = TAG - 20;
    memcpy(out + 20, OWNER, sizeof OWNER);
    for (int i = 0; i < 8; i++) out[TAG - 1 - i] = (unsigned char)(time >> 8 * i);
}

static int write_segment(const struct part_ring *parts, uint64_t segment, struct hls_answer *out) {
    size_t room = TAG + 8;
    struct part part;
    for (uint64_t i = 0; i < PARTS; i++) {
        if (part_ring_look(parts, segment * PARTS + i, &part) != PART_READ) return AURALIS_ENOENT;
        room += part.size + 8;
    }
    unsigned char *bytes = malloc(room);
    if (!bytes) return AURALIS_ENOMEM;
    put_tag(bytes, segment);
    size_t length = TAG;
    for (uint64_t i = 0; i < PARTS; i++, length += part.size)
        if (part_ring_read(parts, segment * PARTS + i, &part, bytes + length, room - length) != PART_READ) {
            free(bytes);
            return AURALIS_ENOENT;
        }
    *out = (struct hls_answer){(char *)bytes, length, "audio/mpeg", "public, max-age=86400, immutable"};
    return 0;
}

static int get(struct station *station, bool list, uint64_t number, struct hls_answer *out) {
    int result;
    struct encoding *encoding = broadcast_join(station->broadcast, ENCODER_MP3, &result);
    if (!encoding) return result;
    const struct part_ring *parts = encoding_parts(encoding);
    uint64_t base = broadcast_epoch(station->broadcast) / SECONDS;
    if (list)
        result = write_list(station->config.name, parts, base, out);
    else
        result = number >= base ? write_segment(parts, number - base, out) : AURALIS_ENOENT;
    broadcast_leave(station->broadcast, ENCODER_MP3);
    return result;
}

int hls_get(struct server *server, const char *path, struct hls_answer *out, struct refusal *why) {
    char name[STATION_NAME_MAX + 1];
    bool list = false;
    uint64_t number = 0;
    read_path(path, name, &list, &number);
    int place = stations_hold(server, name);
    if (place < 0) return refuse_with(why, REFUSAL_NOT_FOUND, "station", "there is no station \"%s\"", name);
    int result = get(&server->station[place], list, number, out);
    stations_let_go(server, place);
    if (result >= 0) return result;
    if (result == AURALIS_ENOENT)
        return refuse_with(why, REFUSAL_NOT_FOUND, NULL,
                           "this segment is not there yet, or not there any more");
    if (result == AURALIS_EUNSUPPORTED)
        return refuse_with(why, REFUSAL_NOT_FOUND, NULL, "this server was built without MP3");
    return refuse_with(why, REFUSAL_OVERLOADED, NULL, "%s", auralis_strerror(result));
}
